"""Compute targets of a workspace (spec 6): this version has none beside ``local``. The names import, "get or create" code gets the exception it catches,
and making or attaching one says that it is not offered yet."""
from typing import TYPE_CHECKING, Any, List

from azureml.core._not_yet import not_yet
from azureml.core.compute_target import AbstractComputeTarget
from azureml.exceptions import ComputeTargetException

if TYPE_CHECKING:
    from azureml.core.workspace import Workspace

__all__ = ["AdlaCompute", "AksCompute", "AmlCompute", "BatchCompute", "ComputeInstance", "ComputeTarget", "DataFactoryCompute", "DatabricksCompute", "DsvmCompute",
           "HDInsightCompute", "KubernetesCompute", "KustoCompute", "RemoteCompute", "SynapseCompute"]


class ComputeTarget(AbstractComputeTarget):
    """A compute target by its name.

    :raises ComputeTargetException: always: there is none of that name. Runs go to ``local``.
    """

    _compute_type = "ComputeTarget"

    def __init__(self, workspace: "Workspace", name: str, **kwargs: Any):
        raise ComputeTargetException("ComputeTargetNotFound: Compute Target with name {} not found in provided workspace".format(name))

    @staticmethod
    def create(workspace: "Workspace", name: str, provisioning_configuration: Any) -> "ComputeTarget":
        """Makes a target; not offered by this version."""
        raise not_yet("making the compute target {!r}".format(name), "use compute_target='local'")

    @staticmethod
    def attach(workspace: "Workspace", name: str, attach_configuration: Any) -> "ComputeTarget":
        """Attaches a machine; not offered by this version."""
        raise not_yet("attaching the compute target {!r}".format(name), "use compute_target='local'")

    @staticmethod
    def list(workspace: "Workspace") -> "List[ComputeTarget]":
        """There are none."""
        return []

    @classmethod
    def provisioning_configuration(cls, *args: Any, **kwargs: Any) -> Any:
        """What a new target would be like; not offered by this version."""
        raise not_yet("{} targets".format(cls.__name__), "use compute_target='local'")

    @classmethod
    def attach_configuration(cls, *args: Any, **kwargs: Any) -> Any:
        """How a machine would be attached; not offered by this version."""
        raise not_yet("{} targets".format(cls.__name__), "use compute_target='local'")


def _kind(name: str, what: str) -> Any:
    return type(name, (ComputeTarget,), {"__doc__": "{}; not offered by this version.".format(what), "__module__": __name__, "_compute_type": name})


AmlCompute = _kind("AmlCompute", "A managed cluster")
RemoteCompute = _kind("RemoteCompute", "A machine over SSH")
DsvmCompute = _kind("DsvmCompute", "A data science machine")
HDInsightCompute = _kind("HDInsightCompute", "A Spark cluster")
BatchCompute = _kind("BatchCompute", "A batch account")
DatabricksCompute = _kind("DatabricksCompute", "A Databricks workspace")
AdlaCompute = _kind("AdlaCompute", "A data lake's compute")
AksCompute = _kind("AksCompute", "A Kubernetes cluster for web services")
KubernetesCompute = _kind("KubernetesCompute", "A Kubernetes cluster")
DataFactoryCompute = _kind("DataFactoryCompute", "A data factory")
ComputeInstance = _kind("ComputeInstance", "A managed workstation")
SynapseCompute = _kind("SynapseCompute", "A Synapse pool")
KustoCompute = _kind("KustoCompute", "A Kusto cluster")
