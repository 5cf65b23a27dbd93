"""Datastores, datasets and the data of submitted runs: the SDK, the CLI and the REST API against the real programs."""
import json
import os

import pytest

CONFIG = json.dumps({"subscription_id": "s", "resource_group": "g", "workspace_name": "mine"})

HEAD = """
from azureml.core import *
from azureml.data import OutputFileDatasetConfig
from azureml.data.data_reference import DataReference
from azureml.exceptions import UserErrorException
ws = Workspace.from_config()
store = ws.get_default_datastore()
env = Environment('e')
env.python.user_managed_dependencies = True
env.python.interpreter_path = '/usr/bin/python3'
def submit(arguments, script='train.py', **more):
    config = ScriptRunConfig('code', script, arguments=arguments, environment=env, **more)
    return Experiment(ws, 'data').submit(config)
def put(files, target):
    import os
    for name, text in files.items():
        os.makedirs(os.path.dirname('up/' + name) or '.', exist_ok=True)
        open('up/' + name, 'w').write(text)
    import shutil
    store.upload('up', target, overwrite=True, show_progress=False)
    shutil.rmtree('up')
"""


@pytest.fixture
def notebook(stoker):
    """Runs Python code in the work folder as a user's process; returns what it printed."""
    stoker.write(".azureml/config.json", CONFIG)

    def run(code, script="", **options):
        name = "cell_%d.py" % len(list(stoker.work.glob("cell_*.py")))
        stoker.write("code/train.py", script)
        stoker.write(name, HEAD + code)
        return stoker.run("/usr/bin/python3", name, **options).stdout
    return run


def test_datastores_are_there_registered_chosen_and_forgotten(stoker, notebook):
    stoker.write("elsewhere/a.txt", "a")
    out = notebook("""
print(sorted(ws.datastores), store.name, store.is_default, type(store).__name__, store.datastore_type)
other = Datastore.register_folder(ws, 'images', 'elsewhere')
other.set_as_default()
print(ws.get_default_datastore().name, Datastore.get_default(ws).name, Datastore(ws, 'images').name, Datastore.get(ws, 'images').is_default)
print(other.download('copy', show_progress=False), open('copy/a.txt').read())
for wrong in (lambda: Datastore.get(ws, 'imges'), lambda: Datastore.register_folder(ws, 'more', '/nowhere'), lambda: store.unregister(),
              lambda: Datastore.register_azure_blob_container(ws, 'x', 'container', 'account', account_key='SECRET')):
    try:
        wrong()
    except UserErrorException as error:
        assert 'SECRET' not in error.message
        print(error.message.splitlines()[0])
other.unregister()
print(ws.get_default_datastore().name, 'images' in ws.datastores)
""")
    lines = out.splitlines()
    assert lines[0].endswith("workspaceblobstore True AzureBlobDatastore AzureBlob") and "'workspacefilestore'" in lines[0]
    assert lines[1] == "images images images True"
    assert lines[2] == "1 a"
    assert 'no datastore "imges"' in lines[3] and "/nowhere" in lines[4] and "stays" in lines[5] and "register_folder" in lines[6]
    assert lines[7] == "workspaceblobstore False"


def test_upload_skips_what_is_there_and_download_counts(stoker, notebook):
    out = notebook("""
import os
os.makedirs('d/sub')
open('d/a.txt', 'w').write('1'); open('d/sub/b.txt', 'w').write('2')
reference = store.upload('d', target_path='/x/', show_progress=False)
print(reference.path_on_datastore, str(reference).startswith('$AZUREML_DATAREFERENCE_'))
open('d/a.txt', 'w').write('changed')
store.upload_files(['d/a.txt'], target_path='x')
store.upload_files(['d/a.txt', 'd/sub/b.txt'], relative_root='d', target_path='x', overwrite=True, show_progress=False)
print(store.download('back', prefix='x', show_progress=False), open('back/x/a.txt').read(), open('back/x/sub/b.txt').read())
try:
    store.upload_files(['d/none', 'd/nothing'])
except UserErrorException as error:
    print(error.message)
""")
    lines = out.splitlines()
    assert lines[0] == "x True"
    assert "Target already exists. Skipping upload for x/a.txt" in out and "Uploaded 0 files" in out
    assert "2 changed 2" in lines and "d/none" in lines[-1] and "d/nothing" in lines[-1]


def test_a_file_dataset_is_made_registered_versioned_and_found(notebook):
    out = notebook("""
put({'a.csv': '1', 'b.csv': '2', 'deep/c.csv': '3'}, 'w')
one = Dataset.File.from_files((store, 'w/*.csv'))
every = Dataset.File.from_files(path=[(store, 'w/**')])
print(one.to_path(), every.to_path())
first = one.register(ws, 'weather', description='d', tags={'k': 'v'})
again = Dataset.File.from_files((store, 'w/*.csv')).register(ws, 'weather')
print(first.version, again.version, first.id == again.id, first.tags, first.name)
try:
    every.register(ws, 'weather')
except UserErrorException as error:
    print('refused:', 'create_new_version' in error.message)
second = every.register(ws, 'weather', create_new_version=True)
print(second.version, ws.datasets['weather'].version, Dataset.get_by_name(ws, 'weather', version=1).id == first.id, Dataset.get_by_id(ws, first.id).name)
print(sorted(second.add_tags({'x': 'y'}).tags), sorted(Dataset.get_all(ws)))
print(len(every.take(1).to_path()), len(every.skip(1).to_path()), [len(each.to_path()) for each in every.random_split(0.34, seed=1)])
paths = every.download('got')
print(len(paths), open('got/deep/c.csv').read())
with every.mount() as mounted:
    import os
    print(sorted(os.listdir(mounted.mount_point)), open(mounted.mount_point + '/a.csv').read())
print(os.path.exists(mounted.mount_point))
second.unregister_all_versions()
for wrong in (lambda: Dataset.get_by_name(ws, 'weather'), lambda: Dataset.File.from_files((store, 'nothing/*')), lambda: Dataset.File.from_files('local.csv')):
    try:
        wrong()
    except UserErrorException as error:
        print(error.message.splitlines()[0])
uploaded = Dataset.File.upload_directory('got', (store, 'again'), pattern='*.csv', show_progress=False)
print(uploaded.to_path())
""")
    lines = out.splitlines()
    assert lines[0] == "['/a.csv', '/b.csv'] ['/a.csv', '/b.csv', '/deep/c.csv']"
    assert lines[1] == "1 1 True {'k': 'v'} weather"
    assert lines[2] == "refused: True"
    assert lines[3] == "2 2 True weather"
    assert lines[4] == "['x'] ['weather']"
    assert lines[5] == "1 2 [1, 2]"
    assert lines[6] == "3 3"
    assert lines[7] == "['a.csv', 'b.csv', 'deep'] 1"
    assert lines[8] == "False"
    assert "no dataset \"weather\"" in lines[9] and "nothing/*" in lines[10] and "upload_files" in lines[11]
    assert lines[12] == "['/a.csv', '/b.csv', '/deep/c.csv']"


READER = """
import os, sys
from azureml.core import Run
run = Run.get_context()
for argument in sys.argv[1:]:
    if argument.startswith('--'):
        continue
    kind = 'file' if os.path.isfile(argument) else 'folder'
    print('ARG', kind, open(argument).read() if kind == 'file' else sorted(os.listdir(argument)))
for name in sorted(os.environ):
    if name.startswith(('AZUREML_DATAREFERENCE_', 'AZURE_ML_INPUT_')):
        print('VAR', name, os.path.exists(os.environ[name]))
print('INPUTS', {name: os.path.exists(run.input_datasets[name]) for name in run.input_datasets})
"""


def test_mounted_and_downloaded_inputs_are_paths_in_arguments_variables_and_the_context(stoker, notebook):
    out = notebook("""
put({'a.csv': '1', 'b.csv': '2', 'one.txt': 'single'}, 'w')
several = Dataset.File.from_files((store, 'w/*.csv')).register(ws, 'several')
one = Dataset.File.from_files((store, 'w/one.txt'))
run = submit(['--mount', several.as_named_input('mounted').as_mount(), '--download', several.as_named_input('copied').as_download(path_on_compute='here/it/is'),
              '--one', one.as_named_input('single').as_mount()])
run.wait_for_completion()
print(run.id, run.get_status())
details = run.get_details()
print(sorted((each['consumptionDetails']['inputName'], each['consumptionDetails']['mechanism'], each['dataset']['name']) for each in details['inputDatasets']))
print(details['runDefinition']['arguments'])
print(run.input_datasets['mounted'].name)
""", READER).splitlines()
    run, state = out[0].split()
    log = stoker.log(run).decode()
    assert state == "Completed", log
    assert "ARG folder ['a.csv', 'b.csv']\nARG folder ['a.csv', 'b.csv']\nARG file single\n" in log
    for name in ("mounted", "copied", "single"):
        assert "VAR AZUREML_DATAREFERENCE_%s True" % name in log and "VAR AZURE_ML_INPUT_%s True" % name in log
    assert "INPUTS {'mounted': True, 'copied': True, 'single': True}" in log
    assert out[1] == "[('copied', 'Download', 'several'), ('mounted', 'Mount', 'several'), ('single', 'Mount', None)]"
    assert "'DatasetConsumptionConfig:mounted'" in out[2]
    assert out[3] == "several"
    assert "input mounted: several version 1" in stoker.cli("run", "show", run).stdout


def test_a_mounted_dataset_is_a_folder_of_the_runs_own(stoker, notebook):
    out = notebook("""
put({'a.csv': '1', 'b.csv': '2'}, 'w')
run = submit([Dataset.File.from_files((store, 'w')).as_mount()])
run.wait_for_completion()
print(sorted(each['path'] for each in store._list('')), [open(store.container_name + '/w/' + each).read() for each in ('a.csv', 'b.csv')])
""", """
import os, sys
folder = sys.argv[1]
os.remove(folder + '/a.csv')
os.rename(folder + '/b.csv', folder + '/c.csv')
open(folder + '/new.csv', 'w').write('x')
""")
    assert out.strip() == "['w/a.csv', 'w/b.csv'] ['1', '2']"


def test_data_references_in_their_three_modes(stoker, notebook):
    out = notebook("""
put({'a.csv': '1'}, 'in')
mounted = store.path('in', 'mounted').as_mount()
copied = DataReference(store, 'copied', path_on_datastore='in', mode='download')
left = DataReference(datastore=store, data_reference_name='left', path_on_datastore='out/results', mode='upload', path_on_compute='made/here')
config = RunConfiguration()
config.environment = env
config.data_references['copied'] = copied.to_config()
run = submit(['--mount', mounted, '--copy', copied, '--left', left, '--file', str(mounted) + '/a.csv'], run_config=config)
run.wait_for_completion()
print(run.id, run.get_status())
print(sorted(each['path'] for each in store._list('')), open(store.container_name + '/in/a.csv').read())
""", """
import os, sys
mounted, copied, left, file = sys.argv[2::2]
print('READ', open(mounted + '/a.csv').read(), open(copied + '/a.csv').read(), open(file).read())
open(copied + '/a.csv', 'w').write('only here')
open(mounted + '/added.csv', 'w').write('through')
assert os.environ['AZUREML_DATAREFERENCE_left'] == left
os.makedirs(left + '/sub')
open(left + '/sub/r.txt', 'w').write('result')
""").splitlines()
    run, state = out[0].split()
    assert state == "Completed", stoker.log(run).decode()
    assert "READ 1 1 1" in stoker.log(run).decode()
    assert out[1] == "['in/a.csv', 'in/added.csv', 'out/results/sub/r.txt'] 1"


def test_outputs_go_to_their_destinations_and_are_registered(stoker, notebook):
    out = notebook("""
up = OutputFileDatasetConfig('up', destination=(store, 'models/{run-id}/{output-name}')).as_upload(source_globs=['*.txt']).register_on_complete('model', tags={'a': 'b'})
plain = OutputFileDatasetConfig(name='plain')
run = submit(['--up', up, '--plain', plain])
run.wait_for_completion()
print(run.id, run.get_status())
print(sorted(each['path'].replace(run.id, 'ID') for each in store._list('')))
model = Dataset.get_by_name(ws, 'model')
print(model.version, model.tags, model.to_path(), run.output_datasets['up'].id == model.id, sorted(run.output_datasets))
print(sorted((each['outputDetails']['outputName'], each['outputType']) for each in run.get_details()['outputDatasets']))
second = submit([model.as_mount()])
second.wait_for_completion(raise_on_error=False)
print(second.get_status())
""", """
import os, sys
from azureml.core import Run
if len(sys.argv) == 2:
    sys.exit(0 if os.listdir(sys.argv[1]) == ['m.txt'] else 3)
up, plain = sys.argv[2::2]
open(up + '/m.txt', 'w').write('model'); open(up + '/m.log', 'w').write('not this')
open(plain + '/p.txt', 'w').write('plain')
assert Run.get_context().output_datasets['up'] == up == os.environ['AZURE_ML_OUTPUT_up'], Run.get_context().output_datasets['up']
""").splitlines()
    run, state = out[0].split()
    assert state == "Completed", stoker.log(run).decode()
    assert out[1] == "['dataset/ID/plain/p.txt', 'models/ID/up/m.txt']"
    assert out[2] == "1 {'a': 'b'} ['/m.txt'] True ['plain', 'up']"
    assert out[3] == "[('plain', 'RunOutput'), ('up', 'RunOutput')]"
    assert out[4] == "Completed"


def test_an_output_that_cannot_be_stored_fails_the_run(stoker, notebook):
    out = notebook("""
put({'taken/x.txt': 'old'}, '')
run = submit([OutputFileDatasetConfig('up', destination=(store, 'taken')).as_upload().register_on_complete('never')])
run.wait_for_completion(raise_on_error=False)
print(run.id, run.get_status())
print(run.get_details()['error']['error']['message'].splitlines()[0])
print(open(store.container_name + '/taken/x.txt').read(), 'never' in ws.datasets)
""", "import sys\nopen(sys.argv[1] + '/x.txt', 'w').write('new')").splitlines()
    run, state = out[0].split()
    assert state == "Failed"
    assert 'the output "up" could not be stored in the datastore workspaceblobstore at "taken"' in out[1] and "x.txt" in out[1]
    assert out[2] == "old False"
    assert "could not be stored" in stoker.log(run).decode()


def test_all_mistakes_of_the_data_are_told_before_the_run_is_accepted(stoker, notebook):
    out = notebook("""
from azureml.core.runconfig import DataReferenceConfiguration
from azureml.exceptions import AzureMLException
config = RunConfiguration()
config.environment = env
config.environment_variables = {'AZUREML_DATAREFERENCE_taken': 'x'}
config.data_references['bad'] = DataReferenceConfiguration('workspaceblobstor', 'mount', 'x')
config.data_references['gone'] = DataReferenceConfiguration('workspaceblobstore', 'download', 'nothing/here')
config.data_references['not-a-name'] = DataReferenceConfiguration('workspaceblobstore', 'mount', 'x')
config.data_references['taken'] = DataReferenceConfiguration('workspaceblobstore', 'mount', 'x')
config.data_references['up'] = DataReferenceConfiguration('workspaceblobstore', 'sideways', '../x')
def told():
    try:
        submit([], run_config=config)
    except AzureMLException as error:
        print(error.message)
told()
print('----')
for name in ('not-a-name', 'up'):
    del config.data_references[name]
config.environment_variables = {}
told()
print('----', len(list(Experiment(ws, 'data').get_runs())))
""", "").split("----")
    for word in ("not-a-name", "hide the run's own variable", "mode", '".."'):
        assert word in out[0], out[0]
    for word in ('did you mean "workspaceblobstore"', "nothing/here"):
        assert word in out[1], out[1]
    assert out[2].strip() == "0"


def test_a_script_uses_datasets_that_it_names_itself_and_only_those(stoker, notebook):
    out = notebook("""
put({'a.csv': '1'}, 'w')
put({'s.csv': 'secret'}, 'hidden')
Dataset.File.from_files((store, 'w')).register(ws, 'named')
direct = Dataset.File.from_files((store, 'w/a.csv'))
run = submit(['--id', direct.as_named_input('direct')])
run.wait_for_completion(raise_on_error=False)
print(run.id, run.get_status())
print(sorted(str(each['consumptionDetails'].get('inputName')) + ' ' + each['consumptionDetails']['type'] for each in run.get_details()['inputDatasets']))
""", """
import sys
from azureml.core import Run, Dataset
from azureml.exceptions import AzureMLException
run = Run.get_context()
ws = run.experiment.workspace
assert sys.argv[2] == run.input_datasets['direct'].id
print('DIRECT', open(run.input_datasets['direct'].download('x')[0]).read())
print('NAMED', open(Dataset.get_by_name(ws, 'named').download('y')[0]).read())
store = ws.get_default_datastore()
for wrong in (lambda: store.download('z', prefix='hidden/', show_progress=False), lambda: store.upload_files(['train.py'], target_path='w', show_progress=False),
              lambda: Dataset.File.from_files((store, 'hidden/**'))):
    try:
        wrong()
        print('REACHED')
    except AzureMLException as error:
        print('REFUSED', error.message.splitlines()[0])
""").splitlines()
    run, state = out[0].split()
    log = stoker.log(run).decode()
    assert state == "Completed", log
    assert "DIRECT 1" in log and "NAMED 1" in log and "REACHED" not in log and log.count("REFUSED") == 3
    assert out[1] == "['None Reference', 'direct RunInput']"


def test_paths_stay_below_the_datastore(stoker, notebook):
    stoker.write("secret.txt", "secret")
    stoker.write("folder/a.txt", "a")
    os.symlink("../secret.txt", str(stoker.work / "folder/out"))
    os.symlink("a.txt", str(stoker.work / "folder/in"))
    stoker.cli("workspace", "create", "s/g/mine")
    stoker.cli("datastore", "add", "mine", str(stoker.work / "folder"))
    listed = stoker.json("datastore", "files", "mine")
    assert [each["path"] for each in listed["files"]] == ["a.txt", "in"]
    workspace = stoker.json("workspace", "list")["workspaces"][0]["id"]
    base = "/api/v1/workspaces/%s/datastores/mine/files/" % workspace
    assert stoker.request("GET", base + "in").body == b"a"
    for path in ("out", "%2e%2e/secret.txt", "..%2fsecret.txt"):
        assert stoker.request("GET", base + path).status in (400, 404), path
    assert stoker.request("PUT", base + "%2e%2e/new.txt", b"x").status == 400
    assert stoker.request("PUT", base + "deep/er/new.txt", b"x").status == 200
    ranged = stoker.request("GET", base + "a.txt", headers={"Range": "bytes=0-0"})
    assert (ranged.status, ranged.body) == (206, b"a")
    assert stoker.request("DELETE", base + "deep/er/new.txt").status == 204
    refused = stoker.cli("datastore", "add", "inside", str(stoker.home), check=False)
    assert refused.returncode != 0 and "server's own data" in refused.stderr


def test_the_cli_uploads_lists_and_downloads(stoker):
    stoker.write("up/a.txt", "1")
    stoker.write("up/sub/b.txt", "2")
    stoker.cli("workspace", "create", "default")
    assert stoker.json("datastore", "upload", "workspaceblobstore", "up", "-t", "x") == {"uploaded": 2, "left_alone": 0}
    assert stoker.json("datastore", "upload", "workspaceblobstore", "up/a.txt", "-t", "x") == {"uploaded": 0, "left_alone": 1}
    assert stoker.cli("datastore", "files", "workspaceblobstore", "x/**/*.txt").stdout == "x/a.txt\nx/sub/b.txt\n"
    assert stoker.json("datastore", "download", "workspaceblobstore", "x/sub", "-o", "got")["downloaded"] == 1
    assert (stoker.work / "got/x/sub/b.txt").read_text() == "2"
    assert "workspacefilestore" in stoker.cli("datastore", "list").stdout
    assert "workspaceblobstore" in stoker.cli("__complete", "--", "datastore", "files", "works").stdout


def test_ten_thousand_files_are_mounted_and_some_copied_and_stored(stoker, notebook):
    out = notebook("""
import os, time
from azureml.core import Datastore
os.makedirs('many')
for folder in range(100):
    os.makedirs('many/%03d' % folder)
    for at in range(100):
        open('many/%03d/%03d.txt' % (folder, at), 'w').write('x' * 100)
many = Datastore.register_folder(ws, 'many', 'many')
began = time.time()
dataset = Dataset.File.from_files((many, '**'))
print('FROM_FILES %.2f' % (time.time() - began), len(dataset.to_path()))
output = OutputFileDatasetConfig('stored').as_upload()
some = Dataset.File.from_files((many, '00?/**'))
run = submit([dataset.as_named_input('links').as_mount(), some.as_named_input('copies').as_download(), output])
run.wait_for_completion(raise_on_error=False)
print(run.id, run.get_status(), len(store._list('dataset')))
print('PHASES', [(each['name'], each['started_at'][17:23], each['ended_at'][17:23]) for each in run._record['phases']], '%.1f s in all' % (time.time() - began))
""", """
import os, shutil, sys
for path in sys.argv[1:3]:
    print('FILES', sum(len(names) for _, _, names in os.walk(path)))
shutil.copytree(sys.argv[2], sys.argv[3], dirs_exist_ok=True)
""").splitlines()
    print("\n".join(out))
    assert out[0].endswith(" 10000")
    run, state, stored = out[1].split()
    assert state == "Completed", stoker.log(run).decode()
    assert stored == "1000" and "FILES 10000\nFILES 1000\n" in stoker.log(run).decode()
