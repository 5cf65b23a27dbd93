"""A script or command and how to run it (spec 4.1)."""
import copy
import os
from typing import Any, Dict, List, Optional

from azureml.core import _runconfig_check
from azureml.core._naming import a_kind
from azureml.core._sections import mistakes_text
from azureml.core.environment import Environment
from azureml.core.runconfig import (MpiConfiguration, ParallelTaskConfiguration, PyTorchConfiguration, RunConfiguration, TensorflowConfiguration)
from azureml.exceptions import UserErrorException

_THIRTY_DAYS = 2592000


class ScriptRunConfig:
    """What to run. One object may be submitted many times.

    >>> config = ScriptRunConfig(".", script="train.py", arguments=["--alpha", 0.5])

    :param source_directory: folder that becomes the snapshot and the working directory of the run.
    :param script: path inside it.
    :param arguments: strings and numbers, converted to strings in order; ``$NAME`` inside is replaced on the compute. A string is split as a shell does.
    :param run_config: a RunConfiguration to begin with; other arguments that are given override its fields.
    :param compute_target: name or object; None is ``local``.
    :param environment: None is the submitting interpreter.
    :param distributed_job_config: an Mpi-, Tensorflow-, PyTorch- or ParallelTaskConfiguration; refused at submission by this version.
    :param resume_from: a DataPath with checkpoints; refused at submission by this version.
    :param max_run_duration_seconds: the run is ended when it takes longer.
    :param command: a shell line, or a list that is joined by spaces; instead of `script` and `arguments`.
    :param docker_runtime_config: a DockerConfiguration.
    :ivar run_config: the RunConfiguration; what is changed in it holds at the next submission.
    :raises UserErrorException: `script` and `command` are both given.
    """

    def __init__(self, source_directory: str, script: Optional[str] = None, arguments: Any = None, run_config: Optional[RunConfiguration] = None,
                 _telemetry_values: Any = None, compute_target: Any = None, environment: Optional[Environment] = None,
                 distributed_job_config: Any = None, resume_from: Any = None, max_run_duration_seconds: Optional[int] = _THIRTY_DAYS,
                 command: Any = None, docker_runtime_config: Any = None):
        if script and command:
            raise UserErrorException("script and command are given; a run has one of them")
        if run_config is not None and not isinstance(run_config, RunConfiguration):
            raise UserErrorException("run_config is {}; a RunConfiguration is expected".format(a_kind(run_config)))
        self.source_directory = source_directory
        self.script = script or (run_config.script if run_config is not None and not command else None)
        self.arguments = _as_list(arguments if arguments is not None else (run_config.arguments if run_config is not None else []))
        self.command = command or (run_config.command if run_config is not None and not script else None)
        self.run_config = run_config if run_config is not None else RunConfiguration()
        self.distributed_job_config = distributed_job_config
        self.resume_from = resume_from
        self.docker_runtime_config = docker_runtime_config
        if compute_target is not None:
            self.run_config.target = compute_target
        if environment is not None:
            self.run_config.environment = environment
        if docker_runtime_config is not None:
            self.run_config.docker = docker_runtime_config
        if run_config is None or max_run_duration_seconds != _THIRTY_DAYS:
            self.run_config.max_run_duration_seconds = max_run_duration_seconds
        if distributed_job_config is not None:
            _distribute(self.run_config, distributed_job_config)

    @property
    def compute_target(self) -> str:
        """Name of the target of `run_config`."""
        return self.run_config.target

    @compute_target.setter
    def compute_target(self, target: Any) -> None:
        self.run_config.target = target

    @property
    def environment(self) -> Environment:
        """The environment of `run_config`."""
        return self.run_config.environment

    @environment.setter
    def environment(self, environment: Environment) -> None:
        self.run_config.environment = environment

    @property
    def max_run_duration_seconds(self) -> Optional[int]:
        """The limit of `run_config`."""
        return self.run_config.max_run_duration_seconds

    @max_run_duration_seconds.setter
    def max_run_duration_seconds(self, seconds: Optional[int]) -> None:
        self.run_config.max_run_duration_seconds = seconds

    def _specification(self) -> Dict[str, Any]:
        """The fields of a RunSpec that say what to run, in what and where, and ``source_directory``.

        :raises UserErrorException: every mistake there is: nothing to run, a script that is not there, wrong arguments, what this version does not offer.
        """
        mistakes = self._mistakes() + _runconfig_check.mistakes(self.run_config)
        if mistakes:
            raise UserErrorException(mistakes_text("the run cannot be submitted", mistakes + self._missing()))
        config = self.run_config
        body = {"source_directory": self._folder(), "target": config.target, "environment": config.environment._settings(),
                "environment_variables": {str(name): str(value) for name, value in (config.environment_variables or {}).items()}}  # type: Dict[str, Any]
        if config.max_run_duration_seconds:
            body["max_run_duration_seconds"] = int(config.max_run_duration_seconds)
        if self.command:
            body["command"] = self.command if isinstance(self.command, str) else " ".join(str(part) for part in self.command)
        else:
            body["script"] = os.fspath(self.script).replace(os.sep, "/")
            body["arguments"] = [_argument(each) for each in _as_list(self.arguments)]
        return body

    def _folder(self) -> str:
        return os.path.abspath(os.path.expanduser(os.fspath(self.source_directory or os.curdir)))

    def _mistakes(self) -> List[str]:
        found = []
        for name in ("distributed_job_config", "resume_from"):
            if getattr(self, name) is not None:
                found.append("{} is not offered yet".format(name))
        for name in ("source_directory", "script"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, (str, os.PathLike)):
                found.append("{} is {}; a path is expected".format(name, a_kind(value)))
        if not self.script and not self.command:
            found.append("there is nothing to run: give a script or a command")
        for name in ("command", "arguments"):
            value = getattr(self, name)
            if isinstance(value, (list, tuple)):
                found += ["{}[{}] is {}; strings and numbers are expected".format(name, at, a_kind(each)) for at, each in enumerate(value)
                          if not _is_argument(each)]
            elif value is not None and not isinstance(value, str):
                found.append("{} is {}; a list or a string is expected".format(name, a_kind(value)))
        return found

    def _missing(self) -> List[str]:
        """Files that are not there. Alone they are found at submission; beside other mistakes they are told with them."""
        paths = (str, os.PathLike)
        if self.command or not isinstance(self.script, paths) or not isinstance(self.source_directory or "", paths):
            return []
        if not os.path.isdir(self._folder()):
            return ["the source folder {} does not exist".format(self._folder())]
        return [] if os.path.isfile(os.path.join(self._folder(), self.script)) else ["the script {} is not in {}".format(self.script, self._folder())]


def _is_argument(value: Any) -> bool:
    return isinstance(value, (str, int, float, os.PathLike)) or (callable(getattr(value, "item", None)) and getattr(value, "shape", None) == ())


def _argument(value: Any) -> str:
    return os.fspath(value) if isinstance(value, os.PathLike) else str(value)


def _as_list(arguments: Any) -> Any:
    if isinstance(arguments, str):
        import shlex
        return shlex.split(arguments)
    return list(arguments) if isinstance(arguments, (list, tuple)) else arguments or []


def _distribute(config: RunConfiguration, job: Any) -> None:
    """Framework, communicator and nodes of a distributed job (spec 7.1)."""
    if isinstance(job, MpiConfiguration):
        config.framework, config.communicator, config.node_count, config.mpi = "Python", "Mpi", job.node_count, job
    elif isinstance(job, PyTorchConfiguration):
        config.framework, config.communicator, config.node_count, config.pytorch = "PyTorch", job.communication_backend, job.node_count, job
    elif isinstance(job, TensorflowConfiguration):
        config.framework, config.communicator, config.node_count, config.tensorflow = "TensorFlow", "ParameterServer", job.worker_count, job
    elif isinstance(job, ParallelTaskConfiguration):
        config.paralleltask = job
    else:
        raise UserErrorException("distributed_job_config is {}; an Mpi-, Tensorflow-, PyTorch- or ParallelTaskConfiguration is expected".format(a_kind(job)))


def get_run_config_from_script_run(script_run_config: ScriptRunConfig) -> RunConfiguration:
    """A RunConfiguration of its own with script, arguments and command filled in."""
    config = copy.deepcopy(script_run_config.run_config)
    config.script = script_run_config.script
    config.arguments = list(script_run_config.arguments)
    config.command = script_run_config.command or ""
    return config
