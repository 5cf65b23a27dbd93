"""How a Run object reaches its record: over REST from outside, through the supervisor's socket from inside the run itself.

Inside, everything takes one way, in order: what was logged before a read is in the answer. Outside, metrics go through this process' recorder, and a read
waits for what it has not sent yet.
"""
import os
from typing import Any, BinaryIO, Dict, List, Optional

from azureml.exceptions import UserErrorException
from stoker import Client, _recorder, _runtime
from stoker._client import path_of, query_of
from stoker._surroundings import user_at_host
from stoker.errors import StokerError

_PREFIX = "/api/v1"
_READ_PATIENCE = 60.0  # seconds that a read waits for what was logged before it


class RestService:
    """A run seen from outside of it.

    :ivar over: the state that it ended in, as far as this object knows; "" while it may go on.
    """

    def __init__(self, client: Client, run_id: str):
        self.client = client
        self.run_id = run_id
        self.over = ""
        self._used = False  # this process has something to tell of it

    def read(self, *parts: str, **query: Any) -> Dict[str, Any]:
        """The record below the run's: ``read("metrics", name="loss")``."""
        self._catch_up()
        return self._api("GET", path_of("runs", self.run_id, *parts) + query_of(query), None)

    def _catch_up(self) -> None:
        if self._used:
            _recorder.recorder(self.client, self.run_id).wait(_READ_PATIENCE)

    def _api(self, method: str, path: str, body: Any) -> Dict[str, Any]:
        return self.client.call(method, path, body)

    def change(self, body: Dict[str, Any]) -> None:
        """Tags, properties, name or description; see PATCH /runs/{id}."""
        self._api("PATCH", path_of("runs", self.run_id), dict(body, by=user_at_host()))

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

    def cancel(self) -> bool:
        """Asks for the end of the run; False when it had ended already."""
        was_over = bool(self.over)
        state = self._api("POST", path_of("runs", self.run_id, "cancel"), {"by": user_at_host()}).get("state")
        return not was_over and state not in ("Completed", "Failed")

    def start(self) -> None:
        """Begins an interactive run that was made before."""
        self._api("POST", path_of("runs", self.run_id, "start"), {})

    def live(self) -> None:
        """This process is the run's: what it runs in is told, and from time to time that it lives."""
        recorder = _recorder.recorder(self.client, self.run_id)
        recorder.describe()
        recorder.beat()
        self._used = True

    def end(self, outcome: str, error: Optional[Dict[str, str]]) -> None:
        """Ends an interactive run, after all that was logged: ``completed`` or ``failed``."""
        self._api("POST", path_of("runs", self.run_id, "end"), {"outcome": outcome, "error": error})
        self.over = outcome.capitalize()
        _recorder.forget(self.client, self.run_id)

    def settle(self, outcome: str, message: str) -> None:
        """`complete` and `fail` of a run with a program, which ends as its program does."""
        if outcome == "failed":
            self.cancel()

    def flush(self, timeout: float) -> None:
        """Waits for what this process logged."""
        if self._used:
            _recorder.recorder(self.client, self.run_id).flush(timeout)

    def metric(self, kind: str, name: str, values: List[Any], columns: Optional[List[str]] = None, step: Optional[int] = None) -> None:
        """Keeps one point to be sent; never waits.

        :raises UserErrorException: the run is over.
        """
        if self.over:
            raise UserErrorException('metric "{}" was not logged: the run {} is over ({})'.format(name, self.run_id, self.over))
        self._used = True
        try:
            _recorder.recorder(self.client, self.run_id).add(name, kind, values, columns, step)
        except StokerError as error:
            raise UserErrorException('metric "{}" was not logged: {}'.format(name, error), inner_exception=error) from error

    def table(self, name: str, columns: List[str], rows: List[List[Any]]) -> None:
        """The rows of a table, a point each."""
        for row in rows:
            self.metric("table", name, row, columns)


class ScriptService(RestService):
    """The run that this process belongs to."""

    def __init__(self, client: Client, run_id: str, runtime: "_runtime.Runtime"):
        super().__init__(client, run_id)
        self.runtime = runtime

    def _catch_up(self) -> None:
        self.flush(_READ_PATIENCE)

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

    def metric(self, kind: str, name: str, values: List[Any], columns: Optional[List[str]] = None, step: Optional[int] = None) -> None:
        value = values[0] if kind in ("scalar", "image") else None
        if kind == "scalar" and isinstance(value, (int, float)) and value - value == 0:
            return self.runtime.log(name, value, step)
        message = {"op": "metric", "name": name, "time": _runtime.now()}  # type: Dict[str, Any]
        if kind != "scalar":
            message["kind"] = kind
        if value is not None:
            message["value"] = _runtime.wire_value(value)
        else:
            message["values"] = _runtime.wire_values(values)
        if columns:
            message["columns"] = columns
        if step is not None:
            message["step"] = step
        self.runtime.tell(message)

    def table(self, name: str, columns: List[str], rows: List[List[Any]]) -> None:
        self.runtime.tell({"op": "metric", "kind": "table", "name": name, "columns": columns, "rows": [_runtime.wire_values(row) for row in rows],
                           "time": _runtime.now()})


def service_for(client: Client, run_id: str) -> RestService:
    """The way to this run: through the socket when it is our own."""
    runtime = _runtime.current() if os.environ.get("AZUREML_RUN_ID") == run_id else None
    return RestService(client, run_id) if runtime is None else ScriptService(client, run_id, runtime)


def make_interactive(client: Client, runs: List[Dict[str, Any]]) -> List[Dict[str, Any]]:
    """Makes runs without a program, all or none; returns their records in order."""
    import uuid
    return client.post("/runs/interactive", {"runs": runs}, key=uuid.uuid4().hex)["runs"]


def as_path(path_or_stream: Any) -> "_TemporaryPath":
    """A context manager that gives a path for a path or a stream of bytes or text."""
    return _TemporaryPath(path_or_stream)


class _TemporaryPath:
    def __init__(self, path_or_stream: Any):
        self._given = path_or_stream
        self._made = None  # type: Optional[str]

    def __enter__(self) -> str:
        if not hasattr(self._given, "read"):
            if not isinstance(self._given, (str, bytes, os.PathLike)):
                raise UserErrorException("a path or a stream is expected, not a {}".format(type(self._given).__name__))
            path = os.path.abspath(os.path.expanduser(os.fsdecode(self._given)))
            if not os.path.isfile(path):
                raise UserErrorException("the file {} does not exist".format(path) if not os.path.isdir(path) else "{} is a folder; upload_folder stores those".format(path))
            return path
        import tempfile
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
