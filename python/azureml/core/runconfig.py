"""How a script is run (spec 4.2). The fields are the SDK's; what this version does not carry out is refused at submission, never dropped."""
from typing import Any, Dict, List, Optional

from azureml.core.conda_dependencies import CondaDependencies
from azureml.core.environment import DEFAULT_CPU_IMAGE, DEFAULT_GPU_IMAGE, Environment
from azureml.exceptions import UserErrorException

__all__ = ["DEFAULT_CPU_IMAGE", "DEFAULT_GPU_IMAGE", "DockerConfiguration", "HistoryConfiguration", "RunConfiguration"]


class HistoryConfiguration:
    """What is kept of a run: in this version always everything, so only the defaults are accepted."""

    def __init__(self) -> None:
        self.output_collection = True
        self.snapshot_project = True
        self.directories_to_watch = ["logs"]
        self.enable_mlflow_tracking = True


class DockerConfiguration:
    """Container of a run. `use_docker=True` is refused at submission by this version."""

    def __init__(self, use_docker: bool = False, shared_volumes: bool = True, arguments: Optional[List[str]] = None, shm_size: Optional[str] = None):
        self.use_docker = use_docker
        self.shared_volumes = shared_volumes
        self.arguments = list(arguments or [])
        self.shm_size = shm_size


class RunConfiguration:
    """Script, arguments, target, environment.

    >>> config = RunConfiguration()
    >>> config.environment.python.user_managed_dependencies = True

    :ivar target: name of the compute target; assigning an object stores its name.
    :ivar max_run_duration_seconds: None for no limit.
    :ivar environment_variables: over those of the environment.
    """

    def __init__(self, script: Optional[str] = None, arguments: Optional[List[Any]] = None, framework: Optional[str] = None,
                 communicator: Optional[str] = None, conda_dependencies: Optional[CondaDependencies] = None, _history_enabled: Optional[bool] = None,
                 _path: Optional[str] = None, _name: Optional[str] = None, command: Any = None, auto_prepare_environment: Optional[bool] = None):
        self.script = script
        self.arguments = arguments if arguments is not None else []  # type: List[Any]
        self.command = command if command is not None else ""  # type: Any
        self._target = "local"
        self.framework = framework or "Python"
        self.communicator = communicator or "None"
        self.node_count = 1
        self.max_run_duration_seconds = None  # type: Optional[int]
        self.priority = None  # type: Optional[int]
        self.environment = Environment(None)
        self.environment_variables = {}  # type: Dict[str, str]
        self.history = HistoryConfiguration()
        self.docker = DockerConfiguration()
        self.data_references = {}  # type: Dict[str, Any]
        self.data = {}  # type: Dict[str, Any]
        self.output_data = {}  # type: Dict[str, Any]
        self.datacaches = []  # type: List[Any]
        self.source_directory_data_store = None  # type: Optional[str]
        self.credential_passthrough = False
        self.prepare_environment = True       # deprecated in the SDK, without effect
        self.auto_prepare_environment = True  # the same
        if conda_dependencies is not None:
            self.environment.python.conda_dependencies = conda_dependencies

    @property
    def target(self) -> str:
        """Name of the compute target."""
        return self._target

    @target.setter
    def target(self, target: Any) -> None:
        self._target = target if isinstance(target, str) else getattr(target, "name", "local")

    def _refused(self) -> List[str]:
        """What is asked for and not carried out by this version, for people."""
        found = []
        if str(self.framework).lower() != "python":
            found.append("the framework {}".format(self.framework))
        if str(self.communicator).lower() != "none":
            found.append("the communicator {}".format(self.communicator))
        if self.node_count != 1:
            found.append("node_count {} (a local run has one node)".format(self.node_count))
        if self.docker is not None and self.docker.use_docker:
            found.append("containers (docker.use_docker)")
        for name in ("data_references", "data", "output_data", "datacaches"):
            if getattr(self, name):
                found.append("{} (datasets and data references)".format(name))
        found += ["history.{} = {!r}".format(name, value) for name, value in sorted(vars(self.history).items())
                  if value != vars(HistoryConfiguration()).get(name) and name != "enable_mlflow_tracking"]
        return found

    def _check(self) -> None:
        found = self._refused()
        if found:
            raise UserErrorException("the run configuration asks for what this version of stoker does not offer yet: {}".format("; ".join(found)))
