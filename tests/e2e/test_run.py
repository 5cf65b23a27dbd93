"""The main job by the command line: submit, follow, look at what a run left."""
import json
import re
import signal

from conftest import PYTHON


def test_submit_and_follow_shows_output_metrics_files_and_end(stoker):
    stoker.write("train.py", "import sys\nprint('alpha', sys.argv[2])\nopen('outputs/model.txt', 'w').write('weights')\n"
                             "from azureml.core import Run\nrun = Run.get_context()\nfor i in range(5):\n    run.log('loss', 1 / (i + 1))\n")
    done = stoker.cli("run", "submit", "--follow", "--", PYTHON, "train.py", "--alpha", "0.5")
    assert done.stdout == "alpha 0.5\n"
    assert "completed" in done.stderr
    run = stoker.json("run", "show", "latest")
    assert run["state"] == "Completed" and run["end"]["exit_code"] == 0
    assert {"snapshot", "environment", "run", "finalize"} <= {phase["name"] for phase in run["phases"]}
    files = {file["path"]: file for file in stoker.json("run", "files", "latest")["files"]}
    assert files["outputs/model.txt"]["size_bytes"] == 7
    assert "azureml-logs/70_driver_log.txt" in files
    [series] = stoker.json("run", "metrics", "latest")["metrics"]
    assert series["name"] == "loss" and [point["values"][0] for point in series["points"]] == [1 / (i + 1) for i in range(5)]
    table = stoker.cli("run", "metrics", "latest").stdout
    assert "loss" in table


def test_no_python_package_and_no_configuration_is_needed(stoker):
    run = stoker.submit("sh", "-c", "echo from the shell; echo to stderr >&2", env={"PYTHONPATH": None})
    assert stoker.wait(run)["state"] == "Completed"
    assert sorted(stoker.log(run).splitlines()) == [b"from the shell", b"to stderr"]
    only = stoker.cli("run", "logs", run, "--stream", "stderr").stdout
    assert only == "to stderr\n"


def test_a_failed_script_says_why_and_the_exit_code_is_1(stoker):
    stoker.write("bad.py", "import sys\nprint('before', flush=True)\nraise ValueError('no such alpha')\n")
    done = stoker.cli("run", "submit", "--follow", "--", PYTHON, "bad.py", check=False)
    assert done.returncode == 1
    run = stoker.json("run", "show", "latest")
    assert run["state"] == "Failed" and run["end"]["exit_code"] == 1
    assert "ValueError" in run["error"]["message"] and "no such alpha" in run["error"]["message"]
    assert "Traceback" in run["error"]["trace"]


def test_a_missing_module_names_the_package_to_add(stoker):
    run = stoker.python("import sklearn_that_is_not_there\n")
    assert "sklearn_that_is_not_there" in stoker.wait(run)["error"]["hint"]
    run = stoker.python("import sys\nsys.path[:] = [p for p in sys.path if 'dist-packages' not in p]\nimport cv2\n")
    assert "opencv-python" in stoker.wait(run)["error"]["hint"]


def test_download_brings_the_files_back(stoker):
    run = stoker.python("import os\nos.makedirs('outputs/deep')\nopen('outputs/deep/a.bin', 'wb').write(bytes(range(256)) * 1000)\n")
    stoker.wait(run)
    stoker.cli("run", "download", run, "-o", "got")
    assert (stoker.work / "got/outputs/deep/a.bin").read_bytes() == bytes(range(256)) * 1000


def test_list_show_explain_events_and_diff_speak_json(stoker):
    first = stoker.python("print(1)", options=["--tag", "round=1"])
    second = stoker.python("print(2)")
    for run in (first, second):
        stoker.wait(run)
    listed = [run["id"] for run in stoker.json("run", "list")["runs"]]
    assert listed == [second, first]
    assert stoker.json("run", "show", first)["tags"] == {"round": "1"}
    assert stoker.json("run", "explain", first)["state"] == "Completed"
    kinds = [event["kind"] for event in stoker.json("run", "events", first)["events"]]
    assert kinds, "events are recorded"
    diff = stoker.cli("run", "diff", first, second).stdout
    assert "script.py" in diff


def test_the_environment_is_what_a_shell_would_have_given(stoker):
    stoker.write("bin/tool-of-mine", "#!/bin/sh\necho tool ran\n", 0o755)
    run = stoker.submit("sh", "-c", "tool-of-mine; echo $LANG; echo $MINE; pwd; ls -d outputs logs",
                        options=["--env", "MINE=yes"], env={"PATH": "%s/bin:/usr/bin:/bin:%s/bin" % (stoker.work, stoker.programs)})
    assert stoker.wait(run)["state"] == "Completed", stoker.log(run)
    lines = stoker.log(run).decode().splitlines()
    assert lines[:3] == ["tool ran", "C.UTF-8", "yes"] and lines[4:] == ["logs", "outputs"]


def test_signals_that_the_callers_shell_ignores_change_nothing(stoker):
    ignored = (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGPIPE, signal.SIGHUP)
    deaf = {"preexec_fn": lambda: [signal.signal(each, signal.SIG_IGN) for each in ignored]}
    code = "import signal, sys\nassert all(signal.getsignal(s) != signal.SIG_IGN for s in (signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP))\nsys.exit(7)"
    run = stoker.wait(stoker.python(code, **deaf))
    assert run["end"]["exit_code"] == 7, run["end"]


def test_v1_script_submits_waits_and_reads_back(stoker):
    stoker.write("project/train.py", "from azureml.core import Run\nrun = Run.get_context()\nrun.log('acc', 0.5)\nrun.log('acc', 0.75)\nrun.tag('kind', 'test')\nprint('trained')\n")
    stoker.write(".azureml/config.json", json.dumps({"subscription_id": "s", "resource_group": "g", "workspace_name": "mine"}))
    stoker.write("submit.py", """
from azureml.core import Environment, Experiment, ScriptRunConfig, Workspace
ws = Workspace.from_config()
env = Environment('user')
env.python.user_managed_dependencies = True
run = Experiment(ws, 'first').submit(ScriptRunConfig('project', 'train.py', environment=env))
details = run.wait_for_completion(show_output=True)
print('STATUS', details['status'], run.get_metrics(), run.get_tags().get('kind'))
""")
    done = stoker.run(PYTHON, "submit.py")
    assert re.search(r"^RunId: first_\d+_[0-9a-f]{8}$", done.stdout, re.M), done.stdout
    assert "Streaming azureml-logs/70_driver_log.txt" in done.stdout and "\ntrained\n" in done.stdout
    assert "Execution Summary\n=================" in done.stdout
    assert "STATUS Completed {'acc': [0.5, 0.75]} test" in done.stdout


def test_the_demo_trains_ridge_regression(stoker):
    done = stoker.run(stoker.programs / "sklearn/bin/python", stoker.programs / "examples/diabetes/submit.py", cwd=str(stoker.work))
    assert "Completed" in done.stdout, done.stdout
    metrics = {series["name"]: series for series in stoker.json("run", "metrics", "latest")["metrics"]}
    assert metrics["mse"]["count"] == metrics["alpha"]["count"] >= 5
    assert any(file["path"].startswith("outputs/") for file in stoker.json("run", "files", "latest")["files"])
