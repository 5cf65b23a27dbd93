"""Experiments (spec 2): runs under one name."""
import copy
import os
import re
import warnings
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Optional

from azureml.core import _interactive, _snapshots
from azureml.core._deprecated import deprecated
from azureml.core._errors import translated
from azureml.core._naming import a_kind, did_you_mean
from azureml.core._not_yet import not_yet
from azureml.core._run_notes import matches, texts
from azureml.core.script_run_config import ScriptRunConfig
from azureml.core.workspace import Workspace
from azureml.exceptions import ExperimentExecutionException, ExperimentNotFoundException, UserErrorException

if TYPE_CHECKING:
    from azureml.core.run import Run

_VIEWS = {"activeonly": (True, False), "archivedonly": (False, True), "all": (True, True)}  # active ones, archived ones
_LATER = ("HyperDriveConfig", "Pipeline", "PublishedPipeline", "PipelineEndpoint", "Estimator", "PyTorch", "TensorFlow", "Chainer", "SKLearn", "AutoMLConfig")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,254}\Z")


class Experiment:
    """The experiment of that name; made when there is none.

    >>> run = Experiment(ws, "diabetes").submit(ScriptRunConfig("train", "train.py"))   # doctest: +SKIP

    :param name: begins with a letter or digit; letters, digits, ``_`` and ``-``; at most 255 characters.
    :raises UserErrorException: the name breaks the rule.
    """

    def __init__(self, workspace: Workspace, name: str, _skip_name_validation: bool = False, _id: Optional[str] = None, _archived_time: Any = None,
                 _create_in_cloud: bool = True, _experiment_dto: Optional[Dict[str, Any]] = None, **kwargs: Any):
        if not isinstance(workspace, Workspace):
            raise UserErrorException("workspace is {}; a Workspace is expected: Experiment(workspace, name)".format(a_kind(workspace)))
        if not _skip_name_validation and not (isinstance(name, str) and _NAME.match(name)):
            raise UserErrorException("Invalid experiment name {}: it must be a text that begins with a letter or a digit and holds only letters, digits, underscores and "
                                     "dashes, at most 255 of them{}".format(_shortened(name), _allowed_name(name)))
        self._workspace = workspace
        self._name = name
        self._record_cache = _experiment_dto
        if _create_in_cloud and _experiment_dto is None:
            self.refresh()

    def refresh(self) -> "Experiment":
        """Asks the server again, making the experiment where it is missing; returns itself."""
        with translated():
            self._record_cache = self._workspace._client.post(self._workspace._path("experiments"), {"name": self._name})
        return self

    @property
    def _record(self) -> Dict[str, Any]:
        if self._record_cache is None:
            with translated(not_found=ExperimentNotFoundException):
                self._record_cache = self._workspace._client.get(self._path())
        return self._record_cache

    @staticmethod
    def list(workspace: Workspace, experiment_name: Optional[str] = None, view_type: str = "ActiveOnly", tags: Any = None) -> "List[Experiment]":
        """Experiments of a workspace.

        :param view_type: ``ActiveOnly``, ``ArchivedOnly`` or ``All``, in any spelling.
        :param tags: a key that must be there, or a dict of keys and values that must match.
        :raises UserErrorException: another `view_type`.
        """
        view = _VIEWS.get(str(view_type).replace("_", "").lower())
        if view is None:
            raise UserErrorException("view_type is {!r}; ActiveOnly, ArchivedOnly or All is expected{}".format(
                view_type, did_you_mean(view_type, ("ActiveOnly", "ArchivedOnly", "All"))))
        with translated():
            records = workspace._client.get(workspace._path("experiments"))["experiments"]
        return [Experiment(workspace, record["name"], _create_in_cloud=False, _experiment_dto=record) for record in records
                if (experiment_name is None or record["name"] == experiment_name) and matches(record.get("tags"), tags)
                and view[record.get("archived_at") is not None]]

    @staticmethod
    def delete(workspace: Workspace, experiment_id: str) -> None:
        """Removes an experiment that has no runs.

        :raises ExperimentNotFoundException: no experiment has that id.
        :raises UserErrorException: it has runs.
        """
        known = Experiment.list(workspace, view_type="All")
        found = [each for each in known if each.id == experiment_id]
        if not found:
            by_name = [each.name for each in known if each.name == experiment_id]
            raise ExperimentNotFoundException("there is no experiment with the id {!r}{}".format(
                experiment_id, "; that is a name, its id is Experiment(workspace, name).id" if by_name else ""))
        with translated(not_found=ExperimentNotFoundException):
            workspace._client.call("DELETE", found[0]._path())

    @staticmethod
    def from_directory(path: str, auth: Any = None) -> "Experiment":
        """Deprecated: the experiment named like a folder, in the workspace that its configuration file names."""
        deprecated("Experiment.from_directory", "Experiment(Workspace.from_config(path), name)")
        name = re.sub(r"[^A-Za-z0-9_-]", "_", os.path.basename(os.path.abspath(path))) or "experiment"
        return Experiment(Workspace.from_config(path, auth=auth), name)

    @property
    def name(self) -> str:
        """Name of the experiment."""
        return self._name

    @property
    def id(self) -> str:
        """GUID of the experiment."""
        return self._record["id"]

    @property
    def workspace(self) -> Workspace:
        """The workspace that it belongs to."""
        return self._workspace

    @property
    def workspace_object(self) -> Workspace:
        """Deprecated spelling of `workspace`."""
        deprecated("Experiment.workspace_object", "Experiment.workspace")
        return self._workspace

    @property
    def archived_time(self) -> Optional[str]:
        """When it was archived, None while it is active."""
        return self._record.get("archived_at")

    @property
    def tags(self) -> Dict[str, str]:
        """Tags of the experiment."""
        return dict(self._record.get("tags") or {})

    def submit(self, config: Any, tags: Optional[Dict[str, str]] = None, **kwargs: Any) -> "Run":
        """Submits a run and returns at once.

        The source folder is snapshotted and the state of git kept; the run inherits what this process' shell would give.

        :param config: a ScriptRunConfig.
        :param tags: of the run; a value may be None.
        :param kwargs: `display_name`; or a field of the configuration, for this submission alone: `script`, `arguments`, `command`, `source_directory`,
            `compute_target`, `environment`, `max_run_duration_seconds`. `show_output` is accepted; others warn.
        :raises UserErrorException: something is missing or not offered; every mistake is in the text. No run exists then.
        :raises SnapshotException: the source folder cannot be snapshotted.
        """
        return submit(self, config, tags, None, **kwargs)

    def start_logging(self, *args: Any, outputs: Optional[str] = None, snapshot_directory: Optional[str] = ".", display_name: Optional[str] = None,
                      **kwargs: Any) -> "Run":
        """Begins an interactive run: the program is this one. It is running when this returns.

        The folder ``outputs`` is made here. A notebook's own file is kept too.

        :param outputs: the folder whose files are stored when the run is completed; default ``outputs``.
        :param snapshot_directory: the folder that is kept as the run's source; None keeps nothing.
        :raises SnapshotException: the folder cannot be read, or is too large; no run exists then.
        """
        unknown = [each for each in kwargs if each != "run_id"]
        if unknown:
            warnings.warn("start_logging() does not know {} and leaves it out{}".format(
                ", ".join(unknown), did_you_mean(unknown[0], ("outputs", "snapshot_directory", "display_name"))), stacklevel=2)
        properties, snapshot, source, diff = {}, None, "", None  # type: Dict[str, str], Optional[str], str, Optional[str]
        if snapshot_directory is not None:
            source = os.path.abspath(os.path.expanduser(os.fspath(snapshot_directory)))
            with _snapshots.told(source):
                taken = self._workspace._client.snapshot(source, _snapshots.max_bytes())
            properties, snapshot, diff = taken.get("properties") or {}, taken["snapshot"], taken.get("diff")
        folder = os.path.abspath(outputs or "outputs")
        os.makedirs(folder, exist_ok=True)
        body = _interactive.body(self, display_name=display_name, properties=properties, snapshot=snapshot, source=source, diff=diff,
                                 run_id=kwargs.get("run_id"))
        run = _interactive.begin(self, [body], folder)[0]
        notebook = _interactive.notebook_file()
        if notebook is not None and not (source and notebook.startswith(source + os.sep)):
            run.upload_file(os.path.basename(notebook), notebook)
        return run

    def get_runs(self, type: Optional[str] = None, tags: Any = None, properties: Any = None, include_children: bool = False) -> "Iterator[Run]":
        """Runs, newest first; without children unless they are asked for.

        :param tags: a key that must be there, or a dict of keys and values that must match; `properties` likewise.
        """
        from azureml.core.run import Run
        return Run.list(self, type=type, tags=tags, properties=properties, include_children=include_children)

    # -- what is written on it -------------------------------------------------------------------------------------

    def tag(self, key: str, value: Optional[Any] = None) -> None:
        """Sets a tag; without a value it is just there."""
        self.set_tags({key: value})

    def set_tags(self, tags: Dict[str, Any]) -> None:
        """Sets these tags and leaves the others alone; values become strings."""
        self._change({"tags": texts("tags", tags)})

    def remove_tags(self, tags: Any) -> None:
        """Removes a key or a list of keys."""
        self._change({"remove_tags": [str(key) for key in ([tags] if isinstance(tags, str) else tags)]})

    def archive(self) -> None:
        """Leaves it out of lists; its runs stay. A new run brings it back."""
        self._change({"archived": True})

    def reactivate(self, new_name: Optional[str] = None) -> None:
        """Takes it back into lists.

        :param new_name: renaming ended with 1.18 of the SDK.
        :raises UserErrorException: a new name is given, or another active experiment has the name.
        """
        if new_name is not None and new_name != self._name:
            raise UserErrorException("an experiment keeps its name when it is reactivated; reactivate() without {!r}".format(new_name))
        self._change({"archived": False})

    def _change(self, body: Dict[str, Any]) -> None:
        with translated(not_found=ExperimentNotFoundException):
            self._record_cache = self._workspace._client.patch(self._path(), body)

    def _path(self) -> str:
        return self._workspace._path("experiments", self._name)

    def get_portal_url(self) -> str:
        """Address of the experiment."""
        return "{}/experiments/{}?wsid={}".format(self._workspace._client.endpoint.url, self._name, self._workspace._scope)

    @classmethod
    def get_docs_url(cls) -> str:
        """Address of the documentation of this class."""
        return "https://docs.microsoft.com/en-us/python/api/azureml-core/azureml.core.experiment.Experiment?view=azure-ml-py"

    def __repr__(self) -> str:
        return "Experiment(Name: {},\nWorkspace: {})".format(self._name, self._workspace.name)

    def _repr_html_(self) -> str:
        import html
        heads = "".join("<th>{}</th>".format(head) for head in ("Name", "Workspace", "Report Page", "Docs Page"))
        cells = "<td>{}</td><td>{}</td>".format(html.escape(self._name), html.escape(self._workspace.name))
        links = "".join('<td><a href="{}" target="_blank" rel="noopener">{}</a></td>'.format(html.escape(url), text) for url, text in (
            (self.get_portal_url(), "Link to the experiment"), (self.get_docs_url(), "Link to Documentation")))
        return '<table style="width:100%"><tr>{}</tr><tr>{}{}</tr></table>'.format(heads, cells, links)


def submit(experiment: Experiment, config: Any, tags: Optional[Dict[str, str]], parent: Optional[str], **kwargs: Any) -> "Run":
    """The submission behind `Experiment.submit`, with a parent for child runs."""
    from azureml.core.script_run import ScriptRun
    if not isinstance(config, ScriptRunConfig):
        if any(each.__name__ in _LATER for each in type(config).__mro__):
            raise not_yet("submitting {}".format(a_kind(config)), "a ScriptRunConfig can be submitted")
        raise UserErrorException('submission is not supported for {}; what to run is told by a ScriptRunConfig, for example '
                                 'ScriptRunConfig(source_directory=".", script="train.py")'.format(a_kind(config)))
    body = _overridden(config, kwargs)._specification()
    body.update(workspace=experiment.workspace._specification(), experiment=experiment.name, tags=texts("tags", tags or {}))
    if kwargs.get("display_name"):
        body["display_name"] = str(kwargs["display_name"])
    if parent:
        body["parent"] = parent
    with _snapshots.told(body["source_directory"], ExperimentExecutionException, not_found=ExperimentNotFoundException):
        record = experiment.workspace._client.submit(body, _snapshots.max_bytes())
    return ScriptRun(experiment, record["id"], directory=body["source_directory"], _run_config=config.run_config, _run_dto=record)


def _shortened(name: Any) -> str:
    text = repr(name)
    return text if len(text) <= 80 else "{}... ({} characters)".format(text[:60], len(name))


def _allowed_name(name: Any) -> str:
    """``; "a-b" would do``: the name with what is not allowed left out or replaced, where something remains."""
    allowed = re.sub(r"[^A-Za-z0-9_-]+", "-", name).lstrip("-_").rstrip("-")[:255] if isinstance(name, str) else ""
    return '; "{}" would do'.format(allowed) if allowed and len(allowed) <= 80 else "."


_OVERRIDES = ("script", "arguments", "command", "source_directory", "compute_target", "environment", "max_run_duration_seconds")
_WITHOUT_EFFECT = ("display_name", "show_output", "continue_on_step_failure", "regenerate_outputs")


def _overridden(config: ScriptRunConfig, given: Dict[str, Any]) -> ScriptRunConfig:
    """The configuration with these fields changed; the caller's stays as it is."""
    unknown = sorted(set(given) - set(_OVERRIDES) - set(_WITHOUT_EFFECT))
    if unknown:
        near = did_you_mean(unknown[0], _OVERRIDES + ("display_name", "tags"))
        warnings.warn("submit() does not know {} and leaves it out{}".format(", ".join(unknown), near), stacklevel=4)
    if not any(name in given for name in _OVERRIDES):
        return config
    changed = copy.copy(config)
    changed.run_config = copy.deepcopy(config.run_config)
    if "command" in given and "script" not in given:
        changed.script = None
    if "script" in given and "command" not in given:
        changed.command = None
    for name in _OVERRIDES:
        if name in given:
            setattr(changed, name, given[name])
    return changed
