"""MLflow's own client on artifacts, the registry and logged models, unmodified."""
import pathlib
import shutil
import subprocess
import tempfile

import pytest
from conftest import ROOT
from mlflow_raw import Http


@pytest.fixture(scope="module")
def packages():
    """The client's packages where every user can read them."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="stoker-e2e-mlflow-"))
    folder.chmod(0o755)
    subprocess.run(["cp", "-a", next((ROOT / ".cache/mlflow3/lib").glob("python3*/site-packages")), folder / "packages"], check=True)
    yield folder / "packages"
    shutil.rmtree(folder)


@pytest.fixture
def run_client(stoker, packages):
    ask = Http.of(stoker)

    def run(code):
        path = stoker.write("client/script.py", "import mlflow, os\nfrom mlflow import MlflowClient\nclient = MlflowClient()\n" + code)
        return stoker.run("/usr/bin/python3", path.name, cwd=str(path.parent), env={
            "PYTHONPATH": str(packages), "MLFLOW_TRACKING_URI": ask.address.geturl(), "MLFLOW_TRACKING_TOKEN": ask.token, "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
            "MLFLOW_DISABLE_TELEMETRY": "true"})
    return run


def test_registry_of_the_client(stoker, run_client):
    stoker.cli("workspace", "create", "default")
    stoker.write("w/weights.txt", "w")
    stoker.cli("model", "register", "net", "w", "--tag", "stage=dev")
    stoker.cli("model", "register", "net", "w/weights.txt")
    run_client("""
path = mlflow.artifacts.download_artifacts('models:/net/1', dst_path='got')
assert open(os.path.join(path, 'weights.txt')).read() == 'w', os.listdir(path)
assert open(os.path.join(mlflow.artifacts.download_artifacts('models:/net/2', dst_path='got2'), 'weights.txt')).read() == 'w'
client.set_registered_model_alias('net', 'champion', '1')
assert client.get_model_version_by_alias('net', 'champion').version == '1' or client.get_model_version_by_alias('net', 'champion').version == 1
assert [model.name for model in client.search_registered_models()] == ['net']
assert sorted(int(version.version) for version in client.search_model_versions("name = 'net'")) == [1, 2]
client.create_registered_model('other', tags={'a': 'b'}, description='d')
assert client.get_registered_model('other').tags == {'a': 'b'}
version = client.create_model_version('other', 's3://bucket/x')
client.transition_model_version_stage('other', version.version, 'Production')
assert [each.version for each in client.get_latest_versions('other', ['Production'])] == [version.version]
client.delete_registered_model('other')
""")


def test_artifacts_of_the_client(run_client):
    run_client("""
mlflow.set_experiment('lab')
with mlflow.start_run() as run:
    mlflow.log_text('hello', 'notes/a.txt')
    mlflow.log_dict({'a': 1}, 'd.json')
    os.makedirs('folder/deep', exist_ok=True)
    open('folder/deep/x.bin', 'wb').write(b'x' * 100000); open('folder/empty', 'wb').close(); open('one file.txt', 'w').write('1')
    mlflow.log_artifacts('folder', 'kept')
    mlflow.log_artifact('one file.txt')
    names = lambda path=None: sorted((each.path, each.is_dir, each.file_size) for each in client.list_artifacts(run.info.run_id, path))
    assert names() == [('d.json', False, 12), ('kept', True, None), ('notes', True, None), ('one file.txt', False, 1)], names()
    assert names('kept') == [('kept/deep', True, None), ('kept/empty', False, None)], names('kept')
got = mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path='kept', dst_path='got')
assert open(os.path.join(got, 'deep/x.bin'), 'rb').read() == b'x' * 100000 and os.path.getsize(os.path.join(got, 'empty')) == 0
assert mlflow.artifacts.load_text(run.info.artifact_uri + '/notes/a.txt') == 'hello'
assert mlflow.artifacts.load_dict('runs:/%s/d.json' % run.info.run_id) == {'a': 1}
client.create_registered_model('of-run')
version = client.create_model_version('of-run', run.info.artifact_uri + '/kept', run.info.run_id)
assert sorted(os.listdir(mlflow.artifacts.download_artifacts('models:/of-run/%s' % version.version, dst_path='m'))) == ['deep', 'empty']
""")


def test_a_python_model(run_client):
    run_client("""
class Twice(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return [2 * each for each in model_input]
mlflow.set_experiment('lab')
with mlflow.start_run() as run:
    info = mlflow.pyfunc.log_model(name='twice', python_model=Twice(), registered_model_name='twice', pip_requirements=[])
    mlflow.log_metric('acc', 0.5, step=3, model_id=info.model_id)
logged = mlflow.get_logged_model(info.model_id)
assert str(logged.status) == 'READY' and logged.source_run_id == run.info.run_id and [(m.key, m.value, m.step) for m in logged.metrics] == [('acc', 0.5, 3)], logged
assert [each.name for each in mlflow.search_logged_models(experiment_ids=[run.info.experiment_id], output_format='list')] == ['twice']
assert list(mlflow.pyfunc.load_model('models:/twice/1').predict([1, 2])) == [2, 4]
assert list(mlflow.pyfunc.load_model(info.model_uri).predict([3])) == [6]
assert client.get_model_version('twice', '1').status == 'READY'
""")
