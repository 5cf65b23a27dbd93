"""The way of MLflow's clients in this process to a server of ours: its address, and the token that they look for in the environment."""
import os
from typing import Tuple
from urllib.parse import quote

from stoker._server import Endpoint

_DEFAULT = ("stoker", "stoker", "default")  # subscription, resource group, name
_TOKEN = "MLFLOW_TRACKING_TOKEN"

_told = ""  # the token that was put into the environment here


def tracking_uri(endpoint: Endpoint, workspace: Tuple[str, str, str]) -> str:
    """The server itself for the default workspace, else ``<server>/mlflow/<name>``.

    MLflow has no call that takes a token, and its clients read the variable at each request. So it is set here, as azureml-mlflow signs in for the user;
    one that the user has set stays, one that was set here follows the server.
    """
    global _told
    if os.environ.get(_TOKEN, _told) == _told:
        os.environ[_TOKEN] = _told = endpoint.token
    return endpoint.url if workspace == _DEFAULT else "{}/mlflow/{}".format(endpoint.url, quote(workspace[2], safe=""))
