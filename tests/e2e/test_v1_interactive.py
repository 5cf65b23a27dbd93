"""Interactive runs of SDK v1 as section 19 of its specification describes them, against the real programs; the server pulled away, kernels killed."""
import glob
import json
import os
import shutil
import signal
import subprocess

import pytest

PYTHON = "/usr/bin/python3"
HEAD = "from azureml.core import *\nimport os, sys, time\nws = Workspace.from_config()\nexp = Experiment(ws, 'lab')\n"


@pytest.fixture
def kernel(stoker):
    """`run(code)` runs Python as a notebook would, to its end; `start(code)` leaves it running."""
    stoker.write(".azureml/config.json", json.dumps({"subscription_id": "s", "resource_group": "g", "workspace_name": "mine"}))

    class Kernel:
        count = 0

        def script(self, code):
            Kernel.count += 1
            return stoker.write("lab/cell_%d.py" % Kernel.count, HEAD + code)

        def run(self, code, **options):
            path = self.script(code)
            return stoker.run(PYTHON, path.name, cwd=str(path.parent), **options)

        def start(self, code):
            path = self.script(code)
            return stoker.popen(PYTHON, path.name, cwd=str(path.parent), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return Kernel()


def test_worked_vectors_of_metrics(kernel):
    kernel.run("""
def logged(use):
    run = exp.start_logging(snapshot_directory=None)
    use(run)
    run.complete()
    return Run(exp, run.id).get_metrics()
assert logged(lambda run: run.log('acc', .1)) == {'acc': .1}
assert logged(lambda run: [run.log('acc', each) for each in (.1, .2)]) == {'acc': [.1, .2]}
assert logged(lambda run: [run.log_list('l', each) for each in ([1, 2], [3])]) == {'l': [1, 2, 3]}
assert logged(lambda run: run.log_row('r', x=1, y=2)) == {'r': {'x': 1, 'y': 2}}
assert logged(lambda run: [run.log_row('r', x=1, y=2), run.log_row('r', x=3, y=4)]) == {'r': {'x': [1, 3], 'y': [2, 4]}}
assert logged(lambda run: run.log_table('t', {'a': [1, 2], 'b': ['x', 'y']})) == {'t': {'a': [1, 2], 'b': ['x', 'y']}}
found = logged(lambda run: run.log_list('odd', [float('nan'), float('inf'), float('-inf'), 'text']))['odd']
assert str(found[0]) == 'nan' and found[1:] == [float('inf'), float('-inf'), 'text'], found
""")


def test_a_run_keeps_source_outputs_files_and_state(stoker, kernel):
    stoker.write("lab/helper.py", "x = 1\n")
    done = kernel.run("""
run = exp.start_logging(display_name='mine')
assert run.get_status() == 'Running' and run.type is None and run.display_name == 'mine' and run.number == 1
open('outputs/model.pkl', 'w').write('m')     # start_logging made the folder
run.log('a', 1)
os.makedirs('more', exist_ok=True)
open('more/file.txt', 'w').write('f')
run.upload_file('more/file.txt', 'more/file.txt')
try:
    run.upload_file('more/file.txt', 'helper.py')
except Exception as error:
    print('taken:', error.message.splitlines()[0])
run.complete()
assert run.get_status() == 'Completed'
assert sorted(run.get_file_names()) == ['more/file.txt', 'outputs/model.pkl'], run.get_file_names()
import zipfile
names = zipfile.ZipFile(run.restore_snapshot()).namelist()
assert 'helper.py' in names, names
details = run.get_details()
assert 'runDefinition' not in details and details['status'] == 'Completed' and details['endTimeUtc'] >= details['startTimeUtc'], details
print(repr(run), run._repr_html_())
try:
    run.log('late', 1)
except Exception as error:
    print('late:', error.message)
run.complete()
open('train.py', 'w').write('pass')
for make in (run.child_run, lambda: run.create_children(2), lambda: run.submit_child(ScriptRunConfig('.', 'train.py'))):
    try:
        make()
    except Exception as error:
        print('child:', error.message)
""")
    assert "taken:" in done.stdout and 'late: metric "late" was not logged' in done.stdout, done.stdout
    assert done.stdout.count("has ended already (Completed) and gets no more children") == 3, done.stdout
    assert "Traceback" not in done.stderr


def test_blocks_complete_fail_and_cancel(kernel):
    kernel.run("""
with exp.start_logging() as run:
    run.log('a', 1)
    with run.child_run('inner') as child:
        child.log('b', 2)
assert run.get_status() == child.get_status() == 'Completed' and child.parent.id == run.id and child.display_name == 'inner'
assert run.get_metrics(recursive=True) == {'a': 1, child.id: {'b': 2}}
try:
    with exp.start_logging() as bad:
        1 / 0
except ZeroDivisionError:
    pass
error = bad.get_details()['error']['error']
assert bad.get_status() == 'Failed' and 'ZeroDivisionError: division by zero' in error['message'], error
assert error['debugInfo']['type'] == 'ZeroDivisionError' and '1 / 0' in error['debugInfo']['stackTrace'], error
with exp.start_logging() as stopped:
    assert stopped.cancel()
assert stopped.get_status() == 'Canceled' and not stopped.cancel()
children = exp.start_logging().create_children(tag_key='alpha', tag_values=[1, 2])
assert [each.get_status() for each in children] == ['NotStarted', 'NotStarted'] and children[1].tags == {'alpha': '2'}
children[0].start()
assert children[0].get_status() == 'Running'
children[0].complete()
assert [each.id for each in exp.get_runs()][-1] == run.id and child.id not in [each.id for each in exp.get_runs()]
assert child.id in [each.id for each in exp.get_runs(include_children=True)]
""")


def test_tags_properties_and_filters(kernel):
    kernel.run("""
run, other = exp.start_logging(), exp.start_logging()
run.tag('k')
run.tag('n', 1)
run.add_properties({'a': '1'})
run.add_properties({'a': 1})
try:
    run.add_properties({'a': '2'})
    raise SystemExit('written twice')
except Exception as error:
    print(error)
assert run.properties['a'] == '1' and run.get_tags() == {'k': None, 'n': '1'}
ids = lambda **options: [each.id for each in exp.get_runs(**options)]
assert ids(tags='k') == [run.id] and ids(tags={'k': 'v'}) == [] and ids(tags={'n': 1}) == [run.id] and ids(properties={'a': 1}) == [run.id]
assert ids() == [other.id, run.id] and ids(tags='none') == []
exp.tag('colour', 'red')
assert Experiment(ws, 'lab').tags == {'colour': 'red'}
exp.archive()
assert 'lab' not in ws.experiments and [each.name for each in Experiment.list(ws, view_type='ArchivedOnly')] == ['lab']
assert Experiment(ws, 'lab').archived_time and Experiment(ws, 'lab').id == exp.id
exp.reactivate()
assert 'lab' in ws.experiments
exp.archive()
Experiment(ws, 'lab').start_logging(snapshot_directory=None).complete()    # a run brings it back
assert 'lab' in ws.experiments and Experiment(ws, 'lab').archived_time is None
empty = Experiment(ws, 'empty')
Experiment.delete(ws, empty.id)
assert 'empty' not in ws.experiments
""")


def test_a_script_runs_children_and_secrets(stoker, kernel):
    stoker.write("src/parent.py", "from azureml.core import Run\nrun = Run.get_context()\nwith run.child_run('part') as child:\n    child.log('x', 1)\n"
                                  "print('secret is', run.get_secret('password'), 'length', len(run.get_secret('password')))\n")
    done = kernel.run("""
ws.get_default_keyvault().set_secret(name='password', value='hunter2hunter2')
assert ws.get_default_keyvault().get_secret('password') == 'hunter2hunter2'
assert [each['name'] for each in ws.get_default_keyvault().list_secrets()] == ['password']
run = exp.submit(ScriptRunConfig('../src', 'parent.py'))
run.wait_for_completion(show_output=True)
(child,) = run.get_children()
assert child.get_metrics() == {'x': 1} and child.get_status() == 'Completed' and child.parent.id == run.id
""")
    assert "secret is ************** length 14" in done.stdout and "hunter2" not in done.stdout


def test_the_server_may_be_pulled_away_while_a_notebook_logs(stoker, kernel):
    process = kernel.start("""
run = exp.start_logging()
for n in range(3000):
    run.log('n', n)
    if n == 1000:
        run.flush()
        print(run.id, flush=True)
        time.sleep(0.2)
run.complete()
""")
    name = process.stdout.readline().decode().strip()
    assert stoker.kill_server()
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    series = stoker.request("GET", "/api/v1/runs/%s/metrics" % name).json["metrics"]
    assert [point["values"][0] for point in series[0]["points"]] == list(range(3000))
    assert stoker.run_record(name)["state"] == "Completed"


def test_a_kernel_that_is_killed_leaves_what_it_logged(stoker, kernel):
    process = kernel.start("run = exp.start_logging()\nrun.log('a', 1)\nrun.flush()\nprint(run.id, flush=True)\ntime.sleep(600)\n")
    name = process.stdout.readline().decode().strip()
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert stoker.run_record(name)["state"] == "Running"  # NotResponding after two minutes of silence
    kernel.run("run = ws.get_run(%r)\nassert run.get_metrics() == {'a': 1}\nrun.complete()\nassert run.get_status() == 'Completed'\n" % name)


def test_forked_children_add_and_nothing_is_doubled(kernel):
    kernel.run("""
import multiprocessing
run = exp.start_logging()
def work(at):
    run.log('child', at)     # the end of the worker sends it
for n in range(50):
    run.log('parent', n)
pool = multiprocessing.get_context('fork').Pool(4)
pool.map(work, range(20))
pool.close()
pool.join()
run.complete()
metrics = run.get_metrics()
assert metrics['parent'] == list(range(50)) and sorted(metrics['child']) == list(range(20)), metrics
""")


def test_rows_by_the_thousand_do_not_wait(kernel):
    kernel.run("""
run = exp.start_logging()
columns = ['c%d' % n for n in range(15)]
for step in range(1000):
    for name in ('Accuracy', 'Precision', 'Recall'):
        run.log_row(name, 'a row', **{column: step for column in columns})
run.complete()
metrics = Run(exp, run.id).get_metrics()
assert all(len(metrics[name]['c14']) == 1000 and metrics[name]['c0'] == list(range(1000)) for name in ('Accuracy', 'Precision', 'Recall'))
""")


def test_two_notebooks_finish_the_same_run(kernel):
    done = kernel.run("""
run = exp.start_logging()
run.complete()
Run(exp, run.id).complete()
try:
    Run(exp, run.id).fail('no')
except Exception as error:
    print(error.message)
assert run.get_status() == 'Completed'
""")
    assert "Completed" in done.stdout


def test_waiting_for_an_interactive_run_prints_the_frame(kernel):
    done = kernel.run("run = exp.start_logging()\nrun.log('a', 1)\nrun.complete()\nassert run.wait_for_completion(show_output=True)['status'] == 'Completed'\n")
    assert "RunId: " in done.stdout and "Execution Summary\n=================" in done.stdout


@pytest.mark.as_root  # where the interpreters may lie
@pytest.mark.parametrize("version", ["3.6", "3.8", "3.13"])
def test_other_pythons(stoker, kernel, version):
    found = sorted(glob.glob(os.path.expanduser("~/.pyenv/versions/%s.*/bin/python" % version))) or [shutil.which("python" + version)]
    if not found[0]:
        pytest.skip("there is no Python %s here" % version)
    path = kernel.script("""
with exp.start_logging() as run:
    for n in range(100):
        run.log('n', n)
    with run.child_run() as child:
        child.log_row('r', x=1, y='a')
assert run.get_metrics() == {'n': list(range(100))} and child.get_metrics() == {'r': {'x': 1, 'y': 'a'}}
print(run.get_status())
""")
    done = stoker.run(found[0], path.name, cwd=str(path.parent))
    assert done.stdout == "Completed\n"


def test_a_workspace_says_what_it_is_and_goes_with_its_runs(kernel):
    done = kernel.run("""
other = Workspace.create('other', subscription_id='a', resource_group='b', friendly_name='Other', tags={'k': 'v'})
assert other.get_details()['friendlyName'] == 'Other' and other.tags == {'k': 'v'}
assert other.update(description='text', tags={'n': 1})['description'] == 'text'
assert Workspace('a', 'b', 'other').tags == {'k': 'v', 'n': '1'}
with Experiment(other, 'x').start_logging(snapshot_directory=None):
    pass
try:
    other.delete()
except Exception as error:
    print('refused:', error.message.splitlines()[0])
other.delete(delete_dependent_resources=True)
assert 'other' not in Workspace.list('a')
""")
    assert "refused:" in done.stdout
