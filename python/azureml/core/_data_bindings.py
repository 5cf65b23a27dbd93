"""From data in arguments and in a run configuration to what a run's specification says of it."""
import copy
from typing import TYPE_CHECKING, Any, Dict, List

from azureml.core._data_sections import Data, DataReferenceConfiguration, OutputData

if TYPE_CHECKING:
    from azureml.core.runconfig import RunConfiguration
    from azureml.core.workspace import Workspace


def is_data(value: Any) -> bool:
    """Whether an argument is data: a dataset, a reference, an input or an output."""
    return not isinstance(value, (str, int, float)) and type(value).__module__.startswith("azureml.") and _plain(value) is not None


def text_of(value: Any) -> str:
    """What stands for data in an argument."""
    return str(_plain(value))


def _plain(value: Any) -> Any:
    """A reference, an input config or an output config; None for what is no data. A file dataset alone is mounted, a tabular one is passed by its id."""
    from azureml.data.abstract_dataset import AbstractDataset
    from azureml.data.data_reference import DataReference
    from azureml.data.dataset_consumption_config import DatasetConsumptionConfig
    from azureml.data.file_dataset import FileDataset, _name_of
    from azureml.data.output_dataset_config import OutputFileDatasetConfig
    if isinstance(value, (DataReference, DatasetConsumptionConfig, OutputFileDatasetConfig)):
        return value
    if isinstance(value, FileDataset):
        return value.as_mount()
    return value.as_named_input(_name_of(value)) if isinstance(value, AbstractDataset) else None


def mistakes(config: "RunConfiguration") -> List[str]:
    """What in the data sections is no data, for people."""
    found = []
    for section, name, value in _sections(config):
        if not isinstance(value, (DataReferenceConfiguration, Data, OutputData)) and _plain(value) is None:
            found.append("{}[{!r}] is a {}; a reference, a dataset or an output is expected".format(section, name, type(value).__name__))
        elif isinstance(value, Data) and not _identity(value):
            found.append("{}[{!r}] has no dataset's id; only registered or saved datasets can be inputs".format(section, name))
    return found


def _sections(config: "RunConfiguration") -> List[Any]:
    return [(section, name, value) for section in ("data_references", "data", "output_data") for name, value in (getattr(config, section) or {}).items()]


def gather(config: "RunConfiguration", arguments: List[Any], workspace: "Workspace") -> List[Dict[str, Any]]:
    """The bindings of a run without `mistakes`, each once: those of the configuration's sections, then those of the arguments."""
    found = [_of_section(name, value, workspace) for _, name, value in _sections(config)]
    for value in arguments:
        if is_data(value):
            binding = _of_plain(_plain(value), workspace)
            if not any(_same(binding, each) for each in found):
                found.append(binding)
    return found


def _same(one: Dict[str, Any], other: Dict[str, Any]) -> bool:
    empty = ("", None, [], False)
    return all(one.get(key) == other.get(key) or (one.get(key) in empty and other.get(key) in empty) for key in set(one) | set(other))


def _of_section(name: str, value: Any, workspace: "Workspace") -> Dict[str, Any]:
    if isinstance(value, DataReferenceConfiguration):
        return _reference(name, value)
    if isinstance(value, Data):
        return _input(name, value)
    if isinstance(value, OutputData):
        return _output(name, value)
    return dict(_of_plain(_plain(value), workspace), name=name)


def _of_plain(value: Any, workspace: "Workspace") -> Dict[str, Any]:
    if hasattr(value, "data_reference_name"):
        return _reference(value.data_reference_name, value.to_config())
    if hasattr(value, "_binding"):
        return value._binding()
    dataset = copy.copy(value.dataset)
    dataset._workspace = dataset._workspace or workspace
    record = dataset._for_run() if value.mode != "direct" else dataset._record(workspace)
    return {"role": "input", "name": value.name, "mode": value.mode, "dataset": record["id"], "path_on_compute": value.path_on_compute or ""}


def _mode(value: Any, default: str) -> str:
    return str(value or default).lower()


def _reference(name: str, config: Any) -> Dict[str, Any]:
    return {"role": "reference", "name": name, "mode": _mode(config.mode, "mount"), "datastore": config.data_store_name or "", "path": config.path_on_data_store or "",
            "path_on_compute": config.path_on_compute or "", "overwrite": bool(config.overwrite)}


def _identity(data: Any) -> Any:
    return getattr(getattr(data.data_location, "dataset", None), "dataset_id", None)


def _input(name: str, data: Any) -> Dict[str, Any]:
    return {"role": "input", "name": name, "mode": _mode(data.mechanism, "direct"), "dataset": _identity(data), "variable": data.environment_variable_name or "",
            "path_on_compute": data.path_on_compute or "", "overwrite": bool(data.overwrite)}


def _output(name: str, data: Any) -> Dict[str, Any]:
    place = _part(_part(data.output_location, "dataPath"), None)
    more = _part(data.additional_options, None)
    registration = more.get("registrationOptions") or None
    upload = more.get("uploadOptions") or {}
    body = {"role": "output", "name": name, "mode": _mode(data.mechanism, "mount"), "datastore": place.get("datastoreName") or "", "path": place.get("relativePath") or "",
            "path_on_compute": more.get("pathOnCompute") or "", "overwrite": bool(upload.get("overwrite")), "source_globs": _globs(upload)}
    if registration and registration.get("name"):
        body["registration"] = {"name": registration["name"], "description": registration.get("description") or "", "tags": registration.get("tags") or {}}
    return body


def _globs(upload: Dict[str, Any]) -> List[str]:
    globs = (upload.get("sourceGlobs") or {}).get("globPatterns") if isinstance(upload.get("sourceGlobs"), dict) else upload.get("sourceGlobs")
    return list(globs or [])


def _part(value: Any, key: Any) -> Dict[str, Any]:
    found = value if key is None else (value or {}).get(key)
    return found if isinstance(found, dict) else {}
