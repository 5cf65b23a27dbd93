"""Datastores: a later piece. The name imports; using it says that it is not offered yet."""
from azureml.core._not_yet import placeholder

Datastore = placeholder("Datastore", __name__, "datastores")
