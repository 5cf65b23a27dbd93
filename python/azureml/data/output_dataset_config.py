"""Outputs of runs (spec 13.3)."""
import copy
import uuid
from typing import Any, Dict, List, Optional

from azureml.core._not_yet import placeholder
from azureml.data.dataset_factory import _store_and_path
from azureml.exceptions import UserErrorException


class OutputFileDatasetConfig:
    """A folder that a run writes, kept in a datastore.

    >>> output = OutputFileDatasetConfig(name="model", destination=(store, "models/{run-id}/{output-name}"))     # doctest: +SKIP

    :param name: letters, digits and ``_``; made up where it is None.
    :param destination: ``(datastore, "path")`` or a DataPath; default is ``dataset/{run-id}/{output-name}`` in the default datastore.
    :param source: where the run writes it: absolute, or below the working directory; default is a folder that is made.
    """

    def __init__(self, name: Optional[str] = None, destination: Any = None, source: Optional[str] = None, partition_format: Optional[str] = None):
        if partition_format is not None:
            raise UserErrorException("partition_format is not offered by this version of stoker")
        self.name = name or "output_" + uuid.uuid4().hex[:8]
        self.destination = destination
        self.source = source
        self.mode = "mount"
        self._overwrite = False
        self._globs = []  # type: List[str]
        self._registration = None  # type: Optional[Dict[str, Any]]
        if destination is not None:
            _store_and_path(destination)

    def as_mount(self, disable_metadata_cache: bool = False) -> "OutputFileDatasetConfig":
        """What is written is in the datastore at once."""
        changed = copy.copy(self)
        changed.mode = "mount"
        return changed

    def as_upload(self, overwrite: bool = False, source_globs: Any = None) -> "OutputFileDatasetConfig":
        """What is written goes to the datastore when the program has ended.

        :param source_globs: only files whose path matches one of these.
        """
        changed = copy.copy(self)
        changed.mode, changed._overwrite = "upload", bool(overwrite)
        changed._globs = [source_globs] if isinstance(source_globs, str) else [str(each) for each in source_globs or []]
        return changed

    def register_on_complete(self, name: str, description: Optional[str] = None, tags: Optional[Dict[str, str]] = None) -> "OutputFileDatasetConfig":
        """The folder becomes a version of a dataset when the run has completed."""
        changed = copy.copy(self)
        changed._registration = {"name": name, "description": description or "", "tags": {str(key): str(value) for key, value in (tags or {}).items()}}
        return changed

    def as_input(self, name: Optional[str] = None) -> Any:
        """The input of a later step: belongs to pipelines.

        :raises UserErrorException: always.
        """
        raise UserErrorException("as_input belongs to pipelines, which this version of stoker does not offer; register_on_complete() makes a dataset for the next run")

    def read_delimited_files(self, *args: Any, **kwargs: Any) -> Any:
        """Rows of the output: not offered.

        :raises UserErrorException: always.
        """
        raise UserErrorException("read_delimited_files is not offered by this version of stoker; Dataset.Tabular.from_delimited_files reads the output after the run")

    def _binding(self) -> Dict[str, Any]:
        store, path = (None, "") if self.destination is None else _store_and_path(self.destination)
        return {"role": "output", "name": self.name, "mode": self.mode, "datastore": "" if store is None else store.name, "path": path,
                "path_on_compute": self.source or "", "overwrite": self._overwrite, "source_globs": self._globs, "registration": self._registration}

    def __str__(self) -> str:
        return "DatasetOutputConfig:{}".format(self.name)


OutputTabularDatasetConfig = placeholder("OutputTabularDatasetConfig", __name__, "tabular outputs")
HDFSOutputDatasetConfig = placeholder("HDFSOutputDatasetConfig", __name__, "outputs of Spark")
LinkFileOutputDatasetConfig = placeholder("LinkFileOutputDatasetConfig", __name__, "linked outputs")
LinkTabularOutputDatasetConfig = placeholder("LinkTabularOutputDatasetConfig", __name__, "linked outputs")
