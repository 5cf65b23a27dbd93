"""The part of a Run that stores and fetches files (spec 3.5), and the source as it was (9.1)."""
import io
import os
import warnings
from typing import Any, Dict, List, Optional

from azureml.core import _details, _snapshots
from azureml.core._errors import translated
from azureml.core._naming import did_you_mean
from azureml.core._service import as_path
from azureml.exceptions import RunNotFoundException, UserErrorException
from stoker._client import path_of


class FilesPart:
    """Methods of `Run`; not for use alone."""

    def _files(self, links: bool = False) -> List[Dict[str, Any]]:
        with translated(not_found=RunNotFoundException):
            return self._service.read("files", links="true" if links else None)["files"]

    def _content(self, name: str) -> bytes:
        target = io.BytesIO()
        with translated(not_found=RunNotFoundException):
            self._client.download(self._run_id, name, target)
        return target.getvalue()

    def get_file_names(self) -> List[str]:
        """Names of all files, logs included, ``/`` separated."""
        return [each["path"] for each in self._files()]

    # -- to the server ---------------------------------------------------------------------------------------------

    def upload_file(self, name: str, path_or_stream: Any, datastore_name: Optional[str] = None) -> None:
        """Stores a file of this machine, or what a stream holds, as `name`; it is safe when the call returns.

        :raises UserErrorException: the name is taken by other content, or there is no such file.
        """
        inside(str(name))
        with as_path(path_or_stream) as path, translated(not_found=RunNotFoundException):
            self._service.upload(str(name), path)

    def upload_files(self, names: List[str], paths: List[str], return_artifacts: bool = False, timeout_seconds: Optional[int] = None,
                     datastore_name: Optional[str] = None) -> Optional[Dict[str, str]]:
        """Stores several files; both lists have the same length. Nothing is stored when one of them is missing.

        :param return_artifacts: return a dict name -> the file's path at the server.
        """
        names, paths = list(names), list(paths)
        if len(names) != len(paths):
            raise UserErrorException("there are {} names and {} paths; they must be as many".format(len(names), len(paths)))
        missing = [str(path) for path in paths if not hasattr(path, "read") and not os.path.isfile(path)]
        if missing:
            raise UserErrorException("nothing was stored; there is no file {}".format(", ".join(missing)))
        for name, path in zip(names, paths):
            self.upload_file(name, path)
        return {name: "dcid.{}/{}".format(self._run_id, name) for name in names} if return_artifacts else None

    def upload_folder(self, name: str, path: str, datastore_name: Optional[str] = None) -> None:
        """Stores all files below `path` under the prefix `name`."""
        if not os.path.isdir(path):
            raise UserErrorException("the folder {} does not exist".format(path))
        for each, full in files_below(path):
            self.upload_file("/".join([part for part in [str(name).strip("/")] if part] + [each]), full)

    # -- from the server -------------------------------------------------------------------------------------------

    def download_file(self, name: str, output_file_path: Optional[str] = None, _validate_checksum: bool = False) -> None:
        """Writes a file of the run to this machine.

        :param output_file_path: a file, or a folder that exists; default is the base name in the current folder.
        :raises UserErrorException: the run has no such file.
        """
        target = os.fspath(output_file_path or os.path.basename(name))
        if os.path.isdir(target) or target.endswith(os.sep):
            target = os.path.join(target, os.path.basename(name))
        os.makedirs(os.path.dirname(os.path.abspath(target)), exist_ok=True)
        part = "{}.{}.part".format(target, os.getpid())
        try:
            with open(part, "wb") as file:
                self._download(name, file)
            os.replace(part, target)
        finally:
            if os.path.exists(part):
                os.unlink(part)

    def _download(self, name: str, file: Any) -> None:
        try:
            with translated():
                self._client.download(self._run_id, name, file)
        except UserErrorException as error:
            if getattr(error.inner_exception, "code", "") != "not_found":
                raise
            raise UserErrorException(self._no_such_file(name), inner_exception=error.inner_exception) from error

    def _no_such_file(self, name: str) -> str:
        names = self.get_file_names()
        near = did_you_mean(name, names)
        if near or not names:
            return "the run {} has no file {!r}{}".format(self._run_id, name, near or "; it has no files at all")
        return "the run {} has no file {!r}; it has {}{}".format(self._run_id, name, ", ".join(names[:5]), " and {} more".format(len(names) - 5) if len(names) > 5 else "")

    def download_files(self, prefix: Optional[str] = None, output_directory: Optional[str] = None, output_paths: Optional[List[str]] = None,
                       batch_size: int = 100, append_prefix: bool = True, timeout_seconds: Optional[int] = None) -> None:
        """Writes the files whose name begins with `prefix` (a file or a folder; all without it) below `output_directory`.

        :param output_paths: where each goes instead, in the order of `get_file_names()`.
        :param append_prefix: False leaves `prefix` out of the paths.
        """
        folder = (prefix or "").rstrip("/")
        names = [name for name in self.get_file_names() if not prefix or name == folder or name.startswith(folder + "/") or name.startswith(prefix)]
        if prefix and not names:
            warnings.warn("nothing was downloaded: {}".format(self._no_such_file(prefix)), stacklevel=2)
        if output_paths is not None and len(output_paths) != len(names):
            raise UserErrorException("there are {} output paths for {} files".format(len(output_paths), len(names)))
        for number, name in enumerate(names):
            relative = name if append_prefix or not prefix or not name.startswith(folder + "/") else name[len(folder) + 1:]
            target = output_paths[number] if output_paths is not None else os.path.join(output_directory or os.curdir, *inside(relative))
            self.download_file(name, target)

    def get_all_logs(self, destination: Optional[str] = None) -> List[str]:
        """Downloads all log files below `destination` (default: a folder named after the run); returns their paths."""
        folder = destination or self._run_id
        paths = []
        for file in self._files():
            if _details.is_log(file):
                paths.append(os.path.join(folder, *inside(file["path"])))
                self.download_file(file["path"], paths[-1])
        return paths

    # -- the source ------------------------------------------------------------------------------------------------

    def get_snapshot_id(self) -> Optional[str]:
        """Identity of the source as it was at submission, None for a run without any."""
        return _details.properties(self._record).get("ContentSnapshotId")

    def restore_snapshot(self, snapshot_id: Optional[str] = None, path: Optional[str] = None) -> str:
        """Downloads the source as it was, as a zip; returns its path.

        :param snapshot_id: of another one than the run's.
        :param path: the folder that it is written to; default is the current one.
        :raises UserErrorException: the run has none, or there is no such snapshot.
        """
        import tempfile
        snapshot = snapshot_id or self.get_snapshot_id()
        if not snapshot:
            raise UserErrorException("the run {} has no snapshot".format(self._run_id))
        folder = os.path.abspath(os.path.expanduser(os.fspath(path or os.curdir)))
        os.makedirs(folder, exist_ok=True)
        target = os.path.join(folder, "{}.zip".format(snapshot))
        number, part = tempfile.mkstemp(prefix=".snapshot-", dir=folder)
        try:
            with os.fdopen(number, "wb") as file, translated():
                self._write_zip(snapshot, file)
            os.replace(part, target)
        finally:
            if os.path.exists(part):
                os.unlink(part)
        return target

    def _write_zip(self, snapshot: str, file: Any) -> None:
        import zipfile
        files = self._client.get(path_of("snapshots", snapshot))["files"]
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as target:
            for each in files:
                entry = zipfile.ZipInfo("/".join(inside(each["path"])))
                entry.external_attr = (0o100755 if each.get("executable") else 0o100644) << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                content = io.BytesIO()
                self._client.download_from(path_of("snapshots", snapshot, "file", each["path"]), content)
                target.writestr(entry, content.getvalue())

    def take_snapshot(self, file_or_folder_path: str) -> str:
        """Stores a folder as a snapshot; returns its id. It is the run's own where the run has none yet.

        :raises SnapshotException: it cannot be read, or is too large.
        """
        folder = os.path.abspath(os.path.expanduser(os.fspath(file_or_folder_path)))
        with _snapshots.told(folder):
            snapshot = self._client.snapshot(folder, _snapshots.max_bytes())["snapshot"]
        if not self.get_snapshot_id():
            self.add_properties({"ContentSnapshotId": snapshot})
        return snapshot


def files_below(folder: str) -> List[Any]:
    """Pairs of a name relative to `folder`, ``/`` separated, and the path."""
    found = []
    for place, folders, names in os.walk(folder):
        folders.sort()
        for each in sorted(names):
            full = os.path.join(place, each)
            found.append(("/".join(os.path.relpath(full, folder).split(os.sep)), full))
    return found


def inside(name: str) -> List[str]:
    """The parts of a file's name, which must stay below the folder that it is written to."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts or not parts:
        raise UserErrorException("the file name {!r} is not one: names are relative, and \"..\" is not allowed".format(name))
    return parts
