"""References into datastores (spec 13.2)."""
import copy
import re
import uuid
from typing import TYPE_CHECKING, Any, Optional

from azureml.core._data_sections import DataReferenceConfiguration
from azureml.exceptions import UserErrorException

if TYPE_CHECKING:
    from azureml.data.abstract_datastore import AbstractDatastore

_MODES = ("mount", "download", "upload")
_NAME = re.compile(r"[A-Za-z0-9_]+\Z")


class DataReference:
    """A file or folder of a datastore, for a run.

    >>> str(DataReference(store, "images", path_on_datastore="mnist"))     # doctest: +SKIP
    '$AZUREML_DATAREFERENCE_images'

    That text in arguments is replaced by the path on the compute, and the variable of that name holds it, too.

    :param data_reference_name: letters, digits and ``_``; made up where it is None.
    :param mode: ``mount``, ``download``, or ``upload``, which stores what the run leaves at `path_on_compute`.
    :param path_on_compute: absolute, or below the working directory; None for a folder that is made.
    :raises UserErrorException: a name that cannot be part of a variable, or another mode.
    """

    def __init__(self, datastore: "AbstractDatastore", data_reference_name: Optional[str] = None, path_on_datastore: Optional[str] = None, mode: str = "mount",
                 path_on_compute: Optional[str] = None, overwrite: bool = False):
        if data_reference_name is not None and not _NAME.match(str(data_reference_name)):
            raise UserErrorException("the data reference's name {!r} cannot be part of a variable: only letters, digits and underscores".format(data_reference_name))
        if mode not in _MODES:
            raise UserErrorException("mode is {!r}; mount, download or upload is expected".format(mode))
        self.datastore = datastore
        self.data_reference_name = data_reference_name or uuid.uuid4().hex
        self.path_on_datastore = path_on_datastore
        self.mode = mode
        self.path_on_compute = path_on_compute
        self.overwrite = overwrite

    def path(self, path: Optional[str] = None, data_reference_name: Optional[str] = None) -> "DataReference":
        """A reference to a path below this one."""
        joined = "/".join(part.strip("/") for part in (self.path_on_datastore or "", path or "") if part and part.strip("/"))
        return DataReference(self.datastore, data_reference_name, joined or None, self.mode, self.path_on_compute, self.overwrite)

    def as_mount(self) -> "DataReference":
        """The same by mount."""
        return self._changed("mount", None, self.overwrite)

    def as_download(self, path_on_compute: Optional[str] = None, overwrite: bool = False) -> "DataReference":
        """The same by copy, made before the run."""
        return self._changed("download", path_on_compute, overwrite)

    def as_upload(self, path_on_compute: Optional[str] = None, overwrite: bool = False) -> "DataReference":
        """What the run leaves at `path_on_compute` goes to the datastore at its end."""
        return self._changed("upload", path_on_compute, overwrite)

    def _changed(self, mode: str, path_on_compute: Optional[str], overwrite: bool) -> "DataReference":
        changed = copy.copy(self)
        changed.mode, changed.path_on_compute, changed.overwrite = mode, path_on_compute, overwrite
        return changed

    def to_config(self) -> DataReferenceConfiguration:
        """What ``run_config.data_references`` holds."""
        return DataReferenceConfiguration(self.datastore.name, self.mode, self.path_on_datastore, self.path_on_compute, self.overwrite)

    def __str__(self) -> str:
        return "$AZUREML_DATAREFERENCE_{}".format(self.data_reference_name)

    def __repr__(self) -> str:
        return self.__str__()

    def _variable(self) -> Any:
        return "AZUREML_DATAREFERENCE_{}".format(self.data_reference_name)
