"""Many files to and from datastores: some threads, each with one kept connection."""
import os
import threading
from typing import Any, Callable, Dict, Iterable, List, Optional, Tuple

from stoker._client import Client, path_of, query_of
from stoker.errors import StokerError

_THREADS = 6
_PIECE = 1 << 20
_PAGE = 100000


def file_path(workspace_id: str, datastore: str, path: str) -> str:
    """Address of a datastore's file in the API."""
    return path_of("workspaces", workspace_id, "datastores", datastore, "files", path)


def list_files(client: Client, workspace_id: str, datastore: str, pattern: str = "") -> List[Dict[str, Any]]:
    """Records of the files that a pattern means: ``{"path", "size_bytes", "modified_at"}``, by path."""
    found = []  # type: List[Dict[str, Any]]
    after = None
    while True:
        page = client.get(path_of("workspaces", workspace_id, "datastores", datastore, "files"), pattern=pattern, limit=_PAGE, after=after)
        found += page["files"]
        after = page["next"]
        if after is None:
            return found


def upload(client: Client, workspace_id: str, datastore: str, files: Iterable[Tuple[str, str]], overwrite: bool,
           told: Optional[Callable[[str, bool], None]] = None) -> int:
    """Stores files of this machine; on the server's disk when it returns.

    :param files: (path here, path in the datastore).
    :param overwrite: False leaves alone what is there.
    :param told: called with each path in the datastore and whether it was stored.
    :returns: how many were stored.
    """
    stored = []

    def one(wire: "_Wire", pair: Tuple[str, str]) -> None:
        path, target = pair
        try:
            with open(path, "rb") as source:
                wire.put(file_path(workspace_id, datastore, target) + query_of({"overwrite": None if overwrite else "false"}), source,
                         os.fstat(source.fileno()).st_size)
            stored.append(target)
            was_stored = True
        except StokerError as error:
            if error.code != "conflict" or overwrite:
                raise
            was_stored = False
        if told is not None:
            told(target, was_stored)

    _share(client, list(files), one)
    return len(stored)


def download(client: Client, files: Iterable[Tuple[str, str]]) -> int:
    """Fetches files: (address in the API, path here), folders are made, each file appears whole; returns how many."""
    pairs = list(files)
    for folder in {os.path.dirname(os.path.abspath(path)) for _, path in pairs}:
        os.makedirs(folder, exist_ok=True)

    def one(wire: "_Wire", pair: Tuple[str, str]) -> None:
        address, path = pair
        part = "{}.{}.part".format(path, threading.get_ident())
        try:
            with open(part, "wb") as target:
                wire.get(address, target)
            os.replace(part, path)
        except BaseException:
            if os.path.exists(part):
                os.unlink(part)
            raise

    _share(client, pairs, one)
    return len(pairs)


class _Wire:
    """One kept connection, renewed once for a request that it loses."""

    def __init__(self, client: Client):
        self._client = client
        self._connection = None  # type: Any

    def put(self, path: str, source: Any, size: int) -> None:
        headers = {"Content-Length": str(size), "Content-Type": "application/octet-stream"}
        response = self._ask("PUT", path, source, headers)
        self._finish(response, response.read())

    def get(self, path: str, target: Any) -> None:
        response = self._ask("GET", path, None, {})
        if response.status >= 400:
            self._finish(response, response.read())
        expected = response.getheader("Content-Length")
        size = 0
        for piece in iter(lambda: response.read(_PIECE), b""):
            target.write(piece)
            size += len(piece)
        if expected is not None and size != int(expected):
            self.close()
            raise StokerError("server.unreachable", "the download of {} broke off".format(path), retryable=True)

    def _ask(self, method: str, path: str, body: Any, headers: Dict[str, str]) -> Any:
        import http.client
        for is_last in (False, True):
            try:
                if self._connection is None:
                    self._connection = self._client._connect(timeout=120.0)
                if body is not None:
                    body.seek(0)
                self._connection.request(method, "/api/v1" + path, body=body, headers=self._client._headers(headers))
                return self._connection.getresponse()
            except (OSError, http.client.HTTPException) as error:
                self.close()
                if is_last:
                    raise StokerError("server.unreachable", "no server answers at {}: {}".format(self._client.endpoint.url, error), retryable=True)
        raise AssertionError("unreachable")

    def _finish(self, response: Any, body: bytes) -> None:
        if response.status >= 400:
            raise self._client._refusal(response.status, body)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _share(client: Client, work: List[Any], one: Callable[[_Wire, Any], None]) -> None:
    """Does every piece of work on some threads; the first failure ends all and is raised."""
    if not work:
        return
    client.endpoint  # found once, before the threads ask for it
    waiting = iter(work)
    lock = threading.Lock()
    failures = []  # type: List[BaseException]

    def run() -> None:
        wire = _Wire(client)
        try:
            while not failures:
                with lock:
                    piece = next(waiting, None)
                if piece is None:
                    return
                one(wire, piece)
        except BaseException as error:
            failures.append(error)
        finally:
            wire.close()

    threads = [threading.Thread(target=run, daemon=True) for _ in range(min(_THREADS, len(work)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
