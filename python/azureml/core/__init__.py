"""Workspaces, experiments, runs and their configuration, as in Azure ML SDK v1."""
from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)

VERSION = "1.59.0"  # of the SDK whose behaviour this follows
__version__ = VERSION

from azureml.core.conda_dependencies import CondaDependencies  # noqa: E402
from azureml.core.environment import Environment  # noqa: E402
from azureml.core.experiment import Experiment  # noqa: E402
from azureml.core.run import Run  # noqa: E402
from azureml.core.runconfig import RunConfiguration  # noqa: E402
from azureml.core.script_run import ScriptRun  # noqa: E402
from azureml.core.script_run_config import ScriptRunConfig  # noqa: E402
from azureml.core.workspace import Workspace  # noqa: E402

__all__ = ["CondaDependencies", "Environment", "Experiment", "Run", "RunConfiguration", "ScriptRun", "ScriptRunConfig", "VERSION", "Workspace"]
