"""Finding datasets (spec 13.3)."""
from typing import TYPE_CHECKING, Any, Dict

from azureml.core._errors import translated
from azureml.core._naming import Named
from azureml.data.abstract_dataset import AbstractDataset
from azureml.data.dataset_factory import FileDatasetFactory, TabularDatasetFactory
from stoker._client import path_of

if TYPE_CHECKING:
    from azureml.core.workspace import Workspace


class Dataset(AbstractDataset):
    """Datasets of a workspace; ``Dataset.File`` and ``Dataset.Tabular`` make them.

    >>> Dataset.get_by_name(ws, "mnist").as_named_input("mnist").as_mount()      # doctest: +SKIP
    """

    File = FileDatasetFactory
    Tabular = TabularDatasetFactory

    @staticmethod
    def get_by_name(workspace: "Workspace", name: str, version: Any = "latest") -> Any:
        """The registered dataset of that name.

        :param version: a number, or ``latest``.
        :raises UserErrorException: there is none.
        """
        number = None if version in (None, "latest") else int(version)
        with translated():
            record = workspace._client.get(path_of("workspaces", workspace._workspace_id, "registered-datasets", name), version=number)
        return _used(AbstractDataset._of(workspace, record))

    @staticmethod
    def get_by_id(workspace: "Workspace", id: str, **kwargs: Any) -> Any:
        """The dataset of that id.

        :raises UserErrorException: there is none.
        """
        with translated():
            record = workspace._client.get(path_of("workspaces", workspace._workspace_id, "datasets", id))
        return _used(AbstractDataset._of(workspace, record))

    @staticmethod
    def get_all(workspace: "Workspace") -> Dict[str, Any]:
        """The newest version of each registered dataset, by name."""
        with translated():
            records = workspace._client.get(path_of("workspaces", workspace._workspace_id, "registered-datasets"))["datasets"]
        return Named("dataset", {record["name"]: AbstractDataset._of(workspace, record) for record in records})


def _used(dataset: Any) -> Any:
    """Inside a run the run's record says that it uses the dataset; what it has as input is noted already."""
    from azureml.core._run_data import note_use
    note_use(dataset)
    return dataset
