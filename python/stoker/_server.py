"""Where the server is: named by STOKER_URL, known to a run by its variables, or the user's own, which is started when none is there.

The starting itself (the lock, the port that is kept, the wait) is the ``stoker`` program's; here it is only found and called.
"""
import json
import os
from typing import Dict, List, NamedTuple, Optional
from urllib.parse import urlsplit

from stoker.errors import StokerError

Endpoint = NamedTuple("Endpoint", [
    ("url", str),       # http://host:port, no slash at the end
    ("token", str),
    ("is_own", bool),   # the user's own server, found through STOKER_HOME
])

_HERE = os.path.dirname(os.path.abspath(__file__))


def home() -> str:
    """STOKER_HOME, else ``~/.stoker``."""
    return os.path.abspath(os.environ.get("STOKER_HOME") or os.path.join(os.path.expanduser("~"), ".stoker"))


def program() -> str:
    """The ``stoker`` binary: STOKER_BIN, the checkout's build, the one inside the package, the one of an installation whose ``lib/stoker/python`` this is (as
    runs see it), or the one on PATH.

    :raises StokerError: ``server.start`` when there is none.
    """
    import shutil
    places = [os.environ.get("STOKER_BIN", ""), os.path.join(os.path.dirname(os.path.dirname(_HERE)), "build", "bin", "stoker"),
              os.path.join(_HERE, "bin", "stoker"), os.path.join(_HERE, "..", "..", "..", "..", "bin", "stoker"), shutil.which("stoker") or ""]
    for place in places:
        if place and os.access(place, os.X_OK) and os.path.isfile(place):
            return place
    raise StokerError("server.start", "the program \"stoker\" was not found", "put it on PATH, or name it: STOKER_BIN=/path/to/stoker")


def call_program(arguments: List[str], text: Optional[str] = None, variables: Optional[Dict[str, str]] = None) -> str:
    """Runs ``stoker`` with `arguments` and `text` on its standard input; what it says to people goes to our standard error.

    :param variables: environment variables beside our own.
    :returns: its standard output.
    :raises StokerError: the error that it printed as JSON.
    """
    import subprocess
    command = [program()] + arguments
    done = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=dict(os.environ, **(variables or {})))
    try:
        out, _ = done.communicate(None if text is None else text.encode("utf-8"))
    except BaseException:  # Ctrl-C reaches the program too, through the terminal
        done.kill()
        done.wait()
        raise
    output = out.decode("utf-8", "replace")
    if done.returncode != 0:
        raise StokerError.from_text(output, "{} {} ended with code {}".format(command[0], " ".join(arguments[:2]), done.returncode))
    return output


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return ""


def recorded() -> Optional[Endpoint]:
    """The user's own server as server.json says; it may be gone. A server that stopped in good order leaves no record."""
    token = _read(os.path.join(home(), "token"))
    try:
        url = json.loads(_read(os.path.join(home(), "server.json")))["url"]
    except (ValueError, KeyError, TypeError):
        return None
    return Endpoint(url.rstrip("/"), token, True) if token else None


def is_healthy(url: str, timeout: float = 2.0) -> bool:
    """Whether a stoker server answers there."""
    import http.client
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def start() -> Endpoint:
    """Has the user's own server started; returns at once when it is there already."""
    call_program(["server", "start", "--json"])
    endpoint = recorded()
    if endpoint is None:
        raise StokerError("server.start", "the server was started, but {} has no record of it".format(home()))
    return endpoint


def find() -> Endpoint:
    """The server to talk to, in this order: STOKER_URL, the one that runs this run, the user's own (started when it is not there).

    :raises StokerError: ``auth.missing``, ``server.start``.
    """
    named = os.environ.get("STOKER_URL")
    if named:
        token = os.environ.get("STOKER_TOKEN", "")
        if not token:
            raise StokerError("auth.missing", "STOKER_URL names a server, but STOKER_TOKEN is not set", "set STOKER_TOKEN to a token of {}".format(named))
        return Endpoint(named.rstrip("/"), token, False)
    if os.environ.get("AZUREML_RUN_ID") and os.environ.get("AZUREML_RUN_TOKEN") and os.environ.get("AZUREML_SERVICE_ENDPOINT"):
        return Endpoint(os.environ["AZUREML_SERVICE_ENDPOINT"].rstrip("/"), os.environ["AZUREML_RUN_TOKEN"], False)
    endpoint = recorded()
    if endpoint is not None and is_healthy(endpoint.url):
        return endpoint
    return start()


def find_again(endpoint: Endpoint) -> Optional[Endpoint]:
    """After `endpoint` stopped answering: the user's own server once more, started if it crashed. None: there is none to be had now.

    ``stoker server stop`` is respected: it takes the record away.
    """
    if not endpoint.is_own:
        return endpoint
    known = recorded()
    if known is None:
        return None
    if is_healthy(known.url):
        return known
    try:
        return start()
    except StokerError:
        return None
