"""``with stoker.capture(experiment="nightly") as run:``: a block of this process as a run, with all that is written meanwhile."""
from typing import TYPE_CHECKING, Any, Dict, Optional, Type

if TYPE_CHECKING:
    from stoker._console import Console


class capture:
    """Begins an interactive run and keeps with it what this process, its children and its C code write to stdout and stderr, until the block ends.

    Everything is shown as before. With the server away output is kept and sent later. In a run already (``stoker track``, a submitted run) that run is given, whose
    output is kept anyway.

    >>> with stoker.capture(experiment="nightly") as run:          # doctest: +SKIP
    ...     run.log("loss", 0.25)

    :param experiment: name of the experiment.
    :param workspace: an azureml.core.Workspace; default that of config.json, else the default one.
    :param display_name: a name for people.
    :param tags: tags of the run.
    :param snapshot_directory: the source that belongs to it; None: no snapshot.
    """

    def __init__(self, experiment: str = "default", workspace: Any = None, display_name: Optional[str] = None, tags: Optional[Dict[str, Any]] = None,
                 snapshot_directory: Optional[str] = "."):
        self._experiment = experiment
        self._workspace = workspace
        self._display_name = display_name
        self._tags = tags
        self._snapshot_directory = snapshot_directory
        self._run = None  # type: Any
        self._console = None  # type: Optional[Console]

    def __enter__(self) -> Any:
        from azureml.core import Experiment, Run
        context = Run.get_context()
        if not context.id.startswith("OfflineRun"):
            self._run = context
            return context
        workspace = self._workspace if self._workspace is not None else _default_workspace()
        self._run = Experiment(workspace, self._experiment).start_logging(snapshot_directory=self._snapshot_directory, display_name=self._display_name)
        if self._tags:
            self._run.set_tags(self._tags)
        from stoker._console import Console  # starts processes: loaded where that is wanted
        try:
            self._console = Console(self._run.id)
        except BaseException as error:
            self._run._fail(error)
            raise
        return self._run

    def __exit__(self, kind: Optional[Type[BaseException]], value: Any, trace: Any) -> None:
        if self._console is None:
            return
        is_delivered = self._console.finish()
        end = None
        try:
            if is_delivered:
                self._run.__exit__(kind, value, trace)
            else:
                end = self._run._outcome(kind, value)
        finally:
            self._console.leave(end)


def _default_workspace() -> Any:
    from azureml.core import Workspace
    from azureml.exceptions import UserErrorException
    try:
        return Workspace.from_config()
    except UserErrorException:
        return Workspace("stoker", "stoker", "default")
