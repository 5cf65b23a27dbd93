"""`stoker track` and `stoker.capture`: programs that nobody submitted, with the record of those that somebody did."""
import json
import os
import signal
import subprocess

import pytest
from conftest import PYTHON, until

STATES = ("Completed", "Failed", "Canceled")


def newest(stoker):
    runs = stoker.request("GET", "/api/v1/runs?limit=1").json["runs"]
    return runs[0] if runs else None


def tracked(stoker, code, *options, **more):
    """Runs a Python program under `stoker track` to its end: what it answered, and the run's record."""
    stoker.write("program.py", code)
    done = stoker.cli("track", *options, "--", PYTHON, "program.py", check=False, **more)
    return done, newest(stoker)


def begun(stoker, code, **more):
    """The same, not waited for."""
    stoker.start()
    stoker.write("program.py", code)
    process = stoker.popen("stoker", "track", "--", PYTHON, "program.py", stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)
    run = until(lambda: newest(stoker), 30, "the run")["id"]
    return process, run


WAITS = "import os, time\nprint('begun')\nwhile not os.path.exists('go'):\n    time.sleep(0.01)\nprint('over')\n"


def test_a_program_is_shown_kept_and_ended_with_its_code(stoker):
    code = ("import sys, os\nprint('to stdout', sys.stdin.read())\nprint('to stderr', file=sys.stderr)\nos.system('echo from a child')\n"
            "os.write(1, b'\\xff\\x00raw\\n')\nsys.exit(3)\n")
    stoker.write("input", "what it is given")
    with open(str(stoker.work / "input")) as given:
        done, run = tracked(stoker, code, "--experiment", "lab", "--name", "mine", "--tag", "a=b", "--tag", "c", stdin=given)
    assert done.returncode == 3
    assert done.raw == b"to stdout what it is given\nfrom a child\n\xff\x00raw\n"
    assert "to stderr\n" in done.stderr and "is tracked" in done.stderr
    assert (run["state"], run["experiment"], run["display_name"], run["tags"]) == ("Failed", "lab", "mine", {"a": "b", "c": None})
    assert run["error"]["message"] == "exited with code 3"
    log = stoker.request("GET", "/api/v1/runs/%s/log?stream=stdout" % run["id"])
    assert log.body == done.raw and log.headers["x-stoker-complete"] == "true"
    assert stoker.request("GET", "/api/v1/runs/%s/log?stream=stderr" % run["id"]).body == b"to stderr\n"
    times = stoker.json("run", "logs", run["id"], "--times")["lines"]
    assert [line["time"] for line in times] == sorted(line["time"] for line in times) and {line["stream"] for line in times} == {"stdout", "stderr"}
    environment = stoker.json("run", "environment", run["id"])
    assert environment["interpreter"] == PYTHON and environment["packages"] and environment["host"]
    assert run["properties"]["stoker.command"] == PYTHON + " program.py"
    until(lambda: not os.listdir(str(stoker.home / "console")), 30, "an empty folder")


def test_the_program_finds_its_run(stoker):
    code = ("from azureml.core import Run\nimport os\nrun = Run.get_context()\nrun.log('loss', 0.5)\nrun.tag('stage', 'one')\nrun.flush()\nrun.complete()\n"
            "names = ['MLFLOW_TRACKING_URI', 'MLFLOW_RUN_ID', 'MLFLOW_EXPERIMENT_NAME', 'MLFLOW_EXPERIMENT_ID', 'AZUREML_RUN_ID', 'STOKER_RUN_ID']\n"
            "print(run.id, *[os.environ[name] for name in names])\nassert os.environ['MLFLOW_TRACKING_TOKEN']\n")
    done, run = tracked(stoker, code)
    assert done.returncode == 0, done.stderr
    number = stoker.request("GET", "/api/v1/workspaces/%s/experiments/default" % run["workspace_id"]).json["number"]
    assert done.stdout.split() == [run["id"], stoker.server_record()["url"], run["id"], "default", str(number), run["id"], run["id"]]
    assert (run["state"], run["tags"]) == ("Completed", {"stage": "one"})
    assert stoker.request("GET", "/api/v1/runs/%s/metrics" % run["id"]).json["metrics"][0]["points"][0]["values"] == [0.5]


def test_git_and_changes_are_recorded(stoker):
    folder = stoker.work / "lab"
    stoker.write("lab/train.py", "rate = 1\n")
    for line in ("init -q -b trunk", "config user.email a@b", "config user.name ada", "add .", "commit -q -m first"):
        stoker.run("git", *line.split(), cwd=str(folder))
    stoker.write("lab/train.py", "rate = 2\n")
    stoker.cli("track", "--", "/bin/true", cwd=str(folder))
    run = newest(stoker)
    assert run["properties"]["azureml.git.branch"] == "trunk" and run["properties"]["azureml.git.dirty"] == "True"
    assert b"-rate = 1\n+rate = 2\n" in stoker.request("GET", "/api/v1/runs/%s/diff" % run["id"]).body


def test_output_is_live_and_a_follower_sees_it(stoker):
    process, run = begun(stoker, WAITS)
    assert process.stdout.readline() == b"begun\n"
    follower = stoker.popen("stoker", "run", "logs", "-f", run, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert follower.stdout.readline() == b"begun\n"
    stoker.write("go", "")
    assert follower.stdout.readline() == b"over\n"
    assert process.wait(30) == 0 and follower.wait(30) == 0
    process.communicate(), follower.communicate()


def test_a_killed_server_is_not_noticed_by_the_program(stoker):
    process, run = begun(stoker, WAITS)
    assert process.stdout.readline() == b"begun\n"
    stoker.kill_server()
    stoker.write("go", "")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, b"over\n"), err
    stoker.start()
    assert stoker.wait(run)["state"] == "Completed"
    assert stoker.log(run) == b"begun\nover\n"


def test_what_a_stopped_server_did_not_get_is_sent_by_the_next_one_who_tracks(stoker):
    process, run = begun(stoker, WAITS)
    assert process.stdout.readline() == b"begun\n"
    until(lambda: stoker.log(run), 30, "the first line")
    [console] = stoker.processes("__console")
    stoker.cli("server", "stop")
    stoker.write("go", "")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, b"over\n") and b"kept on this machine" in err
    os.kill(console, signal.SIGKILL)
    stoker.cli("track", "--", "/bin/true")
    assert stoker.wait(run)["state"] == "Completed"
    assert stoker.log(run) == b"begun\nover\n"
    until(lambda: not os.listdir(str(stoker.home / "console")), 30, "an empty folder")


def test_a_killed_tracker_harms_neither_the_program_nor_the_record(stoker):
    process, run = begun(stoker, WAITS)
    assert process.stdout.readline() == b"begun\n"
    process.kill()
    process.wait(30)
    stoker.write("go", "")
    record = stoker.wait(run)
    assert record["state"] == "Failed" and "was killed" in record["error"]["message"]
    assert stoker.log(run) == b"begun\nover\n"
    process.communicate()


def test_a_killed_console_is_replaced(stoker):
    process, run = begun(stoker, WAITS)
    assert process.stdout.readline() == b"begun\n"
    until(lambda: stoker.log(run), 30, "the first line")
    [console] = stoker.processes("__console")
    os.kill(console, signal.SIGKILL)
    until(lambda: [each for each in stoker.processes("__console") if each != console], 30, "another console")
    stoker.write("go", "")
    assert process.communicate(timeout=60)[0] == b"over\n"
    assert stoker.wait(run)["state"] == "Completed"
    assert stoker.log(run) == b"begun\nover\n"


@pytest.mark.parametrize("number, code", [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_signals_reach_the_program(stoker, number, code):
    process, run = begun(stoker, "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_DFL)\nprint('begun')\ntime.sleep(600)\n")
    assert process.stdout.readline() == b"begun\n"
    process.send_signal(number)
    assert process.wait(30) == code
    process.communicate()
    assert "killed by signal" in stoker.wait(run)["error"]["message"]


def test_a_cancel_ends_the_program(stoker):
    process, run = begun(stoker, "import time\nprint('begun')\ntime.sleep(600)\n")
    assert process.stdout.readline() == b"begun\n"
    stoker.cli("run", "cancel", run)
    assert process.wait(60) == 143
    process.communicate()
    assert stoker.run_record(run)["state"] == "Canceled"


def test_mistakes_are_said_before_anything_is_begun(stoker):
    stoker.start()
    done = stoker.cli("track", "--tag", "=x", "--", "no-such-program", check=False)
    assert done.returncode == 2 and "--tag" in done.stderr and "no-such-program was not found" in done.stderr
    assert newest(stoker) is None


CAPTURE = """
import ctypes, os, subprocess, sys, stoker
print('before')
with stoker.capture(experiment='nightly', tags={'a': 'b'}, snapshot_directory=None) as run:
    print('from python')
    print('to stderr', file=sys.stderr)
    subprocess.check_call(['echo', 'from a child'])
    ctypes.CDLL(None).puts(b'from C')
    run.log('loss', 0.5)
    MORE
print('after')
print(run.id)
"""


def test_a_block_is_captured_with_its_children_and_c_code(stoker):
    done = stoker.run(PYTHON, "-c", CAPTURE.replace("MORE", ""))
    lines = done.stdout.splitlines()
    run = lines[-1]
    assert (lines[0], lines[-2]) == ("before", "after") and sorted(lines[1:-2]) == ["from C", "from a child", "from python"] and "to stderr" in done.stderr
    record = stoker.run_record(run)
    assert (record["state"], record["experiment"], record["tags"]) == ("Completed", "nightly", {"a": "b"})
    assert sorted(stoker.log(run).splitlines()) == [b"from C", b"from a child", b"from python", b"to stderr"]


def test_an_exception_fails_the_captured_run_and_is_raised(stoker):
    done = stoker.run(PYTHON, "-c", CAPTURE.replace("MORE", "print(run.id); raise ValueError('no data')"), check=False)
    assert done.returncode == 1 and "ValueError: no data" in done.stderr
    record = newest(stoker)
    assert record["state"] == "Failed" and "no data" in record["error"]["message"]


def test_a_killed_process_does_not_stay_running(stoker):
    done = stoker.run(PYTHON, "-c", CAPTURE.replace("MORE", "print(run.id); sys.stdout.flush(); os.kill(os.getpid(), 9)"), check=False)
    assert done.returncode == -9
    run = until(lambda: newest(stoker), 30, "the run")["id"]
    record = stoker.wait(run)
    assert record["state"] == "Failed" and b"from python" in stoker.log(run)


def test_a_stream_of_a_notebook_is_kept_too(stoker):
    code = CAPTURE.replace("print('before')", "print('before')\nclass Cell:\n    text = ''\n    def write(self, text):\n        Cell.text += text\n    def flush(self): pass\n"
                           "sys.stdout = Cell()").replace("print('after')", "sys.stdout = sys.__stdout__\nprint(repr(Cell.text))").replace("MORE", "")
    done = stoker.run(PYTHON, "-c", code)
    text, run = done.stdout.splitlines()[-2:]
    assert "from python" in text and "from a child" not in text
    assert sorted(stoker.log(run).splitlines()) == [b"from C", b"from a child", b"from python", b"to stderr"]


def test_inside_a_tracked_program_the_run_is_that_one(stoker):
    done, run = tracked(stoker, "import stoker\nwith stoker.capture() as run:\n    print(run.id)\n")
    assert done.stdout.split() == [run["id"]] and stoker.log(run["id"]) == done.raw
    assert json.loads(stoker.cli("run", "list", "--json").stdout)["runs"][0]["id"] == run["id"]
