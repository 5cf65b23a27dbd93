"""The datastores that every workspace has, under the SDK's names: folders of the server's data."""
from azureml.data.abstract_datastore import AbstractDatastore


class AbstractAzureStorageDatastore(AbstractDatastore):
    """Base of both."""


class AzureBlobDatastore(AbstractAzureStorageDatastore):
    """``workspaceblobstore``."""

    datastore_type = "AzureBlob"


class AzureFileDatastore(AbstractAzureStorageDatastore):
    """``workspacefilestore``."""

    datastore_type = "AzureFile"
