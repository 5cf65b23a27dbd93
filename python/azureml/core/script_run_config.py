"""A script or command and how to run it (spec 4.1)."""
import copy
import os
import shlex
from typing import Any, Dict, List, Optional

from azureml.core.environment import Environment
from azureml.core.runconfig import RunConfiguration
from azureml.exceptions import UserErrorException

_THIRTY_DAYS = 2592000


class ScriptRunConfig:
    """What to run. One object may be submitted many times.

    >>> config = ScriptRunConfig(".", script="train.py", arguments=["--alpha", 0.5])

    :param source_directory: folder that becomes the snapshot and the working directory of the run.
    :param script: path inside it.
    :param arguments: converted to strings in order; ``$NAME`` inside is replaced on the compute. A string is split as a shell does.
    :param run_config: a RunConfiguration to begin with; other arguments that are given override its fields.
    :param compute_target: name or object; None is ``local``.
    :param environment: None is the submitting interpreter.
    :param max_run_duration_seconds: the run is ended when it takes longer.
    :param command: a shell line, or a list that is joined by spaces; instead of `script` and `arguments`.
    :ivar run_config: the RunConfiguration; what is changed in it holds at the next submission.
    """

    def __init__(self, source_directory: str, script: Optional[str] = None, arguments: Any = None, run_config: Optional[RunConfiguration] = None,
                 _telemetry_values: Any = None, compute_target: Any = None, environment: Optional[Environment] = None,
                 distributed_job_config: Any = None, resume_from: Any = None, max_run_duration_seconds: Optional[int] = _THIRTY_DAYS,
                 command: Any = None, docker_runtime_config: Any = None):
        if script and command:
            raise UserErrorException("script and command are given; a run has one of them")
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

    @property
    def compute_target(self) -> str:
        """Name of the target of `run_config`."""
        return self.run_config.target

    @property
    def environment(self) -> Environment:
        """The environment of `run_config`."""
        return self.run_config.environment

    @property
    def max_run_duration_seconds(self) -> Optional[int]:
        """The limit of `run_config`."""
        return self.run_config.max_run_duration_seconds

    def _specification(self) -> Dict[str, Any]:
        """The fields of a RunSpec that say what to run, in what and where, and ``source_directory``.

        :raises UserErrorException: nothing to run, a script that is not there, or something that this version does not offer.
        """
        self._check()
        self.run_config._check()
        config = self.run_config
        body = {"source_directory": os.path.abspath(os.path.expanduser(str(self.source_directory))), "target": config.target,
                "environment": config.environment._settings(),
                "environment_variables": {str(name): str(value) for name, value in (config.environment_variables or {}).items()}}  # type: Dict[str, Any]
        if config.max_run_duration_seconds:
            body["max_run_duration_seconds"] = int(config.max_run_duration_seconds)
        if self.command:
            body["command"] = self.command if isinstance(self.command, str) else " ".join(str(part) for part in self.command)
        else:
            body["script"] = str(self.script).replace(os.sep, "/")
            body["arguments"] = [str(argument) for argument in self.arguments]
        return body

    def _check(self) -> None:
        for name in ("distributed_job_config", "resume_from"):
            if getattr(self, name) is not None:
                raise UserErrorException("{} is not offered by this version of stoker yet".format(name))
        if not self.script and not self.command:
            raise UserErrorException("there is nothing to run: give a script or a command")


def _as_list(arguments: Any) -> List[Any]:
    return shlex.split(arguments) if isinstance(arguments, str) else list(arguments or [])


def get_run_config_from_script_run(script_run_config: ScriptRunConfig) -> RunConfiguration:
    """A RunConfiguration of its own with script, arguments and command filled in."""
    config = copy.deepcopy(script_run_config.run_config)
    config.script = script_run_config.script
    config.arguments = list(script_run_config.arguments)
    config.command = script_run_config.command or ""
    return config
