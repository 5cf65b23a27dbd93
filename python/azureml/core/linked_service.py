"""Linked services: not offered. The names import; using one says so."""
from azureml.core._not_yet import placeholder

LinkedService = placeholder("LinkedService", __name__, "linked services")
SynapseWorkspaceLinkedServiceConfiguration = placeholder("SynapseWorkspaceLinkedServiceConfiguration", __name__, "linked services")
