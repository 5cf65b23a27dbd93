"""What this process and its children write, kept with a run: a program of ours stands between file descriptors 1, 2 and where they lead.

Nothing is read in this process, so nothing here can make it wait: the program (``stoker __console``) shows what comes as before, keeps it on
this machine's disk and sends it. Where ``sys.stdout`` does not lead to descriptor 1 (a notebook), its text is kept as well.
"""
import json
import os
import select
import subprocess
import sys
from typing import Any, Dict, List, Optional, Tuple

from stoker import _server

PATIENCE = 30.0  # seconds that the end waits for the server

_running = []  # type: List[subprocess.Popen]  # consoles that send on after their block


class _Copy:
    """A text stream that leads elsewhere, and whose text is kept."""

    def __init__(self, stream: Any, descriptor: int):
        self._stream = stream
        self._descriptor = descriptor

    def write(self, text: str) -> Any:
        done = self._stream.write(text)
        data = memoryview(text.encode("utf-8", "replace"))
        while data:
            data = data[os.write(self._descriptor, data):]
        return done

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class Console:
    """Begins at once; `finish` ends it.

    :param run_id: an interactive run that is running.
    :raises StokerError: the program ``stoker`` was not found.
    """

    def __init__(self, run_id: str):
        self._pipes = []  # type: List[int]  # ends that are written to
        self._saved = []  # type: List[Tuple[int, int]]  # descriptor, what it led to
        self._copies = []  # type: List[Tuple[str, Any]]  # name in sys, what it was
        arguments, ends = [_server.program(), "__console", "--run", run_id], []
        control_read, self._control = os.pipe()
        self._reply, reply_write = os.pipe()
        arguments += ["--control", str(control_read), "--reply", str(reply_write)]
        for number, name in ((1, "stdout"), (2, "stderr")):
            _flush(getattr(sys, name))
            self._redirect(number, arguments, ends)
            if not _leads_to(getattr(sys, name), number):
                self._copy(name, number, arguments, ends)
        saved = dict(self._saved)
        passed = ends + [control_read, reply_write]
        try:
            self._program = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=saved[1], stderr=saved[2], pass_fds=passed, start_new_session=True)
        except OSError:
            self._restore()
            raise
        finally:
            for each in passed:
                os.close(each)

    def _pipe(self, stream: int, echo: int, arguments: List[str], ends: List[int]) -> int:
        end, written = os.pipe()
        ends.append(end)
        arguments += ["--input", "{}:{}:{}".format(end, stream, echo)]
        return written

    def _redirect(self, number: int, arguments: List[str], ends: List[int]) -> None:
        self._saved.append((number, os.dup(number)))
        written = self._pipe(number, number, arguments, ends)
        os.dup2(written, number)
        os.close(written)

    def _copy(self, name: str, number: int, arguments: List[str], ends: List[int]) -> None:
        written = self._pipe(number, -1, arguments, ends)
        self._pipes.append(written)
        self._copies.append((name, getattr(sys, name)))
        setattr(sys, name, _Copy(getattr(sys, name), written))

    def _restore(self) -> None:
        for name in ("stdout", "stderr"):
            _flush(getattr(sys, name))
        _flush_c()
        for name, stream in self._copies:
            if isinstance(getattr(sys, name), _Copy):
                setattr(sys, name, stream)
        for number, saved in self._saved:
            os.dup2(saved, number)
            os.close(saved)
        for each in self._pipes:
            os.close(each)
        self._saved, self._copies, self._pipes = [], [], []

    def finish(self, timeout: float = PATIENCE) -> bool:
        """Both descriptors lead to where they did; True once the server has all that was written."""
        self._restore()
        self._say(b"flush\n")
        ready, _, _ = select.select([self._reply], [], [], timeout)
        return bool(ready) and os.read(self._reply, 64).startswith(b"flushed")

    def leave(self, end: Optional[Dict[str, Any]] = None) -> None:
        """After `finish`. The run has been ended; with `end`, the body of POST /runs/{run}/end, that is left to the program."""
        if end is not None:
            self._say("end {}\n".format(json.dumps(end)).encode("utf-8"))
        os.close(self._control)
        os.close(self._reply)
        _running[:] = [each for each in _running + [self._program] if each.poll() is None]

    def _say(self, line: bytes) -> None:
        try:
            os.write(self._control, line)
        except OSError:  # the program was killed; what it had is sent by the next one
            pass


def _leads_to(stream: Any, number: int) -> bool:
    try:
        return stream is None or (stream.fileno() == number and "ipykernel" not in type(stream).__module__)
    except (OSError, ValueError, AttributeError):
        return False


def _flush(stream: Any) -> None:
    try:
        stream.flush()
    except (OSError, ValueError, AttributeError):
        pass


def _flush_c() -> None:
    try:
        import ctypes
        ctypes.CDLL(None).fflush(None)
    except (ImportError, OSError, AttributeError):
        pass
