"""The real MLflow client against the real server: the newest 3.x and the last 2.x, unmodified."""
import pytest
from conftest import ROOT

STORY = """
import mlflow
from mlflow.tracking import MlflowClient

mlflow.set_experiment("story / ü")
with mlflow.start_run(run_name="outer", tags={"a": "b"}) as outer:
    mlflow.log_metric("acc", 0.5, step=1)
    mlflow.log_metric("acc", 0.9, step=2)
    mlflow.log_metric("odd", float("nan"))
    mlflow.log_metric("big", float("inf"))
    mlflow.log_metrics({"m%d" % i: i for i in range(11)}, step=3)
    mlflow.log_param("lr", 0.1)
    mlflow.log_params({"p": 1, "q": "x"})
    mlflow.set_tags({"env": "prod", "gone": "x"})
    mlflow.delete_tag("gone")
    with mlflow.start_run(nested=True, run_name="inner") as inner:
        mlflow.log_metric("acc", 0.1)
client = MlflowClient()
run = client.get_run(outer.info.run_id)
assert run.info.status == "FINISHED" and run.info.end_time >= run.info.start_time
assert run.data.metrics["acc"] == 0.9 and run.data.metrics["odd"] != run.data.metrics["odd"] and run.data.metrics["big"] > 1e308
assert run.data.params == {"lr": "0.1", "p": "1", "q": "x"} and run.data.tags["env"] == "prod" and "gone" not in run.data.tags
assert [(m.step, m.value) for m in client.get_metric_history(outer.info.run_id, "acc")] == [(1, 0.5), (2, 0.9)]
found = mlflow.search_runs(filter_string="metrics.acc > 0.6 and params.lr = '0.1'", order_by=["metrics.acc DESC"], output_format="list")
assert [f.info.run_id for f in found] == [outer.info.run_id]
children = mlflow.search_runs(filter_string="tags.mlflow.parentRunId = '%s'" % outer.info.run_id, output_format="list")
assert [c.info.run_id for c in children] == [inner.info.run_id]
assert "story / ü" in [e.name for e in client.search_experiments()]
with mlflow.start_run(run_id=outer.info.run_id):
    mlflow.log_metric("acc", 0.95, step=9)
assert client.get_run(outer.info.run_id).data.metrics["acc"] == 0.95
try:
    client.log_param(outer.info.run_id, "lr", 5)
    raise SystemExit("a param changed")
except mlflow.exceptions.MlflowException as error:
    assert error.error_code == "INVALID_PARAMETER_VALUE", error
try:
    client.get_run("none")
    raise SystemExit("there is such a run")
except mlflow.exceptions.MlflowException as error:
    assert error.error_code == "RESOURCE_DOES_NOT_EXIST", error
client.set_terminated(inner.info.run_id, "KILLED")
assert client.get_run(inner.info.run_id).info.status == "KILLED"
client.delete_run(inner.info.run_id)
assert client.get_run(inner.info.run_id).info.lifecycle_stage == "deleted"
client.restore_run(inner.info.run_id)
many = [mlflow.entities.Metric("bulk", i, i, i) for i in range(2500)]
client.log_batch(inner.info.run_id, metrics=many, params=[mlflow.entities.Param("p%d" % i, str(i)) for i in range(150)])
assert len(client.get_metric_history(inner.info.run_id, "bulk")) == 2500
number = client.create_experiment("other", tags={"k": "v"})
client.rename_experiment(number, "renamed")
client.delete_experiment(number)
assert client.get_experiment(number).lifecycle_stage == "deleted"
client.restore_experiment(number)
assert client.get_experiment_by_name("renamed").tags == {"k": "v"} and client.get_experiment_by_name("none") is None
print("told", mlflow.__version__)
"""


@pytest.mark.parametrize("major", [3, 2])
def test_a_story_told_by_the_client(stoker, major):
    record = stoker.start()
    stoker.write("story.py", STORY)
    client = next((ROOT / (".cache/mlflow%d/lib" % major)).glob("python3*/site-packages"))
    packages = stoker.folder / "client"
    stoker.run("cp", "-a", client, packages)
    told = stoker.run("/usr/bin/python3", "story.py", cwd=str(stoker.work), env={
        "PYTHONPATH": str(packages), "MLFLOW_TRACKING_URI": record["url"], "MLFLOW_TRACKING_TOKEN": (stoker.home / "token").read_text().strip(),
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0", "MLFLOW_DISABLE_TELEMETRY": "true"})
    assert "told %d." % major in told.stdout
