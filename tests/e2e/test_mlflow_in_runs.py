"""MLflow's own client in programs that stoker started, with nothing configured: what it logs lands in their run."""
import subprocess

import pytest
from conftest import ROOT

VENV = ROOT / ".cache/mlflow3"

LOGS = """
import mlflow, os
with mlflow.start_run() as run:
    assert run.info.run_id == os.environ['AZUREML_RUN_ID'], run.info
    mlflow.set_tag('stage', 'one')
    mlflow.log_metric('loss', 0.5, step=1)
    mlflow.log_param('rate', '0.1')
"""


@pytest.fixture
def client(stoker):
    """The interpreter that has MLflow's client, where the user of the tests can read it."""
    stoker.start()
    folder = stoker.folder / "mlflow"
    subprocess.run(["cp", "-a", str(VENV), str(folder)], check=True)
    subprocess.run(["chmod", "-R", "a+rX", str(folder)], check=True)
    return folder / "bin/python"


def check(stoker, run):
    record = stoker.run_record(run)
    assert record["state"] == "Completed", stoker.log(run)
    [loss] = [each for each in stoker.request("GET", "/api/v1/runs/%s/metrics" % run).json["metrics"] if each["name"] == "loss"]
    assert loss["points"][0]["values"] == [0.5] and loss["points"][0]["step"] == 1
    assert record["tags"]["stage"] == "one"


def test_in_a_submitted_run(stoker, client):
    stoker.write("train.py", LOGS)
    run = stoker.submit(client, "train.py")
    stoker.wait(run)
    check(stoker, run)


def test_in_a_tracked_program(stoker, client):
    stoker.write("train.py", LOGS)
    stoker.cli("track", "--", client, "train.py")
    check(stoker, stoker.request("GET", "/api/v1/runs?limit=1").json["runs"][0]["id"])
