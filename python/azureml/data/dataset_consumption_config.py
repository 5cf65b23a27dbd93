"""How a run gets a dataset (spec 13.3)."""
import copy
import re
from typing import Any, Optional

from azureml.exceptions import UserErrorException

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


class DatasetConsumptionConfig:
    """A dataset as an input of a run.

    >>> config = dataset.as_named_input("images").as_mount()      # doctest: +SKIP

    :param name: of the input: unique in the run, a variable's name.
    :param mode: ``direct`` (the script gets the id), ``mount`` or ``download``.
    :param path_on_compute: absolute, or below the working directory.
    """

    def __init__(self, name: str, dataset: Any, mode: str = "direct", path_on_compute: Optional[str] = None):
        if not isinstance(name, str) or not _NAME.match(name):
            raise UserErrorException("the input's name {!r} is not a variable's name: letters, digits and underscores, not beginning with a digit".format(name))
        if mode not in ("direct", "mount", "download", "hdfs"):
            raise UserErrorException("mode is {!r}; direct, mount or download is expected".format(mode))
        self.name = name
        self.dataset = dataset
        self.mode = mode
        self.path_on_compute = path_on_compute

    def as_mount(self, path_on_compute: Optional[str] = None) -> "DatasetConsumptionConfig":
        """By mount; for file datasets."""
        return self._changed("mount", path_on_compute)

    def as_download(self, path_on_compute: Optional[str] = None) -> "DatasetConsumptionConfig":
        """By copy; for file datasets."""
        return self._changed("download", path_on_compute)

    def as_direct(self) -> "DatasetConsumptionConfig":
        """As its id."""
        return self._changed("direct", None)

    def as_hdfs(self) -> "DatasetConsumptionConfig":
        """For Spark: not offered.

        :raises UserErrorException: always.
        """
        raise UserErrorException("as_hdfs is not offered by this version of stoker; as_mount() or as_download() gives a path")

    def _changed(self, mode: str, path_on_compute: Optional[str]) -> "DatasetConsumptionConfig":
        from azureml.data.file_dataset import FileDataset
        if mode != "direct" and not isinstance(self.dataset, FileDataset):
            raise UserErrorException("only a FileDataset can be used by {}; {!r} is a {}, which a script gets as it is".format(mode, self.name, type(self.dataset).__name__))
        changed = copy.copy(self)
        changed.mode, changed.path_on_compute = mode, path_on_compute
        return changed

    def __str__(self) -> str:
        return "DatasetConsumptionConfig:{}".format(self.name)
