"""Workspaces (spec 1): the place of experiments, named by subscription, resource group and name."""
import sys
from typing import TYPE_CHECKING, Any, Dict, List, Optional

from azureml.core import _config_file
from azureml.core._errors import translated
from azureml.exceptions import UserErrorException, WorkspaceException
from stoker import Client
from stoker._client import path_of

if TYPE_CHECKING:
    from azureml.core.experiment import Experiment
    from azureml.core.run import Run


class Workspace:
    """An existing workspace.

    >>> ws = Workspace.from_config()                                    # doctest: +SKIP
    >>> print(ws.name, ws.resource_group, ws.subscription_id, sep="\\t")  # doctest: +SKIP

    A server that a client started by itself on this machine makes a workspace that it does not know, and says so in one line; a
    shared server refuses with the command that would make it.

    :param auth: any of ``azureml.core.authentication``; accepted, stoker's own token decides.
    :raises WorkspaceException: when the server does not know it.
    """

    def __init__(self, subscription_id: str, resource_group: str, workspace_name: str, auth: Any = None, _location: Optional[str] = None,
                 _disable_service_check: bool = False, _workspace_id: Optional[str] = None, sku: str = "basic",
                 tags: Optional[Dict[str, str]] = None, _cloud: str = "AzureCloud", _client: Optional[Client] = None):
        self._subscription_id = subscription_id
        self._resource_group = resource_group
        self._name = workspace_name
        self._auth = auth
        self._location = _location
        self._sku = sku
        self._client = _client or Client()
        self._record_cache = None  # type: Optional[Dict[str, Any]]
        if not _disable_service_check:
            self._record_cache = self._find_or_make()

    # -- getting one -----------------------------------------------------------------------------------------------

    @staticmethod
    def from_config(path: Optional[str] = None, auth: Any = None, _logger: Any = None, _file_name: Optional[str] = None) -> "Workspace":
        """The workspace that a configuration file names.

        :param path: the file, or the folder where the search begins; default is the current folder. ``.azureml``, ``aml_config`` and the bare folder
            are searched in this order, each through up to 20 parents.
        :raises UserErrorException: no file, or keys are missing.
        """
        return Workspace(*_config_file.read(_config_file.find(path, _file_name)), auth=auth)

    @staticmethod
    def get(name: str, auth: Any = None, subscription_id: Optional[str] = None, resource_group: Optional[str] = None, **kwargs: Any) -> "Workspace":
        """The workspace of that name, narrowed by the other fields where they are given.

        :raises WorkspaceException: none, or several.
        """
        found = [record for record in Workspace._records(Client(), subscription_id, resource_group) if record["name"] == name]
        if not found:
            raise WorkspaceException("No workspaces found with name={} in subscription_id={} and resource_group={}".format(name, subscription_id, resource_group))
        if len(found) > 1:
            places = ", ".join("{}/{}".format(record["subscription_id"], record["resource_group"]) for record in found)
            raise WorkspaceException("Multiple workspaces found with name={}: {}. Please specify the subscription_id and resource_group.".format(name, places))
        return Workspace(found[0]["subscription_id"], found[0]["resource_group"], name, auth=auth)

    @staticmethod
    def create(name: str, auth: Any = None, subscription_id: Optional[str] = None, resource_group: Optional[str] = None, location: Optional[str] = None,
               create_resource_group: bool = True, sku: str = "basic", tags: Optional[Dict[str, str]] = None, friendly_name: Optional[str] = None,
               exist_ok: bool = False, show_output: bool = True, **kwargs: Any) -> "Workspace":
        """A new workspace; with `exist_ok` one that is there already is returned unchanged.

        :raises WorkspaceException: it exists, or its name is not 2 to 32 letters, digits, ``-`` and ``_``.
        """
        body = {"subscription_id": subscription_id or "stoker", "resource_group": resource_group or "stoker", "name": name, "exist_ok": exist_ok}
        client = Client()
        with translated(WorkspaceException):
            client.post("/workspaces", body)
        return Workspace(body["subscription_id"], body["resource_group"], name, auth=auth, _location=location, sku=sku, _client=client)

    @staticmethod
    def list(subscription_id: Optional[str] = None, auth: Any = None, resource_group: Optional[str] = None) -> Dict[str, List["Workspace"]]:
        """Workspaces by name, each name with a list."""
        found = {}  # type: Dict[str, List[Workspace]]
        client = Client()
        for record in Workspace._records(client, subscription_id, resource_group):
            each = Workspace(record["subscription_id"], record["resource_group"], record["name"], auth=auth, _disable_service_check=True, _client=client)
            each._record_cache = record
            found.setdefault(record["name"], []).append(each)
        return found

    @staticmethod
    def _records(client: Client, subscription_id: Optional[str], resource_group: Optional[str], name: Optional[str] = None) -> List[Dict[str, Any]]:
        with translated(WorkspaceException):
            records = client.get("/workspaces", subscription_id=subscription_id, resource_group=resource_group, name=name)["workspaces"]
        wanted = {"subscription_id": subscription_id, "resource_group": resource_group, "name": name}
        return [record for record in records if all(value is None or record[key] == value for key, value in wanted.items())]

    def _find_or_make(self) -> Dict[str, Any]:
        found = Workspace._records(self._client, self._subscription_id, self._resource_group, self._name)
        if found:
            return found[0]
        with translated(WorkspaceException):
            is_own = self._client.endpoint.is_own
        if not is_own:
            raise WorkspaceException("The workspace {} is not known to the server {}. To make it: stoker workspace create {} --subscription {} --resource-group {}".format(
                self._name, self._client.endpoint.url, self._name, self._subscription_id, self._resource_group))
        body = {"subscription_id": self._subscription_id, "resource_group": self._resource_group, "name": self._name, "exist_ok": True}
        with translated(WorkspaceException):
            record = self._client.post("/workspaces", body)
        print('stoker: made the workspace "{}" ({}/{})'.format(self._name, self._subscription_id, self._resource_group), file=sys.stderr)
        return record

    # -- what it is ------------------------------------------------------------------------------------------------

    @property
    def _record(self) -> Dict[str, Any]:
        if self._record_cache is None:
            self._record_cache = self._find_or_make()
        return self._record_cache

    @property
    def name(self) -> str:
        """Name of the workspace."""
        return self._name

    @property
    def subscription_id(self) -> str:
        """Subscription, as the configuration file says."""
        return self._subscription_id

    @property
    def resource_group(self) -> str:
        """Resource group, as the configuration file says."""
        return self._resource_group

    @property
    def location(self) -> str:
        """Region; ``local`` unless one was given at creation."""
        return self._location or "local"

    @property
    def sku(self) -> str:
        """Edition; without effect."""
        return self._sku

    @property
    def tags(self) -> Dict[str, str]:
        """Tags of the workspace."""
        return dict(self._record.get("tags") or {})

    @property
    def experiments(self) -> Dict[str, "Experiment"]:
        """Experiments by name; asks the server each time."""
        from azureml.core.experiment import Experiment
        return {experiment.name: experiment for experiment in Experiment.list(self)}

    @property
    def _scope(self) -> str:
        return "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.MachineLearningServices/workspaces/{}".format(
            self._subscription_id, self._resource_group, self._name)

    def get_details(self) -> Dict[str, Any]:
        """Id, name, location, type, tags, sku, workspaceid, creationTime and the rest of the SDK's keys; what has no meaning here is None."""
        record = self._record
        details = dict.fromkeys(("description", "containerRegistry", "keyVault", "applicationInsights", "identityPrincipalId", "identityTenantId",
                                 "identityType", "storageAccount"))  # type: Dict[str, Any]
        details.update(id=self._scope, name=self._name, location=self.location, type="Microsoft.MachineLearningServices/workspaces", tags=self.tags,
                       sku=self._sku, workspaceid=record["id"], friendlyName=self._name, creationTime=record["created_at"])
        return details

    def get_run(self, run_id: str) -> "Run":
        """A run by its id, whatever its experiment.

        :raises RunNotFoundException: there is none.
        """
        from azureml.core.run import Run
        return Run.get(self, run_id)

    def write_config(self, path: Optional[str] = None, file_name: Optional[str] = None) -> None:
        """Writes ``<path or current folder>/.azureml/<file_name or config.json>``; folders are made."""
        if path is not None and not isinstance(path, str):
            raise UserErrorException("path is a {}; a folder's name is expected".format(type(path).__name__))
        _config_file.write(path, file_name, (self._subscription_id, self._resource_group, self._name))

    def _path(self, *parts: str) -> str:
        return path_of("workspaces", self._record["id"], *parts)

    def _specification(self) -> Dict[str, str]:
        return {"subscription_id": self._subscription_id, "resource_group": self._resource_group, "name": self._name}

    def __repr__(self) -> str:
        return "Workspace.create(name='{}', subscription_id='{}', resource_group='{}')".format(self._name, self._subscription_id, self._resource_group)
