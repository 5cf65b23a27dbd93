"""Slots: many submissions run a few at a time, in order; explain says what one waits for."""
import json

from conftest import PYTHON, until


def test_a_hundred_submissions_run_a_few_at_a_time_in_order(stoker):
    stoker.variables["STOKER_CPU_SLOTS"] = "2"
    stoker.start()
    spec = {"experiment": "queue", "argv": ["/bin/sh", "-c", "sleep 0.02"], "inherited": {"PATH": "/usr/bin:/bin"}}
    answer = stoker.request("POST", "/api/v1/runs/batch", {"runs": [spec] * 100})
    assert answer.status in (200, 201), answer.body
    ids = [run["id"] for run in answer.json["runs"]]
    records = [stoker.wait(run, 120) for run in ids]
    assert all(record["state"] == "Completed" for record in records)
    starts = [record["started_at"] for record in records]
    spans = sorted((record["started_at"], record["ended_at"]) for record in records)
    # In order: a run begins no earlier than the one two places before it (two slots may swap neighbours).
    assert all(starts[i] <= starts[i + 2] for i in range(98))
    overlap = max(sum(1 for s, e in spans if s <= start < e) for start, _ in spans)
    assert overlap <= 3  # two in their programs, one in its last record
    numbers = [record["number"] for record in records]
    assert numbers == list(range(1, 101))


def test_explain_says_what_a_run_waits_for(stoker):
    stoker.variables["STOKER_CPU_SLOTS"] = "1"
    first = stoker.submit("sleep", "60")
    stoker.wait_state(first, "Running")
    second = stoker.submit("true")
    third = stoker.submit("true")
    told = stoker.json("run", "explain", third)
    assert told["ahead"] == 1 and any(first in reason or "CPU" in reason for reason in told["reasons"]), told
    stoker.cli("run", "cancel", third)
    assert stoker.run_record(third)["state"] == "Canceled"
    stoker.cli("run", "cancel", first)
    assert stoker.wait(second)["state"] == "Completed"


def test_more_than_the_machine_has_is_refused_at_once(stoker):
    done = stoker.cli("run", "submit", "--json", "--gpus", "64", "--", "true", check=False)
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["code"] == "target.rejected"


def test_gpus_are_partitioned(stoker):
    stoker.variables["STOKER_GPUS"] = "2"
    stoker.variables["STOKER_CPU_SLOTS"] = "4"
    runs = [stoker.submit("sh", "-c", "echo $CUDA_VISIBLE_DEVICES; while [ ! -e go ]; do sleep 0.05; done", options=["--gpus", "1"]) for _ in range(3)]
    for run in runs[:2]:
        until(lambda: stoker.log(run), 20, "the first line")
    assert sorted(stoker.log(run) for run in runs[:2]) == [b"0\n", b"1\n"]
    told = stoker.json("run", "explain", runs[2])
    assert any("GPU" in reason for reason in told["reasons"]), told
    for run in runs:
        stoker.cli("run", "cancel", run)
    without = stoker.submit("sh", "-c", "echo \"[$CUDA_VISIBLE_DEVICES]\"")
    stoker.wait(without)
    assert stoker.log(without) == b"[]\n"
