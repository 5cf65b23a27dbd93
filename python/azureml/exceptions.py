"""Exceptions of the SDK (spec 0.4). ``str()`` of each shows class, message, inner exception and the error response as JSON."""
import json
from typing import Any, Optional


class AzureMLException(Exception):
    """Base of all.

    :ivar message: what happened.
    :ivar inner_exception: the exception below, or None.
    """

    _code = "UserError"

    def __init__(self, exception_message: str, inner_exception: Optional[BaseException] = None, **kwargs: Any):
        super().__init__(exception_message)
        self.message = exception_message
        self.inner_exception = inner_exception
        self._details = kwargs

    def _serialize_json(self) -> str:
        """``{"error": {"code": ..., "message": ...}}``, indented."""
        return json.dumps({"error": {"code": self._code, "message": self.message}}, indent=4)

    def __str__(self) -> str:
        return "{}:\n\tMessage: {}\n\tInnerException {}\n\tErrorResponse \n{}".format(
            type(self).__name__, self.message, self.inner_exception, self._serialize_json())

    def __repr__(self) -> str:
        return str(self)


class UserErrorException(AzureMLException):
    """A bad argument, or misuse."""


class ServiceException(AzureMLException):
    """The server failed, or none answers."""

    _code = "ServiceError"


class ComputeTargetException(AzureMLException):
    """A compute target was not found, or refused an operation."""


class ExperimentExecutionException(UserErrorException):
    """A submission or a request about a run was rejected, or waiting was interrupted."""


class ActivityFailedException(AzureMLException):
    """A run that was waited for ended as Failed; the message holds the run's error as JSON.

    :param error_details: JSON text ``{"error": {"code": ..., "message": ...}}``.
    """

    def __init__(self, error_details: str, inner_exception: Optional[BaseException] = None, **kwargs: Any):
        super().__init__("Activity Failed:\n" + error_details, inner_exception, **kwargs)
        self.error_details = error_details


class RunEnvironmentException(AzureMLException):
    """The call needs a run around it, and there is none."""


class RunConfigurationException(UserErrorException):
    """A run configuration is malformed or missing."""


class ExperimentNotFoundException(UserErrorException):
    """There is no such experiment."""


class RunNotFoundException(UserErrorException):
    """There is no such run."""


class ProjectSystemException(AzureMLException):
    """A workspace or a project could not be used."""


class WorkspaceException(ProjectSystemException):
    """A workspace was not found, or could not be made."""


class AuthenticationException(AzureMLException):
    """The token is missing, wrong, or does not reach this."""


class UnexpectedHTTPResponseException(AzureMLException):
    """The server answered with something that is not expected."""


class SnapshotException(UserErrorException):
    """The source folder cannot be snapshotted."""


class ModelNotFoundException(UserErrorException):
    """There is no such model."""


class ModelPathNotFoundException(UserErrorException):
    """A model's files are not there."""


class WebserviceException(AzureMLException):
    """A web service failed."""


class DatasetTimestampMissingError(UserErrorException):
    """A dataset without a column of times was asked for times."""


class TrainingException(UserErrorException):
    """An estimator's arguments are wrong."""


class HyperDriveConfigException(TrainingException):
    """A sweep's configuration is wrong."""
