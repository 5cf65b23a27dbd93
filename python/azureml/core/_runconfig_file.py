"""Run configurations in files (spec 4.4): where they lie, YAML and JSON, the conda file beside them."""
import copy
import os
import warnings
from typing import TYPE_CHECKING, Any, Dict, List, Optional

from azureml.core import _yaml
from azureml.core._naming import a_kind, did_you_mean
from azureml.core._sections import Place
from azureml.core._yaml_writer import dump
from azureml.core.conda_dependencies import CONDA_FILE_NAME, CondaDependencies
from azureml.core.environment import Environment
from azureml.exceptions import RunConfigurationException, UserErrorException

if TYPE_CHECKING:
    from azureml.core.runconfig import RunConfiguration

_ENDING = ".runconfig"
_FOLDERS = (".azureml", "aml_config", "")
_OLDER = ("ArgumentVector", "Target", "EnvironmentVariables", "Framework", "CondaDependenciesFile", "SparkDependenciesFile", "PrepareEnvironment", "TrackedRun")


def find(path: Any, name: Optional[str]) -> str:
    """The file that `path` and `name` mean.

    :raises RunConfigurationException: there is none; names that are near are told.
    """
    start = os.path.abspath(os.path.expanduser(os.fspath(path)))
    if os.path.isfile(start) and not name:
        return start
    if not name:
        raise RunConfigurationException("{} is no file; give the name of a run configuration too: RunConfiguration.load(path, name)".format(start))
    for folder in _FOLDERS:
        for each in (name, name + _ENDING):
            candidate = os.path.join(start, folder, each)
            if os.path.isfile(candidate):
                return candidate
    present = _present(start)
    near = did_you_mean(name, present)
    raise RunConfigurationException("there is no run configuration {!r} in {} (nor in its .azureml and aml_config){}".format(
        name, start, near or ("; there are: " + ", ".join(present) if present else "")))


def _present(start: str) -> List[str]:
    found = set()
    for folder in _FOLDERS:
        place = os.path.join(start, folder)
        if os.path.isdir(place):
            found.update(each[:-len(_ENDING)] for each in os.listdir(place) if each.endswith(_ENDING))
    return sorted(found)


def load(path: Any, name: Optional[str]) -> "RunConfiguration":
    """See `RunConfiguration.load`."""
    from azureml.core.runconfig import RunConfiguration
    file = find(path, name)
    folder = os.path.dirname(file)
    project = os.path.dirname(folder) if os.path.basename(folder) in _FOLDERS[:2] else folder
    values = _read(file)
    _refuse_the_older_format(file, values)
    config = RunConfiguration(_path=project, _name=name_of(file))
    place = Place(file)
    environment = values.pop("environment", None)
    config._read(values, place)
    config.arguments = [each if isinstance(each, (str, int, float)) else str(each) for each in config.arguments]
    config.environment = _environment(environment, place.below("environment"), project, folder)
    return config


def _read(file: str) -> Dict[str, Any]:
    try:
        with open(file, encoding="utf-8-sig") as opened:
            values = _yaml.load(opened.read())
    except (OSError, ValueError) as error:
        raise RunConfigurationException("the run configuration {} could not be read: {}".format(file, error), inner_exception=error)
    if not isinstance(values, dict):
        raise RunConfigurationException("the run configuration {} is {}; a mapping of fields is expected".format(file, a_kind(values)))
    return values


def _refuse_the_older_format(file: str, values: Dict[str, Any]) -> None:
    older = [key for key in _OLDER if key in values]
    if older:
        raise RunConfigurationException("{} is a run configuration of the product before the SDK ({}{}), another format that is not read; make a new one: "
                                        "RunConfiguration().save(path, name)".format(file, ", ".join(older[:3]), ", ..." if len(older) > 3 else ""))


def _environment(values: Any, place: Place, project: str, folder: str) -> Environment:
    if isinstance(values, str):
        found = [each for each in (os.path.join(project, values), os.path.join(folder, values)) if os.path.isfile(each)]
        if not found:
            raise place.wrong("names the file {}, which is not there".format(values))
        return Environment._from_dict(_read(found[0]), Place(found[0]), project)
    env = Environment._from_dict(values, place, project)
    named = env.python.conda_dependencies_file
    if named and not env.python.user_managed_dependencies and env.python.conda_dependencies == CondaDependencies() and not os.path.isfile(os.path.join(project, named)):
        warnings.warn("{}: the conda file {} is not in {}; the default packages stand in for it".format(place.file, named, project), stacklevel=4)
    return env


def name_of(file: str) -> str:
    """The name of a run configuration: that of its file without the ending."""
    base = os.path.basename(file)
    return base[:-len(_ENDING)] if base.endswith(_ENDING) else base


def save(config: "RunConfiguration", path: Any, name: Optional[str], separate_environment: bool) -> None:
    """See `RunConfiguration.save`."""
    target = os.path.abspath(os.path.expanduser(os.fspath(path or config._path or os.curdir)))
    name = name_of(name) if name else None
    is_file = name is None and not os.path.isdir(target) and (target.endswith(_ENDING) or bool(os.path.splitext(target)[1]))
    if is_file:
        folder, file, name = os.path.dirname(target), target, name_of(target)
        project = os.path.dirname(folder) if os.path.basename(folder) in _FOLDERS[:2] else folder
    else:
        name = name or config._name
        if not name:
            raise UserErrorException("the run configuration has no name yet: save(path, name)")
        project = target
        folder = os.path.join(project, "aml_config" if os.path.isdir(os.path.join(project, "aml_config")) and not os.path.isdir(os.path.join(project, ".azureml"))
                              else ".azureml")
        file = os.path.join(folder, name + _ENDING)
    os.makedirs(folder, exist_ok=True)
    values = config._to_dict()
    _put_conda_file(config, values["environment"]["python"], folder, project)
    comments = config._comments()
    if separate_environment:
        inner = "{}_environment.yml".format(name)
        _write(os.path.join(folder, inner), dump(values["environment"], Environment._comments()))
        values["environment"] = os.path.relpath(os.path.join(folder, inner), project).replace(os.sep, "/")
    _write(file, dump(values, comments))


def _put_conda_file(config: "RunConfiguration", python: Dict[str, Any], folder: str, project: str) -> None:
    """Packages that somebody named go to a file of their own, as people edit them there."""
    packages = config.environment.python.conda_dependencies
    if packages is None or packages == CondaDependencies():
        return
    path = os.path.join(folder, CONDA_FILE_NAME)
    packages.save(path)
    python.pop("condaDependencies", None)
    named = os.path.relpath(path, project).replace(os.sep, "/")
    at = copy.copy(python)
    python.clear()
    for key, value in at.items():
        if key != "condaDependenciesFile":
            python[key] = value
        if key == "interpreterPath":
            python["condaDependenciesFile"] = named


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def delete(path: Any, name: str) -> None:
    """See `RunConfiguration.delete`."""
    os.unlink(find(path, name))
