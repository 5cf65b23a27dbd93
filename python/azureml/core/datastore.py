"""Finding and registering datastores (spec 13.1)."""
import os
from typing import TYPE_CHECKING, Any, Dict, List, Optional

from azureml.core._errors import translated
from azureml.exceptions import UserErrorException
from stoker._client import path_of

if TYPE_CHECKING:
    from azureml.core.workspace import Workspace

_INSTEAD = ("stoker keeps data in folders: mount the storage on the server's machine, or copy it there, and use Datastore.register_folder(workspace, name, folder) "
            "or `stoker datastore add NAME FOLDER`")


class Datastore:
    """A datastore by its name; an object of its class.

    >>> Datastore(ws, "workspaceblobstore").upload("data", "mnist")      # doctest: +SKIP
    """

    def __new__(cls, workspace: "Workspace", name: Optional[str] = None) -> Any:
        return Datastore.get_default(workspace) if name is None else Datastore.get(workspace, name)

    @staticmethod
    def get(workspace: "Workspace", datastore_name: str) -> Any:
        """The datastore of that name.

        :raises UserErrorException: there is none.
        """
        with translated():
            return _of(workspace, workspace._client.get(path_of("workspaces", workspace._workspace_id, "datastores", datastore_name)))

    @staticmethod
    def get_default(workspace: "Workspace") -> Any:
        """The workspace's default datastore."""
        return next(each for each in _all(workspace) if each.is_default)

    @staticmethod
    def register_folder(workspace: "Workspace", datastore_name: str, path: str, overwrite: bool = False) -> Any:
        """Registers a folder of the server's machine, on its disk or of a network file system; stoker's own way.

        :raises UserErrorException: there is no such folder, or the name is taken.
        """
        body = {"name": datastore_name, "path": os.path.abspath(os.path.expanduser(os.fspath(path))), "overwrite": bool(overwrite)}
        with translated():
            return _of(workspace, workspace._client.post(path_of("workspaces", workspace._workspace_id, "datastores"), body))

    @staticmethod
    def register_azure_blob_container(workspace: "Workspace", datastore_name: str, container_name: str, account_name: str, sas_token: Optional[str] = None,
                                      account_key: Optional[str] = None, protocol: Optional[str] = None, endpoint: Optional[str] = None, overwrite: bool = False,
                                      create_if_not_exists: bool = False, skip_validation: bool = False, blob_cache_timeout: Optional[int] = None,
                                      grant_workspace_access: bool = False, subscription_id: Optional[str] = None, resource_group: Optional[str] = None) -> Any:
        """Storage of Azure: not offered; the text says what to use."""
        raise _refused("the blob container {!r}".format(container_name))

    @staticmethod
    def register_azure_file_share(workspace: "Workspace", datastore_name: str, file_share_name: str, account_name: str, sas_token: Optional[str] = None,
                                  account_key: Optional[str] = None, protocol: Optional[str] = None, endpoint: Optional[str] = None, overwrite: bool = False,
                                  create_if_not_exists: bool = False, skip_validation: bool = False) -> Any:
        """Storage of Azure: not offered; the text says what to use."""
        raise _refused("the file share {!r}".format(file_share_name))

    @staticmethod
    def register_azure_data_lake(workspace: "Workspace", datastore_name: str, store_name: str, *args: Any, **kwargs: Any) -> Any:
        """Storage of Azure: not offered; the text says what to use."""
        raise _refused("the data lake {!r}".format(store_name))

    @staticmethod
    def register_azure_data_lake_gen2(workspace: "Workspace", datastore_name: str, filesystem: str, account_name: str, *args: Any, **kwargs: Any) -> Any:
        """Storage of Azure: not offered; the text says what to use."""
        raise _refused("the data lake {!r}".format(filesystem))

    @staticmethod
    def register_azure_sql_database(workspace: "Workspace", datastore_name: str, *args: Any, **kwargs: Any) -> Any:
        """Databases: not offered; the text says what to use."""
        raise _no_database(datastore_name)

    @staticmethod
    def register_azure_postgre_sql(workspace: "Workspace", datastore_name: str, *args: Any, **kwargs: Any) -> Any:
        """Databases: not offered; the text says what to use."""
        raise _no_database(datastore_name)

    @staticmethod
    def register_azure_my_sql(workspace: "Workspace", datastore_name: str, *args: Any, **kwargs: Any) -> Any:
        """Databases: not offered; the text says what to use."""
        raise _no_database(datastore_name)

    @staticmethod
    def register_dbfs(workspace: "Workspace", datastore_name: str) -> Any:
        """Storage of Databricks: not offered; the text says what to use."""
        raise _refused("the file system of Databricks")

    @staticmethod
    def register_hdfs(workspace: "Workspace", datastore_name: str, *args: Any, **kwargs: Any) -> Any:
        """HDFS: not offered; the text says what to use."""
        raise _refused("HDFS")


def _refused(what: str) -> UserErrorException:
    return UserErrorException("{} cannot be registered: {}".format(what, _INSTEAD))


def _no_database(name: str) -> UserErrorException:
    return UserErrorException("the database {!r} cannot be registered: query it in the script with its own client, the password from "
                              "run.get_secret(...); or store the rows as files in a datastore".format(name))


def _of(workspace: "Workspace", record: Dict[str, Any]) -> Any:
    from azureml.data.abstract_datastore import AbstractDatastore
    from azureml.data.azure_storage_datastore import AzureBlobDatastore, AzureFileDatastore
    if record["kind"] != "built_in":
        return AbstractDatastore(workspace, record)
    return (AzureFileDatastore if record["name"] in ("workspacefilestore", "workspaceworkingdirectory") else AzureBlobDatastore)(workspace, record)


def _all(workspace: "Workspace") -> List[Any]:
    with translated():
        records = workspace._client.get(path_of("workspaces", workspace._workspace_id, "datastores"))["datastores"]
    return [_of(workspace, record) for record in records]
