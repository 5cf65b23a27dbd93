"""A thin client of the REST API (``/api/v1``). It decides nothing: what it sends and gets are the server's records as dicts."""
import io
import json
import socket
import time
from typing import TYPE_CHECKING, Any, BinaryIO, Dict, Iterator, List, Optional, Tuple
from urllib.parse import quote, urlencode, urlsplit

from stoker import _server
from stoker.errors import StokerError

if TYPE_CHECKING:  # the HTTP modules are loaded with the first call: importing them is most of what `import azureml.core` would cost
    import http.client

_PREFIX = "/api/v1"
_PIECE = 1 << 20


def _lost() -> Tuple[type, ...]:
    """What a connection that is gone raises."""
    import http.client
    return (OSError, http.client.HTTPException)


def path_of(*parts: str) -> str:
    """``/runs/<id>/files/<a>/<b>``: parts joined, each escaped; a slash inside a part stays one."""
    return "".join("/" + quote(str(part), safe="/") for part in parts)


def query_of(values: Dict[str, Any]) -> str:
    """``?a=1&b=2`` of the values that are not None, a list as often as it has entries; empty when all are."""
    given = {name: value for name, value in values.items() if value is not None and value != []}
    return "?" + urlencode(given, doseq=True) if given else ""


class Client:
    """A connection to one server; safe to share between threads, and cheap to make.

    >>> client = Client()                                   # doctest: +SKIP
    >>> client.get("/server")["version"]                    # doctest: +SKIP

    :param endpoint: which server; by default the one that :func:`stoker._server.find` finds at the first call.
    """

    def __init__(self, endpoint: Optional[_server.Endpoint] = None):
        self._endpoint = endpoint

    @property
    def endpoint(self) -> _server.Endpoint:
        """Address and token; found (and started) at first use."""
        if self._endpoint is None:
            self._endpoint = _server.find()
        return self._endpoint

    # -- single calls ----------------------------------------------------------------------------------------------

    def get(self, path: str, **query: Any) -> Dict[str, Any]:
        """The record at `path`; arguments that are None are left out of the query."""
        return self.call("GET", path + query_of(query))

    def post(self, path: str, body: Any = None, key: str = "") -> Dict[str, Any]:
        """Sends a record, returns the answer's.

        :param key: an idempotency key: the call is repeated when its answer is lost, and counts once.
        """
        return self.call("POST", path, {} if body is None else body, key)

    def patch(self, path: str, body: Any) -> Dict[str, Any]:
        """Changes a record, returns it."""
        return self.call("PATCH", path, body)

    def call(self, method: str, path: str, body: Any = None, key: str = "") -> Dict[str, Any]:
        """One request with JSON both ways.

        :raises StokerError: what the server answered; ``server.unreachable`` when none answers.
        """
        data = None if body is None else json.dumps(body).encode("utf-8")
        headers = {"Content-Type": "application/json"} if data is not None else {}
        if key:
            headers["Idempotency-Key"] = key
        response, connection = self._send(method, path, data, headers)
        try:
            return self._record(response.status, self._read(response))
        finally:
            connection.close()

    def submit(self, specification: Dict[str, Any], max_bytes: int = 0) -> Dict[str, Any]:
        """Submits a run through the ``stoker`` program, which makes and uploads the snapshot and reads the state of git.

        :param specification: fields of a RunSpec, and ``source_directory`` on this machine.
        :param max_bytes: of the source folder; 0 for no limit.
        :returns: the run's record.
        """
        return json.loads(_server.call_program(["run", "submit", "--spec-file", "-", "--json"] + _limit("--max-source-bytes", max_bytes), json.dumps(specification),
                                               self._variables()))

    def snapshot(self, folder: str, max_bytes: int = 0) -> Dict[str, Any]:
        """Takes a snapshot of a folder of this machine through the ``stoker`` program.

        :param max_bytes: of the folder; 0 for no limit.
        :returns: ``{"snapshot": id, "properties": {git's state}, "diff": uncommitted changes or None}``.
        :raises StokerError: ``source.invalid``, ``input.too_large`` and the like; nothing was stored then.
        """
        return json.loads(_server.call_program(["snapshot", "create", folder, "--json"] + _limit("--max-bytes", max_bytes), None, self._variables()))

    def _variables(self) -> Dict[str, str]:
        """What makes the program talk to our server, where it would not find it: inside a run, for example."""
        return {} if self.endpoint.is_own else {"STOKER_URL": self.endpoint.url, "STOKER_TOKEN": self.endpoint.token}

    # -- files -----------------------------------------------------------------------------------------------------

    def files(self, run_id: str) -> List[Dict[str, Any]]:
        """Records of all files of a run, its logs included."""
        return self.get(path_of("runs", run_id, "files"))["files"]

    def download(self, run_id: str, name: str, target: BinaryIO) -> int:
        """Writes the bytes of a run's file to `target`; returns how many."""
        return self.download_from(path_of("runs", run_id, "files", name), target)

    def download_from(self, path: str, target: BinaryIO) -> int:
        """Writes the bytes at `path` of the API to `target`; returns how many."""
        response, connection = self._send("GET", path, None, {})
        try:
            if response.status >= 400:
                raise self._refusal(response.status, self._read(response))
            size = 0
            for piece in iter(lambda: response.read(_PIECE), b""):
                target.write(piece)
                size += len(piece)
            return size
        except _lost() as error:
            raise StokerError("server.unreachable", "the download of {} broke off: {}".format(path, error), retryable=True)
        finally:
            connection.close()

    def upload(self, run_id: str, name: str, source: BinaryIO, size: int) -> Dict[str, Any]:
        """Stores `size` bytes of `source` as the run's file `name`; on the server's disk when it returns.

        :raises StokerError: ``conflict`` when the name is taken by other content.
        """
        headers = {"X-Stoker-Origin": "upload", "Content-Length": str(size), "Content-Type": "application/octet-stream"}
        response, connection = self._send("PUT", path_of("runs", run_id, "files", name), source, headers)
        try:
            return self._record(response.status, self._read(response))
        finally:
            connection.close()

    # -- following -------------------------------------------------------------------------------------------------

    def follow(self, run_id: str, patience: float = 600.0) -> Iterator[Tuple[str, Dict[str, Any]]]:
        """The run's events as they happen: ``("log", {"text": ...})``, ``("state", {...})``, ``("metric", {...})``, at last ``("end", record)``.

        A lost connection or a restarted server is not seen: the stream is taken up where it was, and nothing comes twice.

        :param patience: seconds without a server before ``server.unreachable`` is raised.
        """
        last_id = ""
        seen = time.monotonic()
        pause = 0.05
        while True:
            try:
                for name, identity, data in self._events(run_id, last_id):
                    seen, pause = time.monotonic(), 0.05
                    last_id = identity or last_id
                    if name:
                        yield name, data
                    if name == "end":
                        return
            except _lost() as error:
                if time.monotonic() - seen > patience:
                    raise StokerError("server.unreachable", "no server at {} for {:.0f} s: {}".format(self.endpoint.url, patience, error))
            except StokerError as error:
                if not error.retryable and error.code != "server.unreachable":
                    raise
                if time.monotonic() - seen > patience:
                    raise
            time.sleep(pause)
            pause = min(pause * 2, 1.0)
            self._endpoint = _server.find_again(self.endpoint) or self._endpoint

    def _events(self, run_id: str, last_id: str) -> Iterator[Tuple[str, str, Dict[str, Any]]]:
        headers = {"Accept": "text/event-stream"}
        if last_id:
            headers["Last-Event-ID"] = last_id
        connection = self._connect(timeout=45.0)  # the server says something every 15 s
        try:
            connection.request("GET", _PREFIX + path_of("runs", run_id, "follow"), headers=self._headers(headers))
            response = connection.getresponse()
            if response.status != 200:
                raise self._refusal(response.status, response.read())
            yield "", "", {}
            for event in parse_events(iter(lambda: response.read1(1 << 16), b"")):
                yield event
        finally:
            connection.close()

    # -- the wire --------------------------------------------------------------------------------------------------

    def _connect(self, timeout: float) -> "http.client.HTTPConnection":
        import http.client
        parts = urlsplit(self.endpoint.url)
        if parts.scheme == "https":
            import ssl
            return http.client.HTTPSConnection(parts.hostname or "", parts.port, timeout=timeout, context=ssl.create_default_context())
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def _headers(self, more: Dict[str, str]) -> Dict[str, str]:
        return dict(more, Authorization="Bearer " + self.endpoint.token)

    def _send(self, method: str, path: str, body: Any, headers: Dict[str, str]) -> "Tuple[http.client.HTTPResponse, http.client.HTTPConnection]":
        """One request, tried again once when the server was gone. Requests are safe to repeat, except posts that reached the server."""
        for is_last in (False, True):
            connection = None
            try:
                connection = self._connect(timeout=120.0)
                connection.request(method, _PREFIX + path, body=body, headers=self._headers(headers))
                return connection.getresponse(), connection
            except _lost() as error:
                reached = connection is not None
                if connection is not None:
                    connection.close()
                again = None if is_last or (reached and method == "POST" and "Idempotency-Key" not in headers) else _server.find_again(self.endpoint)
                if again is None or (reached and isinstance(body, io.IOBase)):
                    raise StokerError("server.unreachable", "no server answers at {}: {}".format(self.endpoint.url, error),
                                      "start it: stoker server start" if self.endpoint.is_own else "is its address right (STOKER_URL), and is that server up?", retryable=True)
                self._endpoint = again
        raise AssertionError("unreachable")

    def _record(self, status: int, body: bytes) -> Dict[str, Any]:
        if status >= 400:
            raise self._refusal(status, body)
        try:
            return json.loads(body.decode("utf-8", "replace")) if body else {}
        except ValueError:
            raise self._refusal(status, b"")

    def _refusal(self, status: int, body: bytes) -> StokerError:
        """What the server says is wrong; of something else than a stoker server, that it is none."""
        return StokerError.from_text(body.decode("utf-8", "replace"), "{} answered with status {}, and not as a stoker server does: is it one, and is there "
                                     "a proxy before it?".format(self.endpoint.url, status))

    def _read(self, response: "http.client.HTTPResponse") -> bytes:
        try:
            return response.read()
        except _lost() as error:
            raise StokerError("server.unreachable", "the answer of {} broke off: {}".format(self.endpoint.url, error), retryable=True)


def _limit(option: str, value: int) -> List[str]:
    return [option, str(value)] if value else []


def parse_events(pieces: Iterator[bytes]) -> Iterator[Tuple[str, str, Dict[str, Any]]]:
    """Server-sent events (name, id, data) from pieces of bytes; comments are left out, an event that is cut off is dropped."""
    rest = bytearray()
    name, identity, data = "", "", []  # type: str, str, List[str]
    for piece in pieces:
        start = len(rest)
        rest += piece
        at = 0
        end = rest.find(b"\n", start)
        while end >= 0:
            line = rest[at:end].decode("utf-8", "replace").rstrip("\r")
            at = end + 1
            end = rest.find(b"\n", at)
            if not line:
                if data:
                    yield name or "message", identity, json.loads("\n".join(data))
                name, identity, data = "", "", []
                continue
            field, _, value = line.partition(":")
            value = value[1:] if value.startswith(" ") else value
            if field == "event":
                name = value
            elif field == "id":
                identity = value
            elif field == "data":
                data.append(value)
        del rest[:at]
