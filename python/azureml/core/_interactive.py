"""Making interactive runs (spec 2, 3.6): what is sent, and what of this machine goes with them."""
import os
import sys
from typing import TYPE_CHECKING, Any, Dict, List, Optional

from azureml.core import _records
from azureml.core._errors import translated
from azureml.core._run_notes import texts
from azureml.core._service import make_interactive
from stoker._surroundings import user_at_host

if TYPE_CHECKING:
    from azureml.core.experiment import Experiment
    from azureml.core.run import Run


def body(experiment: "Experiment", parent: Optional[str] = None, run_id: Optional[str] = None, display_name: Optional[str] = None, tags: Any = None,
         properties: Any = None, snapshot: Optional[str] = None, state: str = "Running", source: str = "",
         diff: Optional[str] = None) -> Dict[str, Any]:
    """One run of POST /runs/interactive."""
    return {"workspace": experiment.workspace._specification(), "experiment": experiment.name, "id": run_id, "parent": parent, "display_name": display_name,
            "tags": texts("tags", tags or {}), "properties": texts("properties", properties or {}), "snapshot": snapshot, "diff": diff, "state": state,
            "submitted_by": user_at_host(), "source_directory": source or os.getcwd()}


def begin(experiment: "Experiment", bodies: List[Dict[str, Any]], outputs: Optional[str]) -> "List[Run]":
    """Makes the runs; those that are running get this process' heartbeat."""
    with translated():
        records = make_interactive(experiment.workspace._client, bodies)
    runs = []
    for record in records:
        run = _records.run_of(experiment.workspace, record, experiment)
        run._outputs = outputs
        if record["state"] == "Running":
            run._service.live()
        runs.append(run)
    return runs


def notebook_file() -> Optional[str]:
    """The notebook that this process is the kernel of, where the kernel knows it; None elsewhere."""
    shell = sys.modules.get("IPython")
    get_ipython = getattr(shell, "get_ipython", None)
    kernel = get_ipython() if callable(get_ipython) else None
    if kernel is None:
        return None
    named = (getattr(kernel, "user_ns", None) or {}).get("__vsc_ipynb_file__") or os.environ.get("JPY_SESSION_NAME") or ""
    return os.path.abspath(named) if named.endswith(".ipynb") and os.path.isfile(named) else None
