"""MLflow's own client on artifacts and the registry. Its environment (mlflow-skinny) is that of STOKER_MLFLOW_PYTHON; without it the test says so."""
import os

import pytest
from mlflow_http import Http

PYTHON = os.environ.get("STOKER_MLFLOW_PYTHON", "")
pytestmark = pytest.mark.skipif(not PYTHON, reason="STOKER_MLFLOW_PYTHON names no interpreter with mlflow")


@pytest.fixture
def run_client(stoker):
    ask = Http.of(stoker)

    def run(code):
        path = stoker.write("client/script.py", "import mlflow, os\nfrom mlflow import MlflowClient\nclient = MlflowClient()\n" + code)
        return stoker.run(PYTHON, path.name, cwd=str(path.parent), env={"MLFLOW_TRACKING_URI": ask.address.geturl(), "MLFLOW_TRACKING_TOKEN": ask.token, "PYTHONPATH": None})
    return run


def test_registry_of_the_client(stoker, run_client):
    stoker.write("w/weights.txt", "w")
    stoker.cli("model", "register", "net", "w", "--tag", "stage=dev")
    stoker.cli("model", "register", "net", "w/weights.txt")
    run_client("""
path = mlflow.artifacts.download_artifacts('models:/net/1', dst_path='got')
assert open(os.path.join(path, 'weights.txt')).read() == 'w', os.listdir(path)
assert open(mlflow.artifacts.download_artifacts('models:/net/2', dst_path='got2')).read() == 'w'
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
