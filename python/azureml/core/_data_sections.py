"""The sections of a run configuration that are about data (spec 4.4, 4.7): read, written and kept; what uses data is a later piece."""
from typing import Any, Dict, Optional

from azureml.core._environment_sections import is_set
from azureml.core._sections import Section, field


class DataReferenceConfiguration(Section):
    """A folder of a datastore that a run sees.

    :param mode: ``mount``, ``download`` or ``upload``.
    """

    _fields = (field("data_store_name"), field("mode"), field("path_on_data_store"), field("path_on_compute"), field("overwrite"))

    def __init__(self, datastore_name: Optional[str] = None, mode: str = "mount", path_on_datastore: Optional[str] = None,
                 path_on_compute: Optional[str] = None, overwrite: bool = False):
        self.data_store_name = datastore_name
        self.mode = mode
        self.path_on_data_store = path_on_datastore
        self.path_on_compute = path_on_compute
        self.overwrite = overwrite

    @property
    def datastore_name(self) -> Optional[str]:
        """Name of the datastore."""
        return self.data_store_name

    @datastore_name.setter
    def datastore_name(self, name: Optional[str]) -> None:
        self.data_store_name = name

    @property
    def path_on_datastore(self) -> Optional[str]:
        """Path in the datastore."""
        return self.path_on_data_store

    @path_on_datastore.setter
    def path_on_datastore(self, path: Optional[str]) -> None:
        self.path_on_data_store = path


class Dataset(Section):
    """A dataset of a run configuration, by its id."""

    _fields = (field("dataset_id", "id"), field("name"), field("version"))

    def __init__(self, dataset_id: Optional[str] = None, dataset_name: Optional[str] = None, dataset_version: Any = None):
        self.dataset_id = dataset_id
        self.name = dataset_name
        self.version = dataset_version


class DataPath(Section):
    """A path of a datastore, as run configurations have it."""

    _fields = (field("datastore_name"), field("relative_path"))

    def __init__(self, datastore_name: Optional[str] = None, relative_path: Optional[str] = None):
        self.datastore_name = datastore_name
        self.relative_path = relative_path


class DataLocation(Section):
    """Where data is: a dataset, or a path of a datastore."""

    _fields = (field("dataset", kind=Dataset), field("data_path", kind=DataPath), field("uri", is_written=is_set), field("type", is_written=is_set))

    def __init__(self, dataset: Optional[Dataset] = None, data_path: Optional[DataPath] = None):
        self.dataset = dataset
        self.data_path = data_path
        self.uri = None  # type: Any
        self.type = None  # type: Optional[str]


class Data(Section):
    """An input of a run.

    :param mechanism: ``direct``, ``mount``, ``download`` or ``hdfs``.
    :param environment_variable_name: which variable tells the run where it is.
    """

    _fields = (field("data_location", kind=DataLocation), field("create_output_directories"), field("mechanism"), field("environment_variable_name"),
               field("path_on_compute"), field("overwrite"), field("options", is_written=is_set))

    def __init__(self, data_location: Optional[DataLocation] = None, create_output_directories: bool = False, mechanism: Optional[str] = None,
                 environment_variable_name: Optional[str] = None, path_on_compute: Optional[str] = None, overwrite: bool = False):
        self.data_location = data_location
        self.create_output_directories = create_output_directories
        self.mechanism = mechanism
        self.environment_variable_name = environment_variable_name
        self.path_on_compute = path_on_compute
        self.overwrite = overwrite
        self.options = {}  # type: Dict[str, Any]


class OutputData(Section):
    """An output of a run.

    :param mechanism: ``mount``, ``upload``, ``link`` or ``hdfs``.
    """

    _fields = (field("output_location"), field("mechanism"), field("additional_options"), field("environment_variable_name", is_written=is_set))

    def __init__(self, output_location: Any = None, mechanism: Optional[str] = None, additional_options: Any = None,
                 environment_variable_name: Optional[str] = None):
        self.output_location = output_location or {}
        self.mechanism = mechanism
        self.additional_options = additional_options or {}
        self.environment_variable_name = environment_variable_name
