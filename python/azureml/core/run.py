"""Runs (spec 3): logging from inside, looking and waiting from outside."""
import html
import io
import os
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterable, Iterator, List, Optional, Type, Union

from azureml.core import _details, _streaming, _values
from azureml.core._errors import translated
from azureml.core._offline_run import _OfflineRun
from azureml.core._service import as_path, service_for
from azureml.core.workspace import Workspace
from azureml.exceptions import AzureMLException, RunEnvironmentException, RunNotFoundException, UserErrorException
from stoker import _runtime
from stoker._client import path_of

if TYPE_CHECKING:
    from azureml.core.experiment import Experiment

RUNNING_STATES = ["NotStarted", "Queued", "Starting", "Preparing", "Provisioning", "Running", "CancelRequested"]

_ALL_POINTS = 10000000  # the most that the server gives of one series

__all__ = ["RUNNING_STATES", "Run", "_OfflineRun", "_SubmittedRun"]


class Run:
    """A run that exists.

    >>> run = Run.get_context()                     # doctest: +SKIP
    >>> run.log("loss", 0.25, step=3)               # doctest: +SKIP

    :param experiment: the experiment that it belongs to.
    :param run_id: its id.
    """

    def __init__(self, experiment: "Experiment", run_id: str, outputs: Optional[str] = None, _run_dto: Optional[Dict[str, Any]] = None, **kwargs: Any):
        self._experiment = experiment
        self._run_id = run_id
        self._client = experiment.workspace._client
        self._service = service_for(self._client, run_id)
        self._record_cache = _run_dto

    # -- getting one -----------------------------------------------------------------------------------------------

    @classmethod
    def get_context(cls, allow_offline: bool = True, used_for_context_manager: bool = False, **kwargs: Any) -> "Union[Run, _OfflineRun]":
        """The run that this process belongs to (AZUREML_RUN_ID); outside of one an `_OfflineRun`.

        :raises RunEnvironmentException: outside of a run, and `allow_offline` is False.
        """
        global _context
        if not os.environ.get("AZUREML_RUN_ID"):
            if not allow_offline:
                raise RunEnvironmentException("Could not load a submitted run, if outside of an execution context, use experiment.start_logging to initialize an azureml.core.Run.")
            return _OfflineRun()
        if _context is None or _context.id != os.environ["AZUREML_RUN_ID"]:
            _context = _SubmittedRun._from_environment()
        return _context

    @classmethod
    def get_submitted_run(cls, **kwargs: Any) -> "Union[Run, _OfflineRun]":
        """Deprecated spelling of `get_context`."""
        return cls.get_context(**kwargs)

    @staticmethod
    def get(workspace: Workspace, run_id: str) -> "Run":
        """A run by its id.

        :raises RunNotFoundException: there is none.
        """
        with translated(not_found=RunNotFoundException):
            return _from_record(workspace, workspace._client.get(path_of("runs", run_id)))

    @staticmethod
    def list(experiment: "Experiment", type: Optional[str] = None, tags: Any = None, properties: Any = None, status: Optional[str] = None,
             include_children: bool = False) -> "Iterator[Run]":
        """Runs of an experiment, newest first; without children unless they are asked for.

        :param tags: a key that must be there, or a dict of keys and values that must match; `properties` likewise.
        """
        query = {"workspace_id": experiment.workspace._record["id"], "experiment": experiment.name, "state": status}
        for record in pages(lambda cursor: experiment.workspace._client.get("/runs", cursor=cursor, **query)):
            if (include_children or not record.get("parent")) and _is_wanted(record, type, tags, properties):
                yield _from_record(experiment.workspace, record, experiment)

    # -- what it is ------------------------------------------------------------------------------------------------

    def _refresh(self) -> Dict[str, Any]:
        with translated(not_found=RunNotFoundException):
            self._record_cache = self._service.read()
        return self._record_cache

    @property
    def _record(self) -> Dict[str, Any]:
        return self._record_cache if self._record_cache is not None else self._refresh()

    @property
    def id(self) -> str:
        """Id of the run, ``<experiment>_<seconds since 1970>_<8 hex>``."""
        return self._run_id

    @property
    def number(self) -> int:
        """Number within the experiment, from 1."""
        return self._record["number"]

    @property
    def type(self) -> str:
        """``azureml.scriptrun``."""
        return "azureml.scriptrun"

    @property
    def experiment(self) -> "Experiment":
        """The experiment that it belongs to."""
        return self._experiment

    @property
    def display_name(self) -> str:
        """Name for people; may be set."""
        return self._record["display_name"]

    @display_name.setter
    def display_name(self, display_name: str) -> None:
        with translated():
            self._service.rename(str(display_name))
        if self._record_cache is not None:
            self._record_cache["display_name"] = str(display_name)

    @property
    def name(self) -> str:
        """The display name."""
        return self.display_name

    @property
    def status(self) -> str:
        """State now."""
        return self.get_status()

    def get_status(self) -> str:
        """State now: ``Queued``, ``Running``, ``Completed`` and so on."""
        return self._refresh()["state"]

    def get_detailed_status(self) -> Dict[str, Any]:
        """``{"status": ..., "details": ...}``; details say what a run that has not begun waits for, else None."""
        status = self.get_status()
        if status not in ("NotStarted", "Queued"):
            return {"status": status, "details": None}
        with translated(not_found=RunNotFoundException):
            reasons = self._service.read("explain").get("reasons") or []
        return {"status": status, "details": "\n".join(each if isinstance(each, str) else str(each.get("text", each)) for each in reasons) or None}

    @property
    def parent(self) -> "Optional[Run]":
        """The run that this one is a child of, or None."""
        parent = self._record.get("parent")
        return Run.get(self._experiment.workspace, parent) if parent else None

    def get_children(self, recursive: bool = False, tags: Any = None, properties: Any = None, type: Optional[str] = None, status: Optional[str] = None,
                     _rehydrate_runs: bool = True) -> "Iterator[Run]":
        """Child runs, newest first; with `recursive` theirs too."""
        for record in self._pages("children"):
            child = _from_record(self._experiment.workspace, record)
            if _is_wanted(record, type, tags, properties) and (status is None or record["state"] == status):
                yield child
            if recursive:
                for each in child.get_children(True, tags, properties, type, status):
                    yield each

    def _pages(self, *parts: str) -> Iterator[Dict[str, Any]]:
        return pages(lambda cursor: self._service.read(*parts, cursor=cursor))

    def get_snapshot_id(self) -> Optional[str]:
        """Identity of the source as it was at submission, None for a run without any."""
        return self._record.get("snapshot")

    def get_portal_url(self) -> str:
        """Address of the run."""
        return "{}/runs/{}?wsid={}".format(self._client.endpoint.url, self._run_id, self._experiment.workspace._scope)

    def get_details(self) -> Dict[str, Any]:
        """runId, target, status, startTimeUtc, endTimeUtc, properties, runDefinition, logFiles, and error when there is one (spec 3.8).

        The error's text is at ``details["error"]["error"]["message"]``; arguments in the run definition are strings.
        """
        return _details.details(self._refresh(), self._files(), self._client.endpoint.url)

    def get_details_with_logs(self) -> Dict[str, Any]:
        """`get_details` with the contents of the log files in place of their addresses."""
        found = self.get_details()
        for name in found["logFiles"]:
            found["logFiles"][name] = self._content(name).decode("utf-8", "replace")
        return found

    # -- logging ---------------------------------------------------------------------------------------------------

    def log(self, name: str, value: Any, description: str = "", step: Optional[int] = None) -> None:
        """Logs one number or text. Never waits, and goes on while the server is away.

        Called again with the same name it makes a series.

        :param value: int, float or str; numpy and tensor scalars too. NaN and infinities are kept.
        :param step: position on the x axis.
        :raises UserErrorException: `value` is something else.
        """
        if type(value) is not float:
            value = _values.plain(name, value)
        self._service.log(name if type(name) is str else str(name), value, None if step is None else int(step))

    def log_list(self, name: str, value: Iterable[Any], description: str = "") -> None:
        """Logs the values of any iterable as one list; called again with the same name it appends."""
        values = _runtime.wire_values(_values.plain_list(name, value))
        self._service.tell_metric({"kind": "list", "name": str(name), "values": values})

    def log_row(self, name: str, description: Optional[str] = None, **kwargs: Any) -> None:
        """Logs a row, each keyword a column; called again with the same name it makes a table."""
        if not kwargs:
            raise UserErrorException('row "{}" has no columns: give each as a keyword'.format(name))
        values = [_runtime.wire_value(_values.plain(name, value)) for value in kwargs.values()]
        self._service.tell_metric({"kind": "row", "name": str(name), "columns": [str(column) for column in kwargs], "values": values})

    def log_table(self, name: str, value: Dict[str, Any], description: str = "") -> None:
        """Logs a dict column -> list of equal lengths; a dict of scalars is one row."""
        columns, rows = _values.table_rows(name, value)
        self._service.tell_metric({"kind": "table", "name": str(name), "columns": columns, "rows": [_runtime.wire_values(row) for row in rows]})

    def get_metrics(self, name: Optional[str] = None, recursive: bool = False, run_type: Optional[str] = None, populate: bool = False) -> Dict[str, Any]:
        """What was logged, by name: one number as itself, several as a list, rows and tables as a dict column -> list (spec 3.3).

        :param name: only this one; an unknown name gives an empty dict.
        :param recursive: also those of the children, each under its id.
        """
        with translated(not_found=RunNotFoundException):
            series = self._service.read("metrics", name=name, max_points=_ALL_POINTS)["metrics"]
        metrics = _values.shape_metrics(series)
        if recursive:
            for child in self.get_children(recursive=True):
                metrics[child.id] = child.get_metrics(name)
        return metrics

    def flush(self, timeout_seconds: int = 300) -> None:
        """Waits until what was logged is safe with the server."""
        with translated():
            self._service.flush(float(timeout_seconds))

    # -- tags and properties ---------------------------------------------------------------------------------------

    def tag(self, key: str, value: Optional[Any] = None) -> None:
        """Sets a tag; without a value it is just there."""
        self.set_tags({key: value})

    def set_tags(self, tags: Dict[str, Any]) -> None:
        """Sets these tags and leaves the others alone; values become strings, None stays None."""
        with translated(not_found=RunNotFoundException):
            self._service.tag({str(key): None if value is None else str(value) for key, value in tags.items()})

    def remove_tags(self, tags: Any) -> Dict[str, Optional[str]]:
        """Removes a key or a list of keys; returns the tags that are left."""
        with translated(not_found=RunNotFoundException):
            self._service.untag([str(key) for key in ([tags] if isinstance(tags, str) else tags)])
        return self.get_tags()

    def get_tags(self) -> Dict[str, Optional[str]]:
        """Tags now."""
        return dict(self._refresh()["tags"])

    @property
    def tags(self) -> Dict[str, Optional[str]]:
        """Tags now."""
        return self.get_tags()

    def add_properties(self, properties: Dict[str, Any]) -> None:
        """Adds properties; they are written once.

        :raises UserErrorException: one of them is there with another value; nothing is changed then.
        """
        with translated(not_found=RunNotFoundException):
            self._service.add_properties({str(key): str(value) for key, value in properties.items()})

    def get_properties(self) -> Dict[str, str]:
        """Properties now: those that were added, git's, and the service's own."""
        return _details.properties(self._refresh())

    @property
    def properties(self) -> Dict[str, str]:
        """Properties now."""
        return self.get_properties()

    # -- files -----------------------------------------------------------------------------------------------------

    def _files(self) -> List[Dict[str, Any]]:
        with translated(not_found=RunNotFoundException):
            return self._service.read("files")["files"]

    def _content(self, name: str) -> bytes:
        target = io.BytesIO()
        with translated(not_found=RunNotFoundException):
            self._client.download(self._run_id, name, target)
        return target.getvalue()

    def get_file_names(self) -> List[str]:
        """Names of all files, logs included, ``/`` separated."""
        return [each["path"] for each in self._files()]

    def upload_file(self, name: str, path_or_stream: Any, datastore_name: Optional[str] = None) -> None:
        """Stores a file of this machine, or what a stream holds, as `name`; it is safe when the call returns.

        :raises UserErrorException: the name is taken by other content, or there is no such file.
        """
        with as_path(path_or_stream) as path, translated(not_found=RunNotFoundException):
            self._service.upload(name, path)

    def upload_files(self, names: List[str], paths: List[str], return_artifacts: bool = False, timeout_seconds: Optional[int] = None,
                     datastore_name: Optional[str] = None) -> None:
        """Stores several files; both lists have the same length."""
        names, paths = list(names), list(paths)
        if len(names) != len(paths):
            raise UserErrorException("there are {} names and {} paths; they must be as many".format(len(names), len(paths)))
        for name, path in zip(names, paths):
            self.upload_file(name, path)

    def upload_folder(self, name: str, path: str, datastore_name: Optional[str] = None) -> None:
        """Stores all files below `path` under the prefix `name`."""
        if not os.path.isdir(path):
            raise UserErrorException("the folder {} does not exist".format(path))
        for folder, folders, files in os.walk(path):
            folders.sort()
            for each in sorted(files):
                full = os.path.join(folder, each)
                self.upload_file("/".join([name.strip("/")] + os.path.relpath(full, path).split(os.sep)), full)

    def download_file(self, name: str, output_file_path: Optional[str] = None, _validate_checksum: bool = False) -> None:
        """Writes a file of the run to this machine.

        :param output_file_path: a file, or a folder that exists; default is the base name in the current folder.
        :raises UserErrorException: the run has no such file.
        """
        target = output_file_path or os.path.basename(name)
        if os.path.isdir(target) or target.endswith(os.sep):
            target = os.path.join(target, os.path.basename(name))
        os.makedirs(os.path.dirname(os.path.abspath(target)), exist_ok=True)
        part = "{}.{}.part".format(target, os.getpid())
        try:
            with open(part, "wb") as file, translated():
                self._client.download(self._run_id, name, file)
            os.replace(part, target)
        finally:
            if os.path.exists(part):
                os.unlink(part)

    def download_files(self, prefix: Optional[str] = None, output_directory: Optional[str] = None, output_paths: Optional[List[str]] = None,
                       batch_size: int = 100, append_prefix: bool = True, timeout_seconds: Optional[int] = None) -> None:
        """Writes the files whose name begins with `prefix` (a file or a folder; all without it) below `output_directory`.

        :param output_paths: where each goes instead, in the order of `get_file_names()`.
        :param append_prefix: False leaves `prefix` out of the paths.
        """
        folder = (prefix or "").rstrip("/")
        names = [name for name in self.get_file_names() if not prefix or name == folder or name.startswith(folder + "/") or name.startswith(prefix)]
        if output_paths is not None and len(output_paths) != len(names):
            raise UserErrorException("there are {} output paths for {} files".format(len(output_paths), len(names)))
        for number, name in enumerate(names):
            relative = name if append_prefix or not prefix or not name.startswith(folder + "/") else name[len(folder) + 1:]
            target = output_paths[number] if output_paths is not None else os.path.join(output_directory or os.curdir, *_inside(relative))
            self.download_file(name, target)

    def get_all_logs(self, destination: Optional[str] = None) -> List[str]:
        """Downloads all log files below `destination` (default: a folder named after the run); returns their paths."""
        folder = destination or self._run_id
        paths = []
        for file in self._files():
            if _details.is_log(file):
                paths.append(os.path.join(folder, *_inside(file["path"])))
                self.download_file(file["path"], paths[-1])
        return paths

    # -- its end ---------------------------------------------------------------------------------------------------

    def wait_for_completion(self, show_output: bool = False, wait_post_processing: bool = False, raise_on_error: bool = True) -> Dict[str, Any]:
        """Waits for the end, which includes the collection of outputs; returns `get_details()`.

        :param show_output: print the run's output as it comes.
        :raises ActivityFailedException: the run failed, and `raise_on_error`.
        :raises ExperimentExecutionException: Ctrl-C; the run goes on, and the text says how to come back.
        """
        return _streaming.wait(self, show_output, raise_on_error)

    def cancel(self) -> bool:
        """Asks for the run's end; True when that was accepted, False when it is over already."""
        try:
            with translated(not_found=RunNotFoundException):
                self._service.cancel()
        except RunNotFoundException:
            raise
        except AzureMLException as error:
            if getattr(error.inner_exception, "code", "") in ("state.wrong", "conflict"):
                return False
            raise
        return True

    def start(self) -> None:
        """A submitted run starts by itself."""

    def complete(self, _set_status: bool = True) -> None:
        """Waits for what was logged. The run ends when its program does; its exit code decides."""
        self.flush()
        if _set_status:
            with translated():
                self._service.settle("completed", "")

    def fail(self, error_details: Any = None, error_code: Optional[str] = None, _set_status: bool = True) -> None:
        """Marks the run as failed, with a text or an exception; it sticks when the program ends.

        :param error_code: put before the text.
        """
        text = "" if error_details is None else str(error_details)
        self.flush()
        if _set_status:
            with translated():
                self._service.settle("failed", ": ".join(part for part in (error_code, text) if part))

    def __repr__(self) -> str:
        return "Run(Experiment: {},\nId: {},\nType: {},\nStatus: {})".format(self._experiment.name, self._run_id, self.type, self.get_status())

    def _repr_html_(self) -> str:
        values = [self._experiment.name, self._run_id, self.type, self.get_status()]
        cells = "".join("<td>{}</td>".format(html.escape(value)) for value in values)
        return ('<table style="width:100%"><tr><th>Experiment</th><th>Id</th><th>Type</th><th>Status</th><th>Details Page</th></tr>'
                '<tr>{}<td><a href="{}" target="_blank" rel="noopener">Link</a></td></tr></table>').format(cells, html.escape(self.get_portal_url()))


class _SubmittedRun(Run):
    """The run that this process belongs to."""

    @classmethod
    def _from_environment(cls) -> "_SubmittedRun":
        from azureml.core.experiment import Experiment
        variables = os.environ
        workspace = Workspace(variables.get("AZUREML_ARM_SUBSCRIPTION", "stoker"), variables.get("AZUREML_ARM_RESOURCEGROUP", "stoker"),
                              variables.get("AZUREML_ARM_WORKSPACE_NAME", "default"), _disable_service_check=True)
        experiment = Experiment(workspace, variables.get("AZUREML_ARM_PROJECT_NAME", "default"), _skip_name_validation=True, _create_in_cloud=False)
        return cls(experiment, variables["AZUREML_RUN_ID"])

    def __enter__(self) -> "_SubmittedRun":
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], value: Any, trace: Any) -> None:
        """The program's end is the run's end."""


_context = None  # type: Optional[_SubmittedRun]


def _from_record(workspace: Workspace, record: Dict[str, Any], experiment: "Optional[Experiment]" = None) -> Run:
    from azureml.core.experiment import Experiment
    from azureml.core.script_run import ScriptRun
    known = experiment or Experiment(workspace, record["experiment"], _skip_name_validation=True, _create_in_cloud=False)
    return ScriptRun(known, record["id"], _run_dto=record)


def pages(read: Callable[[Optional[str]], Dict[str, Any]]) -> Iterator[Dict[str, Any]]:
    """Records of all pages of a list of runs; `read` gives the page that begins at a cursor."""
    cursor = None
    while True:
        with translated(not_found=RunNotFoundException):
            page = read(cursor)
        for record in page["runs"]:
            yield record
        cursor = page.get("next_cursor")
        if not cursor:
            return


def _is_wanted(record: Dict[str, Any], type: Optional[str], tags: Any, properties: Any) -> bool:
    from azureml.core.experiment import _matches
    return type in (None, "azureml.scriptrun") and _matches(record.get("tags"), tags) and _matches(_details.properties(record), properties)


def _inside(name: str) -> List[str]:
    """The parts of a file's name, which must stay below the folder that it is written to."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts or not parts:
        raise UserErrorException("the file name {!r} leaves its folder".format(name))
    return parts
