"""Telemetry of the SDK: there is none."""
from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)


def set_diagnostics_collection(send_diagnostics: bool = True, verbosity: int = 20) -> None:
    """Accepted and without effect: nothing is collected or sent."""
