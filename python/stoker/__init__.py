"""stoker for Python: a thin client of the server, and the run's side of the supervisor's socket.

Standard library only, Python 3.6 to 3.13. What users import is mostly ``azureml.core``; this package is what it stands on.

* :class:`stoker.Client`: finds the server (and has it started), calls the REST API, follows a run.
* :class:`stoker.Record`: what is kept of a run: events, environment, diff, samples, output with times; archive, restore, delete.
* :mod:`stoker._runtime`: what a script inside a run says to its supervisor.
* :class:`stoker.StokerError`: the one error, with a code, a hint and every mistake of an input.
"""
from stoker._client import Client
from stoker._record import Record
from stoker.errors import StokerError

__version__ = "0.1.0"
__all__ = ["Client", "Record", "StokerError", "__version__"]
