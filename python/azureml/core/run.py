"""Runs (spec 3): logging from inside and outside, looking, waiting, ending. The methods are in parts: `_run_metrics`, `_run_files`, `_run_notes`, `_run_family`."""
import os
import warnings
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator, Optional, Type, Union

from azureml.core import _details, _records, _run_notes, _streaming
from azureml.core._deprecated import deprecated
from azureml.core._errors import translated
from azureml.core._naming import a_kind
from azureml.core._not_yet import not_yet
from azureml.core._offline_run import _OfflineRun
from azureml.core._run_family import FamilyPart
from azureml.core._run_files import FilesPart, files_below
from azureml.core._run_metrics import MetricsPart
from azureml.core._run_notes import NotesPart
from azureml.core._service import service_for
from azureml.core.workspace import Workspace
from azureml.exceptions import AzureMLException, RunEnvironmentException, RunNotFoundException, UserErrorException
from stoker._client import path_of
from stoker._states import TERMINAL_STATES

if TYPE_CHECKING:
    from azureml.core.environment import Environment
    from azureml.core.experiment import Experiment

RUNNING_STATES = ["NotStarted", "Queued", "Starting", "Preparing", "Provisioning", "Running", "CancelRequested"]

_FIRST_PAGE = 20  # runs; the first of many thousands comes soon
_PAGE = 500

__all__ = ["RUNNING_STATES", "Run", "_OfflineRun", "_SubmittedRun"]


class Run(MetricsPart, FilesPart, NotesPart, FamilyPart):
    """A run that exists.

    >>> run = Run.get_context()                     # doctest: +SKIP
    >>> run.log("loss", 0.25, step=3)               # doctest: +SKIP

    As a context manager an interactive run is completed at the end of the block, and failed by an exception.

    :param experiment: the experiment that it belongs to.
    :param run_id: its id.
    :param outputs: a folder whose files are stored when the run is completed (interactive runs).
    """

    def __init__(self, experiment: "Experiment", run_id: str, outputs: Optional[str] = None, _run_dto: Optional[Dict[str, Any]] = None, **kwargs: Any):
        if not isinstance(run_id, str):
            raise UserErrorException("run_id is {}; a run's id is expected".format(a_kind(run_id)))
        self._experiment = experiment
        self._run_id = run_id
        self._client = experiment.workspace._client
        self._service = service_for(self._client, run_id)
        self._record_cache = None  # type: Optional[Dict[str, Any]]
        self._outputs = outputs
        if _run_dto is not None:
            self._take(_run_dto)

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
        deprecated("Run.get_submitted_run", "Run.get_context")
        return cls.get_context(**kwargs)

    @staticmethod
    def get(workspace: Workspace, run_id: str) -> "Run":
        """A run by its id, as the class that its type has.

        :raises RunNotFoundException: there is none.
        """
        with translated(not_found=RunNotFoundException):
            return _records.run_of(workspace, workspace._client.get(path_of("runs", run_id)))

    @staticmethod
    def list(experiment: "Experiment", type: Optional[str] = None, tags: Any = None, properties: Any = None, status: Optional[str] = None,
             include_children: bool = False) -> "Iterator[Run]":
        """Runs of an experiment, newest first; without children unless they are asked for.

        :param tags: a key that must be there, or a dict of keys and values that must match; `properties` likewise.
        :param status: only in this state.
        """
        return _list(experiment.workspace, experiment, type, tags, properties, status, include_children)

    @staticmethod
    def list_by_compute(compute: Any, type: Optional[str] = None, tags: Any = None, properties: Any = None, status: Optional[str] = None) -> "Iterator[Run]":
        """Runs on a compute target, newest first; the target has a `name` and a `workspace`."""
        for run in _list(compute.workspace, None, type, tags, properties, status, True):
            if run._record["target"] == compute.name:
                yield run

    @staticmethod
    def add_type_provider(runtype: str, run_factory: "Callable[[Experiment, Dict[str, Any]], Run]") -> None:
        """Runs of this type are made by a function of experiment and record from now on."""
        _records.factories[runtype] = run_factory

    # -- what it is ------------------------------------------------------------------------------------------------

    def _take(self, record: Dict[str, Any]) -> Dict[str, Any]:
        self._record_cache = record
        if record["state"] in TERMINAL_STATES:
            self._service.over = record["state"]
        return record

    def _refresh(self) -> Dict[str, Any]:
        with translated(not_found=RunNotFoundException):
            return self._take(self._service.read())

    @property
    def _record(self) -> Dict[str, Any]:
        return self._record_cache if self._record_cache is not None else self._refresh()

    @property
    def _is_interactive(self) -> bool:
        return self._record.get("kind") == "interactive"

    @property
    def id(self) -> str:
        """Id of the run: ``<experiment>_<seconds since 1970>_<8 hex>``, a GUID, or ``<parent>_<n>``."""
        return self._run_id

    @property
    def number(self) -> int:
        """Number within the experiment, from 1."""
        return self._record["number"]

    @property
    def type(self) -> Optional[str]:
        """``azureml.scriptrun``; None for an interactive run."""
        return _records.type_of(self._record)

    @property
    def experiment(self) -> "Experiment":
        """The experiment that it belongs to."""
        return self._experiment

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

    def get_portal_url(self) -> str:
        """Address of the run."""
        return "{}/runs/{}?wsid={}".format(self._client.endpoint.url, self._run_id, self._experiment.workspace._scope)

    def get_workspace_url(self) -> str:
        """Another spelling of `get_portal_url`."""
        return self.get_portal_url()

    def get_details(self) -> Dict[str, Any]:
        """runId, target, status, startTimeUtc, endTimeUtc, properties, runDefinition (submitted runs), logFiles, and error when there is one (spec 3.8).

        Addresses in logFiles open without a token, for an hour. The error's text is at ``details["error"]["error"]["message"]``; arguments in the run definition are strings.
        """
        return _details.details(self._refresh(), self._files(links=True))

    def get_details_with_logs(self) -> Dict[str, Any]:
        """`get_details` with the contents of the log files in place of their addresses."""
        found = self.get_details()
        for name in found["logFiles"]:
            found["logFiles"][name] = self._content(name).decode("utf-8", "replace")
        return found

    def get_environment(self) -> "Environment":
        """The environment that it ran in; of an interactive run that of its process. Versions of packages: ``stoker.Record(run).environment()``.

        :raises UserErrorException: of an interactive run it is not known.
        """
        if not self._is_interactive:
            return _details.environment(self._record["spec"].get("environment") or {})
        with translated():
            self._service.flush(60.0)
            told = self._service.read("environment")
        return _details.environment({"settings": {"interpreter": told["interpreter"]}})

    @property
    def input_datasets(self) -> Any:
        """Datasets that it reads; may be assigned. None in this version."""
        return self.__dict__.get("_input_datasets", {})

    @input_datasets.setter
    def input_datasets(self, datasets: Any) -> None:
        self._input_datasets = datasets

    @property
    def output_datasets(self) -> Any:
        """Datasets that it writes. None in this version."""
        return {}

    def register_model(self, model_name: str, model_path: Optional[str] = None, tags: Any = None, properties: Any = None, model_framework: Optional[str] = None,
                       model_framework_version: Optional[str] = None, description: Optional[str] = None, datasets: Any = None, sample_input_dataset: Any = None,
                       sample_output_dataset: Any = None, resource_configuration: Any = None, **kwargs: Any) -> Any:
        """Registers files of the run as a model; not offered by this version.

        :raises UserErrorException: always.
        """
        raise not_yet("registering the model {!r}".format(model_name), "the run's files stay: run.download_file")

    # -- its end ---------------------------------------------------------------------------------------------------

    def wait_for_completion(self, show_output: bool = False, wait_post_processing: bool = False, raise_on_error: bool = True) -> Dict[str, Any]:
        """Waits for the end, which includes the collection of outputs; returns `get_details()`.

        :param show_output: print the run's output as it comes.
        :raises ActivityFailedException: the run failed, and `raise_on_error`.
        :raises ExperimentExecutionException: Ctrl-C; the run goes on, and the text says how to come back.
        """
        return _streaming.wait(self, show_output, raise_on_error)

    def cancel(self) -> bool:
        """Asks for the run's end; True when that was accepted, False when it is over already. An interactive run is canceled at once."""
        try:
            with translated(not_found=RunNotFoundException):
                return self._service.cancel()
        except RunNotFoundException:
            raise
        except AzureMLException as error:
            if getattr(error.inner_exception, "code", "") in ("state.wrong", "conflict"):
                return False
            raise

    def start(self) -> None:
        """Begins a run that `create_children` made; a submitted run starts by itself."""
        if self._is_interactive:
            with translated(not_found=RunNotFoundException):
                self._service.start()
            self._service.live()
            self._record_cache = None

    def complete(self, _set_status: bool = True) -> None:
        """Waits for what was logged. An interactive run stores its outputs folder and is completed; one with a program ends when that does, and its exit code decides.

        :raises UserErrorException: the run has ended otherwise.
        """
        with translated():
            self._service.flush(300.0)
        if self._is_interactive:
            self._store_outputs()
        if _set_status:
            self._end("completed", None)

    def fail(self, error_details: Any = None, error_code: Optional[str] = None, _set_status: bool = True) -> None:
        """Marks the run as failed, with a text or an exception; it sticks when the program ends. Deprecated: a tag tells more, `cancel` ends.

        :param error_code: default ``UserError``.
        """
        deprecated("Run.fail", "a tag, or Run.cancel")
        self._fail(error_details, error_code, _set_status)

    def _fail(self, error_details: Any, error_code: Optional[str] = None, _set_status: bool = True) -> None:
        with translated():
            self._service.flush(300.0)
        if _set_status:
            self._end("failed", _error_body(error_details, error_code))

    def _end(self, outcome: str, error: Optional[Dict[str, str]]) -> None:
        with translated(not_found=RunNotFoundException):
            if self._is_interactive:
                self._service.end(outcome, error)
                self._record_cache = None
            else:
                self._service.settle(outcome, "" if error is None else ": ".join(part for part in (error["code"], error["message"]) if part))

    def _store_outputs(self) -> None:
        """What is in the outputs folder belongs to the run; what was stored by hand under such a name stays as it is."""
        if not self._outputs or not os.path.isdir(self._outputs):
            return
        prefix = os.path.basename(os.path.normpath(self._outputs))
        for name, path in files_below(self._outputs):
            try:
                self.upload_file("{}/{}".format(prefix, name), path)
            except UserErrorException as error:
                if getattr(error.inner_exception, "code", "") != "conflict":
                    raise
                warnings.warn("{}/{} was stored by hand with other content and is left so".format(prefix, name), stacklevel=3)

    def __enter__(self) -> "Run":
        if self._is_interactive and self._record["state"] == "NotStarted":
            self.start()
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], value: Any, trace: Any) -> None:
        if not self._is_interactive or self.get_status() in TERMINAL_STATES:
            return  # it stays as it was ended inside the block
        if kind is None or (kind is SystemExit and value.code in (None, 0)):
            self.complete()
        else:
            self._fail(value)

    def __repr__(self) -> str:
        return "Run(Experiment: {},\nId: {},\nType: {},\nStatus: {})".format(self._experiment.name, self._run_id, self.type, self.get_status())

    def _repr_html_(self) -> str:
        import html
        status = self.get_status()
        cells = "".join("<td>{}</td>".format(html.escape(str(value))) for value in (self._experiment.name, self._run_id, self.type, status))
        link = '<td><a href="{}" target="_blank" rel="noopener">{}</a></td>'
        heads = "".join("<th>{}</th>".format(head) for head in ("Experiment", "Id", "Type", "Status", "Details Page", "Docs Page"))
        return '<table style="width:100%"><tr>{}</tr><tr>{}{}{}</tr></table>'.format(
            heads, cells, link.format(html.escape(self.get_portal_url()), "Link to the run"), link.format(html.escape(self.get_docs_url()), "Link to Documentation"))

    @classmethod
    def get_docs_url(cls) -> str:
        """Address of the documentation of this class."""
        return "https://docs.microsoft.com/en-us/python/api/azureml-core/azureml.core.run.Run?view=azure-ml-py"


def _error_body(details: Any, code: Optional[str]) -> Dict[str, str]:
    """The error of POST /runs/{run}/end, from a text or an exception."""
    if isinstance(details, BaseException):
        import traceback
        kind = type(details).__name__
        trace = "".join(traceback.format_exception(type(details), details, details.__traceback__))
        return {"code": code or "UserError", "message": "User program failed with {}: {}".format(kind, details), "type": kind, "trace": trace}
    return {"code": code or "UserError", "message": "" if details is None else str(details), "type": "", "trace": ""}


def _list(workspace: Workspace, experiment: "Optional[Experiment]", type: Optional[str], tags: Any, properties: Any, status: Optional[str],
          include_children: bool) -> Iterator[Run]:
    query = {"workspace_id": workspace._workspace_id, "experiment": experiment.name if experiment is not None else None, "state": status,
             "include_children": "true" if include_children else "false", "tag": _run_notes.query(tags), "property": _run_notes.query(properties)}
    read = lambda cursor: workspace._client.get("/runs", cursor=cursor, limit=_PAGE if cursor else _FIRST_PAGE, **query)  # noqa: E731
    for record in _records.pages(read):
        if (include_children or not record.get("parent")) and _records.is_wanted(record, type, tags, properties):
            yield _records.run_of(workspace, record, experiment)


class _SubmittedRun(Run):
    """The run that this process belongs to."""

    @classmethod
    def _from_environment(cls) -> "_SubmittedRun":
        from azureml.core.experiment import Experiment
        variables = os.environ
        workspace = Workspace(variables.get("AZUREML_ARM_SUBSCRIPTION", "stoker"), variables.get("AZUREML_ARM_RESOURCEGROUP", "stoker"),
                              variables.get("AZUREML_ARM_WORKSPACE_NAME", "default"), _disable_service_check=True,
                              _workspace_id=variables.get("AZUREML_WORKSPACE_ID"))
        experiment = Experiment(workspace, variables.get("AZUREML_ARM_PROJECT_NAME", "default"), _skip_name_validation=True, _create_in_cloud=False)
        return cls(experiment, variables["AZUREML_RUN_ID"])

    @property
    def _is_interactive(self) -> bool:
        return False  # known without asking


_context = None  # type: Optional[_SubmittedRun]
