"""In what a run runs (spec 5). This version of stoker runs user-managed environments: an interpreter that exists.

What an environment says can be written down, read, saved and loaded whole; what would have to be built is refused when a run is submitted.
"""
import copy
import json
import os
import re
import sys
from typing import TYPE_CHECKING, Any, Dict, List, Optional

from azureml.core._environment_sections import (DEFAULT_CPU_IMAGE, DEFAULT_GPU_IMAGE, DatabricksSection, DockerImagePlatform, DockerSection, PythonSection,
                                                RSection, SparkPackage, SparkSection, read_dockerfile)
from azureml.core._not_yet import not_yet
from azureml.core._sections import Place, Section, field, mistakes_text
from azureml.core.conda_dependencies import CONDA_FILE_NAME, CondaDependencies
from azureml.core.container_registry import ContainerRegistry
from azureml.exceptions import UserErrorException

if TYPE_CHECKING:
    from azureml.core.workspace import Workspace

ENVIRONMENT_FILE_NAME = "azureml_environment.json"

__all__ = ["CondaDependencies", "ContainerRegistry", "DEFAULT_CPU_IMAGE", "DEFAULT_GPU_IMAGE", "DatabricksSection", "DockerBuildContext", "DockerImageDetails",
           "DockerImagePlatform", "DockerSection", "Environment", "ImageBuildDetails", "PythonSection", "RSection", "SparkPackage", "SparkSection"]


class Environment(Section):
    """A named environment.

    >>> env = Environment("mine")
    >>> env.python.user_managed_dependencies = True
    >>> env.environment_variables["OMP_NUM_THREADS"] = "1"

    :param name: any string that does not begin with ``AzureML`` or ``Microsoft``.
    :ivar version: None until it is registered.
    :ivar environment_variables: variables of every process of the run.
    """

    _fields = (
        field("name", comment="Name and version of the environment; empty for one that belongs to this run alone."),
        field("version"),
        field("environment_variables", comment="Variables of every process of the run."),
        field("python", comment="Which Python, and its packages.", kind=PythonSection),
        field("docker", comment="The container, for targets that have them.", kind=DockerSection),
        field("spark", comment="Packages of Spark.", kind=SparkSection),
        field("databricks", comment="Libraries of a Databricks cluster.", kind=DatabricksSection),
        field("r", comment="R and its packages.", kind=RSection),
        field("inferencing_stack_version", comment="Version of the packages for web services."),
    )
    _ignored = ("assetId", "$schema")

    def __init__(self, name: Optional[str], **kwargs: Any):
        if name is not None and not isinstance(name, str):
            raise UserErrorException("environment name expected str, {} found".format(type(name).__name__))
        self.name = name
        self.version = None  # type: Optional[str]
        self.environment_variables = {"EXAMPLE_ENV_VAR": "EXAMPLE_VALUE"}  # type: Optional[Dict[str, str]]
        self.python = PythonSection()
        self.docker = DockerSection()
        self.spark = SparkSection()
        self.databricks = DatabricksSection()
        self.r = None  # type: Optional[RSection]
        self.inferencing_stack_version = None  # type: Optional[str]

    # -- making one ------------------------------------------------------------------------------------------------

    @staticmethod
    def from_conda_specification(name: str, file_path: str) -> "Environment":
        """An environment with the packages of a conda file.

        :raises UserErrorException: the file is not there, or is no conda specification.
        """
        env = Environment(name)
        env.python.conda_dependencies = CondaDependencies(file_path)
        return env

    @staticmethod
    def from_pip_requirements(name: str, file_path: str) -> "Environment":
        """An environment with Python and the packages of a requirements file."""
        env = Environment(name)
        try:
            with open(os.path.expanduser(os.fspath(file_path)), encoding="utf-8-sig") as file:
                lines = file.read().splitlines()
        except (OSError, ValueError) as error:
            raise UserErrorException("the requirements file {} could not be read: {}".format(file_path, error), inner_exception=error)
        deps = CondaDependencies()
        deps.set_pip_requirements(lines)
        env.python.conda_dependencies = deps
        return env

    @staticmethod
    def from_docker_image(name: str, image: str, container_registry: Optional[ContainerRegistry] = None, conda_specification: Optional[str] = None,
                          pip_requirements: Optional[str] = None) -> "Environment":
        """An environment in a container; user-managed unless packages are given."""
        env = _with_packages(name, conda_specification, pip_requirements)
        env.docker.base_image = image
        if container_registry is not None:
            env.docker.base_image_registry = container_registry
        return env

    @staticmethod
    def from_dockerfile(name: str, dockerfile: str, conda_specification: Optional[str] = None, pip_requirements: Optional[str] = None) -> "Environment":
        """An environment in a container of this Dockerfile (text or path); user-managed unless packages are given."""
        env = _with_packages(name, conda_specification, pip_requirements)
        env.docker.base_dockerfile = read_dockerfile(dockerfile)
        return env

    @staticmethod
    def from_docker_build_context(name: str, docker_build_context: "DockerBuildContext") -> "Environment":
        """An environment in a container that is built from a folder."""
        env = _with_packages(name, None, None)
        env.docker.build_context = docker_build_context
        return env

    @staticmethod
    def from_existing_conda_environment(name: str, conda_environment_name: str) -> "Optional[Environment]":
        """The packages of a conda environment of this machine; None, with a line that says so, when there is none."""
        import subprocess
        try:
            text = subprocess.check_output(["conda", "env", "export", "--name", conda_environment_name], stderr=subprocess.STDOUT)
        except (OSError, subprocess.CalledProcessError) as error:
            print("The conda environment {} could not be exported: {}".format(conda_environment_name, error), file=sys.stderr)
            return None
        from azureml.core import _yaml
        env = Environment(name)
        env.python.conda_dependencies = CondaDependencies(_underlying_structure=_yaml.load(text.decode("utf-8", "replace")))
        return env

    @staticmethod
    def get(workspace: "Workspace", name: str, version: Optional[str] = None, label: Optional[str] = None) -> "Environment":
        """A registered or curated environment. This version keeps none.

        :raises UserErrorException: always.
        """
        raise not_yet("Environment.get({!r}): registered and curated environments".format(name), _USE_INTERPRETER)

    @staticmethod
    def list(workspace: "Workspace") -> "Dict[str, Environment]":
        """Registered environments by name; this version keeps none."""
        return {}

    @staticmethod
    def add_private_pip_wheel(workspace: "Workspace", file_path: str, exist_ok: bool = False) -> str:
        """Uploads a wheel; not offered by this version."""
        raise not_yet("Environment.add_private_pip_wheel")

    def register(self, workspace: "Workspace") -> "Environment":
        """Registers this definition; not offered by this version."""
        raise not_yet("registering environments", "give the environment itself to ScriptRunConfig(environment=...)")

    def build(self, workspace: "Workspace", image_build_compute: Any = None) -> "ImageBuildDetails":
        """Builds the image; not offered by this version."""
        raise not_yet("building environments", _USE_INTERPRETER)

    def build_local(self, workspace: "Workspace", platform: Any = None, useDocker: bool = False, pushImageToWorkspaceAcr: bool = False,
                    **kwargs: Any) -> Any:
        """Builds the environment on this machine; not offered by this version."""
        raise not_yet("building environments", _USE_INTERPRETER)

    def get_image_details(self, workspace: "Workspace") -> "DockerImageDetails":
        """Details of the built image; not offered by this version."""
        raise not_yet("images of environments")

    def clone(self, new_name: str) -> "Environment":
        """A copy under another name, without a version."""
        if not isinstance(new_name, str):
            raise UserErrorException("environment name expected str, {} found".format(type(new_name).__name__))
        other = copy.deepcopy(self)
        other.name, other.version = new_name, None
        return other

    # -- folders ---------------------------------------------------------------------------------------------------

    def save_to_directory(self, path: str, overwrite: bool = False) -> None:
        """Writes ``azureml_environment.json`` and ``conda_dependencies.yml`` into a folder.

        :raises UserErrorException: the folder is there, and `overwrite` is False.
        """
        if os.path.exists(path) and not overwrite:
            raise UserErrorException("the folder {} exists already; overwrite=True writes into it".format(path))
        os.makedirs(path, exist_ok=True)
        body = self._to_dict()
        body["python"].pop("condaDependencies")
        if self.python.conda_dependencies is not None:
            body["python"]["condaDependenciesFile"] = CONDA_FILE_NAME
            self.python.conda_dependencies.save(os.path.join(path, CONDA_FILE_NAME))
        with open(os.path.join(path, ENVIRONMENT_FILE_NAME), "w", encoding="utf-8") as file:
            json.dump(body, file, indent=4)
            file.write("\n")

    @staticmethod
    def load_from_directory(path: str) -> "Environment":
        """The environment that `save_to_directory` wrote.

        :raises UserErrorException: files are missing or broken.
        """
        name = os.path.join(path, ENVIRONMENT_FILE_NAME)
        try:
            with open(name, encoding="utf-8-sig") as file:
                body = json.load(file)
        except (OSError, ValueError) as error:
            raise UserErrorException("the environment {} could not be read: {}".format(name, error), inner_exception=error)
        return Environment._from_dict(body, Place(name), path)

    @staticmethod
    def _from_dict(body: Any, place: Place, folder: str) -> "Environment":
        """From a file's mapping; the conda file that it names is read, relative to `folder`."""
        env = Environment(None)
        env._read(body, place)
        env.name = None if env.name is None else str(env.name)
        env.version = None if env.version is None else str(env.version)
        env._read_conda_file(folder)
        return env

    def _read_conda_file(self, folder: str) -> None:
        named = self.python.conda_dependencies_file
        path = os.path.join(folder, named) if named else ""
        if named and os.path.isfile(path):
            self.python.conda_dependencies = CondaDependencies(path)

    # -- submission ------------------------------------------------------------------------------------------------

    def _is_untouched(self) -> bool:
        """Nobody named it or set anything about Python: it stands for "no environment given"."""
        return self.name is None and self.python._is_untouched()

    def _mistakes(self) -> List[str]:
        """What it asks for and this version does not run, each with the way out."""
        found = []
        if not self.python.user_managed_dependencies and not self._is_untouched():
            found.append("the environment {!r} is system-managed: building environments from packages is not offered yet; {}".format(self.name or "", _USE_INTERPRETER))
        if self.docker._is_asked_for():
            found.append("the environment {!r} asks for a container: containers (environment.docker) are not offered yet; leave docker.enabled False and the base "
                         "image as it is".format(self.name or ""))
        if self.r is not None:
            found.append("the environment {!r} asks for R, which is not offered yet".format(self.name or ""))
        if self.name is not None and re.match(r"(?i)azureml|microsoft", self.name):
            found.append("the environment's name {!r} is reserved: names cannot begin with AzureML or Microsoft".format(self.name))
        registry = self.docker.base_image_registry
        if registry.username and not registry.password:
            found.append("environment.docker.base_image_registry has a username and no password")
        return found

    def _settings(self) -> Dict[str, Any]:
        """The environment of a RunSpec: ``{"kind", "settings", "variables"}``.

        :raises UserErrorException: for what this version does not run, naming all of it.
        """
        mistakes = self._mistakes()
        if mistakes:
            raise UserErrorException(mistakes_text("the run cannot be submitted", mistakes))
        variables = {str(name): str(value) for name, value in (self.environment_variables or {}).items()}
        return {"kind": "user-managed", "settings": {"interpreter": self._interpreter()}, "variables": variables}

    def _interpreter(self) -> str:
        named = self.python.interpreter_path
        if not named or named == "python":
            return sys.executable or "python3"
        return os.path.abspath(os.path.expanduser(named)) if os.sep in named else named

    def __repr__(self) -> str:
        return json.dumps(self._to_dict(), indent=4)


_USE_INTERPRETER = "set environment.python.user_managed_dependencies = True to use an interpreter that exists"


def _with_packages(name: str, conda_specification: Optional[str], pip_requirements: Optional[str]) -> Environment:
    if conda_specification and pip_requirements:
        raise UserErrorException("conda_specification and pip_requirements are given; an environment has one of them")
    if conda_specification:
        return Environment.from_conda_specification(name, conda_specification)
    if pip_requirements:
        return Environment.from_pip_requirements(name, pip_requirements)
    env = Environment(name)
    env.python.user_managed_dependencies = True
    return env


class DockerBuildContext:
    """A folder with a Dockerfile; images are not built by this version."""

    def __init__(self, location: str, dockerfile_path: str = "Dockerfile"):
        self.location = location
        self.dockerfile_path = dockerfile_path

    @classmethod
    def from_local_directory(cls, workspace: "Workspace", path: str, dockerfile_path: str = "Dockerfile") -> "DockerBuildContext":
        """A folder of this machine."""
        return cls(os.path.abspath(path), dockerfile_path)


class DockerImageDetails(dict):
    """What is known about a built image; a dict."""


class ImageBuildDetails:
    """The building of an image; not offered by this version."""

    def __init__(self, *unused: Any, **unused_too: Any):
        raise not_yet("building environments")
