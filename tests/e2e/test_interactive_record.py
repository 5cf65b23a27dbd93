"""The record of interactive and child runs is that of submitted ones: environment, diff, who changed what; and what a script may read of its surroundings."""
import json

import pytest

from conftest import PYTHON

HEAD = "from azureml.core import *\nimport os, stoker\n"


@pytest.fixture
def repository(stoker):
    """A folder under git with an uncommitted change and a configuration file."""
    stoker.write("lab/train.py", "rate = 1\n")
    stoker.write("lab/.gitignore", "outputs/\ncell.py\n__pycache__/\n")
    stoker.write("lab/.azureml/config.json", json.dumps({"subscription_id": "s", "resource_group": "g", "workspace_name": "mine"}))
    folder = str(stoker.work / "lab")
    for line in ("init -q -b trunk", "config user.email a@b", "config user.name ada", "add .", "commit -q -m first"):
        stoker.run("git", *line.split(), cwd=folder)
    stoker.write("lab/train.py", "rate = 2\n")
    return folder


def test_a_notebooks_run_has_the_record_of_a_submitted_one(stoker, repository):
    stoker.write("lab/cell.py", HEAD + """
exp = Experiment(Workspace.from_config(), 'lab')
with exp.start_logging() as run:
    run.log('loss', 0.5)
    with run.child_run() as child:
        child.log('loss', 0.25)
run.tag('stage', 'done')
record = stoker.Record(run)
assert '+rate = 2' in record.diff() and record.environment()['interpreter'], record.environment()
assert [event['message'].split(' by ')[0] for event in record.events()][-1] == 'tag stage set'
print(run.id, child.id)
""")
    run, child = stoker.run(PYTHON, "cell.py", cwd=repository).stdout.split()
    submitted = stoker.submit(PYTHON, "train.py", cwd=repository)
    stoker.cli("run", "wait", submitted)
    expected = stoker.json("run", "environment", submitted)
    for each in (run, child):
        found = stoker.json("run", "environment", each)
        assert {k: v for k, v in found.items() if k != "interpreter"} == {k: v for k, v in expected.items() if k != "interpreter"}
        assert b"-rate = 1\n+rate = 2\n" in stoker.request("GET", "/api/v1/runs/%s/diff" % each).body
        assert stoker.json("run", "show", each)["properties"]["azureml.git.commit"] == stoker.json("run", "show", submitted)["properties"]["azureml.git.commit"]
    again = stoker.work / ("again-" + child)
    stoker.cli("run", "recreate", child, str(again))
    assert (again / "source/train.py").read_text() == "rate = 2\n" and b"+rate = 2" in (again / "changes.diff").read_bytes()
    differences = stoker.json("run", "diff", run, child)
    assert not any(differences["files"][what] for what in ("added", "removed", "changed"))
    assert "tag stage set by " in stoker.cli("run", "events", run).stdout


def test_a_script_knows_its_family_and_reads_its_surroundings(stoker, repository):
    stoker.write("lab/train.py", HEAD + """
import sys
run = Run.get_context()
names = ('AZUREML_RUN_ID', 'AZUREML_PARENT_RUN_ID', 'AZUREML_ROOT_RUN_ID', 'AZUREML_RUN_TOKEN_EXPIRY', 'AZUREML_CR_NODE_RANK')
values = {name: os.environ.get(name) for name in names}
workspace = run.experiment.workspace
values.update(workspace=workspace.get_details()['name'], tags=workspace.tags, experiment=run.experiment.id, parent=run.parent and run.parent.id)
if not run.parent:
    with run.child_run() as child:
        child.log('x', 1)
    nested = run.submit_child(ScriptRunConfig('.', 'train.py', compute_target='local'))
    nested.wait_for_completion()
    values.update(child=child.id, nested=nested.id)
import json
print(json.dumps(values))
print('a word', file=sys.stderr)
""")
    top = stoker.json("run", "submit", "--script", "train.py", "--interpreter", PYTHON, "--cpus", "1", cwd=repository)
    assert stoker.wait(top["id"])["state"] == "Completed", stoker.log(top["id"])
    printed = lambda run: json.loads(stoker.cli("run", "logs", run, "--stream", "stdout").stdout.splitlines()[-1])  # noqa: E731
    values = printed(top["id"])
    nested = printed(values["nested"])
    assert values["workspace"] == "mine" and values["experiment"] == top["experiment_id"] and values["parent"] is None
    assert (values["AZUREML_ROOT_RUN_ID"], values["AZUREML_PARENT_RUN_ID"]) == (top["id"], None)
    assert (nested["AZUREML_ROOT_RUN_ID"], nested["AZUREML_PARENT_RUN_ID"], nested["parent"]) == (top["id"], top["id"], top["id"])
    assert values["AZUREML_CR_NODE_RANK"] == "0" and int(values["AZUREML_RUN_TOKEN_EXPIRY"]) > 1800000000
    for each in (values["child"], values["nested"]):
        assert stoker.json("run", "environment", each)["packages"] == stoker.json("run", "environment", top["id"])["packages"]
    lines = stoker.json("run", "logs", top["id"], "--times")["lines"]
    assert {"stream": "stderr", "text": "a word"} in [{k: v for k, v in line.items() if k != "time"} for line in lines]
    assert [line["time"] for line in lines if line["stream"] == "stdout"] == sorted(line["time"] for line in lines if line["stream"] == "stdout")
    assert " stderr a word\n" in stoker.cli("run", "logs", top["id"], "--times", "--stream", "stderr").stdout
