"""Public data that sample notebooks begin with: MNIST, as files of the web."""
from pkgutil import extend_path
from typing import Any

__path__ = extend_path(__path__, __name__)

__all__ = ["MNIST"]

_MNIST = "https://azureopendatastorage.blob.core.windows.net/mnist/"


class MNIST:
    """The handwritten digits."""

    @staticmethod
    def get_file_dataset(dataset_filter: str = "all", enable_telemetry: bool = False) -> Any:
        """The four files as a FileDataset; they are fetched when they are used.

        :param dataset_filter: ``all``, ``train`` or ``test``.
        """
        from azureml.data.dataset_factory import FileDatasetFactory
        from azureml.exceptions import UserErrorException
        parts = {"all": ("train", "t10k"), "train": ("train",), "test": ("t10k",)}.get(dataset_filter)
        if parts is None:
            raise UserErrorException("dataset_filter is {!r}; all, train or test is expected".format(dataset_filter))
        names = ["{}-{}".format(part, kind) for part in parts for kind in ("images-idx3-ubyte.gz", "labels-idx1-ubyte.gz")]
        return FileDatasetFactory.from_files([_MNIST + name for name in names], validate=False)
