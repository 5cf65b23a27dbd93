"""Stand-ins for the two things that the packages talk to: the supervisor's socket and the server. Both keep what they were told."""
import http.server
import json
import os
import shutil
import socket
import socketserver
import tempfile
import threading
import unittest
from urllib.parse import urlsplit


class Variables:
    """Sets environment variables (None removes one) and puts the old ones back."""

    def __init__(self, **values):
        self._values = values

    def __enter__(self):
        self._old = {name: os.environ.get(name) for name in self._values}
        self._set(self._values)
        return self

    def __exit__(self, *unused):
        self._set(self._old)

    @staticmethod
    def _set(values):
        for name, value in values.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


class Case(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self):
        self.folder = os.path.realpath(tempfile.mkdtemp(prefix="stoker-test-"))
        self.addCleanup(shutil.rmtree, self.folder, True)

    def variables(self, **values):
        guard = Variables(**values)
        guard.__enter__()
        self.addCleanup(guard.__exit__)

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def go_to(self, name=""):
        before = os.getcwd()
        target = os.path.join(self.folder, name)
        os.makedirs(target, exist_ok=True)
        os.chdir(target)
        self.addCleanup(os.chdir, before)


class Supervisor:
    """The socket of a run. `answer(message)` gives the fields of an answer to a message with an id; None answers nothing."""

    def __init__(self, path, answer=None):
        self.path = path
        self.answer = answer or (lambda message: {"ok": True})
        self.lines = []          # bytes, as they came
        self.connections = 0
        self.reads = threading.Event()  # cleared: nothing is read
        self.reads.set()
        self.changed = threading.Condition()
        self._open = []
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(path)
        self._listener.listen(50)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                link, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(link)
            threading.Thread(target=self._serve, args=(link,), daemon=True).start()

    def _serve(self, link):
        rest = b""
        while True:
            self.reads.wait()
            try:
                piece = link.recv(1 << 16)
            except OSError:
                return
            if not piece:
                return
            lines = (rest + piece).split(b"\n")
            rest = lines.pop()
            with self.changed:
                self.lines += lines
                self.changed.notify_all()
            for line in lines:
                if b'"id":' in line:
                    self._reply(link, json.loads(line.decode()))

    def _reply(self, link, message):
        fields = self.answer(message)
        if fields is not None:
            link.sendall(json.dumps(dict(fields, id=message["id"])).encode() + b"\n")

    def wait(self, count, seconds=30):
        """The first `count` messages, as dicts."""
        with self.changed:
            if not self.changed.wait_for(lambda: len(self.lines) >= count, seconds):
                raise AssertionError("{} of {} lines came".format(len(self.lines), count))
            return [json.loads(line.decode()) for line in self.lines[:count]]

    def close(self):
        self._listener.close()
        for link in self._open:
            try:
                link.shutdown(socket.SHUT_RDWR)  # wakes the thread that reads it
            except OSError:
                pass
            link.close()
        if os.path.exists(self.path):
            os.unlink(self.path)


class Server:
    """An HTTP server with canned answers: `answers[(method, path)]` is a body, (status, body), or a function of the request that gives one of these. Bodies that
    are bytes are sent as they are, lists of bytes as a stream, piece by piece."""

    def __init__(self, answers=None):
        self.answers = answers or {}
        self.requests = []  # (method, path with query, headers, body)
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                fake.requests.append((self.command, self.path, dict(self.headers.items()), body))
                found = fake.answers.get((self.command, urlsplit(self.path).path), (404, {"error": {"code": "not_found", "message": "there is no " + self.path}}))
                if callable(found):
                    found = found(fake.requests[-1])
                status, content = found if isinstance(found, tuple) else (200, found)
                self.send_response(status)
                if isinstance(content, list):
                    self.send_header("Transfer-Encoding", "chunked")
                    self.end_headers()
                    for piece in content + [b""]:
                        self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                        self.wfile.flush()
                    return
                data = content if isinstance(content, bytes) else json.dumps(content).encode()
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

            def log_message(self, *unused):
                pass

        class Threading(socketserver.ThreadingMixIn, http.server.HTTPServer):
            daemon_threads = True

            def handle_error(self, *unused):
                """A client that hangs up in the middle is part of the tests."""

        self._server = Threading(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:{}".format(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


def event(name, data, identity=""):
    """A server-sent event as bytes."""
    return "id: {}\nevent: {}\ndata: {}\n\n".format(identity, name, json.dumps(data)).encode()


def run_record(**changes):
    """A run's record as the API gives it."""
    record = {
        "id": "exp_1700000000_0a1b2c3d", "number": 3, "workspace_id": "w-1", "experiment_id": "e-1", "experiment": "exp", "display_name": "calm_owl_1234",
        "state": "Completed", "attempt": 1, "target": "local", "parent": None, "snapshot": "ab" * 32,
        "spec": {"script": "train.py", "arguments": ["--alpha", "0.5"], "argv": [], "command": None, "environment": {"kind": "user-managed",
                 "settings": {"interpreter": "/usr/bin/python3"}, "variables": {}}, "environment_variables": {}, "max_run_duration_seconds": 60,
                 "submitted_by": "ann@box"},
        "gpus": [], "cancel_requested": False, "cancel_by": "", "created_at": "2026-06-30T12:00:00.000000Z", "started_at": "2026-06-30T12:00:01.000000Z",
        "ended_at": "2026-06-30T12:00:02.000000Z", "end": {"reason": "exited", "exit_code": 0, "signal": None, "message": "exited with code 0"},
        "error": None, "phases": [], "tags": {"kind": "test", "bare": None}, "properties": {"azureml.git.commit": "c0ffee"},
    }
    record.update(changes)
    return record
