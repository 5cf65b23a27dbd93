"""How a script is run (spec 4.2 to 4.7). The fields are the SDK's; what this version does not carry out is refused at submission, never dropped."""
from typing import Any, Dict, List, Optional

from azureml.core._data_sections import Data, DataLocation, DataPath, DataReferenceConfiguration, Dataset, OutputData
from azureml.core._deprecated import deprecated
from azureml.core._environment_sections import EggLibrary, JarLibrary, MavenLibrary, PyPiLibrary, RCranLibrary, is_set
from azureml.core._sections import Section, field
from azureml.core.conda_dependencies import CondaDependencies
from azureml.core.container_registry import ContainerRegistry
from azureml.core.environment import DEFAULT_CPU_IMAGE, DEFAULT_GPU_IMAGE, Environment

__all__ = ["AmlComputeConfiguration", "CondaDependencies", "ContainerRegistry", "DEFAULT_CPU_IMAGE", "DEFAULT_GPU_IMAGE", "Data", "DataLocation", "DataPath",
           "DataReferenceConfiguration", "Dataset", "DockerConfiguration", "EggLibrary", "Environment", "HdiConfiguration", "HistoryConfiguration",
           "JarLibrary", "KubernetesComputeConfiguration", "MavenLibrary", "MpiConfiguration", "OutputData", "ParallelTaskConfiguration", "PyPiLibrary",
           "PyTorchConfiguration", "RCranLibrary", "RunConfiguration", "SparkConfiguration", "TensorflowConfiguration"]

FRAMEWORKS = ("Python", "PySpark", "CNTK", "TensorFlow", "PyTorch", "R", "TensorFlowParameterServer", "PythonMpi", "PythonIntelMpi", "PySparkInteractive")
COMMUNICATORS = ("None", "ParameterServer", "OpenMpi", "IntelMpi", "Gloo", "Nccl", "Mpi")


class HistoryConfiguration(Section):
    """What is kept of a run: in this version always everything, so only the defaults of `output_collection` and `snapshot_project` are accepted.

    :ivar directories_to_watch: folders that are streamed while the run is active; ``logs`` always is.
    """

    _fields = (
        field("output_collection", comment="Whether outputs, logs and metrics are kept."),
        field("snapshot_project", comment="Whether the source folder is kept."),
        field("directories_to_watch", comment="Folders whose files are kept while the run is active."),
        field("enable_mlflow_tracking", "enableMLflowTracking", is_written=lambda value: value is not True),
    )

    def __init__(self) -> None:
        self.output_collection = True
        self.snapshot_project = True
        self.directories_to_watch = ["logs"]
        self.enable_mlflow_tracking = True


class SparkConfiguration(Section):
    """Settings of Spark."""

    _fields = (field("configuration", comment="Settings of Spark, by name."),)

    def __init__(self) -> None:
        self.configuration = {"spark.app.name": "Azure ML Experiment", "spark.yarn.maxAppAttempts": 1}  # type: Dict[str, Any]


class HdiConfiguration(Section):
    """HDInsight: ``None``, ``client`` or ``cluster``."""

    _fields = (field("yarn_deploy_mode", comment="How YARN deploys: None, client or cluster."),)

    def __init__(self) -> None:
        self.yarn_deploy_mode = "cluster"


class TensorflowConfiguration(Section):
    """Distributed TensorFlow: a node for each worker."""

    _fields = (field("worker_count", comment="How many workers."), field("parameter_server_count", comment="How many parameter servers."))

    def __init__(self, worker_count: int = 1, parameter_server_count: int = 1):
        self.worker_count = worker_count
        self.parameter_server_count = parameter_server_count


class MpiConfiguration(Section):
    """MPI: `node_count` nodes of `process_count_per_node` processes."""

    _fields = (field("process_count_per_node", comment="How many processes on each node."), field("node_count", is_written=lambda value: value != 1))

    def __init__(self, process_count_per_node: int = 1, node_count: int = 1):
        self.process_count_per_node = process_count_per_node
        self.node_count = node_count


class PyTorchConfiguration(Section):
    """Distributed PyTorch.

    :param communication_backend: ``Nccl`` or ``Gloo``.
    :param process_count: of all nodes together; None for one process per node.
    """

    _fields = (field("communication_backend", comment="nccl or gloo."), field("process_count", comment="Processes of all nodes together; empty: one per node."),
               field("node_count", is_written=lambda value: value != 1))

    def __init__(self, communication_backend: str = "Nccl", process_count: Optional[int] = None, node_count: int = 1):
        self.communication_backend = communication_backend
        self.process_count = process_count
        self.node_count = node_count


class ParallelTaskConfiguration(Section):
    """Tasks that are retried one by one."""

    _fields = (field("max_retries_per_worker"), field("worker_count_per_node"), field("terminal_exit_codes"))

    def __init__(self, max_retries_per_worker: int = 0, worker_count_per_node: int = 1, terminal_exit_codes: Optional[List[int]] = None):
        self.max_retries_per_worker = max_retries_per_worker
        self.worker_count_per_node = worker_count_per_node
        self._terminal_exit_codes = terminal_exit_codes

    @property
    def terminal_exit_codes(self) -> Optional[List[int]]:
        """Exit codes after which a task is not tried again."""
        return self._terminal_exit_codes

    @terminal_exit_codes.setter
    def terminal_exit_codes(self, codes: Optional[List[int]]) -> None:
        self._terminal_exit_codes = codes

    def _read_field(self, each: Any, value: Any, place: Any) -> None:
        if each.attribute == "terminal_exit_codes":
            self._terminal_exit_codes = value
        else:
            super()._read_field(each, value, place)


class AmlComputeConfiguration(Section):
    """A cluster that is made for one run; refused at submission by this version. The names with ``_`` in front are of 2019."""

    _fields = (
        field("vm_size", comment="Size of the machines, for example STANDARD_D2_V2."),
        field("vm_priority", comment="dedicated or lowpriority."),
        field("retain_cluster", comment="Whether the cluster stays after the run."),
        field("name", comment="Name of the cluster; the run's id where it is empty."),
        field("cluster_max_node_count", comment="The most nodes of the cluster."),
        field("location", is_written=is_set),
    )

    def __init__(self) -> None:
        self.vm_size = None  # type: Optional[str]
        self.vm_priority = None  # type: Optional[str]
        self.retain_cluster = False
        self.name = None  # type: Optional[str]
        self.cluster_max_node_count = None  # type: Optional[int]
        self.location = None  # type: Optional[str]

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name.lstrip("_"), value)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") and name[1:] in self.__dict__:
            return self.__dict__[name[1:]]
        raise AttributeError(name)


class KubernetesComputeConfiguration(Section):
    """What a run asks of a Kubernetes cluster."""

    _fields = (field("instance_type"),)

    def __init__(self) -> None:
        self.instance_type = None  # type: Optional[str]


class DockerConfiguration(Section):
    """Container of a run. `use_docker=True` is refused at submission by this version."""

    _fields = (field("use_docker", comment="true: the run takes place in a container."), field("shared_volumes"), field("shm_size"), field("arguments"))

    def __init__(self, use_docker: bool = False, shared_volumes: bool = True, arguments: Optional[List[str]] = None, shm_size: Optional[str] = None):
        self.use_docker = use_docker
        self.shared_volumes = shared_volumes
        self.arguments = list(arguments or [])
        self.shm_size = shm_size


def _is_not(value: Any) -> Any:
    return lambda present: present != value


class RunConfiguration(Section):
    """Script, arguments, target, environment, and everything that a ``.runconfig`` file holds.

    >>> config = RunConfiguration()
    >>> config.environment.python.user_managed_dependencies = True

    ``print`` shows the YAML that `save` would write; two are equal when they would be written alike.

    :ivar target: name of the compute target; assigning an object stores its name.
    :ivar max_run_duration_seconds: None for no limit.
    :ivar environment_variables: over those of the environment.
    """

    _fields = (
        field("script", comment="The script to run, a path inside the source folder."),
        field("command", comment="A shell line, instead of a script.", is_written=is_set),
        field("arguments", comment="Its arguments."),
        field("target", comment="Name of the compute target; local is this machine."),
        field("framework", comment="Python, PySpark, CNTK, TensorFlow, PyTorch or R."),
        field("communicator", comment="How the processes of a distributed run talk: None, ParameterServer, OpenMpi, IntelMpi, Gloo, Nccl or Mpi."),
        field("max_run_duration_seconds", comment="The run is ended after so many seconds; empty for no limit."),
        field("node_count", comment="How many machines."),
        field("priority", comment="Priority in the target's queue.", is_written=is_set),
        field("credential_passthrough", is_written=bool),
        field("environment_variables", comment="Variables of the run, over those of the environment."),
        field("environment", comment="In what the run takes place.", kind=Environment),
        field("history", comment="What is kept of the run.", kind=HistoryConfiguration),
        field("spark", comment="Settings for runs of Spark.", kind=SparkConfiguration),
        field("hdi", comment="Settings for HDInsight.", kind=HdiConfiguration),
        field("tensorflow", comment="Settings for distributed TensorFlow.", kind=TensorflowConfiguration),
        field("mpi", comment="Settings for MPI.", kind=MpiConfiguration),
        field("pytorch", comment="Settings for distributed PyTorch.", kind=PyTorchConfiguration),
        field("paralleltask", comment="Settings for parallel tasks.", kind=ParallelTaskConfiguration),
        field("data_references", comment="Folders of datastores, by name.", kind=DataReferenceConfiguration, shape="map"),
        field("data", comment="Inputs, by name.", kind=Data, shape="map"),
        field("output_data", comment="Outputs, by name.", kind=OutputData, shape="map"),
        field("datacaches", is_written=is_set),
        field("source_directory_data_store", comment="The datastore that carries the source folder."),
        field("docker", comment="The container of the run.", kind=DockerConfiguration),
        field("amlcompute", comment="A cluster for this run alone (target amlcompute).", kind=AmlComputeConfiguration),
        field("kubernetescompute", comment="What is asked of a Kubernetes cluster.", kind=KubernetesComputeConfiguration),
        field("use_absolute_path", is_written=bool),
        field("identity", is_written=is_set),
        field("auto_prepare_environment", is_written=_is_not(True)),
        field("prepare_environment", is_written=_is_not(True)),
        field("container_instance", is_written=is_set),
        field("batchai", is_written=is_set),
        field("job_name", is_written=is_set),
        field("exposed_ports", is_written=is_set),
        field("sid", is_written=is_set),
    )
    _ignored = ("aiSuperComputer", "cmk8sCompute", "commandReturnCodeConfig", "applicationEndpoints", "version", "$schema")

    _old = {"prepare_environment": "nothing, environments are always prepared", "auto_prepare_environment": "nothing, environments are always prepared"}

    def __init__(self, script: Optional[str] = None, arguments: Optional[List[Any]] = None, framework: Optional[str] = None,
                 communicator: Optional[str] = None, conda_dependencies: Optional[CondaDependencies] = None, _history_enabled: Optional[bool] = None,
                 _path: Optional[str] = None, _name: Optional[str] = None, command: Any = None, auto_prepare_environment: Optional[bool] = None):
        self.script = script
        self.arguments = arguments if arguments is not None else []  # type: List[Any]
        self.command = command if command is not None else ""  # type: Any
        self._target = "local"
        self._path = _path
        self._name = _name
        self.framework = framework or "Python"
        self.communicator = communicator or "None"
        self.node_count = 1
        self.max_run_duration_seconds = None  # type: Optional[int]
        self.priority = None  # type: Optional[int]
        self.credential_passthrough = False
        self.environment = Environment(None)
        self.environment_variables = {}  # type: Dict[str, str]
        self.history = HistoryConfiguration()
        if _history_enabled is not None:
            self.history.output_collection = bool(_history_enabled)
        self.spark = SparkConfiguration()
        self.hdi = HdiConfiguration()
        self.tensorflow = TensorflowConfiguration()
        self.mpi = MpiConfiguration()
        self.pytorch = PyTorchConfiguration("nccl")
        self.paralleltask = ParallelTaskConfiguration()
        self.docker = DockerConfiguration()
        self.data_references = {}  # type: Dict[str, Any]
        self.data = {}  # type: Dict[str, Any]
        self.output_data = {}  # type: Dict[str, Any]
        self.datacaches = []  # type: List[Any]
        self.source_directory_data_store = None  # type: Optional[str]
        self.amlcompute = AmlComputeConfiguration()
        self.kubernetescompute = KubernetesComputeConfiguration()
        self.prepare_environment = True       # deprecated in the SDK, without effect
        self.auto_prepare_environment = True  # the same
        self.use_absolute_path = False
        self.container_instance = {}  # type: Dict[str, Any]
        self.batchai = {}  # type: Dict[str, Any]
        self.exposed_ports = None  # type: Any
        self.identity = self.job_name = self.sid = None  # type: Any
        if auto_prepare_environment is not None:
            deprecated("auto_prepare_environment", "nothing, environments are always prepared")
        if conda_dependencies is not None:
            self.environment.python.conda_dependencies = conda_dependencies

    @property
    def target(self) -> str:
        """Name of the compute target."""
        return self._target

    @target.setter
    def target(self, target: Any) -> None:
        self._target = target if isinstance(target, str) else getattr(target, "name", None) or "local"

    @property
    def name(self) -> Optional[str]:
        """Name of the file that it was loaded from, without ``.runconfig``."""
        return self._name

    @staticmethod
    def load(path: str, name: Optional[str] = None) -> "RunConfiguration":
        """The configuration in a file, YAML or JSON.

        :param path: the file, or the project's folder, whose ``.azureml``, ``aml_config`` and itself are searched for `name` and `name`.runconfig.
        :raises RunConfigurationException: there is none, it is broken (the line is named), or of the format before the SDK's.
        """
        from azureml.core import _runconfig_file
        return _runconfig_file.load(path, name)

    def save(self, path: Optional[str] = None, name: Optional[str] = None, separate_environment_yaml: bool = False) -> None:
        """Writes ``<path>/.azureml/<name>.runconfig`` (``aml_config`` where that folder is used) with a comment above each field, and
        ``conda_dependencies.yml`` beside it where packages are named.

        :param path: the project's folder (default: that of `load`, else the current one), or the file.
        :param separate_environment_yaml: the environment goes to ``<name>_environment.yml`` beside it.
        """
        from azureml.core import _runconfig_file
        _runconfig_file.save(self, path, name, separate_environment_yaml)

    @staticmethod
    def delete(path: str, name: str) -> None:
        """Removes the file that `load` would read.

        :raises RunConfigurationException: there is none.
        """
        from azureml.core import _runconfig_file
        _runconfig_file.delete(path, name)

    def _mistakes(self) -> List[str]:
        """What is asked for and not carried out by this version, for people."""
        from azureml.core import _runconfig_check
        return _runconfig_check.mistakes(self)
