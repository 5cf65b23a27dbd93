"""How a Run object reaches its record: over REST from outside, through the supervisor's socket from inside the run itself.

Inside, everything takes one way, in order: what was logged before a read is in the answer.
"""
import os
import tempfile
from typing import Any, BinaryIO, Dict, List, Optional

from azureml.exceptions import UserErrorException
from stoker import Client, _runtime
from stoker._client import path_of, query_of
from stoker.errors import StokerError

_PREFIX = "/api/v1"


class RestService:
    """A run seen from outside of it."""

    def __init__(self, client: Client, run_id: str):
        self.client = client
        self.run_id = run_id

    def read(self, *parts: str, **query: Any) -> Dict[str, Any]:
        """The record below the run's: ``read("metrics", name="loss")``."""
        return self._api("GET", path_of("runs", self.run_id, *parts) + query_of(query), None)

    def _api(self, method: str, path: str, body: Any) -> Dict[str, Any]:
        return self.client.call(method, path, body)

    def change(self, body: Dict[str, Any]) -> None:
        """Tags, properties or the display name; see PATCH /runs/{id}."""
        self.client.patch(path_of("runs", self.run_id), body)

    def tag(self, tags: Dict[str, Optional[str]]) -> None:
        """Sets tags."""
        self.change({"tags": tags})

    def untag(self, keys: List[str]) -> None:
        """Removes tags."""
        self.change({"remove_tags": keys})

    def rename(self, display_name: str) -> None:
        """Sets the display name."""
        self.change({"display_name": display_name})

    def add_properties(self, properties: Dict[str, str]) -> None:
        """Adds properties; one that is there with another value is an error."""
        self.change({"properties": properties})

    def upload(self, name: str, path: str) -> None:
        """Stores the file at `path` as `name`."""
        with open(path, "rb") as source:
            self.client.upload(self.run_id, name, source, os.fstat(source.fileno()).st_size)

    def cancel(self) -> None:
        """Asks for the end of the run."""
        self._api("POST", path_of("runs", self.run_id, "cancel"), {})

    def settle(self, outcome: str, message: str) -> None:
        """`complete` and `fail`: a run with a program ends as its program does."""
        if outcome == "failed":
            self.cancel()

    def flush(self, timeout: float) -> None:
        """Nothing waits here."""

    def log(self, name: str, value: Any, step: Optional[int]) -> None:
        """Metrics come from inside the run."""
        self.tell_metric({"name": name})

    def tell_metric(self, message: Dict[str, Any]) -> None:
        """Metrics come from inside the run."""
        raise UserErrorException('metric "{}" was not logged: this version of stoker takes metrics from inside the run ({}), through Run.get_context()'.format(
            message["name"], self.run_id))


class ScriptService(RestService):
    """The run that this process belongs to."""

    def __init__(self, client: Client, run_id: str, runtime: "_runtime.Runtime"):
        super().__init__(client, run_id)
        self.runtime = runtime

    def read(self, *parts: str, **query: Any) -> Dict[str, Any]:
        self.flush(60.0)
        return super().read(*parts, **query)

    def _api(self, method: str, path: str, body: Any) -> Dict[str, Any]:
        answer = self.runtime.ask({"op": "api", "method": method, "path": _PREFIX + path, "body": body})
        if answer.get("status", 200) >= 400:
            raise StokerError.from_json(answer.get("body"), "the server answered with status {}".format(answer["status"]))
        return answer.get("body") or {}

    def tag(self, tags: Dict[str, Optional[str]]) -> None:
        for key, value in tags.items():
            self.runtime.tell({"op": "tag", "key": key, "value": value})

    def untag(self, keys: List[str]) -> None:
        for key in keys:
            self.runtime.tell({"op": "untag", "key": key})

    def rename(self, display_name: str) -> None:
        self.runtime.tell({"op": "name", "display_name": display_name})

    def add_properties(self, properties: Dict[str, str]) -> None:
        self.runtime.ask({"op": "properties", "values": properties})

    def upload(self, name: str, path: str) -> None:
        self.runtime.ask({"op": "upload", "name": name, "path": os.path.abspath(path)}, timeout=3600.0)

    def settle(self, outcome: str, message: str) -> None:
        self.runtime.tell({"op": "intent", "outcome": outcome, "message": message})

    def flush(self, timeout: float) -> None:
        self.runtime.ask({"op": "flush", "timeout": timeout}, timeout=timeout)

    def log(self, name: str, value: Any, step: Optional[int]) -> None:
        if isinstance(value, (int, float)) and value - value == 0:
            self.runtime.log(name, value, step)
        else:
            self.runtime.tell(dict({"op": "metric", "name": name, "value": _runtime.wire_value(value), "time": _runtime.now()},
                                   **({} if step is None else {"step": step})))

    def tell_metric(self, message: Dict[str, Any]) -> None:
        self.runtime.tell(dict(message, op="metric", time=_runtime.now()))


def service_for(client: Client, run_id: str) -> RestService:
    """The way to this run: through the socket when it is our own."""
    runtime = _runtime.current() if os.environ.get("AZUREML_RUN_ID") == run_id else None
    return RestService(client, run_id) if runtime is None else ScriptService(client, run_id, runtime)


def as_path(path_or_stream: Any) -> "_TemporaryPath":
    """A context manager that gives a path for a path or a stream of bytes or text."""
    return _TemporaryPath(path_or_stream)


class _TemporaryPath:
    def __init__(self, path_or_stream: Any):
        self._given = path_or_stream
        self._made = None  # type: Optional[str]

    def __enter__(self) -> str:
        if not hasattr(self._given, "read"):
            path = os.path.abspath(os.path.expanduser(os.fspath(self._given)))
            if not os.path.isfile(path):
                raise UserErrorException("the file {} does not exist".format(path))
            return path
        number, self._made = tempfile.mkstemp(prefix="stoker-upload-")
        with os.fdopen(number, "wb") as target:
            _copy(self._given, target)
        return self._made

    def __exit__(self, *unused: Any) -> None:
        if self._made is not None:
            os.unlink(self._made)


def _copy(source: Any, target: BinaryIO) -> None:
    while True:
        piece = source.read(1 << 20)
        if not piece:
            return
        target.write(piece.encode("utf-8") if isinstance(piece, str) else piece)
