"""What users install: the wheel in a fresh virtual environment on an empty HOME, and what the Debian package lays down."""
import json
import os
import pathlib
import re
import subprocess

import pytest
from conftest import PYTHON, ROOT

EXAMPLE = "submit.py"


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """Makes a package of the kind, of the programs that are tested; gives its path."""
    made = {}

    def make(kind):
        if kind in made:
            return made[kind]
        build = ROOT / os.environ.get("STOKER_BUILD", "build") / "bin"
        done = subprocess.run([str(ROOT / "tools/package"), kind], env=dict(os.environ, STOKER_PROGRAMS=str(build)), check=True, stdout=subprocess.PIPE)
        made[kind] = ROOT / done.stdout.decode().splitlines()[-1]
        return made[kind]
    return make


def copy_for_user(stoker, path):
    """The package in a folder that the user can read."""
    copy = stoker.work / path.name
    copy.write_bytes(path.read_bytes())
    stoker.own(copy)
    return copy


def lay_down_example(stoker):
    """The demo's files in the user's folder; the interpreter with scikit-learn is seen through a .pth file."""
    for name in ("submit.py", "train/train.py", ".azureml/config.json"):
        source = ROOT / "examples/diabetes" / name
        if source.exists():
            stoker.write("example/" + name, source.read_text())
    return stoker.work / "example"


def assert_demo_ran(output):
    assert "Execution Summary" in output
    assert re.search(r"Completed: best of 20 alphas is \d\.\d\d with a mean squared error of \d+", output), output[-2000:]


def test_the_wheel_brings_everything(stoker, package):
    wheel = copy_for_user(stoker, package("wheel"))
    stoker.run(PYTHON, "-m", "venv", "venv")
    python = stoker.work / "venv/bin/python"
    stoker.run(python, "-m", "pip", "install", "--no-index", "--no-deps", "--quiet", wheel, timeout=300)
    science = next((stoker.programs / "sklearn/lib").glob("python3*/site-packages"))
    stoker.write("venv/lib/%s/site-packages/science.pth" % science.parent.name, "%s\n" % science)
    example = lay_down_example(stoker)
    alone = {"PYTHONPATH": None, "PATH": "%s:/usr/bin:/bin" % (stoker.work / "venv/bin")}
    done = stoker.run(python, EXAMPLE, cwd=str(example), env=alone, timeout=300)
    assert_demo_ran(done.stdout)
    latest = json.loads(stoker.run("stoker", "run", "show", "latest", "--json", env=alone).stdout)
    assert latest["state"] == "Completed"
    program = pathlib.Path("/proc/%d/exe" % stoker.server_record()["pid"]).resolve()
    assert stoker.work / "venv" in program.parents, "the server is the one of the wheel"


def test_a_run_of_another_interpreter_sees_our_packages_and_nothing_else_of_the_environment(stoker, package):
    wheel = copy_for_user(stoker, package("wheel"))
    stoker.run(PYTHON, "-m", "venv", "--without-pip", "venv")
    site = next((stoker.work / "venv/lib").glob("python3*/site-packages"))
    stoker.run(PYTHON, "-m", "zipfile", "-e", wheel, site)
    stoker.write("venv/lib/%s/site-packages/of_the_environment.py" % site.parent.name, "")
    for name in ("stoker", "stoker-supervisor"):
        (site / "stoker/bin" / name).chmod(0o755)
    code = "import azureml.core, stoker, sys\ntry:\n    import of_the_environment\nexcept ImportError:\n    print('alone', azureml.core.__file__)\n"
    stoker.write("probe/probe.py", code)
    alone = {"PYTHONPATH": None, "PATH": "/usr/bin:/bin"}
    done = stoker.run(stoker.work / "venv/bin/python", "-m", "stoker", "run", "submit", "--follow", "--", PYTHON, "probe.py", cwd=str(stoker.work / "probe"), env=alone)
    assert "alone %s" % (site / "stoker/lib/stoker/python/azureml/core/__init__.py") in done.stdout


def test_the_debian_package_lays_down_programs_packages_and_completion(stoker, package):
    deb = copy_for_user(stoker, package("deb"))
    fields = stoker.run("dpkg-deb", "--field", deb).stdout
    assert "Package: stoker" in fields and "Architecture: amd64" in fields
    stoker.run("dpkg-deb", "--extract", deb, "root")
    root = stoker.work / "root"
    assert "complete" in (root / "usr/share/bash-completion/completions/stoker").read_text()
    assert (root / "usr/share/zsh/vendor-completions/_stoker").read_text().startswith("#compdef stoker")
    packages = {"PYTHONPATH": str(root / "usr/lib/python3/dist-packages"), "PATH": "%s:/usr/bin:/bin" % (root / "usr/bin")}
    stoker.write("probe/probe.py", "from azureml.core import Run\nRun.get_context().log('answer', 42)\n")
    stoker.run("stoker", "run", "submit", "--follow", "--", PYTHON, "probe.py", cwd=str(stoker.work / "probe"), env=packages)
    code = "from azureml.core import Workspace, Run\nw = Workspace.get('default', subscription_id='stoker', resource_group='stoker')\n" \
           "print(Run.get(w, %r).get_metrics())" % json.loads(stoker.run("stoker", "run", "show", "latest", "--json", env=packages).stdout)["id"]
    assert stoker.run(PYTHON, "-c", code, env=packages).stdout.strip() == "{'answer': 42}"
