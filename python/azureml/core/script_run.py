"""A run of a script or command."""
import os
from typing import TYPE_CHECKING, Any, Optional

from azureml.core._run_files import files_below
from azureml.core.run import Run

if TYPE_CHECKING:
    from azureml.core.experiment import Experiment
    from azureml.core.runconfig import RunConfiguration


class ScriptRun(Run):
    """What submitting a ScriptRunConfig returns.

    :ivar _directory: the source folder on this machine, None for a run that was looked up.
    """

    def __init__(self, experiment: "Experiment", run_id: str, directory: Optional[str] = None, _run_config: "Optional[RunConfiguration]" = None, **kwargs: Any):
        super().__init__(experiment, run_id, **kwargs)
        self._directory = directory
        self._run_config_object = _run_config

    def get_diagnostics(self) -> str:
        """A zip with all logs of the run, in a new temporary folder; its path."""
        import tempfile
        import zipfile
        folder = tempfile.mkdtemp(prefix="stoker-diagnostics-")
        logs = os.path.join(folder, "logs")
        self.get_all_logs(logs)
        target = os.path.join(folder, "{}_diagnostics.zip".format(self.id))
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as file:
            for name, path in files_below(logs):
                file.write(path, name)
        return target

    def clean(self) -> None:
        """Nothing to do: the working copy is gone when the run is over."""
