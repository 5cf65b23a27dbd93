"""Fixtures of the end-to-end ring: real programs, a home of their own per test, run as an ordinary user.

`stoker` is an Env: a temporary STOKER_HOME, the programs, and helpers that call the CLI and the REST API. When the tests run as root,
every program runs as the user `stoker-e2e` (made once); tests marked `as_root` are the exception. Nothing sleeps to wait: `until` polls a condition
with a deadline.
"""
import http.client
import json
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.parse

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
USER = "stoker-e2e"
PYTHON = "/usr/bin/python3"


def until(condition, seconds=30, what="the condition"):
    """The first true value of `condition()`; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError("%s did not come true within %g s" % (what, seconds))
        time.sleep(0.01)


def ordinary_user():
    """(uid, gid) that the programs run as; None when the tests themselves run as an ordinary user."""
    if os.getuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(USER)
    except KeyError:
        subprocess.run(["useradd", "--create-home", "--shell", "/bin/bash", USER], check=True)
        entry = pwd.getpwnam(USER)
    return entry.pw_uid, entry.pw_gid


class Answer:
    """An HTTP answer: status, headers (lower case), body, and the body as JSON."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)


class Env:
    def __init__(self, programs, folder, identity):
        self.programs = programs
        self.folder = folder
        self.identity = identity
        self.home = folder / "home"
        self.work = folder / "work"
        self.variables = {
            "PATH": "%s:/usr/local/bin:/usr/bin:/bin" % (programs / "bin"),
            "STOKER_HOME": str(self.home),
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(programs / "python"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        for each in (folder, self.work):
            each.mkdir(exist_ok=True)
            self.own(each)

    def own(self, path):
        if self.identity:
            os.chown(path, *self.identity)

    def write(self, name, text, mode=None):
        """A file below the working folder, owned by the user."""
        path = self.work / name
        for parent in reversed(path.relative_to(self.folder).parents):
            (self.folder / parent).mkdir(exist_ok=True)
            self.own(self.folder / parent)
        path.write_text(text) if isinstance(text, str) else path.write_bytes(text)
        self.own(path)
        if mode is not None:
            path.chmod(mode)
        return path

    def popen(self, *arguments, **options):
        options.setdefault("cwd", str(self.work))
        options.setdefault("stdin", subprocess.DEVNULL)
        env = dict(self.variables, **options.pop("env", {}))
        if self.identity:
            options.update(user=self.identity[0], group=self.identity[1], extra_groups=[])
        return subprocess.Popen([str(a) for a in arguments], env={k: v for k, v in env.items() if v is not None}, **options)

    def run(self, *arguments, check=True, timeout=120, **options):
        """Runs a program to its end: (code, stdout, stderr) as CompletedProcess with text."""
        process = self.popen(*arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise AssertionError("%s took longer than %g s\n%s\n%s" % (arguments, timeout, out[-4000:], err[-4000:]))
        done = subprocess.CompletedProcess(arguments, process.returncode, out.decode("utf-8", "replace"), err.decode("utf-8", "replace"))
        done.raw = out
        if check and done.returncode != 0:
            raise AssertionError("%s ended with %d\n%s\n%s" % (arguments, done.returncode, done.stdout[-4000:], done.stderr[-4000:]))
        return done

    def cli(self, *arguments, **options):
        return self.run(self.programs / "bin/stoker", *arguments, **options)

    def json(self, *arguments, **options):
        return json.loads(self.cli(*arguments, "--json", **options).stdout)

    def submit(self, *arguments, options=(), **more):
        """Submits an argument vector; returns the run's id."""
        return json.loads(self.cli("run", "submit", "--json", *options, "--", *arguments, **more).stdout)["id"]

    def python(self, code, options=(), name="script.py", **more):
        """Submits a Python script given as text, in a folder of its own; returns the run's id."""
        folder = tempfile.mkdtemp(dir=str(self.work))
        self.own(folder)
        path = pathlib.Path(folder) / name
        path.write_text(code)
        self.own(path)
        return self.submit(PYTHON, name, options=options, cwd=folder, **more)

    def server_record(self):
        return json.loads((self.home / "server.json").read_text())

    def start(self):
        self.cli("server", "start")
        return self.server_record()

    def request(self, method, path, body=None, token=None, headers=None):
        """A REST request to the self-started server with the owner's token (or `token`; "" sends none)."""
        url = urllib.parse.urlsplit(self.server_record()["url"])
        connection = http.client.HTTPConnection(url.hostname, url.port, timeout=60)
        headers = dict(headers or {})
        if token is None:
            token = (self.home / "token").read_text().strip()
        if token:
            headers["Authorization"] = "Bearer " + token
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def run_record(self, run):
        answer = self.request("GET", "/api/v1/runs/" + run)
        assert answer.status == 200, answer.body
        return answer.json

    def wait(self, run, seconds=60):
        """The run's record once it is over."""
        return until(lambda: (lambda r: r if r["state"] in ("Completed", "Failed", "Canceled") else None)(self.run_record(run)), seconds, "the end of " + run)

    def wait_state(self, run, state, seconds=30):
        return until(lambda: self.run_record(run)["state"] == state, seconds, "%s %s" % (run, state))

    def log(self, run):
        answer = self.request("GET", "/api/v1/runs/%s/log" % run)
        assert answer.status == 200, answer.body
        return answer.body

    def kill_server(self):
        """kill -9; True when it was running."""
        try:
            os.kill(self.server_record()["pid"], signal.SIGKILL)
            return True
        except (FileNotFoundError, ProcessLookupError):
            return False

    def supervisors(self):
        """Pids of the supervisors (not their keepers) of this home."""
        pids = []
        for file in self.home.glob("data/targets/local/*/supervisor.json"):
            record = json.loads(file.read_text())
            if pathlib.Path("/proc/%d" % record["pid"]).exists():
                pids.append(record["pid"])
        return pids

    def processes(self, mark):
        """Pids whose command line holds `mark`, zombies left out."""
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    if mark.encode() in (entry / "cmdline").read_bytes() and "\nState:\tZ" not in (entry / "status").read_text():
                        found.append(int(entry.name))
                except OSError:
                    pass
        return found

    def stop(self):
        if (self.home / "server.json").exists():
            self.run(self.programs / "bin/stoker", "server", "stop", check=False)
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                try:
                    if str(self.folder).encode() in (entry / "cmdline").read_bytes():
                        os.kill(int(entry.name), signal.SIGKILL)
                except OSError:
                    pass


@pytest.fixture(scope="session")
def programs(tmp_path_factory):
    """A copy of the programs and the Python packages that every user can read."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="stoker-e2e-"))
    folder.chmod(0o755)
    (folder / "bin").mkdir()
    for name in ("stoker", "stoker-supervisor"):
        shutil.copy(ROOT / os.environ.get("STOKER_BUILD", "build") / "bin" / name, folder / "bin" / name)
    for name in ("python", "examples"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run(["chmod", "-R", "a+rX", str(folder)], check=True)
    subprocess.run(["cp", "-a", str(ROOT / ".cache/sklearn"), str(folder / "sklearn")], check=True)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def make_env(programs, identity):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="stoker-e2e-home-"))
    folder.chmod(0o755)
    return Env(programs, folder, identity)


@pytest.fixture
def stoker(programs, request):
    as_root = request.node.get_closest_marker("as_root") is not None
    if as_root and os.getuid() != 0:
        pytest.skip("needs root")
    env = make_env(programs, None if as_root else ordinary_user())
    yield env
    env.stop()
    log = env.home / "server.log"
    if request.node.rep_call_failed and log.exists():
        print("---- server.log\n" + log.read_text()[-6000:])
        for each in env.home.glob("data/targets/local/*/supervisor.log"):
            print("---- %s\n%s" % (each, each.read_text()[-3000:]))
    if not os.environ.get("STOKER_KEEP"):
        shutil.rmtree(env.folder, ignore_errors=True)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if call.when == "call":
        item.rep_call_failed = outcome.get_result().failed
    elif not hasattr(item, "rep_call_failed"):
        item.rep_call_failed = False


def pytest_configure(config):
    config.addinivalue_line("markers", "as_root: runs the programs as root")
