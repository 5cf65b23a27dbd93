"""What ``stoker tensorboard`` starts: TensorBoard over runs until Ctrl-C."""
import argparse
import signal
import sys
import threading
from typing import List

from azureml.core import Run, Workspace
from azureml.exceptions import AzureMLException
from azureml.tensorboard import Tensorboard
from stoker.errors import StokerError


def main(arguments: List[str]) -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="stoker tensorboard")
    parser.add_argument("runs", nargs="*")
    parser.add_argument("--port", type=int, default=6006)
    parser.add_argument("--logdir")
    parser.add_argument("--by-name", action="store_true")
    given = parser.parse_args(arguments)
    asked = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *unused: asked.set())
    try:
        workspace = Workspace("stoker", "stoker", "default", _disable_service_check=True)
        board = Tensorboard([Run.get(workspace, each) for each in given.runs], given.logdir, given.port, given.by_name)
        board.start()
    except (AzureMLException, StokerError) as error:
        print("error: {}".format(error), file=sys.stderr)
        return 1
    try:
        while not asked.is_set() and board._process is not None and board._process.poll() is None:
            asked.wait(1.0)
    finally:
        board.stop()
    return 0 if asked.is_set() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
