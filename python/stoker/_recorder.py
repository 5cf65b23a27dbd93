"""What a process writes about a run that has no supervisor: an interactive run, or a run seen from outside of it.

Logging never waits: points are kept here and one thread of the process sends them in batches, in order, each batch with a number of this writer, so that a batch
that is sent twice counts once. With the server away they are kept and sent when it is back. `flush` and the end of the process wait for them. Runs whose
owner is this process get a heartbeat, and once what this process runs in. A forked child begins empty: what its parent has not sent yet stays the parent's.
"""
import atexit
import os
import sys
import threading
import time
from collections import deque
from typing import Any, Callable, Deque, Dict, List, Optional, Tuple

from stoker.errors import StokerError

MOST_POINTS = 20000        # of one batch; the server takes 100,000
MOST_VALUES = 200000       # of one batch, so that it stays a few MiB
HEARTBEAT_SECONDS = 30.0
EXIT_PATIENCE = 30.0       # seconds that the end of the process waits for what is kept
_LONGEST_PAUSE = 5.0       # between attempts while the server is away
_LINGER = 0.02             # seconds that the thread lets a batch grow

Point = Tuple[str, str, List[str], List[Any], Optional[int], float]  # name, kind, columns, values, step, time


class Recorder:
    """The points of one run; use :func:`recorder`, not the class.

    :param client: a stoker.Client.
    """

    def __init__(self, client: Any, run_id: str):
        self.client = client
        self.run_id = run_id
        self._begin()

    def _begin(self) -> None:
        import uuid
        self._writer = str(uuid.uuid4())
        self._sequence = 0
        self._waiting = deque()  # type: Deque[Point]
        self._sending = []  # type: List[Point]  # has its number; is sent again until it is answered
        self._not_before = 0.0
        self._pause = 0.05
        self._beats = False
        self._has_beaten = False  # the server watches over runs that have: the first goes before any points, since a busy process is never without some
        self._next_beat = 0.0
        self._describes = False  # the environment is still to be told
        self._failure = None  # type: Optional[StokerError]

    # -- the user's thread -----------------------------------------------------------------------------------------

    def add(self, name: str, kind: str, values: List[Any], columns: Optional[List[str]] = None, step: Optional[int] = None) -> None:
        """Keeps a point and returns.

        :raises StokerError: what the server answered to an earlier one, when it will take none any more (the run is over).
        """
        process = _the_process()
        if self._failure is not None:
            raise self._failure
        self._waiting.append((name, kind, columns or [], values, step, time.time()))
        process.wake(self)

    def beat(self, now: bool = True) -> None:
        """Begins the heartbeats: this process lives, and so does the run."""
        process = _the_process()
        self._beats = True
        self._next_beat = time.monotonic() + (0.0 if now else HEARTBEAT_SECONDS)
        process.wake(self)

    def describe(self) -> None:
        """Tells the run's record what this process runs in, in the background."""
        process = _the_process()
        self._describes = True
        process.wake(self)

    def rest(self) -> None:
        """Ends the heartbeats."""
        self._beats = False

    @property
    def has_points(self) -> bool:
        """Points wait."""
        return bool(self._waiting or self._sending)

    @property
    def is_clear(self) -> bool:
        """Nothing waits."""
        return not self.has_points and not self._describes

    def wait(self, timeout: float) -> bool:
        """Waits until no point waits any more; False: the time was over."""
        return _the_process().drain([self], timeout, lambda each: not each.has_points)

    def flush(self, timeout: float) -> None:
        """Waits until all that was added, and the environment, is on the server's disk.

        :raises StokerError: ``timeout``, or what the server answered.
        """
        if not _the_process().drain([self], timeout):
            raise StokerError("timeout", "{} of the run {} not with the server {} yet after {:g} s; kept and sent later".format(
                self.waiting_text(), self.run_id, self.client.endpoint.url, timeout), retryable=True)
        if self._failure is not None:
            raise self._failure

    def waiting_text(self) -> str:
        """``12 points and the environment``."""
        points = len(self._waiting) + len(self._sending)
        return " and ".join((["{} points".format(points)] if points else []) + (["the environment"] if self._describes else []))

    # -- the sending thread ----------------------------------------------------------------------------------------

    def due(self) -> Optional[float]:
        """When there is something to do next (monotonic); None: nothing."""
        times = [] if self.is_clear else [self._not_before]
        if self._beats:
            times.append(max(self._next_beat, self._not_before))
        return min(times) if times else None

    def work(self) -> None:
        """Sends one batch, the environment, or a heartbeat; never raises."""
        try:
            if self._beats and not self._has_beaten:
                self._beat()
            elif self.has_points:
                self._send()
            elif self._describes:
                self.client.call("PUT", "/runs/{}/environment".format(self.run_id), _environment())
                self._describes = False
                self._pause = 0.05
                return  # silence means something only from the first heartbeat on
            else:
                self._beat()
            self._pause = 0.05
            self._next_beat = time.monotonic() + HEARTBEAT_SECONDS
        except StokerError as error:
            if error.retryable or error.code in ("server.unreachable", "server.start", "protocol", "internal", "timeout", "overloaded", "io"):
                self._not_before = time.monotonic() + self._pause
                self._pause = min(self._pause * 2, _LONGEST_PAUSE)
            else:
                self._give_up(error)

    def _beat(self) -> None:
        self.client.post("/runs/{}/heartbeat".format(self.run_id), {})
        self._has_beaten = True

    def _send(self) -> None:
        if not self._sending:
            values = 0
            while self._waiting and len(self._sending) < MOST_POINTS and values < MOST_VALUES:
                self._sending.append(self._waiting.popleft())
                values += len(self._sending[-1][3])
            self._sequence += 1
        self.client.post("/runs/{}/metrics".format(self.run_id),
                         {"writer": self._writer, "sequence": self._sequence, "points": [_point(each) for each in self._sending]})
        self._sending = []

    def _give_up(self, error: StokerError) -> None:
        """The server will never take it: the run is over, or gone."""
        if self._describes and not self.has_points:  # a record is poorer for it, the run goes on
            self._describes = False
            if error.code != "conflict":  # the process that began the run has told it
                print("stoker: the environment of the run {} was not recorded: {}".format(self.run_id, error.message), file=sys.stderr)
            return
        self._failure = error if self.has_points else None
        if self._failure is not None:
            print("stoker: {} points of the run {} were not taken: {}".format(len(self._waiting) + len(self._sending), self.run_id, error.message), file=sys.stderr)
        self._waiting.clear()
        self._sending = []
        self._beats = False


_told = None  # type: Optional[Dict[str, Any]]


def _environment() -> Dict[str, Any]:
    """Looked up once in a process."""
    global _told
    if _told is None:
        from stoker import _surroundings
        _told = _surroundings.environment()
    return _told


def _point(point: Point) -> Dict[str, Any]:
    name, kind, columns, values, step, at = point
    return {"name": name, "kind": kind, "values": [_json_value(each) for each in values], "columns": columns, "step": step, "time": time_text(at)}


def _json_value(value: Any) -> Any:
    if type(value) is float and value - value != 0:
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    if type(value) is str:
        return value.encode("utf-8", "replace").decode("utf-8")  # halves of surrogate pairs
    return value


_second = (0, "")  # type: Tuple[int, str]


def time_text(at: float) -> str:
    """Seconds since 1970 as RFC 3339 with microseconds."""
    global _second
    whole = int(at)
    if _second[0] != whole:
        _second = (whole, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)))
    return "%s.%06dZ" % (_second[1], int((at - whole) * 1e6))


class _Process:
    """The recorders of this process and their one thread, which ends when it has nothing to do."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.recorders = {}  # type: Dict[Tuple[int, str], Recorder]
        self._changed = threading.Condition()
        self._busy = threading.Lock()  # one sends at a time: the thread, or the end of the process
        self._thread = None  # type: Optional[threading.Thread]
        self._is_awake = False
        self._has_finalizer = False

    def wake(self, unused: Recorder) -> None:
        """There is something to send."""
        if self._is_awake:
            return
        with self._changed:
            self._is_awake = True
            if self._thread is None or not self._thread.is_alive():
                self._outlast_worker()
                self._thread = threading.Thread(target=self._loop, name="stoker-recorder", daemon=True)
                try:
                    self._thread.start()
                except RuntimeError:  # the interpreter is ending: drain() sends
                    self._thread = None
            self._changed.notify_all()

    def _outlast_worker(self) -> None:
        """A worker of multiprocessing ends without atexit; it has finalizers of its own."""
        util = sys.modules.get("multiprocessing.util")
        if util is not None and not self._has_finalizer:
            self._has_finalizer = True
            util.Finalize(None, _at_exit, exitpriority=100)  # type: ignore

    def _loop(self) -> None:
        while True:
            with self._changed:
                self._is_awake = False
                left = self._due()
                if left is None:
                    # Waits a while for more before it ends.
                    if not self._changed.wait(5.0) and self._due() is None and not self._is_awake:
                        self._thread = None
                        return
                    continue
                if left > 0:
                    self._changed.wait(left)
                    continue
                self._is_awake = True  # what is added now is seen by the next round
            time.sleep(_LINGER)
            self.round()

    def _due(self) -> Optional[float]:
        times = [time_due for time_due in (each.due() for each in list(self.recorders.values())) if time_due is not None]
        return max(0.0, min(times) - time.monotonic()) if times else None

    def round(self) -> None:
        """Each recorder that is due sends once."""
        with self._busy:
            for each in list(self.recorders.values()):
                at = each.due()
                if at is not None and at <= time.monotonic():
                    each.work()
        with self._changed:
            self._changed.notify_all()

    def drain(self, recorders: List[Recorder], timeout: float, is_done: Callable[[Recorder], bool] = lambda each: each.is_clear) -> bool:
        """Waits until nothing of these waits; the caller sends too. False: the time was over."""
        until = time.monotonic() + timeout
        while not all(is_done(each) for each in recorders):
            if time.monotonic() > until:
                return False
            if self._busy.acquire(timeout=max(0.0, until - time.monotonic())):
                try:
                    for each in recorders:
                        if not is_done(each) and each._not_before <= time.monotonic():
                            each.work()
                finally:
                    self._busy.release()
            if not all(is_done(each) for each in recorders):
                time.sleep(0.01)
        return True


_process = None  # type: Optional[_Process]
_making = threading.Lock()


def _the_process() -> _Process:
    global _process
    if _process is None or _process.pid != os.getpid():
        _fresh()
    return _process  # type: ignore


def _fresh() -> None:
    """At the first use, and in a forked child: nothing of the parent's is sent again."""
    global _process, _making
    parent = _process
    if parent is not None and parent.pid != os.getpid():
        _making = threading.Lock()
    with _making:
        if _process is not None and _process.pid == os.getpid():
            return
        fresh = _Process()
        if parent is not None:
            for key, each in parent.recorders.items():
                each._begin()
                fresh.recorders[key] = each
        _process = fresh


def recorder(client: Any, run_id: str) -> Recorder:
    """The recorder of this process for a run of a client's server."""
    process = _the_process()
    key = (id(client), run_id)
    found = process.recorders.get(key)
    if found is None:
        with _making:
            found = process.recorders.setdefault(key, Recorder(client, run_id))
    return found


def forget(client: Any, run_id: str) -> None:
    """After the end of a run: no heartbeat, no memory kept."""
    found = _the_process().recorders.pop((id(client), run_id), None)
    if found is not None:
        found.rest()


def _at_exit() -> None:
    process = _process
    if process is None or process.pid != os.getpid():
        return
    waiting = [each for each in process.recorders.values() if not each.is_clear]
    if waiting and not process.drain(waiting, EXIT_PATIENCE):
        for each in waiting:
            if not each.is_clear:
                print("stoker: {} of the run {} lost: no server answered for {:.0f} s".format(each.waiting_text(), each.run_id, EXIT_PATIENCE), file=sys.stderr)


atexit.register(_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: _process and _fresh())
