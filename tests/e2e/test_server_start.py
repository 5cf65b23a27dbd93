"""Clients start the server when none is there; of many at once one wins; it stays, and `stoker server stop` ends it."""
import os
import pathlib
import signal
import subprocess

from conftest import until


def servers(stoker):
    """Pids of the `stoker server` processes of this home."""
    found = []
    for pid in stoker.processes(str(stoker.programs / "bin/stoker")):
        line = pathlib.Path("/proc/%d/cmdline" % pid).read_bytes().split(b"\0")
        if b"server" in line and str(stoker.home).encode() in b"\0".join(line):
            found.append(pid)
    return found


def test_of_twenty_clients_at_once_one_server_comes(stoker):
    clients = [stoker.popen(stoker.programs / "bin/stoker", "run", "submit", "--json", "--", "true", stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(20)]
    for client in clients:
        out, err = client.communicate(timeout=60)
        assert client.returncode == 0, err
    assert len(servers(stoker)) == 1
    runs = stoker.request("GET", "/api/v1/runs?limit=100").json["runs"]
    assert len(runs) == 20
    for run in runs:
        assert stoker.wait(run["id"])["state"] == "Completed"


def test_the_server_stays_and_stop_ends_it_with_its_idle_supervisors(stoker):
    run = stoker.submit("true")
    stoker.wait(run)
    first = stoker.server_record()
    assert stoker.json("server", "status")["pid"] == first["pid"]
    stoker.cli("server", "stop")
    until(lambda: not servers(stoker) and not stoker.supervisors(), 20, "the end of server and supervisors")
    assert stoker.json("run", "show", run)["state"] == "Completed"
    assert stoker.server_record()["url"] == first["url"], "the port is kept"


def test_stop_leaves_live_runs_alone(stoker):
    run = stoker.python("import os, time\nprint('begin', flush=True)\nwhile not os.path.exists('go'):\n    time.sleep(0.05)\nprint('end', flush=True)\n")
    until(lambda: stoker.log(run) == b"begin\n", 20, "the script")
    stoker.cli("server", "stop")
    [work] = stoker.home.glob("data/targets/local/*/spool/*/work")
    (work / "go").touch()
    until(lambda: not stoker.processes("script.py"), 10, "the script's end")
    [record] = stoker.json("run", "wait", run)["runs"]
    assert record["state"] == "Completed"
    assert stoker.log(run) == b"begin\nend\n"


def test_ctrl_c_while_following_leaves_the_run_running_and_says_how_to_come_back(stoker):
    follower = stoker.popen(stoker.programs / "bin/stoker", "run", "submit", "--follow", "--", "sh", "-c", "echo started; sleep 600",
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert follower.stdout.readline() == b"started\n"
    follower.send_signal(signal.SIGINT)
    _, err = follower.communicate(timeout=20)
    assert follower.returncode == 130 and b"stoker run logs -f" in err and b"stoker run cancel" in err
    [run] = stoker.json("run", "list")["runs"]
    stoker.wait_state(run["id"], "Running")
    stoker.cli("run", "cancel", run["id"])
    stoker.wait(run["id"])


def test_check_finds_a_healthy_server_healthy(stoker):
    stoker.wait(stoker.submit("true"))
    checks = stoker.json("server", "check")["checks"]
    assert checks and all(check["ok"] for check in checks), checks


def test_output_is_live_within_milliseconds(stoker):
    """Not a timed test of speed: output must be seen while its run goes on, unflushed by the script's end."""
    run = stoker.python("import time\nprint('live')\ntime.sleep(600)\n")
    until(lambda: stoker.log(run) == b"live\n", 20, "the line")
    stoker.wait_state(run, "Running")
    stoker.cli("run", "cancel", run)
    stoker.wait(run)
