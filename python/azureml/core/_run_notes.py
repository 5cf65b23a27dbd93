"""The part of a Run that people write on it: names, tags, properties (spec 3.6), and the secrets that it may read."""
from typing import Any, Dict, List, Optional

from azureml.core import _details
from azureml.core._errors import translated
from azureml.core._naming import a_kind
from azureml.exceptions import RunNotFoundException, UserErrorException


class NotesPart:
    """Methods of `Run`; not for use alone."""

    @property
    def display_name(self) -> str:
        """Name for people; may be set."""
        return self._record["display_name"]

    @display_name.setter
    def display_name(self, display_name: str) -> None:
        with translated(not_found=RunNotFoundException):
            self._service.rename(str(display_name))
        if self._record_cache is not None:
            self._record_cache["display_name"] = str(display_name)

    @property
    def name(self) -> str:
        """The display name."""
        return self.display_name

    @property
    def description(self) -> Optional[str]:
        """Text for people; may be set."""
        return self._record.get("description") or None

    @description.setter
    def description(self, description: Optional[str]) -> None:
        with translated(not_found=RunNotFoundException):
            self._service.change({"description": str(description or "")})
        if self._record_cache is not None:
            self._record_cache["description"] = str(description or "")

    def tag(self, key: str, value: Optional[Any] = None) -> None:
        """Sets a tag; without a value it is just there."""
        self.set_tags({key: value})

    def set_tags(self, tags: Dict[str, Any]) -> None:
        """Sets these tags and leaves the others alone; values become strings, None stays None."""
        with translated(not_found=RunNotFoundException):
            self._service.tag(texts("tags", tags))

    def remove_tags(self, tags: Any) -> Dict[str, Optional[str]]:
        """Removes a key or a list of keys; returns the tags that are left."""
        with translated(not_found=RunNotFoundException):
            self._service.untag([str(key) for key in ([tags] if isinstance(tags, str) else tags)])
        return self.get_tags()

    def get_tags(self) -> Dict[str, Optional[str]]:
        """Tags now."""
        return dict(self._refresh()["tags"])

    @property
    def tags(self) -> Dict[str, Optional[str]]:
        """Tags now."""
        return self.get_tags()

    def add_properties(self, properties: Dict[str, Any]) -> None:
        """Adds properties; they are written once. The same pair again changes nothing.

        :raises UserErrorException: one of them is there with another value; nothing is changed then.
        """
        with translated(not_found=RunNotFoundException):
            self._service.add_properties({key: str(value) for key, value in texts("properties", properties).items()})

    def get_properties(self) -> Dict[str, str]:
        """Properties now: those that were added, git's, and the service's own."""
        return _details.properties(self._refresh())

    @property
    def properties(self) -> Dict[str, str]:
        """Properties now."""
        return self.get_properties()

    def get_secret(self, name: str) -> Optional[str]:
        """A secret of the workspace; None, with a warning, when there is none of that name."""
        return self._experiment.workspace.get_default_keyvault().get_secret(name)

    def get_secrets(self, secrets: List[str]) -> Dict[str, Optional[str]]:
        """Secrets of the workspace by name; None for those that are not there."""
        return self._experiment.workspace.get_default_keyvault().get_secrets(secrets)


def texts(what: str, values: Any) -> Dict[str, Optional[str]]:
    """Keys and values as texts, None as None.

    :raises UserErrorException: it is no dict.
    """
    if not isinstance(values, dict):
        raise UserErrorException("{} is {}; a dict is expected".format(what, a_kind(values)))
    return {str(key): None if value is None else str(value) for key, value in values.items()}


def matches(present: Optional[Dict[str, Any]], wanted: Any) -> bool:
    """Whether tags or properties have a key (a string), or keys with values (a dict), or all of a list of keys."""
    present = present or {}
    if not wanted:
        return True
    if isinstance(wanted, str):
        return wanted in present
    if not hasattr(wanted, "__iter__"):
        raise UserErrorException("the filter is {}; a key or a dict of keys and values is expected".format(a_kind(wanted)))
    if not isinstance(wanted, dict):
        return all(key in present for key in wanted)
    return all(key in present and present[key] == (None if value is None else str(value)) for key, value in wanted.items())


def query(wanted: Any) -> List[str]:
    """What of a filter the server can apply: ``key`` and ``key=value``; `matches` decides about the rest (keys with a ``=``, values of None)."""
    if not wanted or not hasattr(wanted, "__iter__"):
        return []
    if isinstance(wanted, str) or not isinstance(wanted, dict):
        return [key for key in ([wanted] if isinstance(wanted, str) else wanted) if "=" not in key]
    return [str(key) if value is None else "{}={}".format(key, value) for key, value in wanted.items() if "=" not in str(key)]
