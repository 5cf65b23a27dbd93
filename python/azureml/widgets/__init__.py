"""Widgets of the SDK, as text: no JavaScript, so that they work in every notebook and on terminals. Charts are in ``stoker run metrics`` and the studio."""
from pkgutil import extend_path
from typing import Any

__path__ = extend_path(__path__, __name__)

__all__ = ["RunDetails"]


class RunDetails:
    """State, metrics and address of a run, printed.

    >>> RunDetails(run).show()      # doctest: +SKIP

    :param run_instance: a run.
    """

    def __init__(self, run_instance: Any):
        self._run = run_instance

    def show(self, render_lib: Any = None, widget_settings: Any = None) -> None:
        """Prints the run as it is now; it does not refresh itself: call it again, or `run.wait_for_completion(show_output=True)`."""
        print(self)

    def get_widget_data(self, widget_settings: Any = None) -> dict:
        """What is shown, as a dict: ``run_id``, ``status``, ``metrics``, ``url``."""
        return {"run_id": self._run.id, "status": self._run.get_status(), "metrics": self._run.get_metrics(), "url": self._run.get_portal_url()}

    def __str__(self) -> str:
        data = self.get_widget_data()
        lines = ["Run {}: {}".format(data["run_id"], data["status"])]
        for name, value in data["metrics"].items():
            lines.append("  {}: {}".format(name, _short(value)))
        return "\n".join(lines + [data["url"]])

    def __repr__(self) -> str:
        return "RunDetails({})".format(self._run.id)


def _short(value: Any) -> str:
    if isinstance(value, list):
        return "{} values, the last is {}".format(len(value), value[-1] if value else "none")
    if isinstance(value, dict):
        return "a table of {}".format(", ".join(str(column) for column in value))
    return str(value)
