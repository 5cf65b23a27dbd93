"""The sections of an Environment (spec 5.1): Python, container, Spark, R, Databricks. `environment` and `runconfig` have the names that users import."""
import os
from typing import Any, Dict, List, Optional

from azureml.core._sections import Place, Section, field
from azureml.core.conda_dependencies import CondaDependencies
from azureml.core.container_registry import ContainerRegistry

DEFAULT_CPU_IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04"
DEFAULT_GPU_IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-cuda11.1-cudnn8-ubuntu20.04"


def is_set(value: Any) -> bool:
    """Whether there is anything in it."""
    return value not in (None, "", [], {})


class PythonSection(Section):
    """Which Python.

    :ivar user_managed_dependencies: True: `interpreter_path` is used as it is. False: an environment would be built from `conda_dependencies`.
    :ivar interpreter_path: a path, the folder of a conda or virtual environment, or a name on PATH. ``python`` means the submitting interpreter.
    :ivar conda_dependencies_file: file of the conda specification, relative to the project; read where a run configuration is loaded.
    :ivar base_conda_environment: an existing conda environment to build upon; accepted.
    """

    _fields = (
        field("user_managed_dependencies", comment="true: the interpreter below is used as it is. false: an environment is built from the conda specification."),
        field("interpreter_path", comment="The interpreter of a user-managed environment: a path or a name on PATH."),
        field("conda_dependencies_file", comment="File of the conda specification, relative to the project's folder.", is_written=is_set),
        field("conda_dependencies", comment="The conda specification itself."),
        field("base_conda_environment", comment="A conda environment that exists already, to build upon."),
    )
    _uncompared = ("conda_dependencies_file",)

    def __init__(self) -> None:
        self.user_managed_dependencies = False
        self.interpreter_path = "python"
        self.conda_dependencies = CondaDependencies()  # type: Optional[CondaDependencies]
        self.conda_dependencies_file = None  # type: Optional[str]
        self.base_conda_environment = None  # type: Optional[str]

    def _to_dict(self) -> Dict[str, Any]:
        values = super()._to_dict()
        values["condaDependencies"] = self.conda_dependencies.as_dict() if self.conda_dependencies is not None else None
        return values

    def _read_field(self, each: Any, value: Any, place: Place) -> None:
        if each.attribute != "conda_dependencies":
            super()._read_field(each, value, place)
        elif value is not None:
            self.conda_dependencies = CondaDependencies(_underlying_structure=value)

    def _is_untouched(self) -> bool:
        return self == PythonSection()


class DockerImagePlatform(Section):
    """Operating system and processor of an image."""

    _fields = (field("os"), field("architecture"))

    def __init__(self) -> None:
        self.os = "Linux"
        self.architecture = "amd64"


class DockerSection(Section):
    """The container. Not used by this version; asking for one is refused at submission.

    Of `base_image`, `base_dockerfile` and `build_context` one is set: assigning one resets the others.

    :ivar base_dockerfile: the text of a Dockerfile, or the path of one.
    """

    _fields = (
        field("enabled", comment="true: the run takes place in a container of this image."),
        field("base_image", comment="Image of the container."),
        field("base_dockerfile", comment="Text of a Dockerfile, or the path of one, instead of an image."),
        field("shared_volumes", comment="Whether the host's folders are mounted rather than copied."),
        field("shm_size", comment="Shared memory of the container, for example 2g."),
        field("arguments", comment="More arguments for the container's engine."),
        field("base_image_registry", comment="The registry that the image comes from.", kind=ContainerRegistry),
        field("platform", kind=DockerImagePlatform),
        field("gpu_support", is_written=lambda value: value is not None),
        field("build_context", is_written=lambda value: value is not None),
    )
    _old = {"enabled": "RunConfiguration.docker = DockerConfiguration(use_docker=...)", "shared_volumes": "DockerConfiguration(shared_volumes=...)",
            "arguments": "DockerConfiguration(arguments=...)", "shm_size": "DockerConfiguration(shm_size=...)"}

    def __init__(self) -> None:
        self.enabled = False
        self._base_image = DEFAULT_CPU_IMAGE  # type: Optional[str]
        self._base_dockerfile = None  # type: Optional[str]
        self._build_context = None  # type: Any
        self._registry = ContainerRegistry()
        self.platform = DockerImagePlatform()
        self.shared_volumes = True
        self.shm_size = None  # type: Optional[str]
        self.arguments = []  # type: List[str]
        self.gpu_support = None  # type: Optional[bool]  # old: found out by itself

    def _choose(self, name: str, value: Any) -> None:
        if value is not None:
            self._base_image = self._base_dockerfile = self._build_context = None
        setattr(self, name, value)

    @property
    def base_image(self) -> Optional[str]:
        """Name of the image."""
        return self._base_image

    @base_image.setter
    def base_image(self, image: Optional[str]) -> None:
        self._choose("_base_image", image)

    @property
    def base_dockerfile(self) -> Optional[str]:
        """Text or path of a Dockerfile; the file is read when the environment is used."""
        return self._base_dockerfile

    @base_dockerfile.setter
    def base_dockerfile(self, dockerfile: Optional[str]) -> None:
        self._choose("_base_dockerfile", dockerfile)

    @property
    def build_context(self) -> Any:
        """Folder that an image is built from."""
        return self._build_context

    @build_context.setter
    def build_context(self, context: Any) -> None:
        self._choose("_build_context", context)

    @property
    def base_image_registry(self) -> ContainerRegistry:
        """The registry of the image; a text that is assigned is its address."""
        return self._registry

    @base_image_registry.setter
    def base_image_registry(self, registry: Any) -> None:
        if isinstance(registry, str):
            address, registry = registry, ContainerRegistry()
            registry.address = address
        self._registry = registry if registry is not None else ContainerRegistry()

    def _is_asked_for(self) -> bool:
        return bool(self.enabled or self.base_dockerfile or self.build_context) or self.base_image not in (None, DEFAULT_CPU_IMAGE, DEFAULT_GPU_IMAGE)


class SparkPackage(Section):
    """A package of Maven."""

    _fields = (field("group"), field("artifact"), field("version"))

    def __init__(self, group: Optional[str] = None, artifact: Optional[str] = None, version: Optional[str] = None):
        self.group = group
        self.artifact = artifact
        self.version = version


class SparkSection(Section):
    """Packages of Spark; used by targets that this version does not have."""

    _fields = (
        field("repositories", comment="Repositories of Spark packages."),
        field("packages", comment="Spark packages: group, artifact and version of each.", kind=SparkPackage, shape="list"),
        field("precache_packages", comment="Whether the packages are fetched when the environment is built."),
    )

    def __init__(self) -> None:
        self.repositories = []  # type: List[str]
        self.packages = []  # type: List[SparkPackage]
        self.precache_packages = True


class RSection(Section):
    """R and its packages; accepted, refused at submission by this version."""

    _fields = (field("r_version"), field("user_managed"), field("rscript_path"), field("snapshot_date"), field("cran_packages"), field("github_packages"),
               field("custom_url_packages"), field("bioconductor_packages"))

    def __init__(self) -> None:
        self.r_version = None  # type: Optional[str]
        self.user_managed = False
        self.rscript_path = None  # type: Optional[str]
        self.snapshot_date = None  # type: Optional[str]
        self.cran_packages = []  # type: List[Any]
        self.github_packages = []  # type: List[Any]
        self.custom_url_packages = []  # type: List[str]
        self.bioconductor_packages = []  # type: List[str]


class _Library(Section):
    """Base of the libraries of a Databricks cluster."""

    def __init__(self, *values: Any, **named: Any):
        for each, value in zip(self._fields, list(values) + [None] * len(self._fields)):
            setattr(self, each.attribute, named.pop(each.attribute, value))
        if named:
            raise TypeError("{} has no argument {!r}".format(type(self).__name__, sorted(named)[0]))


class MavenLibrary(_Library):
    """``MavenLibrary(coordinates, repo=None, exclusions=None)``."""

    _fields = (field("coordinates"), field("repo"), field("exclusions"))


class PyPiLibrary(_Library):
    """``PyPiLibrary(package, repo=None)``."""

    _fields = (field("package"), field("repo"))


class RCranLibrary(_Library):
    """``RCranLibrary(package, repo=None)``."""

    _fields = (field("package"), field("repo"))


class JarLibrary(_Library):
    """``JarLibrary(library)``: the path of a jar."""

    _fields = (field("library"),)


class EggLibrary(_Library):
    """``EggLibrary(library)``: the path of an egg."""

    _fields = (field("library"),)


class DatabricksSection(Section):
    """Libraries of a Databricks cluster; accepted, without effect on other targets."""

    _fields = (
        field("maven_libraries", kind=MavenLibrary, shape="list"),
        field("pypi_libraries", kind=PyPiLibrary, shape="list"),
        field("rcran_libraries", kind=RCranLibrary, shape="list"),
        field("jar_libraries", kind=JarLibrary, shape="list"),
        field("egg_libraries", kind=EggLibrary, shape="list"),
    )

    def __init__(self) -> None:
        self.maven_libraries = []  # type: List[MavenLibrary]
        self.pypi_libraries = []  # type: List[PyPiLibrary]
        self.rcran_libraries = []  # type: List[RCranLibrary]
        self.jar_libraries = []  # type: List[JarLibrary]
        self.egg_libraries = []  # type: List[EggLibrary]


def read_dockerfile(value: str) -> str:
    """Text of a Dockerfile that is given as text or as a path."""
    if "\n" not in value and os.path.isfile(value):
        with open(value, encoding="utf-8") as file:
            return file.read()
    return value
