"""The part of a Run that logs and reads metrics (spec 3.2 to 3.4)."""
import io
import json
import os
import time
from typing import Any, Dict, Iterable, Optional

from azureml.core import _schemas, _values
from azureml.core._errors import translated
from azureml.core._naming import a_kind
from azureml.core._service import as_path
from azureml.exceptions import AzureMLException, RunNotFoundException, UserErrorException

_ALL_POINTS = 10000000  # the most that the server gives of one series
_IMAGE_ENDINGS = (".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".bmp", ".tif", ".tiff", ".pdf")


class MetricsPart:
    """Methods of `Run`; not for use alone."""

    def log(self, name: str, value: Any, description: str = "", step: Optional[int] = None) -> None:
        """Logs one number or text. Never waits, and goes on while the server is away.

        Called again with the same name it makes a series.

        :param value: int, float or str; numpy and tensor scalars too. NaN and infinities are kept.
        :param step: position on the x axis.
        :raises UserErrorException: `value` is something else, or the run is over.
        """
        if type(value) is not float:
            value = _values.plain(name, value)
        name = _values.metric_name(name)
        self._service.metric("scalar", name, [value], None, None if step is None else _values.metric_step(name, step))

    def log_list(self, name: str, value: Iterable[Any], description: str = "") -> None:
        """Logs the values of any iterable as one list; called again with the same name it appends."""
        name = _values.metric_name(name)
        self._service.metric("list", name, _values.plain_list(name, value))

    def log_row(self, name: str, description: Optional[str] = None, **kwargs: Any) -> None:
        """Logs a row, each keyword a column; called again with the same name it makes a table."""
        name = _values.metric_name(name)
        if not kwargs:
            raise UserErrorException('row "{0}" has no columns: give each as a keyword, log_row("{0}", x=1, y=2)'.format(name))
        self._service.metric("row", name, _values.row_values(name, kwargs), list(kwargs))

    def log_table(self, name: str, value: Dict[str, Any], description: str = "") -> None:
        """Logs a dict column -> list of equal lengths; a dict of scalars is one row."""
        name = _values.metric_name(name)
        columns, rows = _values.table_rows(name, value)
        self._service.table(name, columns, rows)

    def log_image(self, name: str, path: Any = None, plot: Any = None, description: str = "") -> None:
        """Stores a picture as the file ``<name>_<seconds since 1970>.png`` and logs where it is.

        :param path: a picture's file, or a stream of its bytes.
        :param plot: ``matplotlib.pyplot`` or a figure; drawn as PNG.
        :raises UserErrorException: neither is given, or both.
        """
        if (path is None) == (plot is None):
            raise UserErrorException('image "{}": give either path or plot'.format(name))
        if plot is not None:
            if not callable(getattr(plot, "savefig", None)):
                raise UserErrorException('image "{}": plot is {}; matplotlib.pyplot or a figure is expected'.format(name, a_kind(plot)))
            path = io.BytesIO()
            plot.savefig(path, format="png")
            path.seek(0)
        ending = os.path.splitext(os.fsdecode(path))[1].lower() if isinstance(path, (str, bytes, os.PathLike)) else ".png"
        self._store_and_point(name, path, ending if ending in _IMAGE_ENDINGS else ".png")

    def log_predictions(self, name: str, value: Any, description: str = "") -> None:
        """Stores regression predictions: ``bin_averages``, ``bin_errors``, ``bin_counts`` of n, ``bin_edges`` of n + 1 (spec 3.4).

        :param value: ``{"schema_type": "predictions", "schema_version": "v1", "data": {...}}``, as a dict or as JSON.
        :raises UserErrorException: the shape is another.
        """
        self._log_structured("predictions", name, value)

    def log_residuals(self, name: str, value: Any, description: str = "") -> None:
        """Stores a histogram of predicted - actual: ``bin_edges`` of n + 1, ``bin_counts`` of n; otherwise as `log_predictions`."""
        self._log_structured("residuals", name, value)

    def log_confusion_matrix(self, name: str, value: Any, description: str = "") -> None:
        """Stores ``class_labels`` (C texts) and ``matrix`` (C x C integers); otherwise as `log_predictions`."""
        self._log_structured("confusion_matrix", name, value)

    def log_accuracy_table(self, name: str, value: Any, description: str = "") -> None:
        """Stores ``probability_tables`` and ``percentile_tables`` (C x M x 4: TP, FP, TN, FN), ``probability_thresholds``, ``percentile_thresholds`` (M) and
        ``class_labels`` (C); otherwise as `log_predictions`."""
        self._log_structured("accuracy_table", name, value)

    def _log_structured(self, schema: str, name: str, value: Any) -> None:
        body = _schemas.checked(schema, name, value)
        self._store_and_point(name, io.BytesIO(json.dumps(body).encode("utf-8")), ".json")

    def _store_and_point(self, name: str, content: Any, ending: str) -> None:
        """The content as a file of the run, and a metric that names it."""
        name = _values.metric_name(name)
        with as_path(content) as path:
            artifact = self._upload_as_new(name, path, ending)
        self._service.metric("image", name, ["aml://artifactId/ExperimentRun/dcid.{}/{}".format(self._run_id, artifact)])

    def _upload_as_new(self, name: str, path: str, ending: str) -> str:
        stem = name.strip("/") or "image"
        for second in range(int(time.time()), int(time.time()) + 1000):  # several of one name within a second
            artifact = "{}_{}{}".format(stem, second, ending)
            try:
                with translated(not_found=RunNotFoundException):
                    self._service.upload(artifact, path)
                return artifact
            except AzureMLException as error:
                if getattr(error.inner_exception, "code", "") != "conflict":
                    raise
        raise UserErrorException('"{}" was logged too often'.format(name))

    def get_metrics(self, name: Optional[str] = None, recursive: bool = False, run_type: Optional[str] = None, populate: bool = False) -> Dict[str, Any]:
        """What was logged, by name: one number as itself, several as a list, rows and tables as a dict column -> list (spec 3.3).

        :param name: only this one; an unknown name gives an empty dict.
        :param recursive: also those of the children and theirs, each under its id.
        :param run_type: with `recursive`, only of children of this type.
        :param populate: images and structured metrics as their content (JSON parsed, pictures as bytes) instead of their address.
        """
        with translated(not_found=RunNotFoundException):
            series = self._service.read("metrics", name=name, max_points=_ALL_POINTS, layout="columns")["metrics"]
        metrics = _values.shape_metrics(series)
        if populate:
            metrics = {key: self._populated(value) for key, value in metrics.items()}
        if recursive:
            for child in self.get_children(recursive=True, type=run_type):
                metrics[child.id] = child.get_metrics(name, populate=populate)
        return metrics

    def _populated(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._populated(each) for each in value]
        mark = "aml://artifactId/ExperimentRun/dcid.{}/".format(self._run_id)
        if not isinstance(value, str) or not value.startswith(mark):
            return value
        content = self._content(value[len(mark):])
        return json.loads(content.decode("utf-8")) if value.endswith(".json") else content

    def flush(self, timeout_seconds: int = 300) -> None:
        """Waits until what was logged is safe with the server.

        :raises ServiceException: it is not after so many seconds; it is kept, and sent later.
        """
        with translated():
            self._service.flush(float(timeout_seconds))
