"""Datastores (spec 13.1)."""
import os
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Tuple

from azureml.core._errors import translated
from azureml.data.data_reference import DataReference
from azureml.exceptions import UserErrorException
from stoker import _transfer
from stoker._client import path_of

if TYPE_CHECKING:
    from azureml.core.workspace import Workspace


class AbstractDatastore:
    """A place for files, by its name in the workspace."""

    datastore_type = "Folder"

    def __init__(self, workspace: "Workspace", record: Dict[str, Any]):
        self._workspace = workspace
        self._store = record

    @property
    def name(self) -> str:
        """Name in the workspace."""
        return self._store["name"]

    @property
    def workspace(self) -> "Workspace":
        """The workspace."""
        return self._workspace

    @property
    def is_default(self) -> bool:
        """Whether it is the workspace's default."""
        return self._store["is_default"]

    @property
    def container_name(self) -> str:
        """The folder on the server's machine."""
        return self._store["path"]

    @property
    def account_name(self) -> str:
        """``stoker``."""
        return "stoker"

    def set_as_default(self) -> None:
        """Makes it the workspace's default."""
        with translated():
            self._store = self._workspace._client.patch(self._path(), {"is_default": True})

    def unregister(self) -> None:
        """Forgets it; the files stay.

        :raises UserErrorException: every workspace has it.
        """
        with translated():
            self._workspace._client.call("DELETE", self._path())

    def path(self, path: Optional[str] = None, data_reference_name: Optional[str] = None) -> DataReference:
        """A reference to a path in it."""
        return DataReference(self, data_reference_name, path)

    def as_mount(self) -> DataReference:
        """All of it, by mount."""
        return DataReference(self, mode="mount")

    def as_download(self, path_on_compute: Optional[str] = None) -> DataReference:
        """All of it, by copy."""
        return DataReference(self, mode="download", path_on_compute=path_on_compute)

    def as_upload(self, path_on_compute: Optional[str] = None) -> DataReference:
        """Its root, for what the run leaves at `path_on_compute`."""
        return DataReference(self, mode="upload", path_on_compute=path_on_compute)

    def upload(self, src_dir: str, target_path: Optional[str] = None, overwrite: bool = False, show_progress: bool = True) -> DataReference:
        """Uploads what is in a folder; what is there is left alone unless `overwrite`.

        :raises UserErrorException: no such folder.
        """
        from azureml.core._run_files import files_below
        folder = os.path.abspath(os.path.expanduser(src_dir))
        if not os.path.isdir(folder):
            raise UserErrorException("the folder {} does not exist".format(folder))
        prefix = (target_path or "").strip("/")
        self._send([(path, "{}/{}".format(prefix, name) if prefix else name) for name, path in files_below(folder)], overwrite, show_progress)
        return self.path(prefix or None)

    def upload_files(self, files: List[str], relative_root: Optional[str] = None, target_path: Optional[str] = None, overwrite: bool = False,
                     show_progress: bool = True) -> DataReference:
        """Uploads files; what is there is left alone unless `overwrite`.

        :param relative_root: names in the datastore begin below this folder; default is the folder that the files share.
        :raises UserErrorException: a file is not there (all are named), or not below `relative_root`.
        """
        paths = [os.path.abspath(os.path.expanduser(each)) for each in files]
        missing = [path for path in paths if not os.path.isfile(path)]
        if missing or not paths:
            raise UserErrorException("there is no file {}".format(", ".join(missing)) if missing else "files is empty")
        root = os.path.abspath(os.path.expanduser(relative_root)) if relative_root else os.path.commonpath([os.path.dirname(path) for path in paths])
        names = [os.path.relpath(path, root).replace(os.sep, "/") for path in paths]
        outside = [path for path, name in zip(paths, names) if name.startswith("../")]
        if outside:
            raise UserErrorException("{} is not below relative_root ({})".format(", ".join(outside), root))
        prefix = (target_path or "").strip("/")
        self._send([(path, "{}/{}".format(prefix, name) if prefix else name) for path, name in zip(paths, names)], overwrite, show_progress)
        return self.path(prefix or None)

    def download(self, target_path: str, prefix: Optional[str] = None, overwrite: bool = False, show_progress: bool = True) -> int:
        """Copies files to a folder; returns how many. What is there is left alone unless `overwrite`.

        :param prefix: a folder or file of the datastore, or the beginning of paths.
        """
        wanted = (prefix or "").lstrip("/")
        pattern = wanted.rstrip("/") if wanted.endswith("/") else wanted.rpartition("/")[0]
        folder = os.path.abspath(os.path.expanduser(target_path))
        pairs = []
        for each in self._list(pattern):
            path = os.path.join(folder, *each["path"].split("/"))
            if each["path"].startswith(wanted) and (overwrite or not os.path.exists(path)):
                pairs.append((_transfer.file_path(self._workspace._workspace_id, self.name, each["path"]), path))
        if show_progress:
            print("Downloading {} files to {}".format(len(pairs), folder))
        with translated():
            return _transfer.download(self._workspace._client, pairs)

    def _list(self, pattern: str) -> List[Dict[str, Any]]:
        with translated():
            return _transfer.list_files(self._workspace._client, self._workspace._workspace_id, self.name, pattern)

    def _send(self, pairs: List[Tuple[str, str]], overwrite: bool, show_progress: bool) -> int:
        told = _tell if show_progress and len(pairs) <= 100 else None
        if show_progress and told is None:
            print("Uploading {} files to {}".format(len(pairs), self.name))
        with translated():
            stored = _transfer.upload(self._workspace._client, self._workspace._workspace_id, self.name, pairs, overwrite, told)
        if show_progress:
            print("Uploaded {} files".format(stored))
        return stored

    def _path(self) -> str:
        return path_of("workspaces", self._workspace._workspace_id, "datastores", self.name)

    def __repr__(self) -> str:
        return '{{\n  "name": "{}",\n  "container_name": "{}",\n  "account_name": "stoker",\n  "protocol": "file"\n}}'.format(self.name, self.container_name)


def _tell(path: str, was_stored: bool) -> None:
    print("Uploaded {}".format(path) if was_stored else "Target already exists. Skipping upload for {}".format(path))
