"""A run of a script or command."""
from typing import TYPE_CHECKING, Any, Optional

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
