"""What is kept of a run beside its output, metrics and files: the diff, the environment, samples, and what is made of them."""
import json
import pathlib

import pytest

from conftest import PYTHON, until

TRAIN = """import os, sys
open("outputs/arguments", "w").write(" ".join(sys.argv[1:]) + os.environ.get("COLOUR", ""))
print("rate", RATE)
"""


def repository(stoker, text):
    stoker.write("repo/train.py", text)
    for line in ("init -q -b trunk", "config user.email a@b", "config user.name ada", "add .", "commit -q -m first"):
        stoker.run("git", *line.split(), cwd=str(stoker.work / "repo"))
    return str(stoker.work / "repo")


def test_uncommitted_changes_are_kept_and_apply(stoker):
    folder = repository(stoker, TRAIN.replace("RATE", "1"))
    clean = stoker.submit(PYTHON, "train.py", cwd=folder)
    stoker.write("repo/train.py", TRAIN.replace("RATE", "2"))
    dirty = stoker.submit(PYTHON, "train.py", cwd=folder)
    answer = stoker.request("GET", "/api/v1/runs/%s/diff" % dirty)
    assert answer.status == 200 and b"-print(\"rate\", 1)\n+print(\"rate\", 2)\n" in answer.body
    assert stoker.request("GET", "/api/v1/runs/%s/diff" % clean).status == 404
    (stoker.work / "saved.diff").write_bytes(answer.body)
    stoker.run("git", "checkout", "-q", ".", cwd=folder)
    stoker.run("git", "apply", "../saved.diff", cwd=folder)
    assert 'print("rate", 2)' in (stoker.work / "repo/train.py").read_text()


def test_a_diff_that_is_too_large_is_said(stoker):
    folder = repository(stoker, "print(1)\n")
    stoker.write("repo/train.py", "# " + "x" * (5 << 20) + "\n")
    run = stoker.submit(PYTHON, "train.py", cwd=folder)
    assert stoker.json("run", "show", run)["properties"]["azureml.git.diff"] == "too large"
    assert stoker.request("GET", "/api/v1/runs/%s/diff" % run).status == 404


def test_the_environment_is_what_the_interpreter_finds(stoker):
    stoker.write("site/mine-1.2.dist-info/METADATA", "Name: mine\nVersion: 1.2\n")
    run = stoker.python("print(1)", options=["--env", "PYTHONPATH=%s" % (stoker.work / "site")])
    stoker.cli("run", "wait", run)
    record = stoker.json("run", "environment", run)
    assert record["kind"] == "user-managed"
    assert record["version"] == stoker.run(PYTHON, "-c", "import platform; print(platform.python_version())").stdout.strip()
    assert {"name": "mine", "version": "1.2"} in record["packages"]
    assert record["host"] and record["user"] and "Linux" in record["platform"]
    assert "mine==1.2\n" in stoker.cli("run", "environment", run, "--requirements").stdout
    assert "mine" in stoker.cli("run", "environment", run).stdout


def test_a_run_that_never_started_has_no_environment(stoker):
    stoker.start()
    run = stoker.request("POST", "/api/v1/runs", {"argv": ["./nothing"]}).json["id"]
    stoker.cli("run", "wait", run, check=False)
    assert stoker.json("run", "show", run)["end"]["reason"] == "start_failed"
    refused = stoker.cli("run", "environment", run, check=False)
    assert refused.returncode != 0 and "never started has none" in refused.stderr
    assert stoker.json("run", "samples", run)["samples"] == []


def test_samples_tell_what_was_used(stoker):
    run = stoker.python("""import subprocess, sys
subprocess.run([sys.executable, "-c", "x = 0\\nwhile __import__('time').process_time() < 0.3: x += 1"])
open("outputs/big", "wb").write(b"x" * 3000000)
import os; os.sync()
""")
    stoker.cli("run", "wait", run)
    samples = stoker.json("run", "samples", run)["samples"]
    last = samples[-1]["values"]
    assert last["cpu_seconds"] >= 0.3, "a child that ended counts"
    assert set(last) >= {"cpu_percent", "memory_bytes", "disk_bytes", "read_bytes", "written_bytes"}
    assert [s["time"] for s in samples] == sorted(s["time"] for s in samples)
    assert "cpu time" in stoker.cli("run", "samples", run).stdout


def test_samples_come_while_it_runs(stoker):
    run = stoker.python("x = bytearray(200_000_000)\nimport time\ntime.sleep(1000)")
    path = "/api/v1/runs/%s/samples" % run
    until(lambda: stoker.request("GET", path).json["samples"], what="the first sample")
    until(lambda: any(s["values"]["memory_bytes"] > 150_000_000 for s in stoker.request("GET", path).json["samples"]), what="a sample of what it holds")
    stoker.cli("run", "cancel", run)
    stoker.cli("run", "wait", run, check=False)


def test_a_run_is_recreated(stoker):
    folder = repository(stoker, TRAIN.replace("RATE", "1"))
    stoker.write("repo/train.py", TRAIN.replace("RATE", "7"))
    run = stoker.submit(PYTHON, "train.py", "--a", "b c", options=["--env", "COLOUR=deep blue", "--env", "API_KEY=hidden"], cwd=folder)
    stoker.cli("run", "wait", run)
    stoker.run("git", "checkout", "-q", ".", cwd=folder)
    made = stoker.json("run", "recreate", run, "again")
    again = stoker.work / "again"
    assert made["directory"] == str(again)
    assert 'print("rate", 7)' in (again / "source/train.py").read_text()
    assert b'+print("rate", 7)' in (again / "changes.diff").read_bytes()
    assert json.loads((again / "run.json").read_text())["id"] == run
    assert "hidden" not in "".join(p.read_text() for p in again.iterdir() if p.is_file())
    readme = (again / "README.md").read_text()
    assert run in readme and "run submit" in readme
    refused = stoker.run(again / "run.sh", check=False)
    assert refused.returncode != 0 and "API_KEY" in refused.stderr
    assert stoker.run(again / "run.sh", env={"API_KEY": "x"}).stdout == "rate 7\n"
    assert (again / "source/outputs/arguments").read_text() == "--a b cdeep blue"
    resubmitted = json.loads(stoker.cli(*made["submit"][:2], "--json", *made["submit"][2:]).stdout)["id"]
    assert stoker.cli("run", "wait", resubmitted).returncode == 0
    full = stoker.cli("run", "recreate", run, "again", check=False)
    assert full.returncode != 0 and "not empty" in full.stderr


def test_two_runs_are_compared(stoker):
    stoker.write("a/train.py", "import math\nrate = 1\nprint(rate)\n")
    stoker.write("a/gone.txt", "x\n")
    stoker.write("a/data.bin", b"\0\1")
    stoker.write("b/train.py", "import math\nrate = 2\nprint(rate)\n")
    stoker.write("b/new.txt", "hello\n")
    stoker.write("b/data.bin", b"\0\2")
    runs = [stoker.submit(PYTHON, "train.py", "--alpha", value, cwd=str(stoker.work / each)) for each, value in (("a", "0.1"), ("b", "0.2"))]
    for run in runs:
        stoker.cli("run", "wait", run)
    record = stoker.json("run", "diff", *runs)
    assert {"name": "--alpha", "a": "0.1", "b": "0.2"} in record["parameters"]
    assert record["files"]["changed"] == ["data.bin", "train.py"]
    patch = stoker.cli("run", "diff", *runs, "--code").stdout
    assert "-rate = 1\n+rate = 2\n" in patch and "Files a/data.bin and b/data.bin differ" in patch and "+hello\n" in patch and "-x\n" in patch
    assert patch == record["code"]
    page = stoker.cli("run", "diff", *runs).stdout
    assert "+rate = 2" in page and "--alpha" in page
    assert "~ train.py" in stoker.cli("run", "diff", *runs, "--names").stdout
    assert "same" in stoker.cli("run", "diff", runs[0], runs[0]).stdout


@pytest.mark.parametrize("script, reason, message, code", [
    ("import sys; sys.exit(3)", "exited", "exited with code 3", 3),
    ("import os; os.kill(os.getpid(), 11)", "signaled", "killed by SIGSEGV", None),
    ("raise ValueError('bad rate')", "exited", "exited with code 1", 1),
    ("import sklearn_that_is_not_there", "exited", "exited with code 1", 1),
])
def test_how_a_run_ended(stoker, script, reason, message, code):
    run = stoker.python(script)
    stoker.cli("run", "wait", run, check=False)
    record = stoker.json("run", "show", run)
    assert record["end"]["reason"] == reason and record["end"]["message"] == message and record["end"]["exit_code"] == code
    if "ValueError" in script:
        assert record["error"]["type"] == "ValueError" and "bad rate" in record["error"]["message"] and "Traceback" in record["error"]["trace"]
    if "import sklearn" in script:
        assert record["error"]["type"] == "ModuleNotFoundError" and "add the package sklearn_that_is_not_there" in record["error"]["hint"]


def test_a_cancel_says_who_and_a_limit_says_how_long(stoker):
    canceled = stoker.python("import time; time.sleep(1000)")
    until(lambda: stoker.json("run", "show", canceled)["state"] == "Running", what="the start")
    stoker.cli("run", "cancel", canceled)
    limited = stoker.python("import time; time.sleep(1000)", options=["--time-limit", "1s", "--grace", "0s"])
    for run in (canceled, limited):
        stoker.cli("run", "wait", run, check=False)
    record = stoker.json("run", "show", canceled)
    assert record["end"]["reason"] == "canceled" and record["cancel_by"] and record["cancel_by"] in record["end"]["message"]
    record = stoker.json("run", "show", limited)
    assert record["end"]["reason"] == "time_limit" and "1 s" in record["end"]["message"]
    assert record["error"]["hint"]
    messages = [e["message"] for e in stoker.json("run", "events", canceled)["events"]]
    assert any(m.startswith("submitted by ") for m in messages) and any(m.startswith("cancel requested by ") for m in messages)


@pytest.fixture
def small_memory(stoker):
    """The server, and so its runs, in a control group of 300 MB."""
    paths = dict(line.strip().split(":", 2)[1:] for line in open("/proc/self/cgroup"))
    group = pathlib.Path("/sys/fs/cgroup/memory" + paths.get("memory", "/nowhere")) / "stoker-e2e-memory"
    try:
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text("300000000")
        (group / "memory.swappiness").write_text("0")
    except OSError:
        pytest.skip("needs a memory group of version 1 that can be written")
    stoker.run("sh", "-c", "echo $$ > %s/cgroup.procs; exec %s server start" % (group, stoker.programs / "bin/stoker"))
    yield stoker
    stoker.stop()
    until(lambda: not (group / "cgroup.procs").read_text(), what="the end of all processes")
    group.rmdir()


@pytest.mark.as_root
def test_out_of_memory_is_called_so(small_memory):
    stoker = small_memory
    run = stoker.python("held = []\nwhile True:\n    held.append(b'x' * 10000000)\n")
    record = stoker.wait(run)
    assert record["state"] == "Failed" and record["end"]["reason"] == "out_of_memory", record["end"]
    assert record["end"]["signal"] == 9 and "memory ran out" in record["error"]["message"] and "use less memory" in record["error"]["hint"]


def test_what_is_kept_goes_with_a_deleted_run(stoker):
    folder = repository(stoker, "print(1)\n")
    stoker.write("repo/train.py", "print(2)\n")
    run = stoker.submit(PYTHON, "train.py", cwd=folder)
    stoker.wait(run)
    samples = stoker.home / "data/samples"
    assert [p for p in samples.rglob("*") if p.is_file() and p.stat().st_size]
    assert stoker.request("DELETE", "/api/v1/runs/" + run).status == 204
    for part in ("diff", "environment", "samples"):
        assert stoker.request("GET", "/api/v1/runs/%s/%s" % (run, part)).status == 404
    until(lambda: not [p for p in samples.rglob("*") if p.is_file() and run in p.name], what="the removal of the samples")
