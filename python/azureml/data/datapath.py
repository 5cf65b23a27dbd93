"""Places in datastores (spec 13.2)."""
from typing import TYPE_CHECKING, Any, Optional

from azureml.data.data_reference import DataReference
from azureml.exceptions import UserErrorException

if TYPE_CHECKING:
    from azureml.data.abstract_datastore import AbstractDatastore


class DataPath:
    """A path in a datastore: for datasets and for parameters of pipelines."""

    def __init__(self, datastore: Optional["AbstractDatastore"] = None, path_on_datastore: Optional[str] = None, name: Optional[str] = None):
        self._datastore = datastore
        self._path = path_on_datastore
        self._name = name

    @staticmethod
    def create_from_data_reference(data_reference: DataReference) -> "DataPath":
        """The place that a reference names."""
        return DataPath(data_reference.datastore, data_reference.path_on_datastore, data_reference.data_reference_name)

    @property
    def datastore_name(self) -> str:
        """Name of the datastore."""
        if self._datastore is None:
            raise UserErrorException("this DataPath has no datastore")
        return self._datastore.name

    @property
    def path_on_datastore(self) -> Optional[str]:
        """Path in it."""
        return self._path

    @property
    def datastore(self) -> Any:
        """The datastore."""
        return self._datastore

    def create_data_reference(self, data_reference_name: Optional[str] = None, datapath_compute_binding: Optional["DataPathComputeBinding"] = None) -> DataReference:
        """A reference to this place."""
        binding = datapath_compute_binding or DataPathComputeBinding()
        return DataReference(self._datastore, data_reference_name or self._name, self._path, binding.mode, binding.path_on_compute, binding.overwrite)  # type: ignore[arg-type]

    def __repr__(self) -> str:
        return "DataPath(datastore: {}, path_on_datastore: {})".format(getattr(self._datastore, "name", None), self._path)


class DataPathComputeBinding:
    """How a DataPath gets to the compute."""

    def __init__(self, mode: str = "mount", path_on_compute: Optional[str] = None, overwrite: bool = False):
        if mode not in ("mount", "download", "upload"):
            raise UserErrorException("mode is {!r}; mount, download or upload is expected".format(mode))
        self.mode = mode
        self.path_on_compute = path_on_compute
        self.overwrite = overwrite
