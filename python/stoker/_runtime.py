"""The run's side of the supervisor's socket: one JSON object a line over a Unix stream, one connection per process.

Asynchronous calls (metrics, tags) never wait and never fail: the line is handed to the kernel, and when its buffer is full to a thread. They are journalled by
the supervisor, so they cost the same with the server away. When the supervisor itself is gone the run is over, and lines are dropped quietly.
Synchronous calls (upload, properties, reads) wait for their answer and raise StokerError. Safe in threads and after fork.
"""
import atexit
import json
import os
import select
import socket
import threading
import time
from typing import Any, Dict, List, Optional

from stoker.errors import StokerError

_MOST_WAITING = 64 << 20  # bytes handed to the thread; beyond it a call waits for room
_EXIT_PATIENCE = 30.0     # seconds that the end of the process waits for what is handed over
_RETRY = 1.0              # seconds between attempts to connect


class Runtime:
    """The connection of this process. Use :func:`current`, not the class.

    :param path: of the socket, the value of STOKER_SOCKET.
    """

    def __init__(self, path: str):
        self._path = path
        self._prefixes = {}  # type: Dict[str, str]
        self._begin()
        atexit.register(self._drain_at_exit)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._begin)

    def _begin(self) -> None:
        """A fresh state: at the start, and in a forked child, which must not write into its parent's stream."""
        self._pid = os.getpid()
        self._lock = threading.Lock()       # the socket and what waits for it
        self._room = threading.Condition(self._lock)
        self._asking = threading.Lock()     # one synchronous call at a time
        self._socket = None  # type: Optional[socket.socket]
        self._tried = -_RETRY
        self._waiting = bytearray()
        self._thread = None  # type: Optional[threading.Thread]
        self._answers = bytearray()
        self._number = 0

    # -- asynchronous ----------------------------------------------------------------------------------------------

    def log(self, name: str, value: float, step: Optional[int] = None) -> None:
        """One number under a name; `value` a plain int or float, finite."""
        prefix = self._prefixes.get(name)
        if prefix is None:
            prefix = self._remember(name)
        if step is None:
            self.send((prefix + repr(value) + ',"time":%.6f}\n' % time.time()).encode())
        else:
            self.send((prefix + repr(value) + ',"step":%d,"time":%.6f}\n' % (step, time.time())).encode())

    def _remember(self, name: str) -> str:
        if len(self._prefixes) > 100000:
            self._prefixes.clear()
        prefix = self._prefixes[name] = '{"op":"metric","name":' + dumps(name) + ',"value":'
        return prefix

    def tell(self, message: Dict[str, Any]) -> None:
        """Any asynchronous message, for example ``{"op": "tag", "key": "k", "value": "v"}``."""
        self.send((dumps(message) + "\n").encode())

    def send(self, line: bytes) -> None:
        """Hands over one line; never raises, and waits only when 64 MiB wait already."""
        if self._pid != os.getpid():  # Python 3.6 has no hook for it
            self._begin()
        with self._lock:
            if self._waiting:
                return self._hand_over(line)
            link = self._socket or self._open()
            if link is None:
                return
            try:
                sent = link.send(line)
            except BlockingIOError:
                sent = 0
            except OSError:
                return self._close()
            if sent < len(line):
                self._hand_over(line[sent:])

    def _hand_over(self, data: bytes) -> None:
        while len(self._waiting) > _MOST_WAITING:
            self._room.wait(1.0)
        self._waiting += data
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._drain, name="stoker", daemon=True)
            self._thread.start()

    def _drain(self) -> None:
        while True:
            with self._lock:
                link = self._socket
                if not self._waiting or link is None:
                    self._waiting.clear()
                    self._thread = None
                    self._room.notify_all()
                    return
                try:
                    sent = link.send(memoryview(self._waiting)[:1 << 18].tobytes())
                    del self._waiting[:sent]
                    self._room.notify_all()
                    continue
                except BlockingIOError:
                    pass
                except OSError:
                    self._close()
                    continue
            try:
                _wait(link, writing=True, seconds=1.0)
            except (OSError, ValueError):
                pass  # closed meanwhile; the next round sees it

    def _drain_at_exit(self) -> None:
        until = time.monotonic() + _EXIT_PATIENCE
        while self._waiting and self._pid == os.getpid() and time.monotonic() < until:
            time.sleep(0.005)

    # -- synchronous -----------------------------------------------------------------------------------------------

    def ask(self, message: Dict[str, Any], timeout: float = 120.0) -> Dict[str, Any]:
        """Sends a message after all that was told before, and waits for its answer.

        :raises StokerError: what the supervisor or the server answered; ``timeout``; ``server.unreachable`` when the supervisor is gone.
        """
        if self._pid != os.getpid():
            self._begin()
        with self._asking:
            self._number += 1
            self.send((dumps(dict(message, id=self._number)) + "\n").encode())
            return self._answer(self._number, time.monotonic() + timeout)

    def _answer(self, number: int, until: float) -> Dict[str, Any]:
        while True:
            line = self._line(until)
            try:
                answer = json.loads(line)
            except ValueError:
                continue
            if answer.get("id") != number:
                continue  # of a call that gave up waiting
            if "error" in answer:
                raise StokerError.from_json(answer)
            return answer

    def _line(self, until: float) -> str:
        while b"\n" not in self._answers:
            link = self._socket
            if link is None:
                raise StokerError("server.unreachable", "the run's supervisor does not answer at {}".format(self._path))
            left = until - time.monotonic()
            if left <= 0:
                raise StokerError("timeout", "the run's supervisor did not answer in time", retryable=True)
            try:
                _wait(link, writing=False, seconds=min(left, 1.0))
                piece = link.recv(1 << 16)
            except BlockingIOError:
                continue
            except (OSError, ValueError):
                piece = b""
            if not piece:
                with self._lock:
                    self._close()
            self._answers += piece
        line, _, rest = self._answers.partition(b"\n")
        self._answers = bytearray(rest)
        return line.decode("utf-8", "replace")

    # -- the connection --------------------------------------------------------------------------------------------

    def _open(self) -> Optional[socket.socket]:
        now = time.monotonic()
        if now - self._tried < _RETRY:
            return None
        self._tried = now
        link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
            link.settimeout(5.0)
            link.connect(self._path)
            link.setblocking(False)
        except OSError:
            link.close()
            return None
        self._socket = link
        self._tried = -_RETRY
        return link

    def _close(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket = None
        self._waiting.clear()
        del self._answers[:]


def _wait(link: socket.socket, writing: bool, seconds: float) -> None:
    poll = select.poll()  # select() knows descriptors below 1024 only
    poll.register(link, select.POLLOUT if writing else select.POLLIN)
    poll.poll(int(seconds * 1000) + 1)


def dumps(value: Any) -> str:
    """JSON in one line of ASCII. Halves of surrogate pairs, which no UTF-8 can hold, become question marks."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    if "\\ud" not in text:
        return text
    return json.dumps(_repair(value), separators=(",", ":"), allow_nan=False)


def _repair(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {_repair(key): _repair(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_repair(item) for item in value]
    return value


_current = None  # type: Optional[Runtime]
_making = threading.Lock()


def current() -> Optional[Runtime]:
    """The connection of the run that this process belongs to; None outside of a run."""
    global _current
    if _current is None:
        path = os.environ.get("STOKER_SOCKET")
        if not path:
            return None
        with _making:
            if _current is None:
                _current = Runtime(path)
    return _current


def now() -> float:
    """Seconds since 1970, with microseconds, as the wire carries it."""
    return round(time.time(), 6)


def wire_values(values: List[Any]) -> List[Any]:
    """Numbers that JSON cannot hold as ``{"f": "NaN"}``; the rest as it is."""
    return [wire_value(value) for value in values]


def wire_value(value: Any) -> Any:
    """One value of :func:`wire_values`."""
    if isinstance(value, float) and value - value != 0:
        return {"f": "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"}
    return value
