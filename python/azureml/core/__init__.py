"""Workspaces, experiments, runs and their configuration, as in Azure ML SDK v1."""
from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)

from azureml.core._version import VERSION  # noqa: E402
from azureml.core.compute import ComputeTarget  # noqa: E402
from azureml.core.conda_dependencies import CondaDependencies  # noqa: E402
from azureml.core.container_registry import ContainerRegistry  # noqa: E402
from azureml.core.dataset import Dataset  # noqa: E402
from azureml.core.datastore import Datastore  # noqa: E402
from azureml.core.environment import Environment  # noqa: E402
from azureml.core.experiment import Experiment  # noqa: E402
from azureml.core.image import Image  # noqa: E402
from azureml.core.keyvault import Keyvault  # noqa: E402
from azureml.core.linked_service import LinkedService, SynapseWorkspaceLinkedServiceConfiguration  # noqa: E402
from azureml.core.model import Model  # noqa: E402
from azureml.core.run import Run  # noqa: E402
from azureml.core.runconfig import RunConfiguration  # noqa: E402
from azureml.core.script_run import ScriptRun  # noqa: E402
from azureml.core.script_run_config import ScriptRunConfig  # noqa: E402
from azureml.core.webservice import Webservice  # noqa: E402
from azureml.core.workspace import Workspace  # noqa: E402

__version__ = VERSION

__all__ = ["ComputeTarget", "CondaDependencies", "ContainerRegistry", "Dataset", "Datastore", "Environment", "Experiment", "Image", "Keyvault", "LinkedService", "Model",
           "Run", "RunConfiguration", "ScriptRun", "ScriptRunConfig", "SynapseWorkspaceLinkedServiceConfiguration", "VERSION", "Webservice", "Workspace"]
