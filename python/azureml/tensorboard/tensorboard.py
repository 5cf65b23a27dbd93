"""`Tensorboard`: a local ``tensorboard`` process over a copy of the runs' logs that is kept up to date."""
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from typing import Any, List, Optional

from azureml.exceptions import UserErrorException
from azureml.tensorboard._logs import Mirror, runs_of
from stoker.errors import StokerError

_INTERVAL = 3.0        # seconds between two looks for new bytes
_START_PATIENCE = 120.0  # seconds; the first start after an installation compiles a lot
_HOST = "127.0.0.1"
_INSTALL = "pip install tensorboard"


class Tensorboard:
    """TensorBoard over what runs write to ``./logs``, also while they write it; of a parent its children's.

    >>> board = Tensorboard([run])             # doctest: +SKIP
    >>> board.start()                          # doctest: +SKIP
    'http://127.0.0.1:6006/'
    >>> board.stop()                           # doctest: +SKIP

    :param runs: a run or a list of runs; may be empty when `local_root` has logs already.
    :param local_root: where the logs are copied to; None: a temporary folder, which `stop` removes.
    :param port: 0: one that is free.
    :param use_display_name: runs are called by their display names.
    """

    def __init__(self, runs: Any, local_root: Optional[str] = None, port: int = 6006, use_display_name: bool = False):
        if isinstance(port, bool) or not isinstance(port, int) or not 0 <= port < 65536:
            raise UserErrorException("port is {!r}; a whole number from 0 to 65535 is expected".format(port))
        self._runs = runs_of(runs)
        self._local_root = None if local_root is None else os.path.abspath(os.path.expanduser(os.fspath(local_root)))
        self._port = port
        self._use_display_name = use_display_name
        self._process = None  # type: Optional[subprocess.Popen]
        self._thread = None  # type: Optional[threading.Thread]
        self._stopping = threading.Event()
        self._temporary = None  # type: Optional[str]

    def start(self, start_browser: bool = False) -> str:
        """Starts TensorBoard and the copying; returns its address once it answers. Twice is the same as once.

        :raises UserErrorException: the port is taken, tensorboard is not installed, or it did not start.
        """
        if self._process is not None and self._process.poll() is None:
            return self._url()
        command = _command()
        self._port = _free_port(self._port)
        root = self._local_root
        if root is None:
            root = self._temporary = tempfile.mkdtemp(prefix="stoker-tensorboard-")
        os.makedirs(root, exist_ok=True)
        mirror = Mirror(root, self._runs, self._use_display_name)
        mirror.refresh()
        self._stopping.clear()
        with tempfile.TemporaryFile() as said:
            self._process = subprocess.Popen(command + ["--logdir", root, "--host", _HOST, "--port", str(self._port), "--reload_interval", "3"],
                                             stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT)
            try:
                self._wait(said)
            except BaseException:
                self.stop()
                raise
        if self._runs:
            self._thread = threading.Thread(target=self._copy, args=(mirror,), name="stoker-tensorboard", daemon=True)
            self._thread.start()
        print(self._url(), flush=True)
        if start_browser:
            import webbrowser
            webbrowser.open(self._url())
        return self._url()

    def stop(self) -> None:
        """Ends both; a temporary folder goes."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)
            self._temporary = None

    def _url(self) -> str:
        return "http://{}:{}/".format(_HOST, self._port)

    def _wait(self, said: Any) -> None:
        until = time.monotonic() + _START_PATIENCE
        while time.monotonic() < until:
            if self._process.poll() is not None:  # type: ignore
                break
            try:
                socket.create_connection((_HOST, self._port), 1.0).close()
                return
            except OSError:
                self._stopping.wait(0.05)
        said.seek(0)
        tail = said.read().decode("utf-8", "replace").strip().splitlines()[-5:]
        raise UserErrorException("TensorBoard did not start at port {}{}".format(self._port, ": " + "\n".join(tail) if tail else ""))

    def _copy(self, mirror: Mirror) -> None:
        trouble = ""
        while not self._stopping.wait(_INTERVAL):
            try:
                mirror.refresh()
                trouble = ""
            except (StokerError, OSError, UserErrorException) as error:
                if str(error) != trouble:  # once for each kind of trouble; it is tried again
                    trouble = str(error)
                    print("stoker: the logs of the runs cannot be brought up to date: {}".format(trouble), file=sys.stderr)


def _command() -> List[str]:
    """How tensorboard is started: that of this interpreter, else that on PATH.

    :raises UserErrorException: it is not installed.
    """
    from importlib.util import find_spec
    if find_spec("tensorboard") is not None:
        return [sys.executable, "-m", "tensorboard.main"]
    found = shutil.which("tensorboard")
    if found is None:
        raise UserErrorException("TensorBoard is not installed for {} and not on PATH; install it: {}".format(sys.executable, _INSTALL))
    return [found]


def _free_port(port: int) -> int:
    """`port` itself, or for 0 one that is free now.

    :raises UserErrorException: it is taken.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError as error:
            raise UserErrorException("port {} is in use ({}); choose another one: Tensorboard(runs, port=0)".format(port, error)) from error
        return probe.getsockname()[1]
