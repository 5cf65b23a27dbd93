"""Authentication objects of the SDK. Accepted everywhere; who may do what is decided by stoker's own token (STOKER_TOKEN, STOKER_HOME)."""
from typing import Any, Callable, Dict, Optional


class Audience:
    """What a token is for; here one token is for everything."""

    arm = "ARM"
    aml = "AML"


class AbstractAuthentication:
    """Base of the ways to sign in; all of them stand for stoker's token."""

    def get_authentication_header(self) -> Dict[str, str]:
        """One ``Authorization: Bearer ...`` entry that the server accepts.

        :raises AuthenticationException: there is no token.
        """
        return {"Authorization": "Bearer " + self.get_token()}

    def get_token(self, audience: Any = None) -> str:
        """stoker's token."""
        from azureml.core._errors import translated
        from stoker import Client
        with translated():
            return Client().endpoint.token

    def __repr__(self) -> str:
        return "{}()".format(type(self).__name__)  # nothing of what it was made with: there are secrets in it


class InteractiveLoginAuthentication(AbstractAuthentication):
    """Signing in with a browser; here nothing is asked."""

    def __init__(self, force: bool = False, tenant_id: Optional[str] = None, cloud: Optional[str] = None, **kwargs: Any):
        self._tenant_id = tenant_id


class ServicePrincipalAuthentication(AbstractAuthentication):
    """A service principal; its secret is neither used nor kept."""

    def __init__(self, tenant_id: str, service_principal_id: str, service_principal_password: str, cloud: str = "AzureCloud",
                 _enable_caching: bool = True, **kwargs: Any):
        self._tenant_id = tenant_id
        self._service_principal_id = service_principal_id


class AzureCliAuthentication(AbstractAuthentication):
    """The account of the ``az`` program; here nothing is asked."""

    def __init__(self, cloud: Optional[str] = None, **kwargs: Any):
        pass


class MsiAuthentication(AbstractAuthentication):
    """A managed identity; here nothing is asked."""

    def __init__(self, cloud: Optional[str] = None, **kwargs: Any):
        pass


class TokenAuthentication(AbstractAuthentication):
    """Tokens from a function of the caller; it is kept and never called, since stoker's own token decides."""

    def __init__(self, get_token_for_audience: Callable[[Any], str], cloud: str = "AzureCloud", **kwargs: Any):
        self._get_token_for_audience = get_token_for_audience
