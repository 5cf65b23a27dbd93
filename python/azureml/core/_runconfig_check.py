"""What of a run configuration this version carries out: everything else is told at submission, all at once."""
from typing import TYPE_CHECKING, Any, Iterable, List

from azureml.core._naming import a_kind, did_you_mean
from azureml.core._sections import Section

if TYPE_CHECKING:
    from azureml.core.runconfig import RunConfiguration


def mistakes(config: "RunConfiguration") -> List[str]:
    """For people, one text each; the environment's are among them."""
    found = _distribution(config) + _rest(config)
    if isinstance(config.environment, Section):
        found += config.environment._mistakes()
    if config.target in ("amlcompute", "containerinstance"):
        found.insert(0, "the target {} (machines for one run) is not offered yet; local is".format(config.target))
    elif found and config.target != "local":  # alone it is the server's to judge; beside others it is told with them
        found.insert(0, "the target {!r} is not offered yet; local is".format(config.target))
    return found


def _distribution(config: "RunConfiguration") -> List[str]:
    from azureml.core.runconfig import COMMUNICATORS, FRAMEWORKS
    found = _unknown("framework", config.framework, FRAMEWORKS) + _unknown("communicator", config.communicator, COMMUNICATORS)
    if not found and str(config.framework).lower() != "python":
        found.append("the framework {} is not offered yet; Python is".format(config.framework))
    if not _unknown("", config.communicator, COMMUNICATORS) and str(config.communicator).lower() != "none":
        found.append("distributed runs are not offered yet (communicator {})".format(config.communicator))
    if config.node_count is not None and (isinstance(config.node_count, bool) or not isinstance(config.node_count, int)):
        found.append("node_count is {!r}; a whole number is expected".format(config.node_count))
    elif config.node_count not in (None, 1):
        found.append("node_count {} is not offered yet: a local run has one node".format(config.node_count))
    return found


def _unknown(what: str, value: Any, known: Iterable[str]) -> List[str]:
    names = {each.lower(): each for each in known}
    if value is None or str(value).lower() in names:
        return []
    return ["the {} {!r} is unknown{}; there are {}".format(what, value, did_you_mean(value, names.values()), ", ".join(names.values()))]


def _rest(config: "RunConfiguration") -> List[str]:
    found = []
    if config.docker is not None and config.docker.use_docker:
        found.append("containers (docker.use_docker) are not offered yet; leave it False")
    for name, what in (("data_references", "data references"), ("data", "datasets"), ("output_data", "output datasets"), ("datacaches", "data caches")):
        if getattr(config, name):
            found.append("{} ({}) are not offered yet".format(what, name))
    for name in ("output_collection", "snapshot_project"):
        if getattr(config.history, name, True) is not True:
            found.append("history.{} = {!r} is not offered yet: everything is kept".format(name, getattr(config.history, name)))
    more = [each for each in config.history.directories_to_watch or [] if each != "logs"]
    if more:
        found.append("history.directories_to_watch = {!r} is not offered yet: outputs and logs are kept".format(config.history.directories_to_watch))
    for name, value in (config.environment_variables or {}).items():
        if not isinstance(value, (str, int, float, bool)):
            found.append("environment_variables[{!r}] is {}; a text is expected".format(name, a_kind(value)))
    seconds = config.max_run_duration_seconds
    if seconds is not None and (isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or seconds <= 0):
        found.append("max_run_duration_seconds is {!r}; a number of seconds above 0 is expected, or None".format(seconds))
    if not isinstance(config.environment, Section):
        found.append("the environment is a {}; an Environment is expected".format(type(config.environment).__name__))
    return found
