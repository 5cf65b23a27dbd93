"""What is kept of a run, for Python: also what Azure ML SDK v1 has no words for."""
import io
from typing import Any, Dict, List, Optional

from stoker import _server
from stoker._client import Client, path_of
from stoker._surroundings import user_at_host
from stoker.errors import StokerError

_PAGE = 10000


class Record:
    """The record of a run. Everything is the server's own record, as dicts and lists; ``docs/reference/openapi.json`` names the fields.

    >>> record = stoker.Record(run)                                 # doctest: +SKIP
    >>> [event["message"] for event in record.events()]             # doctest: +SKIP

    :param run: a run's id, or a ``Run`` of ``azureml.core``.
    :param client: of which server; default is the run's own, else the one that is found.
    """

    def __init__(self, run: Any, client: Optional[Client] = None):
        self.id = run if isinstance(run, str) else run.id  # type: str
        self._client = client or getattr(run, "_client", None) or Client()

    def _get(self, *parts: str, **query: Any) -> Dict[str, Any]:
        return self._client.get(path_of("runs", self.id, *parts), **query)

    def show(self) -> Dict[str, Any]:
        """The run: specification with command and arguments, state, times, how it ended and why (``end``, ``error``), phases, tags, properties."""
        return self._get()

    def phases(self) -> List[Dict[str, Any]]:
        """Each phase with ``name``, ``started_at``, ``ended_at``."""
        return self.show()["phases"]

    def events(self) -> List[Dict[str, Any]]:
        """Who did what, and when, oldest first."""
        found = []  # type: List[Dict[str, Any]]
        while True:
            page = self._get("events", after=found[-1]["seq"] if found else 0, limit=_PAGE)["events"]
            found += page
            if len(page) < _PAGE:
                return found

    def environment(self) -> Optional[Dict[str, Any]]:
        """Interpreter, version, packages, host, user and platform as they were; None while they are not known."""
        try:
            return self._get("environment")
        except StokerError as error:
            return self._none_or_raise(error)

    def diff(self) -> Optional[str]:
        """The uncommitted changes of the source as a patch; None when there were none."""
        target = io.BytesIO()
        try:
            self._client.download_from(path_of("runs", self.id, "diff"), target)
        except StokerError as error:
            return self._none_or_raise(error)
        return target.getvalue().decode("utf-8")

    def _none_or_raise(self, error: StokerError) -> None:
        if error.code != "not_found":
            raise error
        self.show()  # not_found when it is the run itself

    def samples(self, after: int = 0) -> List[Dict[str, Any]]:
        """What its processes used: ``time`` and ``values`` by name (docs/reference/samples.md), every ten seconds.

        :param after: leave out so many, for a look that is repeated.
        """
        return self._get("samples", after=after, limit=1000000)["samples"]

    def lines(self, stream: str = "all") -> List[Dict[str, str]]:
        """The output by lines: ``time``, ``stream`` and ``text``.

        :param stream: ``all``, ``stdout`` or ``stderr``.
        """
        return self._program("logs", self.id, "--times", "--stream", stream)["lines"]

    def compare(self, other: Any) -> Dict[str, Any]:
        """How another run differs: parameters, environment, metrics and code.

        :param other: an id, a ``Run`` or a `Record`.
        """
        return self._program("diff", self.id, other if isinstance(other, str) else other.id)

    def recreate(self, folder: str) -> Dict[str, Any]:
        """Lays down code, command and environment in a folder that is not there yet, with a script that runs it again."""
        return self._program("recreate", self.id, folder)

    def _program(self, verb: str, *arguments: str) -> Dict[str, Any]:
        import json
        return json.loads(_server.call_program(["run", verb] + list(arguments) + ["--json"], None, self._client._variables()))

    def explain(self) -> Dict[str, Any]:
        """Why the run is where it is."""
        return self._get("explain")

    def cancel(self) -> Dict[str, Any]:
        """Asks for its end; its events say who did."""
        return self._client.post(path_of("runs", self.id, "cancel"), {"by": user_at_host()})

    def archive(self) -> Dict[str, Any]:
        """Lists leave it out from now on."""
        return self._client.post(path_of("runs", self.id, "archive"), {"by": user_at_host()})

    def restore(self) -> Dict[str, Any]:
        """Lists have it again."""
        return self._client.post(path_of("runs", self.id, "restore"), {"by": user_at_host()})

    def delete(self, children: bool = False) -> None:
        """Deletes an ended run for good, with all that is kept of it.

        :param children: with the runs below it; without it a run that has some is refused.
        """
        self._client.call("DELETE", path_of("runs", self.id) + ("?children=true" if children else ""))
