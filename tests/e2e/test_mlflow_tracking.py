"""Tracking over MLflow's API, raw HTTP against the real server: the acceptance checklist of mlflow-rest (22) and what a crash must not take."""
import json
import threading
import time

import pytest
from conftest import until
from mlflow_http import Api


@pytest.fixture
def api(stoker):
    return Api(stoker)


def test_experiments_are_numbered_from_one_and_default_is_zero(api):
    assert api.get("experiments/get", {"experiment_id": "0"})["experiment"]["name"] == "Default"
    assert api.post("experiments/create", {"name": "a", "tags": [{"key": "k", "value": "v"}]}) == {"experiment_id": "1"}
    assert api.refused("experiments/create", {"name": "a"}, code="RESOURCE_ALREADY_EXISTS").startswith("Experiment(name=a) already exists.")
    found = api.get("experiments/get-by-name", {"experiment_name": "a"})["experiment"]
    assert found["artifact_location"] == "mlflow-artifacts:/1" and found["lifecycle_stage"] == "active" and found["tags"] == [{"key": "k", "value": "v"}]
    missing = api.get("experiments/get-by-name", {"experiment_name": "zz"}, 404)
    assert missing == {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "Could not find experiment with name 'zz'"}
    assert api.get("experiments/get", {"experiment_id": "99"}, 404)["message"] == "No Experiment with id=99 exists"
    assert "must be a valid integer" in api.get("experiments/get", {"experiment_id": "x"}, 400)["message"]
    assert "required parameter 'name'" in api.refused("experiments/create", {})
    assert "'name' exceeds the maximum length of 500 characters" in api.refused("experiments/create", {"name": "x" * 501})
    api.experiment("ü" * 500)
    assert "runs:/ URI" in api.refused("experiments/create", {"name": "b", "artifact_location": "runs:/x"})
    kept = api.post("experiments/create", {"name": "s3", "artifact_location": "s3://b/p?x=y"})["experiment_id"]
    run = api.run(kept)
    assert api.read(run)["info"]["artifact_uri"] == "s3://b/p/%s/artifacts?x=y" % run


def test_experiments_are_renamed_deleted_and_brought_back_with_their_runs(api):
    number = api.experiment("a")
    api.experiment("taken")
    run = api.run(number)
    before = api.get("experiments/get", {"experiment_id": number})["experiment"]
    api.post("experiments/set-experiment-tag", {"experiment_id": number, "key": "k", "value": "v"})
    api.post("experiments/update", {"experiment_id": number, "new_name": "b"})
    after = api.get("experiments/get", {"experiment_id": number})["experiment"]
    assert after["name"] == "b" and after["tags"] == [{"key": "k", "value": "v"}] and after["last_update_time"] >= before["last_update_time"]
    api.refused("experiments/update", {"experiment_id": number, "new_name": "taken"}, code="RESOURCE_ALREADY_EXISTS")
    api.post("experiments/delete-experiment-tag", {"experiment_id": number, "key": "k"})
    api.refused("experiments/delete-experiment-tag", {"experiment_id": number, "key": "k"}, 404, "RESOURCE_DOES_NOT_EXIST")
    api.post("experiments/delete", {"experiment_id": number})
    api.refused("experiments/delete", {"experiment_id": number}, 404, "RESOURCE_DOES_NOT_EXIST")
    assert api.read(run)["info"]["lifecycle_stage"] == "deleted"
    assert "must be in the 'active' state" in api.refused("runs/create", {"experiment_id": number})
    assert api.refused("experiments/update", {"experiment_id": number, "new_name": "c"}, code="INVALID_STATE") == "Cannot rename a non-active experiment."
    api.refused("experiments/create", {"name": "b"}, code="RESOURCE_ALREADY_EXISTS")
    api.post("experiments/restore", {"experiment_id": number})
    assert api.read(run)["info"]["lifecycle_stage"] == "active"
    api.post("runs/log-metric", {"run_id": run, "key": "m", "value": 1, "timestamp": 1})


def test_experiments_are_searched_by_pages(api):
    for name in ("alpha", "beta", "Alpine"):
        api.experiment(name)
    gateway = {"filter": "tags.`mlflow.experiment.isGateway` IS NULL", "max_results": 25}
    assert len(api.get("experiments/search", gateway)["experiments"]) == 4
    names = lambda answer: [e["name"] for e in answer.get("experiments", [])]
    assert names(api.post("experiments/search", {"filter": "name ILIKE 'al%'", "order_by": ["name DESC"]})) == ["alpha", "Alpine"]
    first = api.post("experiments/search", {"max_results": 3, "order_by": ["name"]})
    second = api.post("experiments/search", {"max_results": 3, "order_by": ["name"], "page_token": first["next_page_token"]})
    assert names(first) + names(second) == ["Alpine", "Default", "alpha", "beta"] and "next_page_token" not in second
    assert "It must be a positive integer" in api.refused("experiments/search", {"max_results": 0})
    assert "It must be at most 50000" in api.refused("experiments/search", {"max_results": 50001})
    api.refused("experiments/search", {"max_results": 5, "page_token": "&&"})


def test_a_run_begins_as_the_client_says(api):
    number = api.experiment("a")
    body = {"experiment_id": number, "start_time": 123, "user_id": "u", "run_name": "n", "tags": [{"key": "a", "value": "b"}, {"key": "a", "value": "c"}]}
    run = api.post("runs/create", body)["run"]
    run_id = run["info"]["run_id"]
    assert len(run_id) == 32 and int(run_id, 16) >= 0
    assert run == {
        "info": {"run_uuid": run_id, "run_id": run_id, "experiment_id": number, "run_name": "n", "user_id": "u", "status": "RUNNING", "start_time": 123,
                 "artifact_uri": "mlflow-artifacts:/%s/%s/artifacts" % (number, run_id), "lifecycle_stage": "active"},
        "data": {"tags": [{"key": "a", "value": "c"}, {"key": "mlflow.runName", "value": "n"}]}, "inputs": {}}
    assert api.read(run_id) == dict(run, outputs={})
    assert api.get("runs/get", {"run_uuid": run_id})["run"]["info"]["run_id"] == run_id
    plain = api.post("runs/create", {"experiment_id": number})["run"]["info"]
    assert plain["start_time"] == 0 and plain["user_id"] == "" and plain["run_name"].count("-") == 2
    assert "but with different values (run_name='x', mlflow.runName='y')." in api.refused(
        "runs/create", {"experiment_id": number, "run_name": "x", "tags": [{"key": "mlflow.runName", "value": "y"}]})
    api.refused("runs/create", {"experiment_id": "77"}, 404, "RESOURCE_DOES_NOT_EXIST")
    assert "'experiment_id'" in api.refused("runs/create", {})
    assert api.get("runs/get", {"run_id": "nope"}, 404)["message"] == "Run with id=nope not found"


def test_a_run_ends_goes_on_and_is_renamed(api, stoker):
    run = api.run(run_name="n")
    info = api.post("runs/update", {"run_id": run, "status": "FINISHED", "end_time": 5000})["run_info"]
    assert info["status"] == "FINISHED" and info["end_time"] == 5000
    assert stoker.run_record(run)["state"] == "Completed"
    info = api.post("runs/update", {"run_id": run, "status": "RUNNING", "end_time": 5000})["run_info"]
    assert info["status"] == "RUNNING" and stoker.run_record(run)["state"] == "Running"
    for status, state in (("FAILED", "Failed"), ("KILLED", "Canceled"), (3, "Completed")):
        assert api.post("runs/update", {"run_id": run, "status": status})["run_info"]["end_time"] > 5000
        assert stoker.run_record(run)["state"] == state
    api.post("runs/update", {"run_id": run, "run_name": "new"})
    assert api.tags(run)["mlflow.runName"] == "new" and stoker.run_record(run)["display_name"] == "new"
    api.post("runs/update", {"run_id": run, "run_name": ""})
    api.post("runs/set-tag", {"run_id": run, "key": "mlflow.runName", "value": "again"})
    assert api.read(run)["info"]["run_name"] == "again"
    api.refused("runs/update", {"run_id": run, "status": "BOGUS"})


def test_metric_values_and_times(api):
    run = api.run()
    log = lambda **fields: api.post("runs/log-metric", dict(dict(run_id=run, key="m", value=1, timestamp=1), **fields))
    log(key="nan", value="NaN")
    log(key="inf", value="Infinity", timestamp="5")
    api.post("runs/log-metric", '{"run_id": "%s", "key": "low", "value": -Infinity, "timestamp": 1}' % run)
    assert api.metrics(run) == {"nan": "NaN", "inf": 1.7976931348623157e308, "low": -1.7976931348623157e308}
    assert "Timestamp must be a nonnegative long" in api.refused("runs/log-metric", {"run_id": run, "key": "m", "value": 1, "timestamp": -1})
    for missing in ("key", "value", "timestamp"):
        body = {"run_id": run, "key": "m", "value": 1, "timestamp": 1}
        del body[missing]
        assert "required parameter '%s'" % missing in api.refused("runs/log-metric", body)
    for step, timestamp, value in ((5, 1, 1.0), (1, 9, 9.0), (5, 1, 3.0), (5, 1, "NaN")):
        log(key="latest", step=step, timestamp=timestamp, value=value)
    assert api.metrics(run)["latest"] == 3.0
    for _ in range(3):
        log(key="same", value="NaN", step=-1)
    history = lambda key, **more: api.get("metrics/get-history", dict({"run_id": run, "metric_key": key}, **more))
    assert history("same") == {"metrics": [{"key": "same", "value": "NaN", "timestamp": 1, "step": -1}]}
    assert [(m["timestamp"], m["step"], m["value"]) for m in history("latest")["metrics"]] == [(1, 5, "NaN"), (1, 5, 1.0), (1, 5, 3.0), (9, 1, 9.0)]
    first = history("latest", max_results=3)
    assert len(first["metrics"]) == 3 and len(history("latest", max_results=3, page_token=first["next_page_token"])["metrics"]) == 1
    assert "next_page_token" not in history("latest", max_results=4)
    assert history("none") == {} and api.get("metrics/get-history", {"run_id": "none", "metric_key": "m"}) == {}


def test_names_are_checked(api):
    run = api.run()
    for key in ("a/b", "a b", "a:b", ".x", "größe", "a.b-c_d"):
        api.post("runs/log-parameter", {"run_id": run, "key": key, "value": "1"})
    for key in ("a//b", "a/", "./a", "a/../b", "/abs", "..", "...x", "."):
        assert "must not resolve to other names" in api.refused("runs/log-parameter", {"run_id": run, "key": key, "value": "1"}), key
    assert "Names may only contain" in api.refused("runs/set-tag", {"run_id": run, "key": "a$b", "value": "1"})
    assert "'Metric name' exceeds the maximum length of 250 characters" in api.refused(
        "runs/log-metric", {"run_id": run, "key": "m" * 251, "value": 1, "timestamp": 1})
    assert "for parameter 'metrics[0].name'" in api.refused("runs/log-batch", {"run_id": run, "metrics": [{"key": "a$", "value": 1, "timestamp": 1}]})


def test_params_are_written_once(api):
    run = api.run()
    param = lambda key, value: {"run_id": run, "key": key, "value": value}
    api.post("runs/log-parameter", param("p", "1"))
    api.post("runs/log-parameter", param("p", "1"))
    assert api.refused("runs/log-parameter", param("p", "2")) == (
        "Changing param values is not allowed. Param with key='p' was already logged with value='1' for run ID='%s'. Attempted logging new value '2'." % run)
    api.post("runs/log-parameter", param("long", "ä" * 6001))
    api.post("runs/log-parameter", param("long", "ä" * 6001))
    assert {p["key"]: p["value"] for p in api.read(run)["data"]["params"]} == {"p": "1", "long": "ä" * 6000}


def test_a_batch_is_all_or_nothing(api):
    run = api.run()
    metrics = lambda count: [{"key": "m%d" % i, "value": i, "timestamp": 1, "step": 0} for i in range(count)]
    params = lambda count: [{"key": "p%d" % i, "value": "v"} for i in range(count)]
    assert api.post("runs/log-batch", {"run_id": run}) == {}
    assert "at most 1000 metrics. Got 1001 metrics." in api.refused("runs/log-batch", {"run_id": run, "metrics": metrics(1001)})
    assert "at most 1000 metrics, params, and tags" in api.refused("runs/log-batch", {"run_id": run, "metrics": metrics(950), "params": params(100)})
    duplicate = [{"key": "a", "value": "1"}, {"key": "a", "value": "1"}]
    assert "Duplicate parameter keys have been submitted: ['a']" in api.refused("runs/log-batch", {"run_id": run, "params": duplicate})
    api.refused("runs/log-batch", {"run_id": "nope", "metrics": metrics(1)}, 404, "RESOURCE_DOES_NOT_EXIST")
    assert "for parameter 'run_id' supplied" in api.refused("runs/log-batch", {"run_id": "no pe", "metrics": metrics(1)})
    assert "'metrics[1].timestamp'" in api.refused("runs/log-batch", {"run_id": run, "metrics": metrics(1) + [{"key": "a", "value": 1}]})
    whole = {"run_id": run, "metrics": metrics(800), "params": params(100), "tags": [{"key": "t", "value": "1"}, {"key": "t", "value": "x" * 8001}]}
    for _ in range(2):
        api.post("runs/log-batch", whole)
    conflicting = {"run_id": run, "metrics": [{"key": "late", "value": 1, "timestamp": 1}], "params": [{"key": "new", "value": "1"}, {"key": "p0", "value": "w"}],
                   "tags": [{"key": "late", "value": "1"}]}
    assert "Params were already logged='[{'key': 'p0', 'old_value': 'v', 'new_value': 'w'}]'" in api.refused("runs/log-batch", conflicting)
    data = api.read(run)["data"]
    assert len(data["metrics"]) == 800 and len(data["params"]) == 100
    assert api.tags(run)["t"] == "x" * 8000 and "late" not in api.tags(run)
    assert len(api.get("metrics/get-history", {"run_id": run, "metric_key": "m3"})["metrics"]) == 1


def test_a_deleted_run_takes_nothing(api):
    run = api.run()
    for _ in range(2):
        api.post("runs/delete", {"run_id": run})
    writes = {"log-metric": {"key": "m", "value": 1, "timestamp": 1}, "set-tag": {"key": "k", "value": "v"}, "update": {"status": "FINISHED"},
              "log-parameter": {"key": "p", "value": "1"}, "log-batch": {}, "delete-tag": {"key": "k"}, "log-inputs": {"datasets": []}, "outputs": {"models": []}}
    for path, body in writes.items():
        assert api.refused("runs/" + path, dict(body, run_id=run)) == "The run %s must be in the 'active' state. Current state is deleted." % run, path
    assert api.read(run)["info"]["lifecycle_stage"] == "deleted"
    for _ in range(2):
        api.post("runs/restore", {"run_id": run})
    api.post("runs/log-metric", {"run_id": run, "key": "m", "value": 1, "timestamp": 1})
    api.refused("runs/delete", {"run_id": "nope"}, 404, "RESOURCE_DOES_NOT_EXIST")
    api.post("runs/set-tag", {"run_id": run, "key": "k"})
    api.post("runs/delete-tag", {"run_id": run, "key": "k"})
    assert api.refused("runs/delete-tag", {"run_id": run, "key": "k"}, 404, "RESOURCE_DOES_NOT_EXIST") == "No tag with name: k in run with id %s" % run


def test_charts_get_thinned_steps(api):
    run, other = api.run(), api.run()
    api.post("runs/log-batch", {"run_id": run, "metrics": [{"key": "m", "value": i, "timestamp": i, "step": i} for i in range(10)]})
    interval = lambda **query: [m["step"] for m in api.get("metrics/get-history-bulk-interval", dict({"run_ids": [run], "metric_key": "m"}, **query)).get("metrics", [])]
    assert interval(max_results=5) == [0, 2, 4, 6, 8, 9] and interval(max_results=3) == [0, 3, 6, 9] and interval(max_results=2) == [0, 5, 9]
    assert interval(max_results=3, start_step=2, end_step=7) == [2, 4, 6, 7]
    assert interval(run_ids=[other, "none"]) == []
    message = lambda **query: api.get("metrics/get-history-bulk-interval", dict({"run_ids": [run], "metric_key": "m"}, **query), 400)["message"]
    assert message(max_results=2501) == "max_results must be between 1 and 2500."
    assert message(start_step=5) == "If either start step or end step are specified, both must be specified."
    assert message(start_step=5, end_step=1) == "end_step must be greater than start_step. Found start_step=5 and end_step=1."
    assert message(run_ids=["r%d" % i for i in range(101)]).endswith("must specify at most 100 run_ids. Received 101 run_ids.")
    api.post("runs/log-metric", {"run_id": run, "key": "m", "value": "NaN", "timestamp": 50, "step": 50})
    rows = api.get("metrics/get-history-bulk", {"run_id": [run, other], "metric_key": "m"}, base="/ajax-api/2.0/mlflow/")["metrics"]
    assert len(rows) == 11 and rows[-1] == {"key": "m", "run_id": run, "step": 50, "timestamp": 50, "value": None}
    assert api.get("metrics/get-history-bulk", {"run_id": other, "metric_key": "m"}, base="/ajax-api/2.0/mlflow/") == {"metrics": []}


def test_inputs_outputs_and_models(api):
    number = api.experiment("a")
    run, second = api.run(number), api.run(number)
    dataset = lambda context, source="s": {"tags": [{"key": "mlflow.data.context", "value": context}],
                                           "dataset": {"name": "d", "digest": "1", "source_type": "local", "source": source}}
    for source in ("s", "other"):
        api.post("runs/log-inputs", {"run_id": run, "datasets": [dataset("train", source)], "models": [{"model_id": "m-1"}]})
    api.post("runs/log-inputs", {"run_id": second, "datasets": [dataset("test")]})
    for step in (1, 2):
        api.post("runs/outputs", {"run_id": run, "models": [{"model_id": "m-1", "step": step}]})
    read = api.read(run)
    assert read["inputs"] == {"dataset_inputs": [dataset("train")], "model_inputs": [{"model_id": "m-1"}]}
    assert read["outputs"] == {"model_outputs": [{"model_id": "m-1", "step": 2}]}
    found = api.post("experiments/search-datasets", {"experiment_ids": [number]})["dataset_summaries"]
    assert sorted(s["context"] for s in found) == ["test", "train"] and found[0]["experiment_id"] == number
    assert "at least one experiment_id" in api.refused("experiments/search-datasets", {})
    assert "Received 21 experiment_ids" in api.refused("experiments/search-datasets", {"experiment_ids": ["1"] * 21})
    assert "'digest' exceeds the maximum length of 36" in api.refused(
        "runs/log-inputs", {"run_id": run, "datasets": [{"dataset": {"name": "d", "digest": "1" * 37}}]})
    model = {"artifact_path": "model", "flavors": {}, "utc_time_created": "now", "run_id": run, "signature": "bulky"}
    for _ in range(2):
        api.post("runs/log-model", {"run_id": run, "model_json": json.dumps(model)})
    history = json.loads(api.tags(run)["mlflow.log-model.history"])
    assert len(history) == 1 and "signature" not in history[0] and history[0]["artifact_path"] == "model"
    assert "is not a valid JSON" in api.refused("runs/log-model", {"run_id": run, "model_json": "{"})
    assert "missing mandatory fields" in api.refused("runs/log-model", {"run_id": run, "model_json": "{}"})


def test_runs_of_one_face_are_runs_of_the_other(api, stoker):
    submitted = stoker.python("from azureml.core import Run\nr = Run.get_context()\nr.log('acc', 0.25)\nr.log('acc', 0.5)\nr.tag('env', 'prod')\nr.log('word', 'text')\n",
                              options=("--experiment", "train"))
    stoker.wait(submitted)
    number = api.get("experiments/get-by-name", {"experiment_name": "train"})["experiment"]["experiment_id"]
    found = api.post("runs/search", {"experiment_ids": [number], "filter": "metrics.acc = 0.5 and tags.env = 'prod' and status = 'FINISHED'"})["runs"]
    assert [run["info"]["run_id"] for run in found] == [submitted]
    assert found[0]["data"]["metrics"][0]["value"] == 0.5 and "params" not in found[0]["data"]
    run = api.run(number, run_name="from MLflow", start_time=int(time.time() * 1000))
    api.post("runs/log-metric", {"run_id": run, "key": "acc", "value": 0.75, "timestamp": 1})
    record = stoker.run_record(run)
    assert record["state"] == "Running" and record["spec"]["kind"] == "interactive" and record["display_name"] == "from MLflow"
    listed = json.loads(stoker.cli("run", "list", "metrics.acc > 0.4", "--order-by", "metrics.acc desc", "--explain", "--json").stdout)
    assert [r["id"] for r in listed["runs"]] == [run, submitted] and any("metrics.acc" in line for line in listed["plan"])
    wrong = stoker.cli("run", "list", "metrics.acc > 'a'", check=False)
    assert wrong.returncode != 0 and "Expected numeric value type for metric" in wrong.stderr


def test_a_run_reaches_itself_and_what_is_below(api, stoker):
    other = api.run()
    script = ("import json, os, urllib.request, urllib.error\n"
              "def ask(path, body):\n"
              "    request = urllib.request.Request(os.environ['AZUREML_SERVICE_ENDPOINT'] + '/api/2.0/mlflow/' + path, json.dumps(body).encode(),\n"
              "                                     {'Authorization': 'Bearer ' + os.environ['AZUREML_RUN_TOKEN'], 'Content-Type': 'application/json'})\n"
              "    try:\n        return 200, json.load(urllib.request.urlopen(request))\n"
              "    except urllib.error.HTTPError as error:\n        return error.code, error.read().decode()\n"
              "mine = os.environ['STOKER_RUN_ID']\n"
              "point = {'key': 'm', 'value': 1, 'timestamp': 1}\n"
              "print('own', ask('runs/log-metric', dict(point, run_id=mine))[0])\n"
              "print('other', ask('runs/log-metric', dict(point, run_id=%r))[0])\n"
              "status, made = ask('runs/create', {'experiment_id': '0', 'run_name': 'child'})\n"
              "print('child', status, ask('runs/log-metric', dict(point, run_id=made['run']['info']['run_id']))[0])\n"
              "print('found', [r['info']['run_name'] for r in ask('runs/search', {'experiment_ids': ['0']})[1]['runs']])\n"
              "print('end', ask('runs/update', {'run_id': mine, 'status': 'FINISHED'})[1]['run_info']['status'])\n"
              "print('delete', ask('experiments/delete', {'experiment_id': '0'})[0])\n" % other)
    run = stoker.python(script)
    assert stoker.wait(run)["state"] == "Completed"
    lines = stoker.log(run).decode().splitlines()
    assert lines == ["own 200", "other 403", "child 200 200", "found ['child']", "end RUNNING", "delete 403"]


def test_many_threads_write_one_run(stoker):
    api = Api(stoker)
    run = api.run()
    failures = []

    def work(i):
        try:
            mine = Api(stoker)
            mine.post("runs/log-parameter", {"run_id": run, "key": "p%d" % i, "value": str(i)})
            mine.post("runs/log-metric", {"run_id": run, "key": "m", "value": i, "timestamp": i, "step": i})
        except Exception as error:  # noqa: told below
            failures.append(error)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert len(api.get("metrics/get-history", {"run_id": run, "metric_key": "m"})["metrics"]) == 100
    assert len(api.read(run)["data"]["params"]) == 100 and api.metrics(run) == {"m": 99}


def test_of_two_who_write_one_param_one_wins(stoker):
    api = Api(stoker)
    run = api.run()
    answers = []

    def work(i):
        mine = Api(stoker)
        body = json.dumps({"run_id": run, "params": [{"key": "shared", "value": str(i)}], "tags": [{"key": "winner", "value": str(i)}]})
        answers.append((mine.send("POST", "/api/2.0/mlflow/runs/log-batch", body, {"Content-Type": "application/json"})[0], str(i)))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winners = [value for status, value in answers if status == 200]
    assert len(winners) == 1 and sorted({status for status, _ in answers}) == [200, 400]
    assert api.read(run)["data"]["params"] == [{"key": "shared", "value": winners[0]}] and api.tags(run)["winner"] == winners[0]


def test_kill_9_takes_nothing_that_was_acknowledged(stoker):
    api = Api(stoker)
    runs = [api.run() for _ in range(4)]
    acknowledged = {run: 0 for run in runs}

    def work(run):
        mine = Api(stoker)
        for i in range(1, 100_000):
            try:
                mine.post("runs/log-batch", {"run_id": run, "metrics": [{"key": "m", "value": i, "timestamp": i, "step": i}]})
            except Exception:  # noqa: the server is gone
                return
            acknowledged[run] = i

    threads = [threading.Thread(target=work, args=(run,)) for run in runs]
    for thread in threads:
        thread.start()
    until(lambda: min(acknowledged.values()) >= 50, what="50 batches of each run")
    stoker.kill_server()
    for thread in threads:
        thread.join()
    api = Api(stoker)
    found = api.post("runs/search", {"experiment_ids": ["0"], "filter": "metrics.m >= 50"})["runs"]
    assert len(found) == 4
    for run in runs:
        values = [m["value"] for m in api.get("metrics/get-history", {"run_id": run, "metric_key": "m"})["metrics"]]
        assert values[:acknowledged[run]] == list(range(1, acknowledged[run] + 1)) and len(values) <= acknowledged[run] + 1
        assert api.metrics(run)["m"] == values[-1]
