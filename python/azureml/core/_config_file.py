"""The configuration file that names a workspace (spec 1.2)."""
import json
import os
from typing import Any, Dict, Iterator, List, Optional, Tuple

from azureml.core._naming import a_kind, did_you_mean
from azureml.exceptions import UserErrorException

_FOLDERS = (".azureml", "aml_config", "")
_NAMES = ("config.json", "project.json")
_PARENTS = 20

Triple = Tuple[str, str, str]  # subscription, resource group, workspace


def find(path: Optional[str], file_name: Optional[str]) -> str:
    """The file to read: `path` itself, or the first hit of the search that begins in the folder `path` (default: the current one).

    The loop over sub-folders is the outer one: ``.azureml/config.json`` of a parent beats a bare ``config.json`` of the folder itself.

    :raises UserErrorException: when there is none.
    """
    start = os.path.abspath(os.path.expanduser(str(path))) if path else os.getcwd()
    if os.path.isfile(start):
        return start
    for candidate in _candidates(start, file_name):
        if os.path.isfile(candidate):
            return candidate
    if not os.path.exists(start):
        raise UserErrorException("We could not find the config file: there is no file or folder {}".format(start))
    name = file_name or _NAMES[0]
    raise UserErrorException("We could not find {0} in: {1} or in its parent directories. Please provide the full path to the config file or "
                             "ensure that {0} exists in the parent directories.".format(name, start))


def _candidates(start: str, file_name: Optional[str]) -> Iterator[str]:
    for folder in _FOLDERS:
        for name in ([file_name] if file_name else _NAMES):
            place = start
            for _ in range(_PARENTS + 1):
                yield os.path.join(place, folder, name)
                parent = os.path.dirname(place)
                if parent == place:
                    break
                place = parent


def read(path: str) -> Triple:
    """Subscription, resource group and workspace of a file in either shape.

    :raises UserErrorException: it is no JSON, or lacks one of them; all that is wrong is told.
    """
    try:
        with open(path, encoding="utf-8-sig") as file:
            body = json.load(file)
    except (OSError, ValueError) as error:
        raise UserErrorException("The config file {} could not be read as JSON in UTF-8: {}".format(path, error), inner_exception=error) from error
    mistakes = _mistakes(body) if isinstance(body, dict) else ["it is {}; a record {{...}} is expected".format(a_kind(body))]
    if mistakes:
        raise UserErrorException("The config file {} should have the values subscription_id, resource_group, and project_name or workspace_name:\n{}".format(
            path, "\n".join("  - " + each for each in mistakes)))
    return _triple(body)


_KEYS = ("subscription_id", "resource_group", "workspace_name")


def _mistakes(body: Dict[str, Any]) -> List[str]:
    """What is wrong with the fields, a text each."""
    if "Scope" in body:
        parts = str(body["Scope"]).split("/")
        if len(parts) > 8 and parts[2] and parts[4] and parts[8]:
            return []
        return ["Scope is {!r}; /subscriptions/<id>/resourceGroups/<group>/providers/<provider>/workspaces/<name> is expected".format(body["Scope"])]
    found = []
    for key in _KEYS:
        value = body.get(key) or (body.get("project_name") if key == "workspace_name" else None)
        if not value:
            others = [each for each in body if each not in _KEYS + ("project_name",)]
            near = next((each for each in others if did_you_mean(each, [key])), None)
            found.append("{} is {}{}".format(key, "empty" if key in body else "missing", ' (there is "{}")'.format(near) if near else ""))
        elif not isinstance(value, str):
            found.append("{} is {}; a text is expected".format(key, a_kind(value)))
        elif value.startswith("<") and value.endswith(">"):
            found.append("{} is {}: put the real value in its place".format(key, value))
    return found


def _triple(body: Dict[str, Any]) -> Triple:
    if "Scope" in body:
        parts = str(body["Scope"]).split("/")
        return parts[2], parts[4], parts[8]
    return body["subscription_id"], body["resource_group"], body.get("workspace_name") or body["project_name"]


def write(folder: Optional[str], file_name: Optional[str], triple: Triple) -> str:
    """Writes ``<folder or cwd>/.azureml/<file_name or config.json>``; returns its path."""
    directory = os.path.join(os.path.abspath(os.path.expanduser(folder or os.getcwd())), ".azureml")
    os.makedirs(directory, exist_ok=True)
    path = os.path.join(directory, file_name or _NAMES[0])
    with open(path, "w", encoding="utf-8") as file:
        json.dump(dict(zip(_KEYS, triple)), file, indent=4)
        file.write("\n")
    return path
