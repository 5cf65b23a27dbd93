"""Datasets, references into datastores, and outputs of runs (spec 13)."""
from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)

from azureml.data.dataset_factory import DataType  # noqa: E402
from azureml.data.file_dataset import FileDataset  # noqa: E402
from azureml.data.output_dataset_config import HDFSOutputDatasetConfig, LinkFileOutputDatasetConfig, LinkTabularOutputDatasetConfig, OutputFileDatasetConfig, OutputTabularDatasetConfig  # noqa: E402
from azureml.data.tabular_dataset import TabularDataset  # noqa: E402

__all__ = ["DataType", "FileDataset", "HDFSOutputDatasetConfig", "LinkFileOutputDatasetConfig", "LinkTabularOutputDatasetConfig", "OutputFileDatasetConfig",
           "OutputTabularDatasetConfig", "TabularDataset"]
