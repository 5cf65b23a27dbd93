"""The part of a Run about parents and children (spec 3.6)."""
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Optional

from azureml.core import _interactive, _records
from azureml.exceptions import UserErrorException

if TYPE_CHECKING:
    from azureml.core.run import Run


class FamilyPart:
    """Methods of `Run`; not for use alone."""

    @property
    def parent(self) -> "Optional[Run]":
        """The run that this one is a child of, or None."""
        parent = self._record.get("parent")
        return type(self).get(self._experiment.workspace, parent) if parent else None

    def get_children(self, recursive: bool = False, tags: Any = None, properties: Any = None, type: Optional[str] = None, status: Optional[str] = None,
                     _rehydrate_runs: bool = True) -> "Iterator[Run]":
        """Child runs, newest first; with `recursive` theirs too. The filters are those of `Experiment.get_runs`."""
        for record in _records.pages(lambda cursor: self._service.read("children", cursor=cursor)):
            child = _records.run_of(self._experiment.workspace, record)
            if _records.is_wanted(record, type, tags, properties) and (status is None or record["state"] == status):
                yield child
            if recursive:
                for each in child.get_children(True, tags, properties, type, status):
                    yield each

    def child_run(self, name: Optional[str] = None, run_id: Optional[str] = None, outputs: Optional[str] = None) -> "Run":
        """A new child that is running; as a context manager it ends with its block.

        :param name: shown to people.
        :param run_id: instead of ``<id of this run>_<n>``.
        :param outputs: a folder whose files are stored when the child is completed.
        :raises UserErrorException: this run is over, or the id is taken.
        """
        body = _interactive.body(self._experiment, parent=self._run_id, run_id=run_id, display_name=name)
        return _interactive.begin(self._experiment, [body], outputs)[0]

    def create_children(self, count: Optional[int] = None, tag_key: Optional[str] = None, tag_values: Optional[List[Any]] = None) -> "List[Run]":
        """Several children in one call, not started; `start` and `complete` each.

        :param count: how many; or `tag_key` with `tag_values`: one for each value, with that tag.
        :raises UserErrorException: neither is given, or the numbers differ; no child exists then.
        """
        if (tag_key is None) != (tag_values is None):
            raise UserErrorException("give tag_key and tag_values together")
        if count is None and tag_values is None:
            raise UserErrorException("how many children? give count, or tag_key and tag_values")
        values = list(tag_values) if tag_values is not None else []
        if count is not None and (isinstance(count, bool) or not isinstance(count, int) or count < 0):
            raise UserErrorException("count is {!r}; a number is expected".format(count))
        if count is not None and tag_values is not None and count != len(values):
            raise UserErrorException("count is {} and there are {} tag_values; they must be as many".format(count, len(values)))
        each_tags = [{tag_key: value} for value in values] if tag_values is not None else [{}] * (count or 0)  # type: List[Dict[Any, Any]]
        bodies = [_interactive.body(self._experiment, parent=self._run_id, tags=tags, state="NotStarted") for tags in each_tags]
        return _interactive.begin(self._experiment, bodies, None) if bodies else []

    def submit_child(self, config: Any, tags: Optional[Dict[str, str]] = None, **kwargs: Any) -> "Run":
        """As `Experiment.submit`, with this run as the parent, in its experiment."""
        from azureml.core.experiment import submit
        return submit(self._experiment, config, tags, self._run_id, **kwargs)
