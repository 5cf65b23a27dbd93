"""Nothing lost, nothing doubled: the server and the supervisors are killed at random moments; what the scripts say they wrote decides."""
import json
import os
import pathlib
import random
import signal
import threading
import time

from conftest import PYTHON, until

# Writes numbered lines and metrics, keeps its own account of them in a file outside the run, ends with a code of its own.
WITNESS = """
import json, os, sys, time
from azureml.core import Run
account, number = sys.argv[1], int(sys.argv[2])
run = Run.get_context()
lines = 40 + number % 20
for i in range(lines):
    print('run %d line %d' % (number, i), flush=True)
    run.log('value', number * 1000 + i)
    time.sleep(0.01)
with open('outputs/result.json', 'w') as out:
    json.dump({'number': number, 'lines': lines}, out)
with open(os.path.join(account, '%d' % number), 'a') as witness:
    witness.write(json.dumps({'run': os.environ['AZUREML_RUN_ID'], 'lines': lines}) + '\\n')
sys.exit(number % 3)
"""


def metric_values(stoker, run, name):
    answer = stoker.request("GET", "/api/v1/runs/%s/metrics?name=%s" % (run, name)).json
    return [point["values"][0] for series in answer["metrics"] for point in series["points"]]


def test_fifty_kills_of_the_server_with_a_hundred_runs_lose_and_double_nothing(stoker):
    generator = random.Random(20260630)
    account = stoker.work / "account"
    account.mkdir()
    stoker.own(account)
    stoker.write("witness/witness.py", WITNESS)
    stoker.start()
    acknowledged, kills, stop = {}, [0], threading.Event()

    def submit_all():
        for number in range(100):
            # A request that a kill cut off is repeated by the client under one idempotency key; what returned is acknowledged.
            done = stoker.cli("run", "submit", "--json", "--", PYTHON, "witness.py", account, number,
                              cwd=str(stoker.work / "witness"), check=False)
            if done.returncode == 0:
                acknowledged[number] = json.loads(done.stdout)["id"]
        stop.set()

    submitter = threading.Thread(target=submit_all)
    submitter.start()
    while kills[0] < 50:
        time.sleep(generator.uniform(0.05, 0.5))  # the random moment
        if stoker.kill_server():
            kills[0] += 1
        stoker.cli("server", "start", check=False)
    submitter.join()
    stoker.cli("server", "start")
    assert len(acknowledged) >= 90, "submissions go through in spite of the kills"
    for number, run in acknowledged.items():
        record = stoker.wait(run, 180)
        lines = 40 + number % 20
        assert record["end"]["reason"] == "exited" and record["end"]["exit_code"] == number % 3, (run, record["end"])
        assert record["state"] == ("Completed" if number % 3 == 0 else "Failed")
        assert record["attempt"] == 1
        expected = b"".join(b"run %d line %d\n" % (number, i) for i in range(lines))
        assert stoker.log(run) == expected, run
        assert metric_values(stoker, run, "value") == [number * 1000 + i for i in range(lines)], run
        stored = stoker.request("GET", "/api/v1/runs/%s/files/outputs/result.json" % run)
        assert stored.json == {"number": number, "lines": lines}
        witnesses = (account / str(number)).read_text().splitlines()
        assert [json.loads(w)["run"] for w in witnesses] == [run], "ran exactly once"
    listed = stoker.request("GET", "/api/v1/runs?limit=1000").json["runs"]
    assert len({r["id"] for r in listed}) == len(listed) >= len(acknowledged)
    print("kills: %d, runs: %d acknowledged, 0 lost, 0 doubled" % (kills[0], len(acknowledged)))


def test_runs_that_end_while_the_server_is_away_are_found_with_their_exit_status(stoker):
    run = stoker.python("import time, sys\nprint('begin', flush=True)\ntime.sleep(1)\nprint('end', flush=True)\nsys.exit(7)\n")
    stoker.wait_state(run, "Running")
    stoker.kill_server()
    until(lambda: not stoker.processes("script.py"), 10, "the script's end")
    stoker.cli("server", "start")
    record = stoker.wait(run)
    assert record["end"]["exit_code"] == 7 and record["state"] == "Failed"
    assert stoker.log(run) == b"begin\nend\n"


def test_following_is_not_disturbed_by_a_restart_of_the_server(stoker):
    code = "import time\nfor i in range(30):\n    print('line', i, flush=True)\n    time.sleep(0.1)\n"
    run = stoker.python(code)
    stoker.wait_state(run, "Running")
    import subprocess
    follower = stoker.popen(stoker.programs / "bin/stoker", "run", "logs", "-f", run, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    until(lambda: len(stoker.log(run)) > 20, 10, "some output")
    stoker.kill_server()
    stoker.cli("server", "start")
    out, _ = follower.communicate(timeout=60)
    assert out.decode() == "".join("line %d\n" % i for i in range(30))


def test_kill_of_a_supervisor_ends_its_processes_and_the_run_once_as_lost(stoker):
    run = stoker.python("import os, subprocess, time\nsubprocess.Popen(['setsid', 'sleep', '98765'])\nprint('said', flush=True)\n"
                        "from azureml.core import Run\nRun.get_context().log('m', 1)\nRun.get_context().flush()\ntime.sleep(600)\n")
    until(lambda: stoker.log(run) == b"said\n" and metric_values(stoker, run, "m") == [1.0], 20, "the first output")
    [supervisor] = [pid for pid in stoker.supervisors() if "script.py" in descendants_text(pid)] or stoker.supervisors()[:1]
    os.kill(supervisor, signal.SIGKILL)
    record = stoker.wait(run)
    assert record["state"] == "Failed" and record["end"]["reason"] == "lost", record["end"]
    assert "supervisor" in record["end"]["message"]
    until(lambda: not stoker.processes("98765") and not stoker.processes("script.py"), 10, "the end of its processes")
    assert stoker.log(run) == b"said\n"
    ends = [e for e in stoker.request("GET", "/api/v1/runs/%s/events" % run).json["events"] if e["kind"] == "exited"]
    assert len(ends) <= 1
    again = stoker.python("print('next')")
    assert stoker.wait(again)["state"] == "Completed"


def descendants_text(pid):
    """The command lines of the processes below `pid`."""
    text, todo = "", [pid]
    while todo:
        parent = todo.pop()
        for task in pathlib.Path("/proc/%d/task" % parent).glob("*/children"):
            try:
                children = [int(c) for c in task.read_text().split()]
            except OSError:
                continue
            for child in children:
                try:
                    text += pathlib.Path("/proc/%d/cmdline" % child).read_bytes().decode("utf-8", "replace")
                except OSError:
                    pass
                todo.append(child)
    return text


def test_a_reboot_is_told_from_a_crash(stoker):
    run = stoker.python("import time\nprint('before', flush=True)\ntime.sleep(600)\n")
    until(lambda: stoker.log(run) == b"before\n", 20, "the first output")
    stoker.kill_server()
    for pid in stoker.supervisors():
        os.kill(pid, signal.SIGKILL)
    until(lambda: not stoker.processes("script.py"), 10, "the end of the script")
    # What a reboot leaves: the same files, written under another boot id.
    for file in stoker.home.glob("data/targets/local/*/spool/*/identity.json"):
        record = json.loads(file.read_text())
        record["boot_id"] = "00000000-0000-4000-8000-000000000000"
        file.write_text(json.dumps(record))
    stoker.cli("server", "start")
    record = stoker.wait(run)
    assert record["end"]["reason"] == "lost" and "restarted" in record["end"]["message"], record["end"]
    assert stoker.log(run) == b"before\n"


def test_run_log_costs_the_same_and_arrives_later_with_the_server_away(stoker):
    run = stoker.python("""
import os, sys, time
from azureml.core import Run
run = Run.get_context()
while not os.path.exists('go'):
    time.sleep(0.01)
start = time.perf_counter()
for i in range(100000):
    run.log('i', i)
print('%.3f' % (time.perf_counter() - start), flush=True)
""")
    stoker.wait_state(run, "Running")
    stoker.kill_server()
    [work] = stoker.home.glob("data/targets/local/*/spool/*/work")
    (work / "go").touch()
    until(lambda: not stoker.processes("script.py"), 60, "the script's end")
    stoker.cli("server", "start")
    assert stoker.wait(run)["state"] == "Completed"
    answer = stoker.request("GET", "/api/v1/runs/%s/metrics?name=i" % run).json["metrics"][0]
    assert answer["count"] == 100000
    print("100,000 calls of run.log with the server away: %s s" % stoker.log(run).decode().strip())
