"""TensorBoard from PyPI over runs: what its own API lists. The environment is made by tools/setup."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import urllib.request

import pytest
from conftest import PYTHON, ROOT, until

VENV = ROOT / ".cache/tensorboard"

# What a run writes: event files by hand, as the exporter does, and slowly.
GROWS = """
import os, sys, time
from azureml.tensorboard._event_file import EventFile
with open('logs/events.out.tfevents.1.x', 'wb', 0) as file:
    events = EventFile(file, time.time())
    for step in range(3):
        events.scalar('live', step * 0.5, step, time.time())
    while not os.path.exists('go'):
        time.sleep(0.01)
    events.scalar('live', 9.0, 3, time.time())
"""


@pytest.fixture
def board(stoker):
    """The interpreter that has TensorBoard, where the user of the tests can read it."""
    folder = stoker.folder / "tensorboard"
    subprocess.run(["cp", "-a", str(VENV), str(folder)], check=True)
    subprocess.run(["chmod", "-R", "a+rX", str(folder)], check=True)
    yield folder / "bin/python"
    shutil.rmtree(str(folder), ignore_errors=True)


def scalars(url, tag):
    """{run: [[time, step, value] …]} as TensorBoard has it now."""
    with urllib.request.urlopen(url + "data/plugin/scalars/tags", timeout=30) as answer:
        tags = json.loads(answer.read().decode())
    found = {}
    for run, named in tags.items():
        if tag in named:
            with urllib.request.urlopen("%sdata/plugin/scalars/scalars?run=%s&tag=%s" % (url, run.replace("/", "%2F"), tag), timeout=30) as answer:
                found[run] = json.loads(answer.read().decode())
    return found


def test_a_running_runs_logs_are_shown_and_grow(stoker, board):
    run = stoker.python(GROWS)
    stoker.wait_state(run, "Running")
    folder = stoker.work / "copy"
    process = stoker.popen("stoker", "tensorboard", run, "--port", "0", "--logdir", folder, "--interpreter", board, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    url = process.stdout.readline().decode().strip()
    assert url.startswith("http://127.0.0.1:"), process.communicate()
    until(lambda: [each[2] for each in scalars(url, "live").get(run, [])] == [0.0, 0.5, 1.0], 60, "three points while it runs")
    [work] = stoker.home.glob("data/targets/local/*/spool/*/work")
    (work / "go").write_text("")
    until(lambda: len(scalars(url, "live")[run]) == 4, 60, "the fourth point")
    assert stoker.wait(run)["state"] == "Completed"
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    process.communicate()
    assert (folder / run / "events.out.tfevents.1.x").exists() and not stoker.processes("tensorboard.main")


def test_metrics_are_exported_and_a_taken_port_is_an_error(stoker, board):
    code = """
import json, socket, urllib.request, sys
from azureml.core import Experiment, Workspace
from azureml.exceptions import UserErrorException
from azureml.tensorboard import Tensorboard
from azureml.tensorboard.export import export_to_tensorboard
run = Experiment(Workspace('stoker', 'stoker', 'default'), 'board').start_logging(snapshot_directory=None)
for i in range(4):
    run.log('loss', 1.0 / (i + 1), step=10 * i)
run.log_list('curve', [3, 1, 4])
with run.child_run() as child:
    child.log('depth', 7)
run.complete()
export_to_tensorboard(run, 'exported')
board = Tensorboard([], local_root='exported', port=0)
print(board.start())
port = board._port
try:
    Tensorboard([], local_root='exported', port=port).start()
except UserErrorException as error:
    print(error.message)
print(run.id, child.id)
sys.stdout.flush()
sys.stdin.read()
board.stop()
"""
    process = stoker.popen(board, "-c", code, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    url = process.stdout.readline().decode().strip()
    process.stdout.readline()
    taken = process.stdout.readline().decode()
    run, child = process.stdout.readline().decode().split()
    assert "in use" in taken
    until(lambda: [each[1:] for each in scalars(url, "loss").get(run, [])] == [[0, 1.0], [10, 0.5], [20, pytest.approx(1 / 3)], [30, 0.25]], 60, "the exported points")
    assert [each[1:] for each in scalars(url, "curve")[run]] == [[0, 3.0], [1, 1.0], [2, 4.0]]
    assert [each[1:] for each in scalars(url, "depth")[child]] == [[0, 7.0]]
    process.communicate(b"")
    assert process.returncode == 0


def test_without_tensorboard_the_error_says_what_to_install(stoker):
    run = stoker.submit("/bin/true")
    done = stoker.cli("tensorboard", run, "--interpreter", PYTHON, check=False)
    assert done.returncode == 1 and "pip install tensorboard" in done.stderr
    assert "no-such-python was not found" in stoker.cli("tensorboard", run, "--interpreter", "no-such-python", check=False).stderr
