"""Secrets of a workspace: stored encrypted by the server, shown as ``*`` in the logs of runs."""
import warnings
from typing import TYPE_CHECKING, Dict, List, Optional

from azureml.core._errors import translated
from azureml.core._naming import did_you_mean
from azureml.exceptions import UserErrorException
from stoker._client import path_of
from stoker.errors import StokerError

if TYPE_CHECKING:
    from azureml.core.workspace import Workspace


class Keyvault:
    """The secrets of a workspace.

    >>> ws.get_default_keyvault().set_secret(name="db-password", value="...")      # doctest: +SKIP

    :param workspace: whose.
    """

    def __init__(self, workspace: "Workspace"):
        self._workspace = workspace

    def set_secret(self, name: str, value: str) -> None:
        """Stores a secret, or changes it.

        :raises UserErrorException: a name that is not allowed, or a value that is no text.
        """
        self.set_secrets({name: value})

    def set_secrets(self, secrets_batch: Dict[str, str]) -> None:
        """Stores several; all are checked before the first is stored."""
        for name, value in secrets_batch.items():
            if not isinstance(name, str) or not isinstance(value, str):
                raise UserErrorException("the secret {!r} was not stored: name and value are texts".format(name))
        for name, value in secrets_batch.items():
            with translated():
                self._workspace._client.call("PUT", self._path(name), {"value": value})

    def get_secret(self, name: str) -> Optional[str]:
        """The secret's value; None, with a warning, when there is none of that name."""
        value = self._value(name)
        if value is None:
            warnings.warn("there is no secret {!r} in the workspace {}{}".format(name, self._workspace.name, did_you_mean(name, self._names())), stacklevel=2)
        return value

    def get_secrets(self, secrets: List[str]) -> Dict[str, Optional[str]]:
        """Values by name; None for those that are not there."""
        return {name: self._value(name) for name in secrets}

    def list_secrets(self) -> List[Dict[str, str]]:
        """Name and times of each, without the values: ``[{"name": ..., "created_at": ..., "updated_at": ...}]``."""
        with translated():
            return self._workspace._client.get(self._path())["secrets"]

    def delete_secret(self, name: str) -> None:
        """Removes a secret.

        :raises UserErrorException: there is none of that name.
        """
        self.delete_secrets([name])

    def delete_secrets(self, secrets: List[str]) -> None:
        """Removes several."""
        for name in secrets:
            try:
                self._workspace._client.call("DELETE", self._path(name))
            except StokerError as error:
                hint = did_you_mean(name, self._names()) if error.code == "not_found" else ""
                raise UserErrorException("the secret {!r} was not deleted: {}{}".format(name, error, hint), inner_exception=error) from error

    def _names(self) -> List[str]:
        return [each["name"] for each in self.list_secrets()]

    def _value(self, name: str) -> Optional[str]:
        try:
            return self._workspace._client.get(self._path(name))["value"]
        except StokerError as error:
            if error.code == "not_found":
                return None
            with translated():
                raise

    def _path(self, *name: str) -> str:
        return path_of("workspaces", self._workspace._workspace_id, "secrets", *name)

    def __repr__(self) -> str:
        return "Keyvault(Workspace: {})".format(self._workspace.name)
