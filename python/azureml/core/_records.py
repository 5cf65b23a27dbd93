"""From the server's records of runs to Run objects: pages of them, the class of each, the filters."""
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator, Optional

from azureml.core import _details, _run_notes
from azureml.core._errors import translated
from azureml.exceptions import RunNotFoundException

if TYPE_CHECKING:
    from azureml.core.experiment import Experiment
    from azureml.core.run import Run
    from azureml.core.workspace import Workspace

SCRIPT_RUN = "azureml.scriptrun"

factories = {}  # type: Dict[str, Callable[..., Any]]  # by type of run; see Run.add_type_provider


def type_of(record: Dict[str, Any]) -> Optional[str]:
    """``azureml.scriptrun``, None for an interactive run, or what the property ``azureml.runType`` says."""
    named = (record.get("properties") or {}).get("azureml.runType")
    return named or (None if record.get("kind") == "interactive" else SCRIPT_RUN)


def run_of(workspace: "Workspace", record: Dict[str, Any], experiment: "Optional[Experiment]" = None) -> "Run":
    """The object for a record, of the class that its type has."""
    from azureml.core.experiment import Experiment
    from azureml.core.run import Run
    from azureml.core.script_run import ScriptRun
    known = experiment or Experiment(workspace, record["experiment"], _skip_name_validation=True, _create_in_cloud=False)
    kind = type_of(record)
    if kind in factories:
        return factories[kind](known, record)
    return (Run if kind is None else ScriptRun)(known, record["id"], _run_dto=record)


def pages(read: Callable[[Optional[str]], Dict[str, Any]]) -> Iterator[Dict[str, Any]]:
    """Records of all pages of a list of runs; `read` gives the page that begins at a cursor."""
    cursor = None
    while True:
        with translated(not_found=RunNotFoundException):
            page = read(cursor)
        for record in page["runs"]:
            yield record
        cursor = page.get("next_cursor")
        if not cursor:
            return


def is_wanted(record: Dict[str, Any], type: Optional[str], tags: Any, properties: Any) -> bool:
    """Whether a record passes the filters of `get_runs`."""
    return type in (None, type_of(record)) and _run_notes.matches(record.get("tags"), tags) and _run_notes.matches(_details.properties(record), properties)
