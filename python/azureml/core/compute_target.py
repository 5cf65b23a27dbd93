"""Compute targets that are no resource of the workspace, and their exception."""
from azureml.exceptions import ComputeTargetException

__all__ = ["AbstractComputeTarget", "ComputeTargetException", "LocalTarget"]


class AbstractComputeTarget:
    """Base of compute targets.

    :ivar name: what a run configuration's `target` is set to.
    :ivar type: kind of the target.
    """

    def __init__(self, name: str, type: str):
        self.name = name
        self.type = type

    def __repr__(self) -> str:
        return "{}(name={})".format(type(self).__name__, self.name)


class LocalTarget(AbstractComputeTarget):
    """This machine."""

    def __init__(self) -> None:
        super().__init__("local", "local")
