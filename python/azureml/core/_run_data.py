"""Datasets of a run: what was handed to it, what it used, what it made (spec 13.4)."""
import os
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Mapping

from azureml.core._errors import translated
from azureml.core._naming import did_you_mean

if TYPE_CHECKING:
    from azureml.core.run import Run

_MECHANISMS = {"direct": "Direct", "mount": "Mount", "download": "Download", "upload": "Upload"}


class RunDatasets(Mapping):  # type: ignore[type-arg]
    """Datasets of a run by name: inside the run the path of what is laid out, else the dataset.

    :param role: ``input`` or ``output``.
    """

    def __init__(self, run: "Run", role: str):
        self._run = run
        self._role = role
        self._bindings = {each["name"]: each for each in (run._record.get("spec") or {}).get("data") or [] if each["role"] == role}

    def __getitem__(self, name: str) -> Any:
        binding = self._bindings.get(name)
        if binding is None:
            raise KeyError("the run has no {} {!r}{}".format(self._role, name, did_you_mean(name, self._bindings)))
        if binding["mode"] != "direct" and os.environ.get("AZUREML_RUN_ID") == self._run.id:
            return os.environ["AZUREML_DATAREFERENCE_" + name]
        from azureml.data.abstract_dataset import AbstractDataset
        for use in uses(self._run):
            if use["relation"] == self._role and use["name"] == name:
                return AbstractDataset._of(self._run.experiment.workspace, use["dataset"])
        raise KeyError("the {} {!r} is there when the run has completed".format(self._role, name))

    def __iter__(self) -> Iterator[str]:
        return iter(self._bindings)

    def __len__(self) -> int:
        return len(self._bindings)

    def __repr__(self) -> str:
        return repr({name: each["mode"] for name, each in self._bindings.items()})


def uses(run: "Run") -> List[Dict[str, Any]]:
    """Records of the datasets that a run read and wrote."""
    with translated():
        return run._service.read("datasets")["datasets"]


def note_use(dataset: Any) -> None:
    """Tells our own run, where there is one, that its script uses a dataset."""
    run_id = os.environ.get("AZUREML_RUN_ID")
    if not run_id or dataset._workspace is None:
        return
    from azureml.core._service import service_for
    from stoker._client import path_of
    service = service_for(dataset._workspace._client, run_id)
    with translated():
        known = service._api("GET", path_of("runs", run_id, "datasets"), None)["datasets"]
        if all(each["dataset"]["id"] != dataset.id for each in known):
            service._api("POST", path_of("runs", run_id, "datasets"), {"dataset": dataset.id})


def details(run: "Run") -> Dict[str, List[Dict[str, Any]]]:
    """``inputDatasets`` and ``outputDatasets`` of `get_details()`."""
    bindings = {(each["role"], each["name"]): each for each in (run._record.get("spec") or {}).get("data") or []}
    inputs, outputs = [], []
    for use in uses(run):
        dataset = use["dataset"]
        if use["relation"] == "output":
            outputs.append({"identifier": {"savedId": dataset["id"]}, "outputType": "RunOutput", "outputDetails": {"outputName": use["name"]},
                            "dataset": {"id": dataset["id"], "name": dataset["name"], "version": dataset["version"]}})
            continue
        consumption = {"type": "RunInput", "inputName": use["name"], "mechanism": _MECHANISMS[use["mechanism"]],
                       "pathOnCompute": bindings.get(("input", use["name"]), {}).get("path_on_compute") or None}  # type: Dict[str, Any]
        if use["relation"] == "reference":
            consumption = {"type": "Reference"}
        inputs.append({"dataset": {"id": dataset["id"], "name": dataset["name"], "version": dataset["version"]}, "consumptionDetails": consumption})
    return {"inputDatasets": inputs, "outputDatasets": outputs}
