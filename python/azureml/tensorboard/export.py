"""`export_to_tensorboard`: the metrics of runs as event files (spec 14.1)."""
import calendar
import logging
import os
import time
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Optional, Tuple

from azureml.tensorboard._event_file import EventFile
from azureml.tensorboard._logs import runs_of, with_children
from stoker._client import path_of

if TYPE_CHECKING:
    from azureml.core.run import Run

# One file for a run: exporting again replaces it, and TensorBoard shows no point twice.
_FILE = "events.out.tfevents.0000000000.stoker"


def export_to_tensorboard(run_data: Any, logdir: str, logger: Optional[logging.Logger] = None, recursive: bool = True) -> None:
    """Writes the metrics of runs as event files, a folder ``<logdir>/<run id>`` each; then ``Tensorboard([], local_root=logdir)``.

    Scalars are shown at their steps, or else at 0, 1, 2 …; the elements of lists are steps; the numbers of rows and tables are series ``<metric>/<column>``.
    Images and texts are left out, and the logger is told.

    :param run_data: a run or a list of runs.
    :param recursive: also the runs below.
    """
    log = logger or logging.getLogger(__name__)
    runs = runs_of(run_data)
    for run in with_children(runs) if recursive else runs:
        count = _export(run, os.path.join(logdir, run.id), log)
        log.info("%s: %d points exported to %s", run.id, count, logdir)


def _export(run: "Run", folder: str, log: logging.Logger) -> int:
    run._service.flush(60.0)
    metrics = run._client.get(path_of("runs", run.id, "metrics"), max_points=10000000, layout="columns")["metrics"]
    count = 0
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, _FILE)
    with open(path + ".part", "wb") as target:
        file = EventFile(target, _seconds(run._record["created_at"]))
        for metric in metrics:
            before = count
            for tag, value, step, at in _points(metric):
                file.scalar(tag, value, step, at)
                count += 1
            if count == before:
                log.warning("%s: the metric %s has no numbers and is left out", run.id, metric["name"])
    os.replace(path + ".part", path)
    return count


def _points(series: Dict[str, Any]) -> Iterator[Tuple[str, float, int, float]]:
    """Tag, value, step and time of each number of a ColumnSeries."""
    counts = {}  # type: Dict[str, int]
    columns = series.get("columns") or []  # type: List[str]
    for step, time_text, values in zip(series["steps"], series["times"], series["values"]):
        at = _seconds(time_text)
        listed = values if isinstance(values, list) else [values]
        for place, value in enumerate(listed):
            number = _number(value)
            if number is None:
                continue
            tag = "{}/{}".format(series["name"], columns[place]) if columns else series["name"]
            index = counts.get(tag, 0)
            counts[tag] = index + 1
            yield tag, number, index if step is None else step, at


def _number(value: Any) -> Optional[float]:
    if isinstance(value, str):
        return {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}.get(value)
    return None if isinstance(value, bool) or value is None else float(value)


def _seconds(text: str) -> float:
    """RFC 3339 in UTC as seconds since 1970."""
    whole, _, fraction = text.rstrip("Z").partition(".")
    return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) + float("0." + (fraction or "0"))
