"""What `get_details()` returns, made from a run's record (spec 3.8)."""
from typing import TYPE_CHECKING, Any, Dict, List, Optional

if TYPE_CHECKING:
    from azureml.core.environment import Environment

DRIVER_LOG = "azureml-logs/70_driver_log.txt"


def details(record: Dict[str, Any], files: List[Dict[str, Any]]) -> Dict[str, Any]:
    """Run id, target, status, times, properties, definition, log files, error.

    :param record: the run's record as the API gives it.
    :param files: records of its files, with their links.
    """
    found = {"runId": record["id"], "target": record.get("target") or "local", "status": record["state"]}  # type: Dict[str, Any]
    if record.get("started_at"):
        found["startTimeUtc"] = record["started_at"]
    if record.get("ended_at"):
        found["endTimeUtc"] = record["ended_at"]
    found.update(services={}, properties=properties(record), inputDatasets=[], outputDatasets=[])
    if record.get("kind") != "interactive":
        found["runDefinition"] = definition(record)
    found.update(logFiles={each["path"]: each["link"] for each in files if is_log(each)}, submittedBy=(record.get("spec") or {}).get("submitted_by") or "")
    error = error_body(record)
    if error is not None:
        found["error"] = error
    return found


def is_log(file: Dict[str, Any]) -> bool:
    """Whether a file is one of the run's logs rather than an output."""
    return file.get("origin") == "log" or file["path"].startswith(("azureml-logs/", "logs/", "user_logs/", "system_logs/"))


def properties(record: Dict[str, Any]) -> Dict[str, str]:
    """The run's properties and those that the service always sets."""
    found = {"_azureml.ComputeTargetType": record.get("target") or "local"}
    if record.get("snapshot"):
        found["ContentSnapshotId"] = record["snapshot"]
    found.update(record.get("properties") or {})
    return found


def error_body(record: Dict[str, Any]) -> Optional[Dict[str, Any]]:
    """``{"error": {"code", "message", "details", "debugInfo"}, "time", "componentName"}``; None unless the run has an error.

    The hint (which package is missing, for example) ends the message.
    """
    error = record.get("error")
    if not error and record["state"] == "Failed" and record.get("end"):
        error = {"code": "ServiceError", "message": record["end"].get("message") or "The run failed.", "type": "", "trace": "", "hint": ""}
    if not error:
        return None
    message = error["message"] + ("\n" + error["hint"] if error.get("hint") else "")
    debug = {"type": error.get("type") or "", "message": error["message"], "stackTrace": error.get("trace") or ""}
    return {"error": {"code": error["code"], "message": message, "details": [], "debugInfo": debug}, "correlation": {"operation": record["id"]},
            "time": record.get("ended_at"), "componentName": "stoker"}


def definition(record: Dict[str, Any]) -> Dict[str, Any]:
    """``runDefinition``: what was run, in what, where; arguments are always strings."""
    spec = record["spec"]
    environment = spec.get("environment") or {}
    interpreter = (environment.get("settings") or {}).get("interpreter") or "python"
    command = spec.get("command") or (" ".join(spec["argv"]) if spec.get("argv") else "")
    return {"script": spec.get("script"), "command": command, "useAbsolutePath": False, "arguments": [str(each) for each in spec.get("arguments") or []],
            "sourceDirectoryDataStore": None, "framework": "Python", "communicator": "None", "target": record["target"], "dataReferences": {}, "data": {},
            "outputData": {}, "datacaches": [], "jobName": None, "maxRunDurationSeconds": spec.get("max_run_duration_seconds"), "nodeCount": 1,
            "priority": None, "credentialPassthrough": False, "identity": None,
            "environment": {"name": None, "version": None, "python": {"interpreterPath": interpreter, "userManagedDependencies": True,
                                                                       "condaDependencies": None, "baseCondaEnvironment": None},
                            "environmentVariables": environment.get("variables") or {}},
            "history": {"outputCollection": True, "directoriesToWatch": ["logs"], "enableMLflowTracking": True, "snapshotProject": True},
            "environmentVariables": spec.get("environment_variables") or {}}


def environment(spec: Dict[str, Any]) -> "Environment":
    """The user-managed environment of an EnvironmentSpec."""
    from azureml.core.environment import Environment
    found = Environment(None)
    found.python.user_managed_dependencies = True
    found.python.interpreter_path = (spec.get("settings") or {}).get("interpreter") or "python"
    found.environment_variables = dict(spec.get("variables") or {})
    return found
