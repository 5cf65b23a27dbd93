"""``stoker`` and ``python -m stoker``: becomes the program."""
import os
import sys

from stoker._server import program
from stoker.errors import StokerError


def main() -> None:
    """Replaces this process by the ``stoker`` program with the same arguments."""
    try:
        path = program()
    except StokerError as error:
        sys.exit("error: {}".format(error))
    if os.path.realpath(path) == os.path.realpath(sys.argv[0]):  # an editable install without the programs: this very script
        sys.exit("error: the program \"stoker\" is not built\n  try: make build")
    os.execv(path, [path] + sys.argv[1:])


if __name__ == "__main__":
    main()
