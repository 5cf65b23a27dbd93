"""In what a run runs (spec 5). This version of stoker runs user-managed environments: an interpreter that exists."""
import os
import sys
from typing import Any, Dict, List, Optional

from azureml.core.conda_dependencies import CondaDependencies
from azureml.exceptions import UserErrorException

DEFAULT_CPU_IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04"
DEFAULT_GPU_IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-cuda11.1-cudnn8-ubuntu20.04"

__all__ = ["CondaDependencies", "DEFAULT_CPU_IMAGE", "DEFAULT_GPU_IMAGE", "DockerSection", "Environment", "PythonSection"]


class PythonSection:
    """Which Python.

    :ivar user_managed_dependencies: True: `interpreter_path` is used as it is. False: an environment would be built from `conda_dependencies`.
    :ivar interpreter_path: a path, the folder of a conda or virtual environment, or a name on PATH. ``python`` means the submitting interpreter.
    """

    def __init__(self) -> None:
        self.user_managed_dependencies = False
        self.interpreter_path = "python"
        self.conda_dependencies = CondaDependencies()  # type: Optional[CondaDependencies]
        self.conda_dependencies_file = None  # type: Optional[str]
        self.base_conda_environment = None  # type: Optional[str]

    def _state(self) -> List[Any]:
        conda = self.conda_dependencies.as_dict() if self.conda_dependencies is not None else None
        return [self.user_managed_dependencies, self.interpreter_path, conda, self.conda_dependencies_file, self.base_conda_environment]


class DockerSection:
    """The container. Not used by this version; asking for one is refused at submission."""

    def __init__(self) -> None:
        self.enabled = False
        self.base_image = DEFAULT_CPU_IMAGE  # type: Optional[str]
        self.base_dockerfile = None  # type: Optional[str]
        self.build_context = None  # type: Any
        self.base_image_registry = None  # type: Any
        self.platform = None  # type: Any
        self.shared_volumes = True
        self.shm_size = None  # type: Optional[str]
        self.arguments = []  # type: List[str]

    def _is_asked_for(self) -> bool:
        return bool(self.enabled or self.base_dockerfile or self.build_context) or self.base_image not in (None, DEFAULT_CPU_IMAGE, DEFAULT_GPU_IMAGE)


class Environment:
    """A named environment.

    >>> env = Environment("mine")
    >>> env.python.user_managed_dependencies = True
    >>> env.environment_variables["OMP_NUM_THREADS"] = "1"

    :param name: any string that does not begin with ``AzureML`` or ``Microsoft``.
    :ivar environment_variables: variables of every process of the run.
    """

    def __init__(self, name: Optional[str], **kwargs: Any):
        if name is not None and not isinstance(name, str):
            raise UserErrorException("environment name expected str, {} found".format(type(name).__name__))
        self.name = name
        self.version = None  # type: Optional[str]
        self.environment_variables = {"EXAMPLE_ENV_VAR": "EXAMPLE_VALUE"}  # type: Optional[Dict[str, str]]
        self.python = PythonSection()
        self.docker = DockerSection()
        self.inferencing_stack_version = None  # type: Optional[str]

    def clone(self, new_name: str) -> "Environment":
        """A copy under another name, without a version."""
        import copy
        other = copy.deepcopy(self)
        other.name, other.version = new_name, None
        return other

    def _is_untouched(self) -> bool:
        """Nobody named it or set anything about Python: it stands for "no environment given"."""
        return self.name is None and self.python._state() == PythonSection()._state()

    def _settings(self) -> Dict[str, Any]:
        """The environment of a RunSpec: ``{"kind", "settings", "variables"}``.

        :raises UserErrorException: for what this version does not run, naming all of it.
        """
        refused = []
        if not self.python.user_managed_dependencies and not self._is_untouched():
            refused.append("environments that are built from packages (system-managed); set environment.python.user_managed_dependencies = True to use an interpreter that exists")
        if self.docker._is_asked_for():
            refused.append("containers (environment.docker); leave docker.enabled False and the base image as it is")
        if refused:
            raise UserErrorException("the environment {!r} asks for what this version of stoker does not offer yet: {}".format(self.name or "", "; and ".join(refused)))
        variables = {str(name): str(value) for name, value in (self.environment_variables or {}).items()}
        return {"kind": "user-managed", "settings": {"interpreter": self._interpreter()}, "variables": variables}

    def _interpreter(self) -> str:
        named = self.python.interpreter_path
        if not named or named == "python":
            return sys.executable or "python3"
        return os.path.abspath(os.path.expanduser(named)) if os.sep in named else named

    def __repr__(self) -> str:
        return "Environment(Name: {}, Version: {})".format(self.name, self.version)
