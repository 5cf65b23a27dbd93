"""Datasets of files (spec 13.3)."""
import os
import shutil
import tempfile
import warnings
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Tuple

from azureml.core._errors import translated
from azureml.data.abstract_dataset import AbstractDataset
from azureml.exceptions import UserErrorException
from stoker import _transfer

if TYPE_CHECKING:
    from azureml.data.dataset_consumption_config import DatasetConsumptionConfig


class FileDataset(AbstractDataset):
    """Files of datastores, or of the web; made by ``Dataset.File.from_files``."""

    _kind = "file"

    def to_path(self) -> List[str]:
        """Names of its files inside it, each with a ``/`` in front."""
        return ["/" + each["name"] for each in self._files()]

    def download(self, target_path: Optional[str] = None, overwrite: bool = False, ignore_not_found: bool = False) -> List[str]:
        """Copies its files to a folder; returns their paths.

        :param target_path: default is a new temporary folder.
        :param overwrite: replace what is there.
        :raises UserErrorException: a file is there, and `overwrite` is False; or the dataset has no files, and `ignore_not_found` is False.
        """
        try:
            files = self._files()
        except UserErrorException as error:
            if ignore_not_found and getattr(error.inner_exception, "code", "") == "not_found":
                return []
            raise
        folder = os.path.abspath(os.path.expanduser(target_path)) if target_path else tempfile.mkdtemp(prefix="stoker-data-")
        paths = [os.path.join(folder, *each["name"].split("/")) for each in files]
        there = [path for path in paths if os.path.exists(path)]
        if there and not overwrite:
            raise UserErrorException("{} is there already{}; overwrite=True replaces".format(there[0], " with {} more".format(len(there) - 1) if len(there) > 1 else ""))
        _fetch(self._workspace, list(zip(files, paths)))
        return paths

    def mount(self, mount_point: Optional[str] = None) -> "MountContext":
        """A folder with its files, while a ``with`` block lasts or from ``start()`` to ``stop()``.

        Where the datastores' folders are on this machine the files are links; else they are copied, and a warning says so.

        :param mount_point: an empty folder, or one that is made; default is a temporary one.
        """
        return MountContext(self, mount_point)

    def as_mount(self, path_on_compute: Optional[str] = None) -> "DatasetConsumptionConfig":
        """As an input of a run by mount, under a name that is made up."""
        return self.as_named_input(_name_of(self)).as_mount(path_on_compute)

    def as_download(self, path_on_compute: Optional[str] = None) -> "DatasetConsumptionConfig":
        """As an input of a run by copy, under a name that is made up."""
        return self.as_named_input(_name_of(self)).as_download(path_on_compute)

    def as_hdfs(self) -> Any:
        """For Spark: not offered."""
        return self.as_named_input(_name_of(self)).as_hdfs()

    def take(self, count: int) -> "FileDataset":
        """A dataset of the first `count` files."""
        return self._of_files(self._files()[:_count(count)])

    def skip(self, count: int) -> "FileDataset":
        """A dataset without the first `count` files."""
        return self._of_files(self._files()[_count(count):])

    def random_split(self, percentage: float, seed: Optional[int] = None) -> "Tuple[FileDataset, FileDataset]":
        """Two datasets, the first with about that part of the files (0 to 1); the same seed splits alike."""
        import random
        if not 0 < percentage < 1:
            raise UserErrorException("percentage is {!r}; a number between 0 and 1 is expected".format(percentage))
        files = self._files()
        chosen = set(random.Random(seed).sample(range(len(files)), max(1, min(len(files) - 1, round(len(files) * percentage)))))
        return (self._of_files([each for at, each in enumerate(files) if at in chosen]), self._of_files([each for at, each in enumerate(files) if at not in chosen]))

    def as_cache(self, datacache_store: Any = None) -> Any:
        """Caches of datasets: not offered; mounts are links, so there is nothing to keep near.

        :raises UserErrorException: always.
        """
        raise UserErrorException("as_cache is not offered by this version of stoker; as_mount() costs no copy")

    def _for_run(self) -> Dict[str, Any]:
        """The record of what a run can be given: files of the web are stored in the default datastore first, each once."""
        if not any(each.get("url") for each in self._paths):
            return self._record()
        files = self._files()
        workspace = self._workspace
        assert workspace is not None
        store = workspace.get_default_datastore()
        known = {each["path"] for each in store._list("web")}
        folder = tempfile.mkdtemp(prefix="stoker-data-")
        try:
            wanted = [(each, os.path.join(folder, *each["name"].split("/"))) for each in files if each["url"] and "web/" + each["name"] not in known]
            _fetch(workspace, wanted)
            store._send([(path, "web/" + each["name"]) for each, path in wanted], True, False)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        paths = [{"datastore": store.name, "path": "web/" + each["name"]} if each["url"] else {"datastore": each["datastore"], "path": each["path"]} for each in files]
        return FileDataset(workspace, paths)._record()


class MountContext:
    """A mounted dataset."""

    def __init__(self, dataset: FileDataset, mount_point: Optional[str] = None):
        self._dataset = dataset
        self._made = mount_point is None
        self._mount_point = os.path.abspath(mount_point) if mount_point else tempfile.mkdtemp(prefix="stoker-mount-")
        self._is_started = False
        self._is_ours = False  # the folder was made by start()

    @property
    def mount_point(self) -> str:
        """The folder."""
        return self._mount_point

    def start(self) -> None:
        """Makes the files appear.

        :raises UserErrorException: the folder is not empty.
        """
        if self._is_started:
            return
        if os.path.isdir(self._mount_point) and os.listdir(self._mount_point):
            raise UserErrorException("{} is not empty, so nothing can be mounted there".format(self._mount_point))
        self._is_ours = not os.path.isdir(self._mount_point)
        files = self._dataset._files()
        roots = self._dataset._workspace._store_folders()  # type: ignore[union-attr]
        os.makedirs(self._mount_point, exist_ok=True)
        self._is_started = True
        copies = []
        for each in files:
            place = os.path.join(self._mount_point, *each["name"].split("/"))
            source = None if each["url"] else os.path.join(roots.get(each["datastore"], ""), each["path"])
            if source is not None and os.path.isfile(source):
                os.makedirs(os.path.dirname(place), exist_ok=True)
                os.symlink(source, place)
            else:
                copies.append((each, place))
        if copies:
            warnings.warn("{} files are not on this machine and are copied to {}".format(len(copies), self._mount_point), stacklevel=2)
            _fetch(self._dataset._workspace, copies)

    def stop(self) -> None:
        """Takes the folder's content away again."""
        if not self._is_started:
            return
        self._is_started = False
        if self._made or self._is_ours:
            shutil.rmtree(self._mount_point, ignore_errors=True)
            return
        for name in os.listdir(self._mount_point):
            path = os.path.join(self._mount_point, name)
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path, ignore_errors=True)
            else:
                os.unlink(path)

    def __enter__(self) -> "MountContext":
        self.start()
        return self

    def __exit__(self, *unused: Any) -> None:
        self.stop()


def _fetch(workspace: Any, files: List[Tuple[Dict[str, Any], str]]) -> None:
    """Files of a dataset to these paths."""
    from_stores = [(_transfer.file_path(workspace._workspace_id, each["datastore"], each["path"]), path) for each, path in files if not each["url"]]
    if from_stores:
        with translated():
            _transfer.download(workspace._client, from_stores)
    for each, path in files:
        if each["url"]:
            _fetch_url(each["url"], path)


def _fetch_url(url: str, path: str) -> None:
    import urllib.error
    import urllib.request
    os.makedirs(os.path.dirname(path), exist_ok=True)
    part = path + ".part"
    try:
        with urllib.request.urlopen(url, timeout=120) as source, open(part, "wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
        os.replace(part, path)
    except (OSError, urllib.error.URLError) as error:
        raise UserErrorException("{} cannot be downloaded: {}".format(url, error), inner_exception=error) from error
    finally:
        if os.path.exists(part):
            os.unlink(part)


def _count(count: Any) -> int:
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        raise UserErrorException("count is {!r}; a whole number from 0 is expected".format(count))
    return count


def _name_of(dataset: AbstractDataset) -> str:
    """The same dataset has the same name, so that two arguments of it are one input."""
    import hashlib
    import json
    return "input_" + hashlib.sha256(json.dumps(dataset._definition(), sort_keys=True).encode("utf-8")).hexdigest()[:8]
