"""The run that there is outside of a run (spec 3.11): it prints what would be recorded, keeps metrics in memory, and never raises."""
import os
from typing import Any, Dict, Iterable, Iterator, List, Optional

from azureml.core import _values


class _OfflineRun:
    """What ``Run.get_context()`` gives outside of a run. Every method of a Run is here; nothing is stored.

    >>> _OfflineRun().log("loss", 0.5)
    Attempted to log scalar metric loss:
    0.5
    """

    def __init__(self, run_id: Optional[str] = None):
        import uuid
        self._id = run_id or "OfflineRun_{}".format(uuid.uuid4())
        self._series = []  # type: List[Dict[str, Any]]
        self._tags = {}  # type: Dict[str, Optional[str]]
        self._properties = {}  # type: Dict[str, str]
        self._status = "Running"
        self._children = []  # type: List[_OfflineRun]
        self.display_name = self._id
        self.description = None  # type: Optional[str]

    # The SDK's has neither, and scripts ask with hasattr or try.
    def __getattr__(self, name: str) -> Any:
        raise AttributeError("an offline run has no attribute {!r}: this process does not belong to a run".format(name))

    @property
    def id(self) -> str:
        """Begins with ``OfflineRun_``."""
        return self._id

    @property
    def name(self) -> str:
        """The display name."""
        return self.display_name

    @property
    def number(self) -> int:
        """Always 0."""
        return 0

    @property
    def type(self) -> Optional[str]:
        """Always None."""
        return None

    @property
    def status(self) -> str:
        """Running until `complete`, `fail` or `cancel`."""
        return self._status

    def get_status(self) -> str:
        """The same as `status`."""
        return self._status

    def _keep(self, name: str, kind: str, rows: List[List[Any]], columns: Iterable[str] = ()) -> None:
        values = [row[0] for row in rows] if kind == "scalar" else rows
        self._series.append({"name": str(name), "kind": kind, "columns": list(columns), "times": [""] * len(rows), "values": values})

    def log(self, name: str, value: Any, description: str = "", step: Optional[int] = None) -> None:
        """Prints ``Attempted to log scalar metric <name>:`` and the value."""
        print("Attempted to log scalar metric {}:\n{}".format(name, value))
        self._keep(name, "scalar", [[_values.plain(name, value)]])

    def log_list(self, name: str, value: Iterable[Any], description: str = "") -> None:
        """Prints the list."""
        values = _values.plain_list(name, value)
        print("Attempted to log list metric {}:\n{}".format(name, values))
        self._keep(name, "list", [values])

    def log_row(self, name: str, description: Optional[str] = None, **kwargs: Any) -> None:
        """Prints the row."""
        print("Attempted to log row metric {}:\n{}".format(name, kwargs))
        self._keep(name, "row", [[_values.plain(name, value) for value in kwargs.values()]], kwargs)

    def log_table(self, name: str, value: Dict[str, Any], description: str = "") -> None:
        """Prints the table."""
        print("Attempted to log table metric {}:\n{}".format(name, value))
        columns, rows = _values.table_rows(name, value)
        self._keep(name, "table", rows, columns)

    def log_image(self, name: str, path: Any = None, plot: Any = None, description: str = "") -> None:
        """Prints the picture's name."""
        print("Attempted to log image metric {}:\n{}".format(name, path if path is not None else "a plot"))

    def log_predictions(self, name: str, value: Any, description: str = "") -> None:
        """Prints the predictions."""
        print("Attempted to log predictions metric {}:\n{}".format(name, value))

    def log_residuals(self, name: str, value: Any, description: str = "") -> None:
        """Prints the residuals."""
        print("Attempted to log residuals metric {}:\n{}".format(name, value))

    def log_confusion_matrix(self, name: str, value: Any, description: str = "") -> None:
        """Prints the matrix."""
        print("Attempted to log confusion matrix metric {}:\n{}".format(name, value))

    def log_accuracy_table(self, name: str, value: Any, description: str = "") -> None:
        """Prints the table."""
        print("Attempted to log accuracy table metric {}:\n{}".format(name, value))

    def get_metrics(self, name: Optional[str] = None, recursive: bool = False, run_type: Optional[str] = None, populate: bool = False) -> Dict[str, Any]:
        """What was logged to this object."""
        return _values.shape_metrics([each for each in self._series if name is None or each["name"] == name])

    def flush(self, timeout_seconds: int = 300) -> None:
        """Nothing waits."""

    def tag(self, key: str, value: Optional[str] = None) -> None:
        """Kept in memory."""
        self._tags[str(key)] = None if value is None else str(value)

    def set_tags(self, tags: Dict[str, Any]) -> None:
        """Kept in memory."""
        for key, value in tags.items():
            self.tag(key, value)

    def remove_tags(self, tags: Any) -> Dict[str, Optional[str]]:
        """Removes keys; returns what is left."""
        for key in [tags] if isinstance(tags, str) else list(tags):
            self._tags.pop(key, None)
        return dict(self._tags)

    def get_tags(self) -> Dict[str, Optional[str]]:
        """The tags of this object."""
        return dict(self._tags)

    @property
    def tags(self) -> Dict[str, Optional[str]]:
        """The tags of this object."""
        return dict(self._tags)

    def add_properties(self, properties: Dict[str, Any]) -> None:
        """Kept in memory."""
        for key, value in properties.items():
            self._properties.setdefault(str(key), str(value))

    def get_properties(self) -> Dict[str, str]:
        """The properties of this object."""
        return dict(self._properties)

    @property
    def properties(self) -> Dict[str, str]:
        """The properties of this object."""
        return dict(self._properties)

    def upload_file(self, name: str, path_or_stream: Any, datastore_name: Optional[str] = None) -> None:
        """Prints ``Attempted to track file <name> at <path>``."""
        print("Attempted to track file {} at {}".format(name, path_or_stream))

    def upload_files(self, names: Iterable[str], paths: Iterable[str], return_artifacts: bool = False, timeout_seconds: Optional[int] = None,
                     datastore_name: Optional[str] = None) -> None:
        """Prints each."""
        for name, path in zip(names, paths):
            self.upload_file(name, path)

    def upload_folder(self, name: str, path: str, datastore_name: Optional[str] = None) -> None:
        """Prints the folder."""
        print("Attempted to upload folder {} at {}".format(name, path))

    def get_file_names(self) -> List[str]:
        """None are kept."""
        return []

    def download_file(self, name: str, output_file_path: Optional[str] = None, _validate_checksum: bool = False) -> None:
        """Prints what was asked for."""
        print("Attempted to download file {}".format(name))

    def download_files(self, prefix: Optional[str] = None, output_directory: Optional[str] = None, output_paths: Optional[List[str]] = None,
                       batch_size: int = 100, append_prefix: bool = True, timeout_seconds: Optional[int] = None) -> None:
        """Prints what was asked for."""
        print("Attempted to download files with the prefix {}".format(prefix))

    def get_all_logs(self, destination: Optional[str] = None) -> List[str]:
        """None are kept."""
        return []

    def get_details(self) -> Dict[str, Any]:
        """Run id, target, status, properties."""
        return {"runId": self._id, "target": "local", "status": self._status, "properties": dict(self._properties), "logFiles": {}}

    def get_details_with_logs(self) -> Dict[str, Any]:
        """The same as `get_details`."""
        return self.get_details()

    def get_detailed_status(self) -> Dict[str, Any]:
        """``{"status": ..., "details": None}``."""
        return {"status": self._status, "details": None}

    def wait_for_completion(self, show_output: bool = False, wait_post_processing: bool = False, raise_on_error: bool = True) -> Dict[str, Any]:
        """Returns at once."""
        return self.get_details()

    def start(self) -> None:
        """It runs already."""

    def complete(self, _set_status: bool = True) -> None:
        """Sets the status of this object."""
        self._status = "Completed"

    def fail(self, error_details: Any = None, error_code: Optional[str] = None, _set_status: bool = True) -> None:
        """Sets the status of this object."""
        self._status = "Failed"

    def cancel(self) -> bool:
        """Sets the status of this object."""
        self._status = "Canceled"
        return True

    def child_run(self, name: Optional[str] = None, run_id: Optional[str] = None, outputs: Optional[str] = None) -> "_OfflineRun":
        """Another offline run; a context manager too."""
        child = _OfflineRun(run_id or "{}_{}".format(self._id, len(self._children)))
        child.display_name = name or child.id
        self._children.append(child)
        return child

    def get_children(self, recursive: bool = False, tags: Any = None, properties: Any = None, type: Optional[str] = None, status: Optional[str] = None,
                     _rehydrate_runs: bool = True) -> "Iterator[_OfflineRun]":
        """Children of this object, newest first."""
        return iter(list(reversed(self._children)))

    def create_children(self, count: Optional[int] = None, tag_key: Optional[str] = None, tag_values: Optional[List[Any]] = None) -> "List[_OfflineRun]":
        """Other offline runs, with the tags that were asked for."""
        values = list(tag_values) if tag_values is not None else [None] * (count or 0)
        children = [self.child_run() for _ in values]
        for child, value in zip(children, values):
            if tag_key is not None:
                child.tag(tag_key, value)
        return children

    def submit_child(self, config: Any, tags: Optional[Dict[str, str]] = None, **kwargs: Any) -> "_OfflineRun":
        """Prints what was asked for; nothing is submitted."""
        print("Attempted to submit a child run of {}".format(config))
        return self.child_run()

    def get_portal_url(self) -> str:
        """Nothing to show."""
        return "Not available in offline mode"

    def get_workspace_url(self) -> str:
        """Nothing to show."""
        return self.get_portal_url()

    @classmethod
    def get_docs_url(cls) -> str:
        """Address of the documentation of runs."""
        return "https://docs.microsoft.com/en-us/python/api/azureml-core/azureml.core.run.Run?view=azure-ml-py"

    def get_snapshot_id(self) -> Optional[str]:
        """There is none."""
        return None

    def restore_snapshot(self, snapshot_id: Optional[str] = None, path: Optional[str] = None) -> Optional[str]:
        """There is none."""
        return None

    def take_snapshot(self, file_or_folder_path: str) -> Optional[str]:
        """Prints the folder."""
        print("Attempted to take a snapshot of {}".format(file_or_folder_path))
        return None

    def get_environment(self) -> Any:
        """This interpreter, as an Environment."""
        from azureml.core.environment import Environment
        env = Environment(None)
        env.python.user_managed_dependencies = True
        return env

    def get_secret(self, name: str) -> Optional[str]:
        """There are no secrets; an environment variable of that name stands for one."""
        return os.environ.get(name)

    def get_secrets(self, secrets: List[str]) -> Dict[str, Optional[str]]:
        """As `get_secret`, by name."""
        return {name: self.get_secret(name) for name in secrets}

    @property
    def input_datasets(self) -> Any:
        """None; may be assigned."""
        return self.__dict__.get("_input_datasets", {})

    @input_datasets.setter
    def input_datasets(self, datasets: Any) -> None:
        self._input_datasets = datasets

    @property
    def output_datasets(self) -> Any:
        """None."""
        return {}

    def register_model(self, model_name: str, model_path: Optional[str] = None, tags: Any = None, properties: Any = None, model_framework: Optional[str] = None,
                       model_framework_version: Optional[str] = None, description: Optional[str] = None, datasets: Any = None, sample_input_dataset: Any = None,
                       sample_output_dataset: Any = None, resource_configuration: Any = None, **kwargs: Any) -> None:
        """Prints the model's name and path."""
        print("Attempted to register model {} at {}".format(model_name, model_path))

    def __enter__(self) -> "_OfflineRun":
        return self

    def __exit__(self, kind: Any, value: Any, trace: Any) -> None:
        if kind is None:
            self.complete()
        else:
            self.fail(value)

    def __repr__(self) -> str:
        return "Run(Id: {},\nType: None,\nStatus: {})".format(self._id, self._status)
