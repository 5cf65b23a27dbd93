"""A local copy of what runs have below ``logs/``: each pass brings the bytes that are new."""
import os
from typing import TYPE_CHECKING, Any, Dict, Iterable, List, Set

from azureml.core._naming import a_kind
from azureml.exceptions import UserErrorException
from stoker._states import TERMINAL_STATES
from stoker.errors import StokerError

if TYPE_CHECKING:
    from azureml.core.run import Run

_PREFIX = "logs/"


def runs_of(runs: Any) -> "List[Run]":
    """A run or an iterable of runs as a list.

    :raises UserErrorException: for anything else, and for runs without a record.
    """
    listed = [runs] if hasattr(runs, "get_metrics") or isinstance(runs, str) or runs is None else list(runs)
    for each in listed:
        if not hasattr(each, "_client") or not hasattr(each, "get_children"):
            raise UserErrorException("runs has {}; a Run or a list of runs is expected".format(a_kind(each)))
    return listed


def with_children(runs: "Iterable[Run]") -> "List[Run]":
    """The runs and all below them, each once."""
    found = {}  # type: Dict[str, Run]
    for run in runs:
        found.setdefault(run.id, run)
        for child in run.get_children(recursive=True):
            found.setdefault(child.id, child)
    return list(found.values())


class Mirror:
    """The folder of the copies: ``<root>/<run>/<path below logs>``.

    :param use_display_name: folders are called as the runs are; two of one name keep their ids.
    """

    def __init__(self, root: str, runs: "List[Run]", use_display_name: bool = False):
        self.root = root
        self._runs = runs
        self._use_display_name = use_display_name
        self._folders = {}  # type: Dict[str, str]  # by run id
        self._over = set()  # type: Set[str]  # runs whose files have all come since their end

    def refresh(self) -> int:
        """Brings what is new; returns how many bytes that were.

        :raises StokerError: the server does not answer.
        """
        size = 0
        for run in with_children(each for each in self._runs if each.id not in self._over):
            if run.id not in self._over:
                size += self._refresh_run(run)
        return size

    def _refresh_run(self, run: "Run") -> int:
        record = run._refresh()
        size = 0
        for file in run._client.files(run.id):
            if file["path"].startswith(_PREFIX):
                size += self._fetch(run, file["path"], file["size_bytes"])
        # A parent may get more children as long as it goes on.
        if record["state"] in TERMINAL_STATES and not any(each.get_status() not in TERMINAL_STATES for each in run.get_children(recursive=True)):
            self._over.add(run.id)
        return size

    def _fetch(self, run: "Run", name: str, size: int) -> int:
        path = os.path.join(self._folder(run), *name[len(_PREFIX):].split("/"))
        present = os.path.getsize(path) if os.path.exists(path) else 0
        if present == size and os.path.exists(path):
            return 0
        os.makedirs(os.path.dirname(path), exist_ok=True)
        is_longer = 0 < present < size  # event files only grow; what became shorter was written anew
        with open(path, "ab" if is_longer else "wb") as target:
            try:
                return run._client.download(run.id, name, target, present if is_longer else 0)
            except StokerError as error:
                if error.code in ("not_found", "input.invalid"):
                    return 0  # gone, or replaced by something shorter since the list was made; the next pass sees it
                raise

    def _folder(self, run: "Run") -> str:
        if run.id not in self._folders:
            name = (run.display_name if self._use_display_name else run.id) or run.id
            name = name.replace("/", "_").replace("\0", "_").lstrip(".") or run.id
            if name in self._folders.values():
                name = "{}_{}".format(name, run.id)
            self._folders[run.id] = name
        return os.path.join(self.root, self._folders[run.id])
