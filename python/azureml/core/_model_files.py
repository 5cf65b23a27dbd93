"""A model's files on this machine: which ones are registered, how they travel, where they come to lie."""
import os
import shutil
import tempfile
import uuid
from typing import TYPE_CHECKING, Any, List, Optional, Tuple

from azureml.core._run_files import files_below, inside
from azureml.exceptions import ModelPathNotFoundException, UserErrorException, WebserviceException
from stoker._client import path_of

if TYPE_CHECKING:
    from azureml.core.workspace import Workspace


def local_files(path: str, child_paths: Optional[List[str]]) -> List[Tuple[str, str]]:
    """Pairs of a name, which begins with the base name of `path`, and the file.

    :raises ModelPathNotFoundException: `path` is not there, or a child; all of these at once.
    """
    base = os.path.basename(path)
    if os.path.isfile(path):
        if child_paths:
            raise UserErrorException("child_paths names files of a folder, and {} is a file".format(path))
        return [(base, path)]
    if not os.path.isdir(path):
        raise ModelPathNotFoundException("Error, provided model path \"{}\" cannot be found".format(path))
    if child_paths is None:
        files = files_below(path)
        if not files:
            raise ModelPathNotFoundException("the folder {} has no files".format(path))
        return [("{}/{}".format(base, name), full) for name, full in files]
    children = [os.path.normpath(os.path.join(path, os.fspath(each))) for each in child_paths]
    missing = [each for each, full in zip(child_paths, children) if not os.path.isfile(full) or not full.startswith(path + os.sep)]
    if missing or not children:
        raise ModelPathNotFoundException("child_paths are files of {}; these are not: {}".format(path, ", ".join(str(each) for each in missing) or "(none given)"))
    return [("/".join([base] + os.path.relpath(full, path).split(os.sep)), full) for full in children]


def send(workspace: "Workspace", files: List[Tuple[str, str]]) -> str:
    """Uploads; returns the name of the upload, to be registered from."""
    upload = uuid.uuid4().hex
    for name, full in files:
        with open(full, "rb") as source:
            workspace._client.upload_to(path_of("workspaces", workspace._workspace_id, "uploads", upload, name), source, os.fstat(source.fileno()).st_size)
    return upload


def fetch(model: Any, target: str, replace: bool) -> str:
    """Writes the model below `target`, all of it or nothing; returns the path of its file or folder.

    :raises WebserviceException: it is there, and `replace` is not set.
    """
    client = model.workspace._client
    listing = client.get(model._path("files"))
    names = [each["path"] for each in listing["files"]]
    if not names:
        raise WebserviceException("the model {} has no files".format(model.id))
    top = inside(names[0])[0]
    whole = os.path.join(target, top)
    if os.path.lexists(whole) and not replace:
        raise WebserviceException("{} is there already; exist_ok=True replaces it".format(whole))
    os.makedirs(target, exist_ok=True)
    part = tempfile.mkdtemp(prefix=".model-", dir=target)
    try:
        for name in names:
            place = os.path.join(part, *inside(name))
            os.makedirs(os.path.dirname(place), exist_ok=True)
            with open(place, "wb") as file:
                client.download_from(model._path("files", name), file)
        for each in sorted(os.listdir(part)):
            _put(os.path.join(part, each), os.path.join(target, each))
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return whole if len({inside(name)[0] for name in names}) == 1 else target


def _put(made: str, place: str) -> None:
    """`made` in place of what is there; files of a folder that the model does not have stay."""
    if os.path.isdir(made) and os.path.isdir(place) and not os.path.islink(place):
        for each in os.listdir(made):
            _put(os.path.join(made, each), os.path.join(place, each))
        return
    if os.path.isdir(place) and not os.path.islink(place):
        shutil.rmtree(place)
    elif os.path.isdir(made) and os.path.lexists(place):
        os.unlink(place)
    os.replace(made, place)


def newest(base: str) -> Optional[str]:
    """The folder of the highest version that lies in the cache of a model."""
    numbers = [int(each) for each in os.listdir(base) if each.isdigit()] if os.path.isdir(base) else []
    return os.path.join(base, str(max(numbers))) if numbers else None


def only_entry(folder: str) -> str:
    """The one file or folder in it; itself where there are several."""
    entries = os.listdir(folder)
    return os.path.join(folder, entries[0]) if len(entries) == 1 else folder
