"""What file and tabular datasets share: saving, registering, naming (spec 13.3)."""
import datetime
from typing import TYPE_CHECKING, Any, Dict, List, Optional

from azureml.core._errors import translated
from azureml.exceptions import UserErrorException
from stoker._client import path_of

if TYPE_CHECKING:
    from azureml.core.workspace import Workspace
    from azureml.data.dataset_consumption_config import DatasetConsumptionConfig


def _some_workspace() -> "Workspace":
    """For files of the web, which belong to none: that of the configuration file, else the default one."""
    from azureml.core.workspace import Workspace
    try:
        return Workspace.from_config()
    except UserErrorException:
        return Workspace("stoker", "stoker", "default")


class AbstractDataset:
    """A dataset: where files are, evaluated when it is used."""

    _kind = ""

    def __init__(self, workspace: Optional["Workspace"], paths: List[Dict[str, str]], options: Optional[Dict[str, Any]] = None, record: Optional[Dict[str, Any]] = None):
        self._workspace = workspace
        self._paths = paths
        self._options = options or {}
        self._saved = record

    @staticmethod
    def _of(workspace: "Workspace", record: Dict[str, Any]) -> Any:
        from azureml.data import file_dataset, tabular_dataset
        kind = file_dataset.FileDataset if record["kind"] == "file" else tabular_dataset.TabularDataset
        return kind(workspace, record["paths"], record["options"], record)

    def _definition(self) -> Dict[str, Any]:
        return {"kind": self._kind, "paths": self._paths, "options": self._options}

    def _record(self, workspace: Optional["Workspace"] = None, validate: bool = False) -> Dict[str, Any]:
        """Saved by the server; the same content is the same dataset."""
        if self._saved is None:
            self._workspace = self._workspace or workspace
            if self._workspace is None:
                self._workspace = _some_workspace()
            path = path_of("workspaces", self._workspace._workspace_id, "datasets") + ("" if validate else "?validate=false")
            with translated():
                self._saved = self._workspace._client.post(path, self._definition())
        return self._saved

    @property
    def id(self) -> str:
        """Id; the same content has the same one."""
        return self._record()["id"]

    @property
    def name(self) -> Optional[str]:
        """Name that it is registered under; None when it is not."""
        return None if self._saved is None else self._saved["name"]

    @property
    def version(self) -> Optional[int]:
        """Version of that name; None when it is not registered."""
        return None if self._saved is None else self._saved["version"]

    @property
    def description(self) -> Optional[str]:
        """Description of the registration."""
        return None if self._saved is None else self._saved["description"]

    @property
    def tags(self) -> Dict[str, str]:
        """Tags of the registration."""
        return {} if self._saved is None else dict(self._saved["tags"])

    @property
    def data_changed_time(self) -> Optional[datetime.datetime]:
        """When the newest of its files was changed (UTC); None for files of the web."""
        times = [each["modified_at"] for each in self._files() if each["modified_at"]]
        return datetime.datetime.strptime(max(times), "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=datetime.timezone.utc) if times else None

    def register(self, workspace: "Workspace", name: str, description: Optional[str] = None, tags: Optional[Dict[str, str]] = None,
                 create_new_version: bool = False) -> Any:
        """Registers it under a name; the same content again is what is there.

        :raises UserErrorException: the name has other content, and `create_new_version` is False.
        """
        record = self._record(workspace)
        body = {"name": name, "description": description or "", "tags": {str(key): str(value) for key, value in (tags or {}).items()},
                "create_new_version": bool(create_new_version)}
        with translated():
            registered = workspace._client.post(path_of("workspaces", workspace._workspace_id, "datasets", record["id"], "register"), body)
        return AbstractDataset._of(workspace, registered)

    def unregister_all_versions(self) -> None:
        """Forgets the name with all versions; the files stay.

        :raises UserErrorException: it is not registered.
        """
        if self.name is None or self._workspace is None:
            raise UserErrorException("the dataset is not registered")
        with translated():
            self._workspace._client.call("DELETE", path_of("workspaces", self._workspace._workspace_id, "registered-datasets", self.name))
        self._saved = dict(self._record(), name=None, version=None, tags={}, description="")

    def add_tags(self, tags: Optional[Dict[str, str]] = None) -> Any:
        """Adds tags to the registered version; returns the dataset."""
        if self.name is None or self._workspace is None:
            raise UserErrorException("the dataset is not registered; register() takes tags")
        body = {"version": self.version, "tags": {str(key): str(value) for key, value in (tags or {}).items()}}
        with translated():
            self._saved = self._workspace._client.patch(path_of("workspaces", self._workspace._workspace_id, "registered-datasets", self.name), body)
        return self

    def as_named_input(self, name: str) -> "DatasetConsumptionConfig":
        """As an input of a run, by this name."""
        from azureml.data.dataset_consumption_config import DatasetConsumptionConfig
        return DatasetConsumptionConfig(name, self)

    def _files(self) -> List[Dict[str, Any]]:
        """Records of its files now: ``name`` inside it, and ``datastore`` and ``path``, or ``url``."""
        return self._evaluated()["files"]

    def _evaluated(self) -> Dict[str, Any]:
        record = self._record()
        workspace = self._workspace
        assert workspace is not None
        with translated():
            return workspace._client.get(path_of("workspaces", workspace._workspace_id, "datasets", record["id"], "files"))

    def _of_files(self, files: List[Dict[str, Any]]) -> Any:
        """A dataset of exactly these files."""
        if not files:
            raise UserErrorException("no file is left")
        paths = [{"url": each["url"]} if each["url"] else {"datastore": each["datastore"], "path": each["path"]} for each in files]
        return type(self)(self._workspace, paths, self._options)

    def __repr__(self) -> str:
        import json
        source = [each.get("url") or "('{}', '{}')".format(each["datastore"], each["path"]) for each in self._paths]
        shown = {"source": source, "definition": ["GetFiles" if self._kind == "file" else "GetDatastoreFiles"]}  # type: Dict[str, Any]
        if self.name is not None:
            shown["registration"] = {"id": self.id, "name": self.name, "version": self.version}
        return "{}\n{}".format(type(self).__name__, json.dumps(shown, indent=2))
