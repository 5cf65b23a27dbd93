"""Cancel and time limit reach every process, in three modes: cgroup v1 (root), no cgroup (root), an ordinary user."""
import os
import pathlib
import subprocess

import pytest

from conftest import until

# Leaves the tree in every way it can: double fork with setsid, a cleared environment, SIGTERM ignored, a stopped child.
ESCAPES = """
import os, signal, subprocess, sys, time
mark = sys.argv[1]
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen(['setsid', 'sh', '-c', 'trap "" TERM; (setsid env -i sh -c "trap \\"\\" TERM; while :; do /bin/sleep %s; done" &) ; exit 0' % mark])
subprocess.Popen(['env', '-i', '/bin/sleep', mark])
stopped = subprocess.Popen(['/bin/sleep', mark])
stopped.send_signal(signal.SIGSTOP)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execve('/bin/sleep', ['sleep', mark], {})
    os._exit(0)
print('ready', flush=True)
while True:
    time.sleep(1)
"""


def modes():
    yield pytest.param(None, id="ordinary-user")
    yield pytest.param("cgroup1", id="root-cgroup", marks=pytest.mark.as_root)
    yield pytest.param("none", id="root-no-cgroup", marks=pytest.mark.as_root)


@pytest.fixture
def in_mode(stoker, request):
    if request.param:
        stoker.variables["STOKER_CONTAINMENT"] = request.param
    return stoker


def escape(stoker, mark, *options):
    folder = stoker.work / mark
    folder.mkdir()
    stoker.own(folder)
    path = folder / "escapes.py"
    path.write_text(ESCAPES)
    stoker.own(path)
    run = stoker.submit("/usr/bin/python3", "escapes.py", mark, options=options, cwd=str(folder))
    until(lambda: stoker.log(run) == b"ready\n" and len(stoker.processes(mark)) >= 4, 20, "the escaped processes")
    return run


@pytest.mark.parametrize("in_mode", modes(), indirect=True)
def test_cancel_reaches_every_process(in_mode):
    mark = "7%05d" % (os.getpid() % 100000)
    run = escape(in_mode, mark, "--grace", "1")
    in_mode.cli("run", "cancel", run)
    record = in_mode.wait(run)
    assert record["state"] == "Canceled" and record["end"]["reason"] == "canceled", record["end"]
    assert record["cancel_by"]
    assert in_mode.processes(mark) == []


@pytest.mark.parametrize("in_mode", modes(), indirect=True)
def test_time_limit_reaches_every_process(in_mode):
    mark = "8%05d" % (os.getpid() % 100000)
    run = escape(in_mode, mark, "--grace", "1", "--time-limit", "2s")
    record = in_mode.wait(run)
    assert record["state"] == "Failed" and record["end"]["reason"] == "time_limit", record["end"]
    assert "2 s" in record["end"]["message"] or "2.0 s" in record["end"]["message"]
    assert in_mode.processes(mark) == []


@pytest.mark.parametrize("in_mode", modes(), indirect=True)
def test_what_a_finished_script_left_behind_is_ended(in_mode):
    mark = "9%05d" % (os.getpid() % 100000)
    run = in_mode.submit("sh", "-c", "(setsid sleep %s &) ; echo done" % mark, options=["--grace", "1"])
    record = in_mode.wait(run)
    assert record["state"] == "Completed" and in_mode.log(run) == b"done\n"
    assert in_mode.processes(mark) == []


def test_a_script_that_ends_on_sigterm_gets_its_grace(stoker):
    run = stoker.python("import signal, sys, time\ndef end(*_):\n    print('saving', flush=True)\n    open('outputs/saved', 'w').write('x')\n    sys.exit(0)\n"
                        "signal.signal(signal.SIGTERM, end)\nprint('ready', flush=True)\nwhile True:\n    time.sleep(0.1)\n")
    until(lambda: stoker.log(run) == b"ready\n", 20, "the script")
    stoker.cli("run", "cancel", run)
    assert stoker.wait(run)["state"] == "Canceled"
    assert stoker.log(run) == b"ready\nsaving\n"
    assert stoker.request("GET", "/api/v1/runs/%s/files/outputs/saved" % run).body == b"x"


def test_the_last_millisecond_of_output_and_files_is_kept(stoker):
    run = stoker.python("import os\nfor i in range(200):\n    open('outputs/f%03d' % i, 'w').write(str(i))\nos.write(1, b'last words')\nos.kill(os.getpid(), 9)\n")
    record = stoker.wait(run)
    assert record["end"]["reason"] == "signaled" and record["end"]["signal"] == 9
    assert stoker.log(run) == b"last words"
    files = {f["path"] for f in stoker.request("GET", "/api/v1/runs/%s/files" % run).json["files"]}
    assert {"outputs/f%03d" % i for i in range(200)} <= files


def test_logs_folder_is_uploaded_while_the_run_goes_on(stoker):
    run = stoker.python("import os, time\nopen('logs/live.txt', 'w').write('here')\nwhile not os.path.exists('stop'):\n    time.sleep(0.05)\n")
    until(lambda: stoker.request("GET", "/api/v1/runs/%s/files/logs/live.txt" % run).status == 200, 30, "the upload")
    assert stoker.run_record(run)["state"] == "Running"
    stoker.cli("run", "cancel", run)
    stoker.wait(run)


def test_idle_server_and_programs_are_small(stoker):
    record = stoker.start()
    status = pathlib.Path("/proc/%d/status" % record["pid"]).read_text()
    rss_kb = int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])
    assert rss_kb <= 30_000, "idle server has %d kB" % rss_kb
    assert (stoker.programs / "bin/stoker").stat().st_size <= 30_000_000
    described = subprocess.run(["file", "-L", str(stoker.programs / "bin/stoker-supervisor")], stdout=subprocess.PIPE).stdout
    assert b"statically linked" in described or not described
    linked = subprocess.run(["ldd", str(stoker.programs / "bin/stoker-supervisor")], stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout
    assert b"not a dynamic executable" in linked or b"statically linked" in linked
