"""The names of :mod:`azureml.exceptions`, for code that imports them from ``azureml.core``."""
from azureml.exceptions import *  # noqa: F401,F403
