"""Python packages of an environment, as a conda specification (spec 4.6)."""
import os
import re
from typing import Any, Dict, Iterable, List, Optional

from azureml.core import _yaml
from azureml.core._version import VERSION
from azureml.core._yaml_writer import dump
from azureml.exceptions import UserErrorException

_DEFAULT_PYTHON = "3.8.13"
CONDA_FILE_NAME = "conda_dependencies.yml"


def _package_name(requirement: str) -> str:
    """`numpy` of ``numpy>=1.17``, without channel, extras and version; lower case, since packages are found so."""
    return re.split(r"[\s=<>!~\[;]", requirement.strip().split("::", 1)[-1], maxsplit=1)[0].lower()


class CondaDependencies:
    """Channels, conda packages and pip packages.

    >>> deps = CondaDependencies.create(conda_packages=["numpy"], pip_packages=["scikit-learn"])
    >>> list(deps.conda_packages)
    ['python=3.8.13', 'numpy']

    :param conda_dependencies_file_path: a conda specification to read; without it the default one: Python and ``azureml-defaults``.
    :param _underlying_structure: the parsed specification.
    :raises UserErrorException: the file is not there, or is no conda specification; the line is named.
    """

    def __init__(self, conda_dependencies_file_path: Optional[str] = None, _underlying_structure: Optional[Dict[str, Any]] = None):
        self._name = "project_environment"
        self._more = {}  # type: Dict[str, Any]  # fields that are conda's alone: prefix, variables
        self._channels = ["anaconda", "conda-forge"]  # type: List[str]
        self._conda = ["python=" + _DEFAULT_PYTHON]  # type: List[str]
        self._pip = ["azureml-defaults"]  # type: List[str]
        self._pip_options = []  # type: List[str]
        if conda_dependencies_file_path is not None:
            self._take(_read_file(conda_dependencies_file_path), str(conda_dependencies_file_path))
        elif _underlying_structure is not None:
            self._take(_underlying_structure, "the conda specification")

    def _take(self, structure: Any, place: str) -> None:
        if not isinstance(structure, dict) or not isinstance(structure.get("dependencies") or [], list):
            raise UserErrorException("{} is not a conda specification: a mapping with a list \"dependencies\" is expected".format(place))
        self._name = structure.get("name") or self._name
        self._more = {key: value for key, value in structure.items() if key not in ("name", "channels", "dependencies")}
        self._channels = [str(each) for each in structure.get("channels") or []]
        dependencies = structure.get("dependencies") or []
        self._conda = [str(each) for each in dependencies if not isinstance(each, dict)]
        pip = [str(entry) for each in dependencies if isinstance(each, dict) for entry in each.get("pip") or []]
        self._pip_options = [entry for entry in pip if entry.startswith("-")]
        self._pip = [entry for entry in pip if not entry.startswith("-")]

    @staticmethod
    def create(pip_indexurl: Optional[str] = None, pip_packages: Optional[Iterable[str]] = None, conda_packages: Optional[Iterable[str]] = None,
               python_version: str = _DEFAULT_PYTHON, pin_sdk_version: bool = True) -> "CondaDependencies":
        """A specification with these packages, Python, and ``azureml-defaults`` unless an azureml package is listed.

        :param pin_sdk_version: azureml packages without a version get this SDK's.
        """
        deps = CondaDependencies()
        deps.set_python_version(python_version)
        for package in conda_packages or []:
            deps.add_conda_package(package)
        wanted = list(pip_packages or [])
        if any(_package_name(package).startswith("azureml") for package in wanted):
            deps._pip = []
        for package in wanted:
            deps.add_pip_package(package)
        if pin_sdk_version:
            deps._pip = [each + "==" + VERSION if re.match(r"azureml-[\w.-]+(\[[^\]]*\])?$", each) else each for each in deps._pip]
        if pip_indexurl:
            deps.set_pip_index_url(pip_indexurl)
        return deps

    @property
    def conda_channels(self) -> Iterable[str]:
        """Channels in order of priority."""
        return iter(self._channels)

    @property
    def conda_packages(self) -> Iterable[str]:
        """Conda packages, Python among them."""
        return iter(self._conda)

    @property
    def pip_packages(self) -> Iterable[str]:
        """Pip packages, without options."""
        return iter(self._pip)

    @property
    def pip_options(self) -> Iterable[str]:
        """Options of pip, such as ``--index-url ...``."""
        return iter(self._pip_options)

    def add_channel(self, channel: str) -> None:
        """Adds a channel once."""
        if channel not in self._channels:
            self._channels.append(channel)

    def remove_channel(self, channel: str) -> None:
        """Removes a channel where it is."""
        self._channels = [each for each in self._channels if each != channel]

    def add_conda_package(self, conda_package: str) -> None:
        """Adds a package; one of the same name is replaced, in its place."""
        _put(self._conda, conda_package)

    def remove_conda_package(self, conda_package: str) -> None:
        """Removes the package of that name where it is."""
        self._conda = [each for each in self._conda if _package_name(each) != _package_name(conda_package)]

    def add_pip_package(self, pip_package: str) -> None:
        """Adds a package; one of the same name is replaced, in its place."""
        _put(self._pip, pip_package)

    def remove_pip_package(self, pip_package: str) -> None:
        """Removes the package of that name where it is."""
        self._pip = [each for each in self._pip if _package_name(each) != _package_name(pip_package)]

    def set_pip_option(self, pip_option: str) -> None:
        """Adds an option of pip; one with the same switch is replaced."""
        switch = re.split(r"[\s=]", pip_option.strip(), maxsplit=1)[0]
        self._pip_options = [each for each in self._pip_options if re.split(r"[\s=]", each, maxsplit=1)[0] != switch] + [pip_option]

    def set_pip_index_url(self, index_url: str) -> None:
        """The index that pip takes packages from; a whole option is accepted too."""
        self.set_pip_option(index_url if index_url.startswith("-") else "--index-url " + index_url)

    def set_python_version(self, version: str) -> None:
        """For example ``3.8``."""
        self.add_conda_package("python=" + version)

    def get_python_version(self) -> Optional[str]:
        """The version asked for, None when none is."""
        for package in self._conda:
            if _package_name(package) == "python":
                return re.sub(r"^python\s*=*\s*", "", package.strip()) or None
        return None

    def set_pip_requirements(self, pip_requirements: Iterable[str]) -> None:
        """These packages and options (lines of a requirements file; comments are left out) in place of those there are."""
        lines = [line.split(" #")[0].strip() for line in pip_requirements]
        lines = [line for line in lines if line and not line.startswith("#")]
        self._pip_options = [line for line in lines if line.startswith("-")]
        self._pip = [line for line in lines if not line.startswith("-")]

    def add_tensorflow_conda_package(self, core_type: str = "cpu", version: Optional[str] = None) -> None:
        """TensorFlow from conda; `core_type` is ``cpu`` or ``gpu``."""
        self.add_conda_package(_tensorflow(core_type) + ("={}".format(version) if version else ""))

    def add_tensorflow_pip_package(self, core_type: str = "cpu", version: Optional[str] = None) -> None:
        """TensorFlow from pip; `core_type` is ``cpu`` or ``gpu``."""
        self.add_pip_package(_tensorflow(core_type) + ("=={}".format(version) if version else ""))

    def add_cntk_package(self, core_type: str = "cpu") -> None:
        """CNTK from pip; `core_type` is ``cpu`` or ``gpu``."""
        self.add_pip_package("cntk" if _is_cpu(core_type) else "cntk-gpu")

    @staticmethod
    def merge_requirements(requirements: Iterable[str]) -> List[str]:
        """One entry for each package: their version specifiers joined by commas, in the order of the first mention."""
        merged = {}  # type: Dict[str, List[str]]
        for each in requirements:
            match = re.match(r"\s*([A-Za-z0-9_.-]+(?:\[[^\]]*\])?)\s*(.*)$", each)
            name, version = (match.group(1), match.group(2).strip()) if match else (each, "")
            versions = merged.setdefault(name, [])
            if version and version not in versions:
                versions.append(version)
        return [name + ",".join(versions) for name, versions in merged.items()]

    def _merge_dependencies(self, other: "Optional[CondaDependencies]") -> None:
        """Adds what another specification has; its versions win."""
        if other is None:
            return
        for add, names in ((self.add_channel, other._channels), (self.add_conda_package, other._conda), (self.add_pip_package, other._pip),
                           (self.set_pip_option, other._pip_options)):
            for each in names:
                add(each)

    def as_dict(self) -> Dict[str, Any]:
        """The conda specification as plain lists and dicts."""
        pip = self._pip_options + self._pip
        return dict({"name": self._name, "dependencies": self._conda + ([{"pip": pip}] if pip else []), "channels": list(self._channels)}, **self._more)

    def serialize_to_string(self) -> str:
        """The specification as YAML."""
        return dump(self.as_dict())

    def save(self, path: Optional[str] = None) -> str:
        """Writes the file `path`, in a folder ``conda_dependencies.yml``; without it ``.azureml/conda_dependencies.yml`` here. Returns the path."""
        target = os.fspath(path) if path else os.path.join(".azureml", CONDA_FILE_NAME)
        if os.path.isdir(target):
            target = os.path.join(target, CONDA_FILE_NAME)
        os.makedirs(os.path.dirname(os.path.abspath(target)), exist_ok=True)
        with open(target, "w", encoding="utf-8") as file:
            file.write("# Conda environment specification: the packages of the environment that runs take place in.\n" + self.serialize_to_string())
        return target

    def save_to_file(self, base_directory: str, conda_file_path: Optional[str] = None) -> str:
        """Writes `conda_file_path` (default ``conda_dependencies.yml``) below `base_directory`; returns its path relative to that."""
        name = conda_file_path or CONDA_FILE_NAME
        self.save(os.path.join(base_directory, name))
        return name

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, CondaDependencies) and self.as_dict() == other.as_dict()

    def __ne__(self, other: Any) -> bool:
        return not self == other

    __hash__ = None  # type: ignore  # they change

    def __repr__(self) -> str:
        return self.serialize_to_string()


def _read_file(path: Any) -> Any:
    try:
        with open(os.path.expanduser(os.fspath(path)), encoding="utf-8-sig") as file:
            return _yaml.load(file.read())
    except (OSError, ValueError) as error:
        raise UserErrorException("the conda specification {} could not be read: {}".format(path, error), inner_exception=error)


def _is_cpu(core_type: str) -> bool:
    if core_type.lower() not in ("cpu", "gpu"):
        raise UserErrorException("core_type is {!r}; cpu or gpu is expected".format(core_type))
    return core_type.lower() == "cpu"


def _tensorflow(core_type: str) -> str:
    return "tensorflow" if _is_cpu(core_type) else "tensorflow-gpu"


def _put(packages: List[str], package: str) -> None:
    for at, present in enumerate(packages):
        if _package_name(present) == _package_name(package):
            packages[at] = package
            return
    packages.append(package)
