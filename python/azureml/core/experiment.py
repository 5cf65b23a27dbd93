"""Experiments (spec 2): runs under one name."""
import html
import re
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Optional

from azureml.core._errors import translated
from azureml.core.script_run_config import ScriptRunConfig
from azureml.core.workspace import Workspace
from azureml.exceptions import ExperimentExecutionException, ExperimentNotFoundException, UserErrorException

if TYPE_CHECKING:
    from azureml.core.run import Run

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,254}\Z")


class Experiment:
    """The experiment of that name; made when there is none.

    >>> run = Experiment(ws, "diabetes").submit(ScriptRunConfig("train", "train.py"))   # doctest: +SKIP

    :param name: begins with a letter or digit; letters, digits, ``_`` and ``-``; at most 255 characters.
    :raises UserErrorException: the name breaks the rule.
    """

    def __init__(self, workspace: Workspace, name: str, _skip_name_validation: bool = False, _id: Optional[str] = None, _archived_time: Any = None,
                 _create_in_cloud: bool = True, _experiment_dto: Optional[Dict[str, Any]] = None, **kwargs: Any):
        if not _skip_name_validation and not (isinstance(name, str) and _NAME.match(name)):
            raise UserErrorException("Invalid experiment name {!r}: it must begin with a letter or a digit and hold only letters, digits, underscores and "
                                     "dashes, at most 255 of them.".format(name))
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
            self.refresh()
        return self._record_cache or {}

    @staticmethod
    def list(workspace: Workspace, experiment_name: Optional[str] = None, view_type: str = "ActiveOnly", tags: Any = None) -> "List[Experiment]":
        """Experiments of a workspace.

        :param view_type: ``ActiveOnly``, ``ArchivedOnly`` or ``All``, in any spelling.
        :param tags: a key that must be there, or a dict of keys and values that must match.
        """
        with translated():
            records = workspace._client.get(workspace._path("experiments"))["experiments"]
        view = view_type.replace("_", "").lower()
        found = [record for record in records if (experiment_name is None or record["name"] == experiment_name) and _matches(record.get("tags"), tags)
                 and (view == "all" or (record.get("archived_at") is not None) == (view == "archivedonly"))]
        return [Experiment(workspace, record["name"], _create_in_cloud=False, _experiment_dto=record) for record in found]

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
        :param kwargs: `display_name`; `show_output` is accepted.
        :raises UserErrorException: something is missing or not offered; every mistake is in the text. No run exists then.
        :raises SnapshotException: the source folder cannot be snapshotted.
        """
        return submit(self, config, tags, None, **kwargs)

    def get_runs(self, type: Optional[str] = None, tags: Any = None, properties: Any = None, include_children: bool = False) -> "Iterator[Run]":
        """Runs, newest first; without children unless they are asked for.

        :param tags: a key that must be there, or a dict of keys and values that must match; `properties` likewise.
        """
        from azureml.core.run import Run
        return Run.list(self, type=type, tags=tags, properties=properties, include_children=include_children)

    def get_portal_url(self) -> str:
        """Address of the experiment."""
        return "{}/experiments/{}?wsid={}".format(self._workspace._client.endpoint.url, self._name, self._workspace._scope)

    def __repr__(self) -> str:
        return "Experiment(Name: {},\nWorkspace: {})".format(self._name, self._workspace.name)

    def _repr_html_(self) -> str:
        cells = "<td>{}</td><td>{}</td>".format(html.escape(self._name), html.escape(self._workspace.name))
        return '<table style="width:100%"><tr><th>Name</th><th>Workspace</th><th>Report Page</th></tr><tr>{}<td><a href="{}">Link</a></td></tr></table>'.format(
            cells, html.escape(self.get_portal_url()))


def submit(experiment: Experiment, config: Any, tags: Optional[Dict[str, str]], parent: Optional[str], **kwargs: Any) -> "Run":
    """The submission behind `Experiment.submit`, with a parent for child runs."""
    from azureml.core.script_run import ScriptRun
    if not isinstance(config, ScriptRunConfig):
        raise UserErrorException("submission is not supported for a {}; a ScriptRunConfig is".format(type(config).__name__))
    body = config._specification()
    body.update(workspace=experiment.workspace._specification(), experiment=experiment.name,
                tags={str(key): None if value is None else str(value) for key, value in (tags or {}).items()})
    if kwargs.get("display_name"):
        body["display_name"] = str(kwargs["display_name"])
    if parent:
        body["parent"] = parent
    with translated(ExperimentExecutionException, not_found=ExperimentNotFoundException):
        record = experiment.workspace._client.submit(body)
    return ScriptRun(experiment, record["id"], directory=body["source_directory"], _run_config=config.run_config, _run_dto=record)


def _matches(present: Optional[Dict[str, Any]], wanted: Any) -> bool:
    """Whether tags or properties have a key (a string), or keys with values (a dict)."""
    present = present or {}
    if not wanted:
        return True
    if isinstance(wanted, str):
        return wanted in present
    return all(key in present and present[key] == (None if value is None else str(value)) for key, value in dict(wanted).items())
