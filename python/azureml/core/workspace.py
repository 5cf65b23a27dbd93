"""Workspaces (spec 1): the place of experiments, named by subscription, resource group and name."""
import os
import sys
from typing import TYPE_CHECKING, Any, Dict, List, Optional

from azureml.core import _config_file
from azureml.core._errors import translated
from azureml.core._naming import Named, a_kind, did_you_mean
from azureml.core._not_yet import not_yet
from azureml.exceptions import UserErrorException, WorkspaceException
from stoker import Client
from stoker._client import path_of

if TYPE_CHECKING:
    from azureml.core.experiment import Experiment
    from azureml.core.keyvault import Keyvault
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
        for field, value in (("subscription_id", subscription_id), ("resource_group", resource_group), ("workspace_name", workspace_name)):
            if not isinstance(value, str) or not value:
                raise UserErrorException("{} is {}; a text is expected, as in the file config.json of a workspace".format(field, a_kind(value) if value != "" else "empty"))
        self._subscription_id = subscription_id
        self._resource_group = resource_group
        self._name = workspace_name
        self._auth = auth
        self._known_id = _workspace_id if _disable_service_check else None  # saves asking for the record, and tells a run's token where it is
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
    def get(name: str, auth: Any = None, subscription_id: Optional[str] = None, resource_group: Optional[str] = None, location: Optional[str] = None,
            cloud: str = "AzureCloud", id: Optional[str] = None) -> "Workspace":
        """The workspace of that name, narrowed by the other fields where they are given.

        :raises WorkspaceException: none, or several.
        """
        records = Workspace._records(Client(), subscription_id, resource_group)
        found = [record for record in records if record["name"] == name and id in (None, record["id"])]
        if not found:
            within = "".join(" in {}={}".format(field, value) for field, value in (("subscription_id", subscription_id), ("resource_group", resource_group), ("id", id)) if value)
            raise WorkspaceException("No workspaces found with name={}{}{}".format(name, within, did_you_mean(name, [record["name"] for record in records])))
        if len(found) > 1:
            places = ", ".join("{}/{}".format(record["subscription_id"], record["resource_group"]) for record in found)
            raise WorkspaceException("Multiple workspaces found with name={}: {}. Please specify the subscription_id and resource_group.".format(name, places))
        return Workspace(found[0]["subscription_id"], found[0]["resource_group"], name, auth=auth)

    @staticmethod
    def create(name: str, auth: Any = None, subscription_id: Optional[str] = None, resource_group: Optional[str] = None, location: Optional[str] = None,
               create_resource_group: bool = True, sku: str = "basic", tags: Optional[Dict[str, str]] = None, friendly_name: Optional[str] = None,
               storage_account: Any = None, key_vault: Any = None, app_insights: Any = None, container_registry: Any = None, adb_workspace: Any = None,
               cmk_keyvault: Any = None, resource_cmk_uri: Any = None, hbi_workspace: bool = False, default_cpu_compute_target: Any = None,
               default_gpu_compute_target: Any = None, private_endpoint_config: Any = None, private_endpoint_auto_approval: bool = True,
               exist_ok: bool = False, show_output: bool = True, **kwargs: Any) -> "Workspace":
        """A new workspace; with `exist_ok` one that is there already is returned unchanged.

        Resources of the cloud (`storage_account` to `private_endpoint_config`) are accepted and have no meaning here.

        :param subscription_id: default ``stoker``, like `resource_group`.
        :raises WorkspaceException: it exists, or its name is not 2 to 32 letters, digits, ``-`` and ``_``.
        """
        body = {"subscription_id": subscription_id or "stoker", "resource_group": resource_group or "stoker", "name": name, "exist_ok": exist_ok}  # type: Dict[str, Any]
        more = {"tags": {str(key): str(value) for key, value in (tags or {}).items()}, "friendly_name": friendly_name}
        body.update({key: value for key, value in more.items() if value})
        client = Client()
        try:
            with translated(WorkspaceException):
                record = client.post("/workspaces", body)
        except WorkspaceException as error:
            if getattr(error.inner_exception, "code", "") != "conflict":
                raise
            raise WorkspaceException("{}\n  try: exist_ok=True takes the one that exists".format(error.message), inner_exception=error.inner_exception) from error
        return Workspace._of(record, auth, client, _location=location, sku=sku)

    @staticmethod
    def _of(record: Dict[str, Any], auth: Any, client: Client, **more: Any) -> "Workspace":
        found = Workspace(record["subscription_id"], record["resource_group"], record["name"], auth=auth, _disable_service_check=True, _client=client, **more)
        found._record_cache = record
        return found

    @staticmethod
    def list(subscription_id: Optional[str] = None, auth: Any = None, resource_group: Optional[str] = None) -> Dict[str, List["Workspace"]]:
        """Workspaces by name, each name with a list."""
        found = {}  # type: Dict[str, List[Workspace]]
        client = Client()
        for record in Workspace._records(client, subscription_id, resource_group):
            found.setdefault(record["name"], []).append(Workspace._of(record, auth, client))
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
            near = did_you_mean(self._name, [record["name"] for record in Workspace._records(self._client, None, None)])
            raise WorkspaceException("The workspace {} is not known to the server {}{}. To make it: stoker workspace create {}/{}/{}".format(
                self._name, self._client.endpoint.url, near, self._subscription_id, self._resource_group, self._name))
        body = {"subscription_id": self._subscription_id, "resource_group": self._resource_group, "name": self._name, "exist_ok": True}
        with translated(WorkspaceException):
            record = self._client.post("/workspaces", body)
        print('stoker: made the workspace "{}" ({}/{})'.format(self._name, self._subscription_id, self._resource_group), file=sys.stderr)
        return record

    # -- what it is ------------------------------------------------------------------------------------------------

    @property
    def _record(self) -> Dict[str, Any]:
        if self._record_cache is None:
            with translated(WorkspaceException):
                self._record_cache = self._client.get(path_of("workspaces", self._known_id)) if self._known_id else self._find_or_make()
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
    def experiments(self) -> "Dict[str, Experiment]":
        """Active experiments by name; asks the server each time."""
        from azureml.core.experiment import Experiment
        return Named("experiment", {experiment.name: experiment for experiment in Experiment.list(self)})

    @property
    def compute_targets(self) -> Dict[str, Any]:
        """Compute targets by name: none in this version; runs go to ``local``."""
        return Named("compute target", {})

    @property
    def datastores(self) -> Dict[str, Any]:
        """Datastores by name: none in this version."""
        return Named("datastore", {})

    @property
    def datasets(self) -> Dict[str, Any]:
        """Datasets by name: none in this version."""
        return Named("dataset", {})

    @property
    def environments(self) -> Dict[str, Any]:
        """Registered environments by name: none in this version."""
        return Named("registered environment", {})

    @property
    def models(self) -> Dict[str, Any]:
        """Registered models by name: none in this version."""
        return Named("model", {})

    @property
    def webservices(self) -> Dict[str, Any]:
        """Web services by name: none."""
        return Named("web service", {})

    @property
    def images(self) -> Dict[str, Any]:
        """Images by name: none."""
        return Named("image", {})

    @property
    def linked_services(self) -> Dict[str, Any]:
        """Linked services by name: none."""
        return Named("linked service", {})

    @property
    def discovery_url(self) -> str:
        """The server's address."""
        return self._client.endpoint.url + "/discovery"

    @property
    def service_context(self) -> "Workspace":
        """What stands for the workspace in calls; the workspace itself."""
        return self

    @property
    def _workspace_name(self) -> str:
        return self._name

    @property
    def _auth_object(self) -> Any:
        return self._auth

    @property
    def _workspace_id(self) -> str:
        return self._known_id or self._record["id"]

    @property
    def _scope(self) -> str:
        return "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.MachineLearningServices/workspaces/{}".format(
            self._subscription_id, self._resource_group, self._name)

    def get_details(self) -> Dict[str, Any]:
        """Id, name, location, type, tags, sku, workspaceid, creationTime and the rest of the SDK's keys; what has no meaning here is None."""
        record = self._record
        details = dict.fromkeys(("containerRegistry", "keyVault", "applicationInsights", "identityPrincipalId", "identityTenantId", "identityType",
                                 "storageAccount"))  # type: Dict[str, Any]
        details.update(id=self._scope, name=self._name, location=self.location, type="Microsoft.MachineLearningServices/workspaces", tags=self.tags,
                       sku=self._sku, workspaceid=record["id"], description=record.get("description") or "",
                       friendlyName=record.get("friendly_name") or self._name, creationTime=record["created_at"])
        return details

    def get_run(self, run_id: str) -> "Run":
        """A run by its id, whatever its experiment, as the class that its kind has.

        :raises RunNotFoundException: there is none.
        """
        from azureml.core.run import Run
        return Run.get(self, run_id)

    def get_default_keyvault(self) -> "Keyvault":
        """The workspace's secrets."""
        from azureml.core.keyvault import Keyvault
        return Keyvault(self)

    def get_default_compute_target(self, type: str) -> None:
        """The target that was chosen at creation for ``CPU`` or ``GPU``: none here.

        :raises UserErrorException: another `type`.
        """
        if str(type).upper() not in ("CPU", "GPU"):
            raise UserErrorException("type is {!r}; CPU or GPU is expected".format(type))

    def get_default_datastore(self) -> Any:
        """The default datastore; not offered by this version."""
        raise not_yet("datastores")

    def set_default_datastore(self, name: str) -> None:
        """Chooses the default datastore; not offered by this version."""
        raise not_yet("datastores")

    def get_mlflow_tracking_uri(self, _with_auth: bool = False) -> str:
        """The workspace as MLflow's tracking address, ``azureml://...``."""
        return "azureml://{}/mlflow/v1.0{}?".format(self._client.endpoint.url.split("://", 1)[-1], self._scope)

    # -- changing it -----------------------------------------------------------------------------------------------

    def write_config(self, path: Optional[str] = None, file_name: Optional[str] = None) -> None:
        """Writes ``<path or current folder>/.azureml/<file_name or config.json>``; folders are made."""
        if path is not None and not isinstance(path, (str, os.PathLike)):
            raise UserErrorException("path is {}; a folder's name is expected".format(a_kind(path)))
        _config_file.write(None if path is None else os.fspath(path), file_name, (self._subscription_id, self._resource_group, self._name))

    def update(self, friendly_name: Optional[str] = None, description: Optional[str] = None, tags: Optional[Dict[str, str]] = None,
               image_build_compute: Optional[str] = None, **kwargs: Any) -> Dict[str, Any]:
        """Changes what is given, leaves the rest; returns `get_details()`.

        :param tags: added to those that are there; the same keys get the new values.
        """
        given = {"friendly_name": friendly_name, "description": description, "tags": None if tags is None else {str(key): str(value) for key, value in tags.items()}}
        with translated(WorkspaceException):
            self._record_cache = self._client.patch(self._path(), {key: value for key, value in given.items() if value is not None})
        return self.get_details()

    def delete(self, delete_dependent_resources: bool = False, no_wait: bool = False) -> None:
        """Removes the workspace for good.

        :param delete_dependent_resources: with all its runs and what they left; without it a workspace that has runs is refused.
        :raises WorkspaceException: it has runs, or runs that are live.
        """
        with translated(WorkspaceException):
            self._client.call("DELETE", self._path() + ("?force=true" if delete_dependent_resources else ""))

    def sync_keys(self, no_wait: bool = False) -> None:
        """Nothing to do: there are no keys of other services."""

    def list_keys(self) -> Dict[str, Any]:
        """There are no keys of other services."""
        return {}

    def update_dependencies(self, container_registry: Any = None, force: bool = False) -> Dict[str, Any]:
        """Nothing to do; returns `get_details()`."""
        return self.get_details()

    def diagnose_workspace(self, diagnose_parameters: Any = None) -> Dict[str, Any]:
        """``{"value": {}}``: nothing is wrong with services that there are none of; ``stoker server check`` looks at the server."""
        return {"value": {}}

    def list_connections(self, category: Any = None, target: Any = None) -> List[Any]:
        """There are no connections."""
        return []

    def _path(self, *parts: str) -> str:
        return path_of("workspaces", self._workspace_id, *parts)

    def _specification(self) -> Dict[str, str]:
        return {"subscription_id": self._subscription_id, "resource_group": self._resource_group, "name": self._name}

    def __repr__(self) -> str:
        return "Workspace.create(name='{}', subscription_id='{}', resource_group='{}')".format(self._name, self._subscription_id, self._resource_group)
