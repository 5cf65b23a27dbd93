"""Authentication objects of the SDK. Accepted everywhere; who may do what is decided by stoker's own token (STOKER_TOKEN, STOKER_HOME)."""
from typing import Any, Dict, Optional


class AbstractAuthentication:
    """Base of the ways to sign in; all of them stand for stoker's token."""

    def get_authentication_header(self) -> Dict[str, str]:
        """One ``Authorization: Bearer ...`` entry that the server accepts."""
        from stoker import Client
        return {"Authorization": "Bearer " + Client().endpoint.token}


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
