"""`wait_for_completion`: following a run's output live, or waiting for its end (spec 3.9)."""
import json
import os
import sys
import time
from typing import TYPE_CHECKING, Any, Dict, IO

from azureml.core._details import DRIVER_LOG, error_body
from azureml.core._errors import translated
from azureml.exceptions import ActivityFailedException, ExperimentExecutionException
from stoker._states import TERMINAL_STATES

if TYPE_CHECKING:
    from azureml.core.run import Run

_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 1.0


def wait(run: "Run", show_output: bool, raise_on_error: bool) -> Dict[str, Any]:
    """Waits for the end of `run`; returns its details.

    :raises ActivityFailedException: it ended as Failed, and `raise_on_error`.
    :raises ExperimentExecutionException: Ctrl-C; the run goes on.
    """
    try:
        with translated(ExperimentExecutionException):
            if show_output:
                _show(run, sys.stdout, raise_on_error)
            else:
                _poll(run)
    except KeyboardInterrupt:
        raise ExperimentExecutionException(
            "The output streaming for the run interrupted.\nBut the run is still executing on the compute target.\n"
            "To follow it again: stoker run logs -f {0}\nTo cancel it: stoker run cancel {0}, or run.cancel()".format(run.id)) from None
    record = run._refresh()
    if record["state"] == "Failed" and raise_on_error:
        raise ActivityFailedException(error_details=error_text(record))
    return run.get_details()


def error_text(record: Dict[str, Any]) -> str:
    """The run's error as indented JSON; says where to look when the run has none."""
    body = error_body(record)
    if body is None:
        return json.dumps({"error": {"code": "UserError", "message": "Detailed error not set on the run. Please check the logs for details."}}, indent=4)
    return json.dumps({"error": body["error"]}, indent=4)


def _show(run: "Run", out: IO[str], raise_on_error: bool) -> None:
    """Prints what the run says as it says it, then the summary."""
    head = "RunId: {}\nWeb View: {}\n".format(run.id, run.get_portal_url())
    _print(out, head)
    record = None
    has_output = False
    ends_in_newline = True
    for name, data in run._client.follow(run.id):
        if name == "log" and data.get("text"):
            if not has_output:
                title = "Streaming {}".format(DRIVER_LOG)
                _print(out, "\n{}\n{}\n\n".format(title, "=" * len(title)))
                has_output = True
            _print(out, data["text"])
            ends_in_newline = data["text"].endswith("\n")
        elif name == "end":
            record = data.get("run") or data
    _print(out, ("" if ends_in_newline else "\n") + "\nExecution Summary\n=================\n" + head + "\n")
    if record is not None and record.get("state") == "Failed" and not raise_on_error:
        _print(out, "Error:\n{}\n".format(error_text(record)))


def _print(out: IO[str], text: str) -> None:
    try:
        out.write(text)
    except UnicodeEncodeError:  # a terminal that is not UTF-8
        encoding = getattr(out, "encoding", None) or "ascii"
        out.write(text.encode(encoding, "replace").decode(encoding))
    out.flush()


def _poll(run: "Run") -> None:
    """Asks for the state, soon at first and then once a second (or as AZUREML_RUN_POLLING_INTERVAL_MIN and _MAX say)."""
    pause = _seconds("AZUREML_RUN_POLLING_INTERVAL_MIN", _FIRST_PAUSE)
    longest = max(pause, _seconds("AZUREML_RUN_POLLING_INTERVAL_MAX", _LONGEST_PAUSE))
    while run._refresh()["state"] not in TERMINAL_STATES:
        time.sleep(pause)
        pause = min(max(pause, 0.001) * 1.3, longest)


def _seconds(name: str, fallback: float) -> float:
    try:
        return max(0.0, float(os.environ.get(name, fallback)))
    except ValueError:
        return fallback
