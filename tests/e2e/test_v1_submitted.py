"""Code of SDK v1 with submitted runs, as section 19 of its specification describes it: written here, run against the real programs."""
import json

import pytest

CONFIG = json.dumps({"subscription_id": "s", "resource_group": "g", "workspace_name": "mine"})


@pytest.fixture
def notebook(stoker):
    """Runs Python code in the work folder as a user's process; returns what it printed."""
    stoker.write(".azureml/config.json", CONFIG)

    def run(code, **options):
        name = "cell_%d.py" % len(list(stoker.work.glob("cell_*.py")))
        stoker.write(name, "from azureml.core import *\n" + code)
        return stoker.run("/usr/bin/python3", name, **options)
    return run


def test_workspace_from_a_nested_folder_prints_its_tab_separated_name(stoker, notebook):
    stoker.write("deep/er/x", "")
    done = notebook("import os\nos.chdir('deep/er')\nws = Workspace.from_config()\nprint(ws.name, ws.resource_group, ws.location, ws.subscription_id, sep='\\t')")
    assert done.stdout == "mine\tg\tlocal\ts\n"


def test_a_workspace_is_made_written_found_listed_and_updated(stoker, notebook):
    done = notebook("""
from azureml.exceptions import WorkspaceException
ws = Workspace.create('other', subscription_id='a', resource_group='b', location='eastus2', exist_ok=True)
assert Workspace.create('other', subscription_id='a', resource_group='b', exist_ok=True).get_details()['workspaceid'] == ws.get_details()['workspaceid']
try:
    Workspace.create('other', subscription_id='a', resource_group='b')
except WorkspaceException as error:
    print('exists:', error.message.splitlines()[0])
ws.write_config(path='elsewhere')
again = Workspace.from_config('elsewhere')
assert (again.name, again.subscription_id, again.resource_group) == ('other', 'a', 'b')
assert Workspace.get('other').subscription_id == 'a' and 'other' in Workspace.list('a')
try:
    Workspace.get('othr')
except WorkspaceException as error:
    print(error.message)
""")
    assert "exists:" in done.stdout and 'No workspaces found with name=othr' in done.stdout and 'did you mean "other"?' in done.stdout


def test_get_or_create_of_a_cluster_by_catching_the_exception(stoker, notebook):
    done = notebook("""
from azureml.core.compute import AmlCompute
from azureml.core.compute_target import ComputeTargetException
ws = Workspace.from_config()
assert 'cpu-cluster' not in ws.compute_targets
try:
    ComputeTarget(workspace=ws, name='cpu-cluster')
except ComputeTargetException as error:
    print(error.message)
try:
    AmlCompute.provisioning_configuration(vm_size='STANDARD_D2_V2', max_nodes=4)
except Exception as error:
    print(error.message)
""")
    assert "ComputeTargetNotFound" in done.stdout and "AmlCompute targets are not offered by this version" in done.stdout


def test_one_configuration_is_changed_and_submitted_again_and_again(stoker, notebook):
    stoker.write("src/train.py", "import sys, os\nfrom azureml.core import Run\nrun = Run.get_context()\nrun.log('alpha', float(sys.argv[2]))\n"
                                 "print(run.experiment.workspace.name, run.parent, os.environ['COLOUR'], os.environ['EXAMPLE_ENV_VAR'])\n")
    done = notebook("""
import warnings
env = Environment('user-managed-env')
env.python.user_managed_dependencies = True
src = ScriptRunConfig(source_directory='./src', script='train.py', arguments=['--alpha', 0.5], environment=env)
src.run_config.environment_variables['COLOUR'] = 'red'
exp = Experiment(Workspace.from_config(), 'again')
runs = []
for alpha in (0.1, 0.2):
    src.arguments = ['--alpha', alpha]
    runs.append(exp.submit(src, tags={'alpha': str(alpha), 'bare': None}))
runs.append(exp.submit(config=src, arguments=['--alpha', 7]))
for run in runs:
    run.wait_for_completion(show_output=True)
print([run.get_metrics()['alpha'] for run in runs], src.arguments)
print([run.get_details()['runDefinition']['arguments'] for run in runs])
print([run.id == other.id for run, other in zip(reversed(runs), exp.get_runs())], len(list(exp.get_runs(tags={'alpha': '0.1'}))), len(list(exp.get_runs(tags='bare'))))
assert runs[0].get_environment().python.user_managed_dependencies
assert isinstance(Workspace.from_config().get_run(runs[0].id), ScriptRun)
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter('always')
    exp.submit(src, argumnets=[])
print(told[0].message)
""")
    assert "mine None red EXAMPLE_VALUE" in done.stdout
    assert "[0.1, 0.2, 7.0] ['--alpha', 0.2]" in done.stdout
    assert "[['--alpha', '0.1'], ['--alpha', '0.2'], ['--alpha', '7']]" in done.stdout
    assert "[True, True, True] 1 2" in done.stdout
    assert 'did you mean "arguments"?' in done.stdout


def test_a_script_logs_everything_and_its_record_has_it(stoker, notebook):
    stoker.write("src/train.py", """
import os
from azureml.core import Run
run = Run.get_context()
for i in range(3):
    run.log('loss', 1 / (i + 1), step=i)
run.log_list('slices', [1, 2])
run.log_list('slices', (each for each in [3]))
run.log_row('row', x=1, y='a')
run.log_table('table', {'a': [1, 2], 'b': [3, 4]})
run.log_image('pic', path='pic.png')
run.log_confusion_matrix('cm', {'schema_type': 'confusion_matrix', 'data': {'class_labels': ['a'], 'matrix': [[1]]}})
os.makedirs('outputs', exist_ok=True)
open('outputs/model.pkl', 'w').write('m')
run.tag('k')
run.add_properties({'p': 1})
print(run.get_metrics()['loss'], type(run).__name__)
""")
    stoker.write("src/pic.png", b"\x89PNG")
    done = notebook("""
run = Experiment(Workspace.from_config(), 'all').submit(ScriptRunConfig('src', 'train.py'))
details = run.wait_for_completion(show_output=True)
metrics = run.get_metrics()
assert metrics['loss'] == [1, 0.5, 1 / 3] and metrics['slices'] == [1, 2, 3], metrics
assert metrics['row'] == {'x': 1, 'y': 'a'} and metrics['table'] == {'a': [1, 2], 'b': [3, 4]}, metrics
assert metrics['pic'].startswith('aml://artifactId/ExperimentRun/dcid.' + run.id + '/pic_'), metrics
assert run.get_metrics('cm', populate=True)['cm']['data'] == {'class_labels': ['a'], 'matrix': [[1]]}
assert run.get_metrics('none') == {}
names = run.get_file_names()
assert 'outputs/model.pkl' in names and any(name.startswith('pic_') for name in names), names
run.download_file('outputs/model.pkl')
assert open('model.pkl').read() == 'm' and run.get_tags() == {'k': None} and run.properties['p'] == '1'
assert details['runId'] == run.id and details['status'] == 'Completed'
import zipfile
print(sorted(zipfile.ZipFile(run.restore_snapshot(path='zips')).namelist()), zipfile.ZipFile(run.get_diagnostics()).namelist())
repr(run), run._repr_html_(), run.experiment._repr_html_()
""")
    assert "[1.0, 0.5, 0.3333333333333333] _SubmittedRun" in done.stdout
    assert "['pic.png', 'train.py'] ['azureml-logs/70_driver_log.txt']" in done.stdout


def test_a_run_configuration_from_a_file_runs(stoker, notebook):
    stoker.write("train.py", "import os\nprint('hello', os.environ['A'])\n")
    stoker.write(".azureml/local.runconfig", "script: train.py\nframework: python\ncommunicator: None\ntarget: local\nmaxRunDurationSeconds:\nenvironment:\n"
                                             "  environmentVariables: {A: from the file}\n  python:\n    userManagedDependencies: true\n    interpreterPath: python3\n")
    done = notebook("src = ScriptRunConfig('.', run_config=RunConfiguration.load('.', 'local'))\nExperiment(Workspace.from_config(), 'file').submit(src).wait_for_completion(True)")
    assert "hello from the file" in done.stdout


def test_a_failed_run_raises_what_readers_of_the_error_expect(stoker, notebook):
    stoker.write("src/bad.py", "raise ValueError('too bad')\n")
    done = notebook("""
from azureml.exceptions import ActivityFailedException
run = Experiment(Workspace.from_config(), 'bad').submit(ScriptRunConfig('src', 'bad.py'))
try:
    run.wait_for_completion()
except ActivityFailedException as error:
    print(error)
print(run.get_details()['error']['error']['message'])
assert run.wait_for_completion(raise_on_error=False)['status'] == 'Failed'
""")
    assert "ActivityFailedException:\n\tMessage: Activity Failed:" in done.stdout and "InnerException None" in done.stdout and "ErrorResponse" in done.stdout
    assert "User program failed with ValueError: too bad" in done.stdout


def test_a_folder_over_the_limit_is_refused_before_any_run_exists_until_both_constants_are_raised(stoker, notebook):
    stoker.write("src/train.py", "pass\n")
    stoker.write("src/big.bin", b"x" * (2 << 20))
    done = notebook("""
import azureml._restclient.snapshots_client, azureml._restclient.constants
from azureml.exceptions import SnapshotException
azureml._restclient.snapshots_client.SNAPSHOT_MAX_SIZE_BYTES = 1 << 20
exp = Experiment(Workspace.from_config(), 'big')
try:
    exp.submit(ScriptRunConfig('src', 'train.py'))
except SnapshotException as error:
    print(error.message)
assert list(exp.get_runs()) == []
azureml._restclient.snapshots_client.SNAPSHOT_MAX_SIZE_BYTES = 3 << 20
exp.submit(ScriptRunConfig('src', 'train.py')).wait_for_completion()
""")
    assert "exceeds the limit" in done.stdout and "1.0 MB" in done.stdout and ".amlignore" in done.stdout


def test_mistakes_come_all_at_once_and_leave_no_run(stoker, notebook):
    done = notebook("""
from azureml.exceptions import UserErrorException
from azureml.core.runconfig import MpiConfiguration
env = Environment('sys')
env.docker.enabled = True
exp = Experiment(Workspace.from_config(), 'wrong')
try:
    exp.submit(ScriptRunConfig('.', 'none.py', arguments=[{}], compute_target='gpu', environment=env, distributed_job_config=MpiConfiguration(2, 2)))
except UserErrorException as error:
    print(error.message)
for name in ('a b', '', '-x'):
    try:
        Experiment(Workspace.from_config(), name)
    except UserErrorException as error:
        print(error.message.splitlines()[0])
assert list(exp.get_runs()) == []
""")
    for word in ("arguments[0] is a dict", "'gpu'", "communicator Mpi", "node_count 2", "system-managed", "containers", "none.py is not in", "Invalid experiment name 'a b'"):
        assert word in done.stdout, (word, done.stdout)
    assert "Traceback" not in done.stdout


def test_a_user_managed_environment_neither_checks_nor_installs_and_many_files_are_no_limit(stoker, notebook):
    stoker.write("src/train.py", "import sys\nprint('ran by', sys.executable)\n")
    for number in range(2001):
        stoker.write("src/data/%d.txt" % number, "")
    done = notebook("""
env = Environment('mine')
env.python.user_managed_dependencies = True
env.python.conda_dependencies.add_pip_package('no-such-package-anywhere==99')
run = Experiment(Workspace.from_config(), 'mine').submit(ScriptRunConfig('src', 'train.py', environment=env))
assert run.wait_for_completion(show_output=True)['status'] == 'Completed'
""")
    assert "ran by /usr/bin/python3" in done.stdout


def test_code_of_a_run_outside_of_one_changes_nothing(stoker, notebook):
    done = notebook("""
from azureml.core.run import _OfflineRun
run = Run.get_context()
assert isinstance(run, _OfflineRun) and run.id.startswith('OfflineRun_') and not hasattr(run, 'parent')
run.log('a', 1)
run.upload_file('x', 'nothere')
run.tag('k'); run.add_properties({'a': 1}); run.flush(); run.complete()
assert run.get_metrics() == {'a': 1}
""")
    assert done.stdout.startswith("Attempted to log scalar metric a:\n1\nAttempted to track file x at nothere\n")


def test_a_run_submits_a_child(stoker, notebook):
    stoker.write("src/parent.py", "from azureml.core import Run, ScriptRunConfig\nrun = Run.get_context()\n"
                                  "child = run.submit_child(ScriptRunConfig('.', 'child.py'), tags={'is': 'child'})\nprint('submitted', child.id)\n")
    stoker.write("src/child.py", "from azureml.core import Run\nRun.get_context().log('x', 1)\n")
    done = notebook("""
run = Experiment(Workspace.from_config(), 'family').submit(ScriptRunConfig('src', 'parent.py'))
run.wait_for_completion(show_output=True)
(child,) = run.get_children(tags='is')
child.wait_for_completion()
print(child.parent.id == run.id, child.get_metrics(), run.get_metrics(recursive=True) == {child.id: {'x': 1}})
""")
    assert "True {'x': 1} True" in done.stdout


def test_the_state_of_git_at_a_detached_head_and_the_ignore_file_that_wins(stoker, notebook):
    stoker.write("src/train.py", "pass\n")
    stoker.write("src/x.csv", "1")
    stoker.write("src/data/y.txt", "y")
    stoker.write("src/.gitignore", "*.csv\n")
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-C", str(stoker.work / "src")]
    for command in (["init", "-q"], ["add", "-f", "train.py", ".gitignore"], ["commit", "-qm", "one"], ["checkout", "-q", "--detach"]):
        stoker.run(*git, *command)
    stoker.write("src/.amlignore", "data/\n")  # the untracked file too
    stoker.write("src/.env", "SECRET=1")  # what is not ignored is uploaded
    done = notebook("""
import zipfile
run = Experiment(Workspace.from_config(), 'git').submit(ScriptRunConfig('src', 'train.py'))
properties = run.get_properties()
print(len(properties['azureml.git.commit']), 'azureml.git.branch' in properties, properties['azureml.git.dirty'], properties['mlflow.source.git.commit'] == properties['azureml.git.commit'])
print(sorted(zipfile.ZipFile(run.restore_snapshot(path='zips')).namelist()), properties['ContentSnapshotId'] == run.get_snapshot_id())
""")
    assert done.stdout.splitlines() == ["40 False True True", "['.amlignore', '.env', '.gitignore', 'train.py', 'x.csv'] True"]


def test_waiting_for_what_is_over_prints_the_frame_and_a_canceled_run_raises_nothing(stoker, notebook):
    stoker.write("src/sleep.py", "import time\nprint('sleeping', flush=True)\ntime.sleep(600)\n")
    done = notebook("""
import time
run = Experiment(Workspace.from_config(), 'stop').submit(ScriptRunConfig('src', 'sleep.py'))
while b'sleeping' not in run._content('azureml-logs/70_driver_log.txt'):
    time.sleep(0.05)
assert run.cancel()
assert run.wait_for_completion(show_output=True)['status'] == 'Canceled' and not run.cancel()
try:
    run.download_file('outputs/modle.pkl')
except Exception as error:
    print(error.message)
try:
    Run.get(Workspace.from_config(), 'nothere')
except Exception as error:
    print(type(error).__name__)
""")
    assert "Execution Summary\n=================" in done.stdout and "has no file 'outputs/modle.pkl'" in done.stdout and "RunNotFoundException" in done.stdout


def test_submit_returns_at_once_and_the_run_works_on_a_copy(stoker, notebook):
    stoker.write("src/train.py", "import os, sys, time\nprint('args', sys.argv[1:], 'here', os.getcwd(), sys.path[0])\nopen('mine.txt', 'w').write('x')\n"
                                 "while not os.path.exists(sys.argv[2]):\n    time.sleep(0.01)\n")
    done = notebook("""
import os
src = ScriptRunConfig('src', 'train.py', arguments=['$COLOUR', os.path.abspath('go')])
src.run_config.environment_variables = {'COLOUR': 'red'}
run = Experiment(Workspace.from_config(), 'copy').submit(src)
assert run.get_status() not in ('Completed', 'Failed')      # it waits for us
open('go', 'w').close()
run.wait_for_completion(show_output=True)
assert not os.path.exists('src/mine.txt') and 'mine.txt' not in run.get_file_names()
print('source', os.path.abspath('src'))
""")
    line = next(each for each in done.stdout.splitlines() if each.startswith("args"))
    assert line.startswith("args ['red', ") and str(stoker.work / "src") not in line, line


def test_a_script_finds_who_it_is_in_its_environment(stoker, notebook):
    stoker.write("src/env.py", "import os\nfor name in sorted(os.environ):\n    if name.startswith('AZUREML_') and 'TOKEN' not in name:\n        print('%s=%s' % (name, os.environ[name]))\n")
    done = notebook("run = Experiment(Workspace.from_config(), 'who').submit(ScriptRunConfig('src', 'env.py'))\nrun.wait_for_completion(show_output=True)\nprint('RUN', run.id, run.experiment.id)")
    name, experiment = next(line.split()[1:] for line in done.stdout.splitlines() if line.startswith("RUN"))
    found = dict(line.split("=", 1) for line in done.stdout.splitlines() if line.startswith("AZUREML_"))
    scope = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/mine"
    expected = {"AZUREML_RUN_ID": name, "AZUREML_ARM_SUBSCRIPTION": "s", "AZUREML_ARM_RESOURCEGROUP": "g", "AZUREML_ARM_WORKSPACE_NAME": "mine",
                "AZUREML_ARM_PROJECT_NAME": "who", "AZUREML_EXPERIMENT_ID": experiment, "AZUREML_WORKSPACE_SCOPE": scope, "AZUREML_EXPERIMENT_SCOPE": scope + "/experiments/who"}
    assert {key: found.get(key) for key in expected} == expected
    assert found["AZUREML_SERVICE_ENDPOINT"].startswith("http://127.0.0.1:")
