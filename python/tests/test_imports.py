"""Names that user code imports, and the two packages' place beside others."""
import os
import subprocess
import sys
import unittest

from fakes import Case

TREE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

IMPORTS = """
import azureml.core
assert azureml.core.VERSION == azureml.core.__version__
from azureml.core import Workspace, Experiment, Run, ScriptRunConfig, RunConfiguration, Environment
from azureml.core.workspace import Workspace
from azureml.core.experiment import Experiment
from azureml.core.run import Run, _OfflineRun, _SubmittedRun, RUNNING_STATES
from azureml.core.script_run import ScriptRun
from azureml.core.script_run_config import ScriptRunConfig, get_run_config_from_script_run
from azureml.core.runconfig import RunConfiguration, DockerConfiguration, DEFAULT_CPU_IMAGE, DEFAULT_GPU_IMAGE
from azureml.core.environment import Environment, CondaDependencies, DockerSection, PythonSection
from azureml.core.conda_dependencies import CondaDependencies
from azureml.core.authentication import InteractiveLoginAuthentication, ServicePrincipalAuthentication, AzureCliAuthentication, MsiAuthentication
from azureml.exceptions import UserErrorException, ComputeTargetException, ActivityFailedException, ExperimentExecutionException
from azureml.telemetry import set_diagnostics_collection
set_diagnostics_collection(send_diagnostics=True)
ServicePrincipalAuthentication(tenant_id='t', service_principal_id='i', service_principal_password='p')
assert RUNNING_STATES == ['NotStarted', 'Queued', 'Starting', 'Preparing', 'Provisioning', 'Running', 'CancelRequested']
import azureml.core.compute_target, azureml.exceptions
assert azureml.core.compute_target.ComputeTargetException is azureml.exceptions.ComputeTargetException
"""


class ImportsTest(Case):
    def python(self, text, *paths):
        env = dict(os.environ, PYTHONPATH=os.pathsep.join((TREE,) + paths), PYTHONDONTWRITEBYTECODE="1")
        done = subprocess.Popen([sys.executable, "-W", "error", "-c", text], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        out, _ = done.communicate(timeout=60)
        self.assertEqual(done.returncode, 0, out.decode())
        return out.decode()

    def test_every_name_is_there(self):
        self.python(IMPORTS)

    def test_what_we_lack_comes_from_other_folders(self):
        self.write("site/azureml/__init__.py", "")
        self.write("site/azureml/opendatasets/__init__.py", "NAME = 'other'")
        self.write("site/azureml/core/__init__.py", "")
        self.write("site/azureml/core/extra.py", "NAME = 'extra'")
        out = self.python("import azureml.core, azureml.opendatasets, azureml.core.extra; print(azureml.opendatasets.NAME, azureml.core.extra.NAME, azureml.core.VERSION)",
                          os.path.join(self.folder, "site"))
        self.assertEqual(out.split(), ["other", "extra", "1.59.0"])

    def test_only_the_standard_library_is_imported(self):
        out = self.python("import sys; before = set(sys.modules); import azureml.core, azureml.telemetry\n"
                          "print(sorted(m for m in set(sys.modules) - before if 'site-packages' in (getattr(sys.modules[m], '__file__', None) or '')))")
        self.assertEqual(out.strip(), "[]")


class ExceptionsTest(unittest.TestCase):
    def test_text_has_class_message_inner_and_response(self):
        from azureml.exceptions import AzureMLException, UserErrorException
        inner = ValueError("below")
        error = UserErrorException("wrong", inner_exception=inner)
        self.assertIsInstance(error, AzureMLException)
        self.assertEqual(error.message, "wrong")
        self.assertEqual(str(error), 'UserErrorException:\n\tMessage: wrong\n\tInnerException below\n\tErrorResponse \n{\n    "error": {\n        "code": "UserError",\n        "message": "wrong"\n    }\n}')


class CondaDependenciesTest(unittest.TestCase):
    def test_create_and_change(self):
        from azureml.core.conda_dependencies import CondaDependencies
        deps = CondaDependencies.create(conda_packages=["numpy==1.17.0"], pip_packages=["scikit-learn", "azureml-core"], python_version="3.7")
        self.assertEqual(list(deps.conda_packages), ["python=3.7", "numpy==1.17.0"])
        self.assertEqual(list(deps.pip_packages), ["scikit-learn", "azureml-core==1.59.0"])
        deps.add_conda_package("numpy=1.20")
        deps.add_pip_package("scikit-learn==0.24")
        deps.remove_pip_package("azureml-core")
        deps.set_pip_index_url("https://index")
        self.assertEqual(list(deps.conda_packages), ["python=3.7", "numpy=1.20"])
        self.assertEqual(deps.get_python_version(), "3.7")
        self.assertEqual(deps.as_dict()["dependencies"][-1], {"pip": ["--index-url https://index", "scikit-learn==0.24"]})
        self.assertIn("azureml-defaults", list(CondaDependencies.create(pip_packages=["numpy"], pin_sdk_version=False).pip_packages))
