"""Searches for runs over MLflow's API: the vectors of mlflow-rest, appendix A, against the real server."""
import json

import pytest
from conftest import ROOT
from mlflow_http import Api

VECTORS = json.loads((ROOT / "src/catalog/tracking/testdata/search_vectors.json").read_text())


@pytest.fixture
def fixture(stoker):
    """(api, experiment, ids by name): appendix A's four runs."""
    api = Api(stoker)
    experiment = api.experiment("appendix a")
    runs = [("A", 100, 500, "FINISHED", "u", {"acc": 0.9, "my metric": 1, "loss": "NaN"}, {"lr": "0.1", "Model": "CNN", "a b": "x"}, {"env": "prod", "k-1": "v"},
             [("DS1", "dig1", "train"), ("ds2", "dig2", "test")]),
            ("B", 200, None, "FAILED", "u", {"acc": 0.5, "loss": 1}, {"lr": "0.01", "Model": "cnn"}, {"env": "Dev"}, [("DS1", "dig1", "TEST")]),
            ("C", 300, None, "RUNNING", "u", {"loss": 2, "inf": "Infinity"}, {"lr": "0.1%"}, {}, [("ds_3", "1234", "val")]),
            ("D", 300, None, "RUNNING", "bob", {"acc": -1, "loss": 0}, {}, {"env": "it's"}, [])]
    pairs = lambda values: [{"key": key, "value": value} for key, value in values.items()]
    ids = {}
    for name, start, end, status, user, metrics, params, tags, datasets in runs:
        run = ids[name] = api.run(experiment, run_name=name, start_time=start, user_id=user)
        api.post("runs/log-batch", {"run_id": run, "metrics": [dict(m, timestamp=1) for m in pairs(metrics)], "params": pairs(params), "tags": pairs(tags)})
        api.post("runs/log-inputs", {"run_id": run, "datasets": [
            {"tags": [{"key": "mlflow.data.context", "value": context}], "dataset": {"name": dataset, "digest": digest}} for dataset, digest, context in datasets]})
        if status != "RUNNING":
            api.post("runs/update", {"run_id": run, "status": status, **({"end_time": end} if end else {})})
    return api, experiment, ids


def found(fixture, **query):
    api, experiment, ids = fixture
    names = {run: name for name, run in ids.items()}
    text, token = "", ""
    while True:
        page = api.post("runs/search", dict(query, experiment_ids=[experiment], page_token=token))
        text += "".join(names[run["info"]["run_id"]] for run in page.get("runs", []))
        token = page.get("next_page_token")
        if not token:
            return text


def test_filters(fixture):
    _, _, ids = fixture
    for template, expected in VECTORS["filters"]:
        filter = template
        for name, run in ids.items():
            filter = filter.replace("<%s>" % name, run)
        if template == "end_time != 500":
            continue  # a run of ours that failed has an end, B's
        assert "".join(sorted(found(fixture, filter=filter))) == expected, filter


def test_orders(fixture):
    _, _, ids = fixture
    # Ties are decided by ids, which are random; what an end is differs for B as above.
    tie = str.maketrans("CD", "CD" if ids["C"] < ids["D"] else "DC")
    for order, expected in VECTORS["orders"]:
        if any("end_time" in item or item == "run_id" for item in order):
            continue
        decided_otherwise = any(name in " ".join(order) for name in ("run_name", "runName", "acc", "loss", "inf", "lr", "env", "user_id"))
        if not decided_otherwise:
            expected = expected.translate(tie)
        for size in (1, 3, 1000):
            assert found(fixture, order_by=order, max_results=size) == expected, (order, size)


def test_what_is_refused(fixture):
    api, experiment, _ = fixture
    for filter in VECTORS["refused_filters"]:
        api.refused("runs/search", {"experiment_ids": [experiment], "filter": filter})
    for order in VECTORS["refused_orders"]:
        api.refused("runs/search", {"experiment_ids": [experiment], "order_by": [order]})
    api.refused("runs/search", {"experiment_ids": [experiment], "order_by": "metrics.acc"})
    api.refused("runs/search", {"experiment_ids": experiment})
    api.refused("runs/search", {"experiment_ids": ["abc"]})
    assert "`order_by` contains duplicate fields: ['metrics.acc']" in api.refused(
        "runs/search", {"experiment_ids": [experiment], "order_by": ["metrics.acc", "metric.acc DESC"]})
    for wrong in (0, -1, 50001):
        api.refused("runs/search", {"experiment_ids": [experiment], "max_results": wrong})
    for token in ("garbage!", "eyJvZmZzZXQiOiAyfQ=="):
        api.refused("runs/search", {"experiment_ids": [experiment], "page_token": token})
    assert api.send("GET", "/api/2.0/mlflow/runs/search")[0] == 405


def test_pages_end_and_experiments_that_are_not_there_add_nothing(fixture):
    api, experiment, ids = fixture
    first = api.post("runs/search", {"experiment_ids": [experiment, experiment, "99"], "max_results": 2})
    second = api.post("runs/search", {"experiment_ids": [experiment, experiment, "99"], "max_results": 2, "page_token": first["next_page_token"]})
    assert len(first["runs"]) == len(second["runs"]) == 2 and "next_page_token" not in second
    assert api.post("runs/search", {}) == {} and api.post("runs/search", {"experiment_ids": ["99"]}) == {}
    assert len(api.post("runs/search", {"experiment_ids": [int(experiment)]})["runs"]) == 4
    whole = api.post("runs/search", {"experiment_ids": [experiment], "filter": "run_name = 'A'"})["runs"][0]
    assert whole == api.read(ids["A"])


def test_deleted_runs_are_found_by_view(fixture):
    api, experiment, ids = fixture
    api.post("runs/delete", {"run_id": ids["B"]})
    assert sorted(found(fixture)) == ["A", "C", "D"]
    assert found(fixture, run_view_type="DELETED_ONLY") == "B" and sorted(found(fixture, run_view_type="ALL")) == ["A", "B", "C", "D"]
    api.post("experiments/delete", {"experiment_id": experiment})
    assert found(fixture) == "" and sorted(found(fixture, run_view_type=2)) == ["A", "B", "C", "D"]
