"""How MLflow's clients find the server, the token and the run without being told: in submitted runs, in a shell, in Python."""
import json

from conftest import PYTHON

NAMES = ("MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_TOKEN", "MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME")
PRINTS = "import json, os\nprint(json.dumps({name: os.environ.get(name) for name in %r}))\n" % (NAMES,)
# What mlflow-skinny does first of all: the run by its id, with the token as bearer.
ASKS = """
import os, urllib.request
request = urllib.request.Request(os.environ['MLFLOW_TRACKING_URI'] + '/api/3.0/mlflow/server-info', headers={'Authorization': 'Bearer ' + os.environ['MLFLOW_TRACKING_TOKEN']})
print(urllib.request.urlopen(request, timeout=30).status)
"""


def printed(stoker, run):
    assert stoker.wait(run)["state"] == "Completed", stoker.log(run)
    return stoker.log(run).decode().splitlines()


def test_a_submitted_run_has_all_five(stoker):
    run = stoker.python(PRINTS + ASKS, options=("--experiment", "lab"))
    variables, status = printed(stoker, run)
    values = json.loads(variables)
    experiment = stoker.request("GET", "/api/v1/workspaces/%s/experiments/lab" % stoker.run_record(run)["workspace_id"]).json
    assert values["MLFLOW_TRACKING_URI"] == stoker.server_record()["url"] and values["MLFLOW_TRACKING_TOKEN"].startswith("srt1.")
    assert (values["MLFLOW_RUN_ID"], values["MLFLOW_EXPERIMENT_ID"], values["MLFLOW_EXPERIMENT_NAME"]) == (run, str(experiment["number"]), "lab")
    assert status == "200"


def test_they_stay_after_a_restart_and_in_another_workspace(stoker):
    stoker.start()
    stoker.cli("workspace", "create", "vision")
    stoker.kill_server()
    run = stoker.python(PRINTS + ASKS, options=("--workspace", "vision"))
    variables, status = printed(stoker, run)
    values = json.loads(variables)
    assert values["MLFLOW_TRACKING_URI"].endswith("/mlflow/" + stoker.run_record(run)["workspace_id"]) and status == "200"


def test_the_users_own_mlflow_server_stays(stoker):
    run = stoker.python(PRINTS, options=("--env", "MLFLOW_TRACKING_URI=http://theirs"))
    assert json.loads(printed(stoker, run)[0]) == dict(dict.fromkeys(NAMES), MLFLOW_TRACKING_URI="http://theirs")


def test_a_run_configuration_can_leave_them_out(stoker):
    stoker.write("src/train.py", PRINTS)
    code = """
from azureml.core import Experiment, ScriptRunConfig, Workspace
config = ScriptRunConfig('src', 'train.py', compute_target='local')
config.run_config.history.enable_mlflow_tracking = False
run = Experiment(Workspace('stoker', 'stoker', 'default', _disable_service_check=True), 'lab').submit(config)
print(run.id)
"""
    run = stoker.run(PYTHON, "-c", code).stdout.split()[-1]
    assert set(json.loads(printed(stoker, run)[0]).values()) == {None}


def test_a_shell_is_told(stoker):
    lines = stoker.cli("mlflow", "env").stdout
    token = (stoker.home / "token").read_text().strip()
    assert lines == "export MLFLOW_TRACKING_URI='%s';\nexport MLFLOW_TRACKING_TOKEN='%s';\n" % (stoker.server_record()["url"], token)
    done = stoker.run("/bin/sh", "-c", 'eval "$(stoker mlflow env)"; %s -c "$CODE"' % PYTHON, env={"CODE": ASKS})
    assert done.stdout == "200\n"
    stoker.cli("workspace", "create", "vision")
    assert stoker.json("mlflow", "env", "--workspace", "vision")["MLFLOW_TRACKING_URI"].endswith("/mlflow/vision")
    assert "set -gx MLFLOW_TRACKING_URI '" in stoker.cli("mlflow", "env", "--shell", "fish").stdout
    assert "vision" in stoker.cli("mlflow", "env", "--workspace", "visoin", check=False).stderr


def test_python_gives_the_address_and_sets_the_token(stoker):
    stoker.start()
    stoker.cli("workspace", "create", "vision")
    code = """
import os
from azureml.core import Workspace
for name in ('default', 'vision'):
    print(Workspace('stoker', 'stoker', name).get_mlflow_tracking_uri())
print(os.environ['MLFLOW_TRACKING_TOKEN'])
"""
    url, token = stoker.server_record()["url"], (stoker.home / "token").read_text().strip()
    assert stoker.run(PYTHON, "-c", code).stdout.split() == [url, url + "/mlflow/vision", token]
    assert stoker.run(PYTHON, "-c", code, env={"MLFLOW_TRACKING_TOKEN": "theirs"}).stdout.split()[2] == "theirs"
