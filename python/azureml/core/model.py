"""Registered models (spec 10): named, numbered files that a run left or that lie on this machine. One registry with MLflow's: ``models:/<name>/<version>``."""
import os
import shutil
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Optional

from azureml.core import _model_files
from azureml.core._errors import translated
from azureml.core._not_yet import not_yet
from azureml.exceptions import ModelNotFoundException, ModelPathNotFoundException, UserErrorException, WebserviceException
from stoker._client import path_of, query_of
from stoker.errors import StokerError

if TYPE_CHECKING:
    from azureml.core.run import Run
    from azureml.core.workspace import Workspace

_CACHE = "azureml-models"
_PAGE = 1000

__all__ = ["Model"]


class Model:
    """A version of a registered model.

    >>> Model(ws, "diabetes").version                                    # doctest: +SKIP
    >>> Model(ws, id="diabetes:3").download("here", exist_ok=True)       # doctest: +SKIP

    :param workspace: whose.
    :param name: the model; the newest version that fits what else is given.
    :param id: ``name:version``, instead of a name.
    :param tags: list of ``'key'`` or ``['key', 'value']``, or a dict; `properties` likewise.
    :raises ModelNotFoundException: there is none.
    """

    class Framework:
        """Names of frameworks."""

        CUSTOM = "Custom"
        TENSORFLOW = "TensorFlow"
        SCIKITLEARN = "ScikitLearn"
        ONNX = "Onnx"
        PYTORCH = "PyTorch"
        TFKERAS = "TfKeras"
        MULTI = "Multi"

    def __init__(self, workspace: "Workspace", name: Optional[str] = None, id: Optional[str] = None, tags: Any = None, properties: Any = None,
                 version: Optional[int] = None, run_id: Optional[str] = None, model_framework: Optional[str] = None, expand: bool = True, **kwargs: Any):
        if id is not None:
            named, _, number = str(id).rpartition(":")
            if not named or not number.isdigit():
                raise UserErrorException("the model id {!r} is not of the form name:version".format(id))
            if (name is not None and name != named) or (version is not None and int(version) != int(number)):
                raise UserErrorException("the model id {!r} contradicts name {!r} and version {!r}; give one of them".format(id, name, version))
            name, version = named, int(number)
        if not name:
            raise UserErrorException("Either name or id must be provided to look up a model")
        self.workspace = workspace
        record = kwargs.get("_record")
        self._take(record if record is not None else _find(workspace, str(name), version, tags, properties, run_id, model_framework))

    def _take(self, record: Dict[str, Any]) -> None:
        self._record = record

    @classmethod
    def _of(cls, workspace: "Workspace", record: Dict[str, Any]) -> "Model":
        return cls(workspace, record["name"], version=record["version"], _record=record)

    # -- what it is ------------------------------------------------------------------------------------------------

    @property
    def id(self) -> str:
        """``name:version``."""
        return self._record["id"]

    @property
    def name(self) -> str:
        """Its name."""
        return self._record["name"]

    @property
    def version(self) -> int:
        """1, 2, 3 ...; a number is not used again."""
        return self._record["version"]

    @property
    def tags(self) -> Dict[str, str]:
        """Tags; they may change."""
        return dict(self._record["tags"])

    @property
    def properties(self) -> Dict[str, str]:
        """Properties; written once."""
        return dict(self._record["properties"])

    @property
    def description(self) -> Optional[str]:
        """For people; None when there is none."""
        return self._record["description"] or None

    @property
    def url(self) -> str:
        """Names the files: ``aml://asset/<id>``."""
        return "aml://asset/{}".format(self.id)

    @property
    def created_time(self) -> Any:
        """When it was registered, a datetime in UTC."""
        from datetime import datetime, timezone
        return datetime.strptime(self._record["created_at"], "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)

    @property
    def created_by(self) -> Dict[str, str]:
        """``{"userName": ...}``."""
        return {"userName": self._record["created_by"]}

    @property
    def run_id(self) -> Optional[str]:
        """The run that made it."""
        return self._record["run_id"]

    @property
    def run(self) -> "Optional[Run]":
        """The run that made it; None where there is none, or it was deleted."""
        from azureml.core.run import Run
        from azureml.exceptions import RunNotFoundException
        if not self.run_id:
            return None
        try:
            return Run.get(self.workspace, self.run_id)
        except RunNotFoundException:
            return None

    @property
    def experiment_name(self) -> Optional[str]:
        """The experiment of its run."""
        return self._detail("experiment")

    @property
    def model_framework(self) -> str:
        """One of `Model.Framework`, or another word."""
        return self._detail("framework") or Model.Framework.CUSTOM

    @property
    def model_framework_version(self) -> Optional[str]:
        """As it was given."""
        return self._detail("framework_version")

    @property
    def unpack(self) -> bool:
        """Whether the files come packed: never here."""
        return False

    @property
    def parent_id(self) -> Optional[str]:
        """The model that it was made from."""
        return self._detail("parent_id")

    @property
    def datasets(self) -> Dict[str, List[str]]:
        """Relation -> ids of datasets."""
        return _decoded(self._detail("datasets")) or {}

    @property
    def sample_input_dataset(self) -> Optional[str]:
        """Id of a dataset."""
        return self._detail("sample_input_dataset")

    @property
    def sample_output_dataset(self) -> Optional[str]:
        """Id of a dataset."""
        return self._detail("sample_output_dataset")

    @property
    def resource_configuration(self) -> Any:
        """What a deployment would ask for, as it was given: a dict, or None."""
        return _decoded(self._detail("resource_configuration"))

    def _detail(self, name: str) -> Optional[str]:
        return self._record["details"].get(name)

    # -- registering and listing -----------------------------------------------------------------------------------

    @staticmethod
    def register(workspace: "Workspace", model_path: str, model_name: str, tags: Any = None, properties: Any = None, description: Optional[str] = None,
                 datasets: Any = None, model_framework: Optional[str] = None, model_framework_version: Optional[str] = None,
                 child_paths: Optional[List[str]] = None, sample_input_dataset: Any = None, sample_output_dataset: Any = None,
                 resource_configuration: Any = None, **kwargs: Any) -> "Model":
        """Registers a file or a folder of this machine as the next version of a model.

        :param child_paths: only these files of the folder.
        :raises ModelPathNotFoundException: there is no such file or folder.
        """
        path = os.path.abspath(os.path.expanduser(os.fspath(model_path)))
        files = _model_files.local_files(path, child_paths)
        details = _details(datasets, model_framework, model_framework_version, sample_input_dataset, sample_output_dataset, resource_configuration)
        print("Registering model {}".format(model_name))
        with translated(WebserviceException, **_REFUSALS):
            upload = _model_files.send(workspace, files)
            return Model._register(workspace, model_name, {"upload": upload, "path": os.path.basename(path)}, tags, properties, description, details)

    @staticmethod
    def _register_of_run(run: "Run", model_name: str, model_path: Optional[str], tags: Any, properties: Any, description: Optional[str],
                         details: Dict[str, str]) -> "Model":
        """`Run.register_model`: nothing is copied or downloaded."""
        path = str(model_name if model_path is None else model_path)
        try:
            return Model._register(run.experiment.workspace, model_name, {"run": run.id, "path": path}, tags, properties, description, details)
        except StokerError as error:
            if error.code == "not_found":
                raise ModelPathNotFoundException("Could not locate the provided model_path {} in the set of files uploaded to the run: {}\nFiles in ./outputs are "
                                                 "uploaded when the run ends; run.upload_file stores one at once.".format(path, run.get_file_names()),
                                                 inner_exception=error) from error
            with translated(WebserviceException, **_REFUSALS):
                raise

    @staticmethod
    def _register(workspace: "Workspace", name: str, where: Dict[str, str], tags: Any, properties: Any, description: Optional[str],
                  details: Dict[str, str]) -> "Model":
        body = dict(where, name=str(name), tags=_texts(tags), properties=_texts(properties), description=description or "", details=details,
                    created_by=_user())
        return Model._of(workspace, workspace._client.post(_path(workspace), body))

    @staticmethod
    def list(workspace: "Workspace", name: Optional[str] = None, tags: Any = None, properties: Any = None, run_id: Optional[str] = None,
             latest: bool = False, dataset_id: Optional[str] = None, expand: bool = True, page_count: int = 255,
             model_framework: Optional[str] = None) -> "List[Model]":
        """Versions that fit all that is given, newest first.

        :param tags: list of ``'key'`` or ``['key', 'value']``, or a dict; `properties` likewise.
        :param latest: only the highest version of each name.
        """
        records = _records(workspace, name, tags, properties, run_id, latest, model_framework)
        models = [Model._of(workspace, record) for record in records]
        return [model for model in models if dataset_id is None or any(dataset_id in ids for ids in model.datasets.values())]

    # -- files -----------------------------------------------------------------------------------------------------

    @staticmethod
    def get_model_path(model_name: str, version: Optional[int] = None, _workspace: Optional["Workspace"] = None) -> str:
        """The path of a local copy, in ``azureml-models/<name>/<version>/``; downloaded when it is not there yet.

        Outside of a run, without `_workspace`, only what is there is found.

        :raises ModelNotFoundException: there is no such model.
        """
        workspace = _workspace or _workspace_of_run()
        base = os.path.join(os.environ.get("AZUREML_MODEL_DIR") or _CACHE, str(model_name))
        if workspace is None:
            found = _model_files.newest(base) if version is None else os.path.join(base, str(version))
            if found is None or not os.path.isdir(found):
                raise ModelNotFoundException("Model {} not found in cache at {}, or in a workspace: there is no run around this, and no workspace was "
                                             "given".format(model_name, base))
            return _model_files.only_entry(found)
        model = Model(workspace, str(model_name), version=version)
        place = os.path.join(base, str(model.version))
        if os.path.isdir(place):
            return _model_files.only_entry(place)
        part = "{}.{}.part".format(place, os.getpid())
        try:
            model.download(part)
            try:
                os.rename(part, place)
            except OSError:  # another process was first
                if not os.path.isdir(place):
                    raise
        finally:
            shutil.rmtree(part, ignore_errors=True)
        return _model_files.only_entry(place)

    def download(self, target_dir: str = ".", exist_ok: bool = False, exists_ok: Optional[bool] = None) -> str:
        """Writes the model below `target_dir`; returns the path of its file or folder.

        :param exist_ok: what is there is replaced.
        :raises WebserviceException: it is there already.
        """
        with translated(WebserviceException, not_found=ModelNotFoundException):
            return _model_files.fetch(self, os.fspath(target_dir), bool(exist_ok or exists_ok))

    def get_sas_urls(self) -> Dict[str, str]:
        """File's name -> its address; reading it takes the server's token, as everything does."""
        with translated(WebserviceException, not_found=ModelNotFoundException):
            files = self.workspace._client.get(self._path("files"))["files"]
        url = self.workspace._client.endpoint.url
        return {each["path"]: "{}/api/v1{}".format(url, self._path("files", each["path"])) for each in files}

    # -- changing it -----------------------------------------------------------------------------------------------

    def update(self, tags: Any = None, description: Optional[str] = None, sample_input_dataset: Any = None, sample_output_dataset: Any = None,
               model_framework: Optional[str] = None, model_framework_version: Optional[str] = None, resource_configuration: Any = None) -> None:
        """Changes what is given; `tags` replace those that are there."""
        body = {"details": _details(None, model_framework, model_framework_version, sample_input_dataset, sample_output_dataset, resource_configuration)}
        if tags is not None:
            body["tags"] = _texts(tags)
            body["remove_tags"] = [key for key in self.tags if key not in body["tags"]]
        if description is not None:
            body["description"] = str(description)
        self._change(body)

    def add_tags(self, tags: Dict[str, str]) -> None:
        """Sets tags; the others stay."""
        self._change({"tags": _texts(tags)})

    def remove_tags(self, tags: List[str]) -> None:
        """Takes tags away, by their keys."""
        self._change({"remove_tags": [str(key) for key in tags]})

    def add_properties(self, properties: Dict[str, str]) -> None:
        """Adds properties.

        :raises WebserviceException: one is there with another value.
        """
        self._change({"properties": _texts(properties)})

    def update_tags_properties(self, add_tags: Optional[Dict[str, str]] = None, remove_tags: Optional[List[str]] = None,
                               add_properties: Optional[Dict[str, str]] = None) -> None:
        """All three at once, or nothing."""
        self._change({"tags": _texts(add_tags), "remove_tags": [str(key) for key in remove_tags or []], "properties": _texts(add_properties)})

    def add_dataset_references(self, datasets: Any) -> None:
        """Adds ``(relation, dataset)`` pairs."""
        kept = self.datasets
        for relation, ids in _references(datasets).items():
            kept[relation] = kept.get(relation, []) + [each for each in ids if each not in kept.get(relation, [])]
        self._change({"details": {"datasets": _encoded(kept)}})

    def _change(self, body: Dict[str, Any]) -> None:
        with translated(WebserviceException, not_found=ModelNotFoundException):
            self._take(self.workspace._client.patch(self._path(), body))

    def delete(self) -> None:
        """Removes this version; its number is not used again."""
        with translated(WebserviceException, not_found=ModelNotFoundException):
            self.workspace._client.call("DELETE", self._path())

    # -- as a dict -------------------------------------------------------------------------------------------------

    def serialize(self) -> Dict[str, Any]:
        """A dict of JSON's types."""
        return {"id": self.id, "name": self.name, "version": self.version, "url": self.url, "tags": self.tags, "properties": self.properties,
                "description": self.description, "unpack": self.unpack, "createdTime": self._record["created_at"], "createdBy": self.created_by,
                "framework": self.model_framework, "frameworkVersion": self.model_framework_version, "runId": self.run_id,
                "experimentName": self.experiment_name, "datasets": self.datasets, "sampleInputDatasetId": self.sample_input_dataset,
                "sampleOutputDatasetId": self.sample_output_dataset, "resourceRequirements": self.resource_configuration, "parentId": self.parent_id}

    @staticmethod
    def deserialize(workspace: "Workspace", model_payload: Dict[str, Any]) -> "Model":
        """The model of what `serialize` gave."""
        missing = [key for key in ("id", "name", "version", "createdTime") if key not in model_payload]
        if missing:
            raise UserErrorException("this is no serialized model: it lacks {}".format(", ".join(missing)))
        details = {"experiment": model_payload.get("experimentName"), "framework": model_payload.get("framework"),
                   "framework_version": model_payload.get("frameworkVersion"), "parent_id": model_payload.get("parentId"),
                   "sample_input_dataset": model_payload.get("sampleInputDatasetId"), "sample_output_dataset": model_payload.get("sampleOutputDatasetId"),
                   "datasets": _encoded(model_payload.get("datasets") or {}), "resource_configuration": _encoded(model_payload.get("resourceRequirements"))}
        record = {"id": model_payload["id"], "name": model_payload["name"], "version": int(model_payload["version"]),
                  "created_at": model_payload["createdTime"], "created_by": (model_payload.get("createdBy") or {}).get("userName", ""),
                  "description": model_payload.get("description") or "", "tags": model_payload.get("tags") or {},
                  "properties": model_payload.get("properties") or {}, "run_id": model_payload.get("runId"), "details": details}
        return Model._of(workspace, record)

    # -- serving: not offered --------------------------------------------------------------------------------------

    @staticmethod
    def deploy(*args: Any, **kwargs: Any) -> Any:
        """Not offered: web services."""
        raise not_yet("Model.deploy: web services", "Model.download fetches the files")

    @staticmethod
    def profile(*args: Any, **kwargs: Any) -> Any:
        """Not offered: web services."""
        raise not_yet("Model.profile: web services")

    @staticmethod
    def package(*args: Any, **kwargs: Any) -> Any:
        """Not offered: images of web services."""
        raise not_yet("Model.package: images of web services", "Model.download fetches the files")

    def _path(self, *parts: str) -> str:
        return _path(self.workspace, self.name, "versions", str(self.version), *parts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Model) and (self.id, self.workspace._workspace_id) == (other.id, other.workspace._workspace_id)

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return "Model(workspace={!r}, name={}, id={}, version={}, tags={}, properties={})".format(self.workspace, self.name, self.id, self.version, self.tags,
                                                                                               self.properties)


_REFUSALS = {"not_found": ModelPathNotFoundException, "input.invalid": UserErrorException}


def _path(workspace: "Workspace", *parts: str) -> str:
    return path_of("workspaces", workspace._workspace_id, "models", *parts)


def _find(workspace: "Workspace", name: str, version: Optional[int], tags: Any, properties: Any, run_id: Optional[str], framework: Optional[str]) -> Dict[str, Any]:
    with translated(WebserviceException, not_found=ModelNotFoundException):
        if not (tags or properties or run_id or framework):
            return workspace._client.get(_path(workspace, name, "versions", "latest" if version is None else str(int(version))))
        for record in _records(workspace, name, tags, properties, run_id, False, framework):
            if version is None or record["version"] == int(version):
                return record
    raise ModelNotFoundException("ModelNotFound: Model with name {}{} and what else is asked for is not in the workspace {}".format(
        name, "" if version is None else ", version {}".format(version), workspace.name))


def _records(workspace: "Workspace", name: Optional[str], tags: Any, properties: Any, run_id: Optional[str], latest: bool,
             framework: Optional[str]) -> Iterator[Dict[str, Any]]:
    query = {"name": name, "run": run_id, "framework": framework, "latest": "true" if latest else None, "tag": _labels(tags), "property": _labels(properties),
             "limit": _PAGE}  # type: Dict[str, Any]
    while True:
        with translated(WebserviceException):
            page = workspace._client.get(_path(workspace) + query_of(query))
        for record in page["models"]:
            yield record
        if not page["next_cursor"]:
            return
        query["cursor"] = page["next_cursor"]


def _labels(given: Any) -> List[str]:
    """``KEY`` or ``KEY=VALUE`` of 'key', ['key', 'value'], a list of these, or a dict."""
    if not given:
        return []
    if isinstance(given, dict):
        return ["{}={}".format(key, value) for key, value in given.items()]
    if isinstance(given, str):
        return [given]
    labels = []
    for each in given:
        pair = [each] if isinstance(each, str) else list(each)
        if not 1 <= len(pair) <= 2:
            raise UserErrorException("{!r} is no filter: 'key' or ['key', 'value'] is expected".format(each))
        labels.append("=".join(str(part) for part in pair))
    return labels


def _texts(given: Any) -> Dict[str, str]:
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise UserErrorException("a {} was given; a dict of texts is expected".format(type(given).__name__))
    return {str(key): str(value) for key, value in given.items()}


def _details(datasets: Any, framework: Any, framework_version: Any, sample_input: Any, sample_output: Any, resources: Any) -> Dict[str, str]:
    given = {"framework": framework, "framework_version": framework_version, "sample_input_dataset": _dataset_id(sample_input),
             "sample_output_dataset": _dataset_id(sample_output), "datasets": _encoded(_references(datasets)) if datasets else None,
             "resource_configuration": _encoded(resources if isinstance(resources, dict) else vars(resources)) if resources is not None else None}
    return {key: str(value) for key, value in given.items() if value is not None}


def _references(datasets: Any) -> Dict[str, List[str]]:
    by_relation = {}  # type: Dict[str, List[str]]
    for pair in datasets or []:
        relation, dataset = pair
        by_relation.setdefault(str(relation), []).append(str(_dataset_id(dataset)))
    return by_relation


def _dataset_id(dataset: Any) -> Optional[str]:
    return dataset if dataset is None or isinstance(dataset, str) else str(getattr(dataset, "id", None) or dataset)


def _encoded(value: Any) -> str:
    import json
    return json.dumps(value, sort_keys=True)


def _decoded(text: Optional[str]) -> Any:
    import json
    return None if not text else json.loads(text)


def _user() -> str:
    import getpass
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def _workspace_of_run() -> "Optional[Workspace]":
    if not os.environ.get("AZUREML_RUN_ID"):
        return None
    from azureml.core.run import Run
    return Run.get_context().experiment.workspace
