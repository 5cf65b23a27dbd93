"""Old names that work and say what replaces them."""
import os
import warnings


def deprecated(old: str, instead: str) -> None:
    """Warns at the line of the user's call, unless AZUREML_LOG_DEPRECATION_WARNING_ENABLED is ``false``."""
    if os.environ.get("AZUREML_LOG_DEPRECATION_WARNING_ENABLED", "").lower() not in ("false", "0"):
        warnings.warn("{} is deprecated; instead: {}".format(old, instead), DeprecationWarning, stacklevel=3)
