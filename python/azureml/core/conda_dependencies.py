"""Python packages of an environment, as a conda specification (spec 4.6)."""
import re
from typing import Any, Dict, Iterable, List, Optional

_DEFAULT_PYTHON = "3.8.13"


def _package_name(requirement: str) -> str:
    """`numpy` of ``numpy>=1.17``, without channel, extras and version; lower case, since packages are found so."""
    return re.split(r"[\s=<>!~\[;]", requirement.strip(), maxsplit=1)[0].lower()


class CondaDependencies:
    """Channels, conda packages and pip packages.

    >>> deps = CondaDependencies.create(conda_packages=["numpy"], pip_packages=["scikit-learn"])
    >>> list(deps.conda_packages)
    ['python=3.8.13', 'numpy']

    :param conda_dependencies_file_path: files are not read by this version.
    :param _underlying_structure: the parsed specification.
    """

    def __init__(self, conda_dependencies_file_path: Optional[str] = None, _underlying_structure: Optional[Dict[str, Any]] = None):
        if conda_dependencies_file_path is not None:
            from azureml.exceptions import UserErrorException
            raise UserErrorException("conda specifications from files are not offered by this version of stoker: {}".format(conda_dependencies_file_path))
        self._channels = ["anaconda", "conda-forge"]  # type: List[str]
        self._conda = ["python=" + _DEFAULT_PYTHON]  # type: List[str]
        self._pip = ["azureml-defaults"]  # type: List[str]
        self._pip_options = []  # type: List[str]
        if _underlying_structure is not None:
            self._take(_underlying_structure)

    def _take(self, structure: Dict[str, Any]) -> None:
        self._channels = list(structure.get("channels") or [])
        dependencies = structure.get("dependencies") or []
        self._conda = [each for each in dependencies if isinstance(each, str)]
        pip = [entry for each in dependencies if isinstance(each, dict) for entry in each.get("pip") or []]
        self._pip_options = [entry for entry in pip if entry.startswith("-")]
        self._pip = [entry for entry in pip if not entry.startswith("-")]

    @staticmethod
    def create(pip_indexurl: Optional[str] = None, pip_packages: Optional[Iterable[str]] = None, conda_packages: Optional[Iterable[str]] = None,
               python_version: str = _DEFAULT_PYTHON, pin_sdk_version: bool = True) -> "CondaDependencies":
        """A specification with these packages, Python, and ``azureml-defaults`` unless an azureml package is listed."""
        deps = CondaDependencies()
        deps.set_python_version(python_version)
        for package in conda_packages or []:
            deps.add_conda_package(package)
        wanted = list(pip_packages or [])
        if any(_package_name(package).startswith("azureml") for package in wanted):
            deps._pip = []
        for package in wanted:
            deps.add_pip_package(package)
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

    def as_dict(self) -> Dict[str, Any]:
        """The conda specification as plain lists and dicts."""
        return {"name": "project_environment", "dependencies": self._conda + [{"pip": self._pip_options + self._pip}], "channels": list(self._channels)}


def _put(packages: List[str], package: str) -> None:
    for at, present in enumerate(packages):
        if _package_name(present) == _package_name(package):
            packages[at] = package
            return
    packages.append(package)
