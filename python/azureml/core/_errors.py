"""From the server's errors to the SDK's exceptions."""
from contextlib import contextmanager
from typing import Dict, Iterator, Type

from azureml.exceptions import (AuthenticationException, AzureMLException, ServiceException, SnapshotException, UserErrorException)
from stoker.errors import StokerError

_BY_CODE = {
    "auth.missing": AuthenticationException,
    "auth.forbidden": AuthenticationException,
    "source.invalid": SnapshotException,
    "server.unreachable": ServiceException,
    "server.start": ServiceException,
    "protocol": ServiceException,
    "internal": ServiceException,
    "io": ServiceException,
    "storage.full": ServiceException,
    "timeout": ServiceException,
    "overloaded": ServiceException,
}  # type: Dict[str, Type[AzureMLException]]


@contextmanager
def translated(otherwise: Type[AzureMLException] = UserErrorException, **by_code: Type[AzureMLException]) -> Iterator[None]:
    """Inside, a StokerError becomes an exception of the SDK with the same text.

    :param otherwise: the class for codes that have none of their own.
    :param by_code: classes for codes here, for example ``not_found=ExperimentNotFoundException``.
    """
    try:
        yield
    except StokerError as error:
        kind = by_code.get(error.code) or _BY_CODE.get(error.code, otherwise)
        raise kind(str(error), inner_exception=error) from error
