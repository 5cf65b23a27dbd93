"""Interactive runs over the real server, and what becomes of runs, experiments, workspaces and secrets by the command line."""
import uuid

from conftest import until

TIME = "2026-01-01T00:00:00Z"


def begin(stoker, **fields):
    answer = stoker.request("POST", "/api/v1/runs/interactive", {"runs": [dict({"experiment": "notebook"}, **fields)]})
    assert answer.status == 201, answer.body
    return answer.json["runs"][0]


def end(stoker, run, outcome="completed"):
    answer = stoker.request("POST", "/api/v1/runs/%s/end" % run, {"outcome": outcome})
    assert answer.status == 200, answer.body
    return answer.json


def log(stoker, run, writer, sequence, values):
    points = [{"name": "loss", "kind": "scalar", "values": [value], "columns": [], "step": None, "time": TIME} for value in values]
    return stoker.request("POST", "/api/v1/runs/%s/metrics" % run, {"writer": writer, "sequence": sequence, "points": points})


def losses(stoker, run):
    [series] = stoker.request("GET", "/api/v1/runs/%s/metrics" % run).json["metrics"]
    return [point["values"][0] for point in series["points"]]


def test_an_interactive_run_and_its_metrics_survive_a_killed_server(stoker):
    stoker.start()
    run = begin(stoker)["id"]
    writer = str(uuid.uuid4())
    assert log(stoker, run, writer, 1, [1.0, 2.0]).status == 200
    assert stoker.request("POST", "/api/v1/runs/%s/heartbeat" % run).json == {"state": "Running"}
    stoker.kill_server()
    stoker.start()
    assert stoker.run_record(run)["state"] == "Running"
    assert log(stoker, run, writer, 1, [1.0, 2.0]).status == 200
    assert log(stoker, run, writer, 2, [3.0]).status == 200
    assert losses(stoker, run) == [1.0, 2.0, 3.0]
    assert end(stoker, run)["state"] == "Completed"
    shown = stoker.cli("run", "show", run).stdout
    assert "its client said that it is complete" in shown and "(interactive)" in shown


def test_metrics_from_outside_stand_beside_those_of_the_script(stoker):
    stoker.start()
    run = stoker.python("import os, time\nfrom azureml.core import Run\nrun = Run.get_context()\nrun.log('loss', 1.0)\nrun.flush()\n"
                        "while not os.path.exists('go'):\n    time.sleep(0.01)\nrun.log('loss', 3.0)\n")
    stoker.wait_state(run, "Running")
    until(lambda: stoker.request("GET", "/api/v1/runs/%s/metrics" % run).json["metrics"], 30, "the first point")
    assert log(stoker, run, "outside", 1, [2.0]).status == 200
    assert losses(stoker, run) == [1.0, 2.0]
    stoker.cli("run", "cancel", run)
    stoker.wait(run)
    assert log(stoker, run, "outside", 2, [4.0]).status == 409


def test_runs_are_archived_restored_and_deleted(stoker):
    stoker.start()
    run = stoker.submit("sh", "-c", "echo hello")
    stoker.wait(run)
    stoker.cli("run", "archive", run)
    assert stoker.json("run", "list")["runs"] == []
    assert [r["id"] for r in stoker.json("run", "list", "--view", "archived")["runs"]] == [run]
    stoker.cli("run", "restore", run)
    assert [r["id"] for r in stoker.json("run", "list")["runs"]] == [run]
    events = stoker.cli("run", "events", run).stdout
    assert "archived by" in events and "restored by" in events
    stoker.cli("run", "delete", run)
    assert stoker.cli("run", "show", run, check=False).returncode != 0
    left = [str(path) for path in (stoker.home / "data").rglob("*") if run in path.name and "targets" not in path.parts]
    assert left == []


def test_a_live_run_is_not_deleted(stoker):
    stoker.start()
    run = stoker.submit("sleep", "60")
    stoker.wait_state(run, "Running")
    refused = stoker.cli("run", "delete", run, check=False)
    assert refused.returncode != 0 and "has not ended" in refused.stderr and "stoker run cancel" in refused.stderr
    stoker.cli("run", "cancel", run)
    stoker.wait(run)


def test_experiments_and_workspaces_by_the_command_line(stoker):
    stoker.start()
    run = begin(stoker)["id"]
    stoker.cli("experiment", "archive", "notebook")
    assert stoker.json("experiment", "show", "notebook")["archived_at"]
    stoker.cli("experiment", "reactivate", "notebook")
    assert stoker.json("experiment", "show", "notebook")["archived_at"] is None
    assert stoker.cli("experiment", "delete", "notebook", check=False).returncode != 0
    stoker.cli("experiment", "create", "typo")
    stoker.cli("experiment", "delete", "typo")
    changed = stoker.json("workspace", "update", "default", "--friendly-name", "Ours", "--tag", "team=vision")
    assert changed["friendly_name"] == "Ours" and changed["tags"] == {"team": "vision"}
    assert stoker.cli("workspace", "delete", "default", "--force", check=False).returncode != 0
    end(stoker, run)
    stoker.cli("workspace", "delete", "default", "--force")
    assert stoker.json("workspace", "list")["workspaces"] == []


def set_secret(stoker, name, value):
    file = stoker.write("value-of-" + name, value)
    with open(file) as stream:
        stoker.cli("secret", "set", name, stdin=stream)


def test_secrets_are_encrypted_and_never_stand_in_a_log(stoker):
    stoker.start()
    stoker.cli("workspace", "create", "default", "--exist-ok")
    set_secret(stoker, "api-key", "hush-hush-value\n")
    assert stoker.cli("secret", "get", "api-key").stdout == "hush-hush-value\n"
    assert [secret["name"] for secret in stoker.json("secret", "list")["secrets"]] == ["api-key"]
    # The second half is written once the first was seen in the log: two records for sure.
    run = stoker.python("import os, sys, time\nprint('key hush-hush-value.')\nsys.stdout.write('cut hush-hu')\nsys.stdout.flush()\n"
                        "while not os.path.exists('%s/go'):\n    time.sleep(0.01)\nprint('sh-value.')\n" % stoker.work)
    until(lambda: b"cut " in stoker.log(run), 30, "the first half")
    stoker.write("go", "")
    assert stoker.wait(run)["state"] == "Completed"
    assert stoker.log(run) == b"key ***************.\ncut ***************.\n"
    for path in (stoker.home / "data").rglob("*"):
        if path.is_file() and "targets" not in path.parts:
            assert b"hush-hush-value" not in path.read_bytes(), path
    stoker.cli("secret", "delete", "api-key")
    assert stoker.json("secret", "list")["secrets"] == []


def test_a_secret_that_a_restart_of_the_server_cuts_is_masked(stoker):
    stoker.start()
    stoker.cli("workspace", "create", "default", "--exist-ok")
    set_secret(stoker, "api-key", "hush-hush-value")
    run = stoker.python("import os, sys, time\nsys.stdout.write('cut hush-hu')\nsys.stdout.flush()\n"
                        "while not os.path.exists('%s/go'):\n    time.sleep(0.01)\nprint('sh-value.')\n" % stoker.work)
    until(lambda: b"cut " in stoker.log(run), 30, "the first half")
    stoker.kill_server()
    stoker.start()
    stoker.write("go", "")
    assert stoker.wait(run)["state"] == "Completed"
    assert stoker.log(run) == b"cut ***************.\n"


def test_completion_knows_the_new_commands(stoker):
    stoker.start()
    stoker.cli("workspace", "create", "default", "--exist-ok")
    set_secret(stoker, "api-key", "hush-hush")
    assert "archive" in stoker.cli("__complete", "--", "run", "ar").stdout
    assert "api-key" in stoker.cli("__complete", "--", "secret", "get", "").stdout
    assert {line.split("\t")[0] for line in stoker.cli("__complete", "--", "secret", "").stdout.splitlines()} == {"set", "get", "list", "delete"}
