"""The limit of source folders (spec 9.3), read when it is used, and what is said of one that is too large."""
from contextlib import contextmanager
from typing import Iterator, Type

from azureml._restclient import constants, snapshots_client
from azureml.core._errors import translated
from azureml.exceptions import AzureMLException, SnapshotException, UserErrorException
from stoker.errors import StokerError


def max_bytes() -> int:
    """The smaller of the two constants that user code may raise."""
    return int(min(constants.SNAPSHOT_MAX_SIZE_BYTES, snapshots_client.SNAPSHOT_MAX_SIZE_BYTES))


@contextmanager
def told(folder: str, otherwise: Type[AzureMLException] = UserErrorException, **by_code: Type[AzureMLException]) -> Iterator[None]:
    """`translated`, and a folder that is too large becomes a SnapshotException that says what to do."""
    try:
        with translated(otherwise, **by_code):
            yield
    except AzureMLException as error:
        inner = error.inner_exception
        if not isinstance(inner, StokerError) or inner.code != "input.too_large":
            raise
        limit = max_bytes()
        raise SnapshotException(
            "While attempting to take snapshot of {0}: Your total snapshot size exceeds the limit of {1:.1f} MB ({2}).\n"
            "Leave out what the run does not need with a file .amlignore (or .gitignore) in that folder, or raise the limit: set SNAPSHOT_MAX_SIZE_BYTES in both "
            "azureml._restclient.snapshots_client and azureml._restclient.constants.".format(folder, limit / 1048576.0, inner.message), inner_exception=inner) from inner
