"""What this process runs in: interpreter, packages, host, user and platform, as a supervisor tells it of a run's program; and who runs it."""
import os
import re
import sys
from typing import Any, Dict, Iterable, List, Tuple

_HEAD = 4096  # Name and Version stand in the first lines of a metadata file; a long description follows


def user_name() -> str:
    """Name of the user, or the number of one that has none."""
    import getpass
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return str(os.getuid())


def user_at_host() -> str:
    """Who runs this, and where."""
    return "{}@{}".format(user_name(), os.uname().nodename)


def environment() -> Dict[str, Any]:
    """The record of PUT /runs/{run}/environment: kind, interpreter, version, packages, host, user, platform.

    Reads the folders of ``sys.path``: some tenths of a second where hundreds of packages are installed.
    """
    return {"kind": "user-managed", "interpreter": sys.executable or "", "version": sys.version.split()[0], "packages": packages(sys.path),
            "host": os.uname().nodename, "user": user_name(), "platform": platform_text()}


def platform_text() -> str:
    """``Debian GNU/Linux 12 (bookworm), Linux 6.1.0 x86_64``."""
    system = os.uname()
    parts = ["{} {} {}".format(system.sysname, system.release, system.machine)]
    for line in _head("/etc/os-release").splitlines():
        if line.startswith("PRETTY_NAME="):
            parts.insert(0, line.partition("=")[2].strip("\"'"))
    return ", ".join(part for part in parts if part)


def packages(folders: Iterable[str]) -> List[Dict[str, str]]:
    """Name and version of what is installed in these folders, by name; of two with one name the first, which is the one that is imported."""
    found = {}  # type: Dict[str, Tuple[str, str]]
    for folder in folders:
        for name, version in _packages_in(folder or os.curdir):
            found.setdefault(re.sub(r"[-_.]+", "-", name).lower(), (name, version))
    return [{"name": name, "version": version} for _, (name, version) in sorted(found.items())]


def _packages_in(folder: str) -> List[Tuple[str, str]]:
    try:
        entries = sorted(os.listdir(folder))
    except OSError:  # an archive, or not there
        return []
    return [each for each in (_package(folder, entry) for entry in entries if entry.endswith((".dist-info", ".egg-info"))) if each[0] and not each[0].startswith("~")]


def _package(folder: str, entry: str) -> Tuple[str, str]:
    path = os.path.join(folder, entry)
    head = _head(os.path.join(path, "METADATA" if entry.endswith(".dist-info") else "PKG-INFO")) or _head(path)  # an .egg-info may be a file
    named = entry.rpartition(".")[0].split("-") + [""]
    fields = {"Name": "", "Version": ""}
    for line in head.splitlines():
        if not line:
            break  # the description
        field, _, value = line.partition(": ")
        if field in fields and not fields[field]:
            fields[field] = value
    return fields["Name"] or named[0], fields["Version"] or named[1]


def _head(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return file.read(_HEAD).decode("utf-8", "replace")
    except OSError:
        return ""
