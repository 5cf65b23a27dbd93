"""Registered models of SDK v1 (section 10 of its specification) against the real programs, and the same models as MLflow sees them."""
import json

import pytest
from mlflow_raw import Http

PYTHON = "/usr/bin/python3"
HEAD = "from azureml.core import *\nfrom azureml.core.model import Model\nfrom azureml.exceptions import *\nimport os\nws = Workspace.from_config()\nexp = Experiment(ws, 'lab')\n"


@pytest.fixture
def run_python(stoker):
    stoker.write("lab/.azureml/config.json", json.dumps({"subscription_id": "s", "resource_group": "g", "workspace_name": "mine"}))

    def run(code):
        path = stoker.write("lab/cell.py", HEAD + code)
        return stoker.run(PYTHON, path.name, cwd=str(path.parent)).stdout
    return run


def raises(kind, text, call):
    return "try:\n    %s\n    assert False\nexcept %s as error:\n    assert %r in str(error), error\n" % (call, kind, text)


def test_of_a_run_and_its_lineage(stoker, run_python):
    out = run_python("""
run = exp.start_logging(snapshot_directory=None)
open('x.pkl', 'w').write('one'); os.makedirs('m/sub', exist_ok=True); open('m/a', 'w').write('a'); open('m/sub/b', 'w').write('b')
run.upload_file('outputs/x.pkl', 'x.pkl')
run.upload_folder('outputs/m', 'm')
m = run.register_model('m', model_path='./outputs/x.pkl', tags={'stage': 'dev'}, properties={'p': '1'}, description='d', model_framework=Model.Framework.SCIKITLEARN)
assert (m.id, m.name, m.version, m.tags, m.properties, m.description, m.run_id) == ('m:1', 'm', 1, {'stage': 'dev'}, {'p': '1'}, 'd', run.id)
assert m.experiment_name == 'lab' and m.model_framework == 'ScikitLearn' and m.run.id == run.id and m.created_time.tzinfo is not None
m2 = run.register_model('m', model_path='outputs/m/')
assert m2.version == 2 and m2.model_framework == 'Custom'
""" + raises("ModelPathNotFoundException", "['outputs/m/a', 'outputs/m/sub/b', 'outputs/x.pkl']", "run.register_model('m', 'outputs/nothing.pkl')")
        + raises("UserErrorException", "1 to 255 letters", "run.register_model('m m', 'outputs')")
        + raises("ModelPathNotFoundException", "x", "run.register_model('x')") + """
assert repr(m) == "Model(workspace={!r}, name=m, id=m:1, version=1, tags={{'stage': 'dev'}}, properties={{'p': '1'}})".format(ws)
run.complete()
path = m.download('got')
assert path == os.path.join('got', 'x.pkl') and open(path).read() == 'one'
""" + raises("WebserviceException", "is there already", "m.download('got')") + """
assert m.download('got', exist_ok=True) == path
folder = m2.download('got')
assert folder == os.path.join('got', 'm') and open('got/m/sub/b').read() == 'b' and sorted(os.listdir('got')) == ['m', 'x.pkl']
assert sorted(m2.get_sas_urls()) == ['m/a', 'm/sub/b']
print(run.id)
""")
    run_id = out.split()[-1]
    # The same files by MLflow's API, and they outlive the run.
    ask = Http.of(stoker, "/mlflow/mine/api/2.0/mlflow/")
    version = ask.get("model-versions/get", name="m", version="1")["model_version"]
    assert version["run_id"] == run_id and version["source"].endswith(run_id + "/artifacts/outputs/x.pkl") and version["tags"] == [{"key": "stage", "value": "dev"}]
    uri = ask.get("model-versions/get-download-uri", name="m", version="2")["artifact_uri"]
    # One that an MLflow client registered has files for v1, too.
    ask.post("registered-models/create", name="theirs")
    ask.post("model-versions/create", name="theirs", source="runs:/%s/outputs/m" % run_id, run_id=run_id)
    run_python("assert open(Model(ws, 'theirs').download('t') + '/sub/b').read() == 'b' and Model(ws, 'theirs').run_id == %r" % run_id)
    stoker.cli("run", "delete", run_id)
    listed = ask.get("/mlflow/mine/api/2.0/mlflow-artifacts/artifacts", path=uri.split(":/", 1)[1])["files"]
    assert [each["path"] for each in listed] == ["a", "sub"]
    assert ask.send("GET", "/mlflow/mine/model-versions/get-artifact?name=m&version=2&path=sub/b")[2] == b"b"


def test_of_this_machine(stoker, run_python):
    run_python("""
os.makedirs('export/deep', exist_ok=True)
for name in ('a.txt', 'b.txt', 'deep/c.txt'): open('export/' + name, 'w').write(name)
m = Model.register(ws, 'export', 'whole')
assert m.version == 1 and m.run_id is None and m.run is None
assert sorted(m.get_sas_urls()) == ['export/a.txt', 'export/b.txt', 'export/deep/c.txt']
m = Model.register(workspace=ws, model_path='export', model_name='whole', child_paths=['a.txt', 'deep/c.txt'], tags={'a': 1})
assert m.version == 2 and m.tags == {'a': '1'} and sorted(m.get_sas_urls()) == ['export/a.txt', 'export/deep/c.txt']
one = Model.register(ws, 'export/a.txt', 'one.file')
assert open(one.download('there')).read() == 'a.txt'
os.chdir('export')
here = Model.register(ws, '.', 'here')
assert sorted(here.get_sas_urls()) == ['export/a.txt', 'export/b.txt', 'export/deep/c.txt']
os.chdir('..')
""" + raises("ModelPathNotFoundException", "cannot be found", "Model.register(ws, 'nothing', 'x')")
        + raises("ModelPathNotFoundException", "no.txt, ../up", "Model.register(ws, 'export', 'x', child_paths=['a.txt', 'no.txt', '../up'])"))
    assert stoker.json("model", "list", "--latest", "-w", "s/g/mine")["models"][0]["name"] == "here"


def test_looking_up_listing_and_changing(stoker, run_python):
    run_python("""
open('x', 'w').write('x')
for number in range(3):
    Model.register(ws, 'x', 'a', tags={'n': str(number), 'even': ''} if number % 2 == 0 else {'n': str(number)}, properties={'p': str(number)})
Model.register(ws, 'x', 'b', model_framework='Onnx')
assert Model(ws, 'a').version == 3 and Model(ws, 'a', version=2).id == 'a:2' == Model(ws, id='a:2').id and Model(ws, name='a', tags=[['n', '0']]).version == 1
""" + raises("ModelNotFoundException", 'there is no model', "Model(ws, 'zz')") + raises("ModelNotFoundException", "the newest is a:3", "Model(ws, 'a', version=9)")
        + raises("UserErrorException", "name:version", "Model(ws, id='a')") + raises("ModelNotFoundException", "ModelNotFound", "Model(ws, 'a', tags=['nothing'])") + """
ids = lambda **filters: [model.id for model in Model.list(ws, **filters)]
assert ids() == ['b:1', 'a:3', 'a:2', 'a:1'] and ids(latest=True) == ['b:1', 'a:3'] and ids(name='a', latest=True) == ['a:3']
assert ids(tags=['even']) == ['a:3', 'a:1'] == ids(tags=['even', 'n']) and ids(tags=[['n', '1']]) == ['a:2'] == ids(properties=[['p', '1']]) and ids(model_framework='Onnx') == ['b:1']
assert sorted(ws.models) == ['a', 'b'] and ws.models['a'].version == 3
m = Model(ws, id='a:1')
m.add_tags({'new': 1}); m.remove_tags(['even'])
assert m.tags == {'n': '0', 'new': '1'} == Model(ws, id='a:1').tags
m.add_properties({'q': 'x'})
""" + raises("WebserviceException", "properties are written once", "m.add_properties({'p': 'other'})") + """
m.update(tags={'only': 'this'}, description='text', model_framework='PyTorch')
again = Model(ws, id='a:1')
assert (again.tags, again.description, again.model_framework, again.properties) == ({'only': 'this'}, 'text', 'PyTorch', {'p': '0', 'q': 'x'})
m.add_dataset_references([('training', 'd-1')])
assert Model(ws, id='a:1').datasets == {'training': ['d-1']} and [model.id for model in Model.list(ws, dataset_id='d-1')] == ['a:1']
copy = Model.deserialize(ws, again.serialize())
assert copy == again and copy.tags == again.tags and copy.serialize() == again.serialize()
Model(ws, id='a:3').delete()
assert Model(ws, 'a').version == 2 and Model.register(ws, 'x', 'a').version == 4
assert Model.get_model_path('a', _workspace=ws) == os.path.join('azureml-models', 'a', '4', 'x') == Model.get_model_path('a')
""" + raises("ModelNotFoundException", "no workspace", "Model.get_model_path('b')") + raises("UserErrorException", "web services", "Model.deploy(ws, 'x', [m])"))


def test_inside_a_run(stoker, run_python):
    out = run_python("""
open('train.py', 'w').write('''
from azureml.core import Run
from azureml.core.model import Model
import os
run = Run.get_context()
open('w.bin', 'w').write('weights')
try:
    run.register_model('inside', 'outputs/w.bin')
except Exception as error:
    print(type(error).__name__, 'upload_file' in str(error))
run.upload_file('outputs/w.bin', 'w.bin')
model = run.register_model('inside', 'outputs/w.bin')
print(model.id, model.run_id == run.id)
print(open(Model.get_model_path('other')).read())
try:
    Model(run.experiment.workspace, 'other').add_tags({'a': 'b'})
except Exception as error:
    print(type(error).__name__)
''')
open('o.txt', 'w').write('of the workspace')
Model.register(ws, 'o.txt', 'other')
env = Environment('here'); env.python.user_managed_dependencies = True; env.python.interpreter_path = '/usr/bin/python3'
run = exp.submit(ScriptRunConfig('.', 'train.py', environment=env))
run.wait_for_completion(raise_on_error=False)
print(run.get_details_with_logs()['logFiles']['azureml-logs/70_driver_log.txt'])
m = Model(ws, 'inside')
assert m._record['details'].get('snapshot') == run.get_snapshot_id(), m._record
""")
    assert "ModelPathNotFoundException True\ninside:1 True\nof the workspace\nAuthenticationException\n" in out, out


def test_commands(stoker):
    stoker.cli("workspace", "create", "default")
    stoker.write("model/weights.bin", b"w" * 1000)
    assert stoker.cli("model", "register", "net", "model", "--tag", "stage=dev", "--framework", "PyTorch").stdout == "net:1\n"
    run_id = stoker.python("import os\nopen('outputs/net.bin', 'w').write('n')")
    stoker.wait(run_id)
    assert stoker.json("model", "register", "net", "outputs/net.bin", "--run", run_id)["id"] == "net:2"
    assert [each["id"] for each in stoker.json("model", "list", "net")["models"]] == ["net:2", "net:1"]
    assert "stage=dev" in stoker.cli("model", "list", "--tag", "stage").stdout
    shown = stoker.cli("model", "show", "net:1").stdout
    assert "net:1" in shown and "model/weights.bin" in shown and "framework=PyTorch" in shown
    assert stoker.json("model", "show", "net")["run_id"] == run_id
    assert stoker.cli("model", "download", "net:1", "-o", "got").stdout == "got/model\n"
    assert (stoker.work / "got/model/weights.bin").read_bytes() == b"w" * 1000
    again = stoker.cli("model", "download", "net:1", "-o", "got", check=False)
    assert again.returncode == 7 and "--force" in again.stderr
    stoker.cli("model", "download", "net:1", "-o", "got", "--force")
    assert stoker.cli("model", "delete", "net", check=False).returncode == 2
    stoker.cli("model", "delete", "net:2")
    missing = stoker.cli("model", "show", "nett", check=False)
    assert missing.returncode == 3 and 'did you mean "net"' in missing.stderr
    nothing = stoker.cli("model", "register", "net", "outputs/zz", "--run", run_id, check=False)
    assert nothing.returncode == 3 and "outputs/net.bin" in nothing.stderr
