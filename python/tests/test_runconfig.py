"""Run configurations in memory and in files (spec 4; behaviour 19 of section 20; idiom 14 of section 19)."""
import copy
import json
import os
import warnings

from azureml.core import Environment, RunConfiguration, ScriptRunConfig
from azureml.core._sections import Place
from azureml.core.conda_dependencies import CondaDependencies
from azureml.core.runconfig import (AmlComputeConfiguration, Data, DataLocation, DataReferenceConfiguration, Dataset, DockerConfiguration, MpiConfiguration,
                                    ParallelTaskConfiguration, PyTorchConfiguration, TensorflowConfiguration)
from azureml.exceptions import RunConfigurationException, UserErrorException
from fakes import Case

OF_2019 = """# The script to run.
script: train.py
# The arguments to the script file.
arguments:
- --alpha
- 0.5
# The name of the compute target to use for this run.
target: cpucluster
framework: python
communicator: None
autoPrepareEnvironment: true
maxRunDurationSeconds:
nodeCount: 2
environment:
  environmentVariables:
    EXAMPLE_ENV_VAR: EXAMPLE_VALUE
  python:
    userManagedDependencies: false
    interpreterPath: python
    condaDependenciesFile: aml_config/conda_dependencies.yml
  docker:
    enabled: true
    baseImage: mcr.microsoft.com/azureml/base:0.2.4
    sharedVolumes: true
    gpuSupport: false
    shmSize: 1g
    arguments: []
    baseImageRegistry:
      address:
      username:
      password:
  spark:
    repositories:
    - https://mmlspark.azureedge.net/maven
    packages:
    - group: com.microsoft.ml.spark
      artifact: mmlspark_2.11
      version: '0.12'
    precachePackages: true
  databricks:
    mavenLibraries: []
    pypiLibraries: []
    rcranLibraries: []
    jarLibraries: []
    eggLibraries: []
history:
  outputCollection: true
  snapshotProject: true
spark:
  configuration:
    spark.app.name: Azure ML Experiment
    spark.yarn.maxAppAttempts: 1
hdi:
  yarnDeployMode: cluster
tensorflow:
  workerCount: 1
  parameterServerCount: 1
mpi:
  processCountPerNode: 4
dataReferences:
  mydata:
    dataStoreName: workspaceblobstore
    mode: Mount
    pathOnDataStore: a/b
    pathOnCompute:
    overwrite: false
sourceDirectoryDataStore:
amlcompute:
  vmSize: STANDARD_D2_V2
  vmPriority:
  retainCluster: false
  name:
  clusterMaxNodeCount: 1
batchai:
  nodeCount: 1
containerInstance:
  region:
  cpuCores: 1
  memoryGb: 2
"""

OF_2021 = {
    "script": "train.py", "command": "", "useAbsolutePath": False, "arguments": ["--data", "DatasetConsumptionConfig:input"], "sourceDirectoryDataStore": None,
    "framework": "Python", "communicator": "None", "target": "local", "dataReferences": {}, "datacaches": [], "jobName": None, "maxRunDurationSeconds": 2592000,
    "data": {"input": {"dataLocation": {"dataset": {"id": "d-1", "name": None, "version": "2"}, "dataPath": None, "uri": None, "type": None}, "mechanism": "mount",
                       "environmentVariableName": "input", "pathOnCompute": None, "createOutputDirectories": False, "overwrite": False, "options": None}},
    "outputData": {"out": {"outputLocation": {"dataPath": {"datastoreName": "x"}}, "mechanism": "upload", "additionalOptions": {"pathOnCompute": None}}},
    "nodeCount": 1, "priority": None, "credentialPassthrough": False, "identity": None, "environmentVariables": {"A": "1"},
    "environment": {"name": "env", "version": 3, "python": {"interpreterPath": "python", "userManagedDependencies": False, "baseCondaEnvironment": None,
                    "condaDependencies": {"name": "project_environment", "dependencies": ["python=3.8.13", {"pip": ["azureml-defaults"]}]}},
                    "docker": {"baseImage": None, "baseDockerfile": "FROM x", "platform": {"os": "Linux", "architecture": "amd64"}, "enabled": False, "arguments": []},
                    "r": None, "inferencingStackVersion": None},
    "history": {"outputCollection": True, "directoriesToWatch": ["logs", "more"], "enableMLflowTracking": True, "snapshotProject": True},
    "spark": {"configuration": {"spark.app.name": "x"}}, "parallelTask": {"maxRetriesPerWorker": 2, "workerCountPerNode": 1, "terminalExitCodes": None},
    "amlCompute": {"name": None, "vmSize": None, "retainCluster": False, "clusterMaxNodeCount": None}, "tensorflow": {"workerCount": 1, "parameterServerCount": 1},
    "mpi": {"processCountPerNode": 1}, "pyTorch": {"communicationBackend": "nccl", "processCount": 4}, "hdi": {"yarnDeployMode": "Cluster"}, "exposedPorts": None,
    "docker": {"useDocker": True, "sharedVolumes": True, "shmSize": "2g", "arguments": []}, "cmk8sCompute": {"configuration": {}},
    "commandReturnCodeConfig": {"returnCode": "Zero", "successfulReturnCodes": []}, "applicationEndpoints": {}}


class FileCase(Case):
    def setUp(self):
        super().setUp()
        self.go_to("project")
        guard = warnings.catch_warnings()
        guard.__enter__()
        self.addCleanup(guard.__exit__, None, None, None)
        warnings.simplefilter("error")  # nothing here warns unless it is caught

    def put(self, name, text):
        return self.write("project/" + name, text if isinstance(text, str) else json.dumps(text))


class LoadTest(FileCase):
    def test_a_file_of_2019_reads_whole_saves_and_reads_equal(self):
        self.put("aml_config/conda_dependencies.yml", "name: x\ndependencies:\n- python=3.6.2\n- scikit-learn\n- pip:\n  - azureml-defaults\n")
        self.put("aml_config/cpucluster.runconfig", OF_2019)
        config = RunConfiguration.load(".", "cpucluster")
        self.assertEqual((config.script, config.arguments, config.target, config.node_count, config.name), ("train.py", ["--alpha", 0.5], "cpucluster", 2, "cpucluster"))
        self.assertEqual((config.communicator, config.max_run_duration_seconds, config.framework), ("None", None, "python"))
        self.assertIn("scikit-learn", list(config.environment.python.conda_dependencies.conda_packages))
        self.assertEqual((config.environment.docker.enabled, config.environment.docker.shm_size), (True, "1g"))
        self.assertEqual((config.environment.spark.packages[0].artifact, config.environment.spark.packages[0].version), ("mmlspark_2.11", "0.12"))
        self.assertEqual((config.mpi.process_count_per_node, config.amlcompute.vm_size), (4, "STANDARD_D2_V2"))
        self.assertEqual(config.data_references["mydata"].path_on_data_store, "a/b")
        self.assertEqual((config.container_instance["cpuCores"], config.batchai), (1, {"nodeCount": 1}))
        config.save(name="again")
        self.assertEqual(RunConfiguration.load(".", "again"), config)
        self.assertTrue(os.path.isfile("aml_config/again.runconfig"))  # the folder that is there goes on being used

    def test_a_file_of_2021_in_json(self):
        self.put(".azureml/new", OF_2021)
        config = RunConfiguration.load(self.folder + "/project", "new")
        self.assertEqual(config.data["input"].data_location.dataset.dataset_id, "d-1")
        self.assertEqual((config.output_data["out"].mechanism, config.environment_variables), ("upload", {"A": "1"}))
        self.assertEqual((config.environment.name, config.environment.version, config.environment.docker.base_dockerfile, config.environment.docker.base_image), ("env", "3", "FROM x", None))
        self.assertEqual((config.history.directories_to_watch, config.pytorch.process_count, config.paralleltask.max_retries_per_worker), (["logs", "more"], 4, 2))
        self.assertTrue(config.docker.use_docker)
        config.save(name="again", separate_environment_yaml=True)
        self.assertTrue(os.path.isfile(".azureml/again_environment.yml"))
        self.assertEqual(RunConfiguration.load(".", "again"), config)

    def test_names_with_and_without_the_ending_and_whole_paths(self):
        for place, arguments in ((".azureml/a.runconfig", (".", "a")), (".azureml/b", (".", "b")), ("c.runconfig", (".", "c")), (".azureml/d.runconfig", (".", "d.runconfig")),
                                 ("deep/e.yml", ("deep/e.yml",)), ("aml_config/f.runconfig", (".", "f"))):
            path = self.put(place, "script: x.py\n")
            self.assertEqual(RunConfiguration.load(*arguments).script, "x.py", place)
            os.unlink(path)

    def test_a_name_that_is_not_there_gets_a_suggestion(self):
        self.put(".azureml/cpucluster.runconfig", "script: x.py\n")
        with self.assertRaises(RunConfigurationException) as caught:
            RunConfiguration.load(".", "cpuclutser")
        self.assertIn('did you mean "cpucluster"?', caught.exception.message)
        RunConfiguration.delete(".", "cpucluster")
        self.assertRaises(RunConfigurationException, RunConfiguration.delete, ".", "cpucluster")

    def test_unknown_fields_are_a_warning_with_the_line(self):
        path = self.put("a.runconfig", "script: x.py\nnodeCuont: 2\nenvironment:\n  dokcer:\n    enabled: true\n")
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            config = RunConfiguration.load(path)
        texts = [str(each.message) for each in told]
        self.assertEqual(len(texts), 2, texts)
        self.assertTrue(any('line 2: the field "nodeCuont" is unknown and left out; did you mean "nodeCount"?' in text for text in texts), texts)
        self.assertTrue(any('line 4: the field "environment.dokcer"' in text and '"docker"' in text for text in texts), texts)
        self.assertEqual(config.node_count, 1)

    def test_a_conda_file_that_is_not_there_is_a_warning(self):
        path = self.put("x.runconfig", "environment: {python: {condaDependenciesFile: .azureml/no.yml}}")
        with self.assertWarns(UserWarning) as told:
            config = RunConfiguration.load(path)
        self.assertIn(".azureml/no.yml", str(told.warning))
        self.assertEqual(config.environment.python.conda_dependencies_file, ".azureml/no.yml")

    def test_the_older_format_is_refused_with_a_word(self):
        path = self.put("aml_config/local.runconfig", "ArgumentVector:\n  - train.py\nTarget: local\nFramework: Python\n")
        with self.assertRaises(RunConfigurationException) as caught:
            RunConfiguration.load(path)
        self.assertIn("ArgumentVector", caught.exception.message)
        self.assertIn("before the SDK", caught.exception.message)

    def test_broken_files_name_the_line(self):
        for text, word in (("a: [1", "line 1"), ("script: x\n b: 2", "line 2"), ("- 1\n", "is a list"), ("environment: 5", "environment is an int"), ("arguments: {a: 1}", "arguments is a mapping"),
                           ("environment: {python: {userManagedDependencies: maybe}}", "userManagedDependencies is 'maybe'"), ("environment: none.yml", "none.yml")):
            path = self.put("x.runconfig", text)
            with self.assertRaises(RunConfigurationException, msg=text) as caught:
                RunConfiguration.load(path)
            self.assertIn(word, caught.exception.message)


class SaveTest(FileCase):
    def test_defaults_stand_with_comments_above_them(self):
        RunConfiguration().save(".", "local")
        with open(".azureml/local.runconfig") as file:
            text = file.read()
        self.assertIn("# Name of the compute target; local is this machine.\ntarget: local\n", text)
        self.assertIn("communicator: None\n", text)
        self.assertIn("maxRunDurationSeconds:\n", text)
        self.assertEqual(text, repr(RunConfiguration()))  # print shows what save writes
        self.assertEqual(RunConfiguration.load(".", "local"), RunConfiguration())

    def test_the_ending_is_not_doubled(self):
        RunConfiguration("a.py").save(name="mnist.runconfig")
        self.assertEqual(os.listdir(".azureml"), ["mnist.runconfig"])
        RunConfiguration("a.py").save(os.path.join(self.folder, "project", "file.runconfig"))
        self.assertTrue(os.path.isfile("file.runconfig"))
        self.assertRaises(UserErrorException, RunConfiguration().save)

    def test_named_packages_go_to_a_conda_file_beside_it(self):
        config = RunConfiguration("a.py", conda_dependencies=CondaDependencies.create(conda_packages=["numpy"]))
        config.save(name="c")
        with open(".azureml/c.runconfig") as file:
            self.assertIn("condaDependenciesFile: .azureml/conda_dependencies.yml", file.read())
        self.assertIn("numpy", list(CondaDependencies(".azureml/conda_dependencies.yml").conda_packages))
        self.assertEqual(list(RunConfiguration.load(".", "c").environment.python.conda_dependencies.conda_packages), ["python=3.8.13", "numpy"])


class ClassesTest(Case):
    def test_defaults(self):
        config = RunConfiguration()
        self.assertEqual((config.target, config.framework, config.communicator, config.node_count), ("local", "Python", "None", 1))
        self.assertEqual(config.spark.configuration["spark.app.name"], "Azure ML Experiment")
        self.assertEqual((config.hdi.yarn_deploy_mode, config.mpi.process_count_per_node, config.pytorch.communication_backend), ("cluster", 1, "nccl"))
        self.assertEqual(config.environment.environment_variables, {"EXAMPLE_ENV_VAR": "EXAMPLE_VALUE"})
        with self.assertWarns(DeprecationWarning):
            RunConfiguration(auto_prepare_environment=False)
        config.auto_prepare_environment = config.prepare_environment = False
        config.target = type("Target", (), {"name": "gpu"})()
        self.assertEqual(config.target, "gpu")

    def test_old_attributes_work_and_say_what_replaces_them(self):
        config = RunConfiguration()
        for use, words in ((lambda: setattr(config.environment.docker, "enabled", False), "DockerConfiguration(use_docker=...)"),
                           (lambda: setattr(config.environment.docker, "shm_size", "4g"), "DockerConfiguration(shm_size=...)"),
                           (lambda: setattr(config, "auto_prepare_environment", False), "always prepared")):
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always")
                use()
            self.assertEqual([each.category for each in told], [DeprecationWarning])
            self.assertIn(words, str(told[0].message))
            self.assertTrue(told[0].filename.endswith("test_runconfig.py"))
        self.assertEqual((config.environment.docker.shm_size, config.auto_prepare_environment), ("4g", False))
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # reading and copying say nothing
            RunConfiguration()._read({"environment": {"docker": {"enabled": False, "shmSize": "4g"}}}, Place("file"))
            self.assertEqual(copy.deepcopy(config), config)

    def test_private_names_of_2019(self):
        cluster = AmlComputeConfiguration()
        cluster._cluster_max_node_count = 4
        cluster._vm_size = "STANDARD_NC6"
        self.assertEqual((cluster.cluster_max_node_count, cluster.vm_size, cluster._vm_size), (4, "STANDARD_NC6", "STANDARD_NC6"))

    def test_of_image_dockerfile_and_context_one_is_set(self):
        docker = Environment("e").docker
        docker.base_dockerfile = "FROM x"
        self.assertIsNone(docker.base_image)
        docker.base_image = "y"
        self.assertIsNone(docker.base_dockerfile)
        docker.base_image_registry = "registry.example"
        self.assertEqual(docker.base_image_registry.address, "registry.example")

    def test_distributed_jobs_set_framework_communicator_and_nodes(self):
        for job, expected in ((MpiConfiguration(2, 3), ("Python", "Mpi", 3)), (PyTorchConfiguration("Gloo", 4, 2), ("PyTorch", "Gloo", 2)),
                              (TensorflowConfiguration(worker_count=2), ("TensorFlow", "ParameterServer", 2)), (ParallelTaskConfiguration(1), ("Python", "None", 1))):
            config = ScriptRunConfig(".", "t.py", distributed_job_config=job).run_config
            self.assertEqual((config.framework, config.communicator, config.node_count), expected)
        self.assertRaises(UserErrorException, ScriptRunConfig, ".", "t.py", distributed_job_config=5)

    def test_data_classes(self):
        self.assertEqual(DataReferenceConfiguration("store", path_on_datastore="p").datastore_name, "store")
        self.assertEqual(Data(DataLocation(Dataset("id")), mechanism="mount").data_location.dataset.dataset_id, "id")
        self.assertEqual(DockerConfiguration(True, arguments=["-v"]).arguments, ["-v"])

    def test_every_mistake_is_told_at_once(self):
        env = Environment("sys")
        env.docker.enabled = True
        config = ScriptRunConfig(self.folder, "no.py", arguments=["ok", {"a": 1}, None], compute_target="cpu-cluster", environment=env)
        config.run_config.framework = "Pyhton"
        config.run_config.node_count = 2
        config.run_config.data = {"d": 1}
        config.run_config.max_run_duration_seconds = -1
        with self.assertRaises(UserErrorException) as caught:
            config._specification()
        for word in ("arguments[1] is a dict", "arguments[2] is None", "'cpu-cluster'", 'did you mean "Python"?', "node_count 2", "datasets", "max_run_duration_seconds is -1",
                     "system-managed", "containers", "the script no.py is not in"):
            self.assertIn(word, caught.exception.message)


class EnvironmentTest(Case):
    def test_conda_files_and_requirements(self):
        conda = self.write("env.yml", "name: n\nchannels: [conda-forge]\ndependencies:\n- python>=3.5.2,<3.8\n- conda-forge::numpy=1.17\n- pip:\n  - --extra-index-url https://x\n  - azureml-core\n")
        deps = Environment.from_conda_specification("a", conda).python.conda_dependencies
        self.assertEqual((list(deps.conda_channels), list(deps.pip_options), deps.get_python_version()), (["conda-forge"], ["--extra-index-url https://x"], ">=3.5.2,<3.8"))
        deps.add_conda_package("numpy==1.20")
        self.assertEqual(list(deps.conda_packages), ["python>=3.5.2,<3.8", "numpy==1.20"])
        self.assertEqual(deps, CondaDependencies(deps.save(os.path.join(self.folder, "saved.yml"))))
        requirements = self.write("requirements.txt", "# all\nnumpy==1.0  # why\n\n--index-url https://y\n")
        deps = Environment.from_pip_requirements("b", requirements).python.conda_dependencies
        self.assertEqual((list(deps.pip_packages), list(deps.pip_options)), (["numpy==1.0"], ["--index-url https://y"]))
        self.assertEqual(CondaDependencies.merge_requirements(["a>=1", "b", "a<2"]), ["a>=1,<2", "b"])
        for text in ("- a\n", "dependencies: 5\n", "a: &x 1\n"):
            self.assertRaises(UserErrorException, CondaDependencies, self.write("bad.yml", text))
        self.assertRaises(UserErrorException, CondaDependencies, "nothere.yml")

    def test_a_folder_is_saved_and_loaded(self):
        env = Environment("mine")
        env.python.conda_dependencies.add_pip_package("numpy")
        env.docker.base_image = "image"
        target = os.path.join(self.folder, "env")
        env.save_to_directory(target)
        self.assertEqual(sorted(os.listdir(target)), ["azureml_environment.json", "conda_dependencies.yml"])
        found = Environment.load_from_directory(target)
        self.assertEqual((found.name, found.docker.base_image, found.python.conda_dependencies), ("mine", "image", env.python.conda_dependencies))
        self.assertRaises(UserErrorException, env.save_to_directory, target)
        env.save_to_directory(target, overwrite=True)
        self.assertRaises(UserErrorException, Environment.load_from_directory, self.folder)

    def test_containers_are_user_managed_unless_packages_are_given(self):
        self.assertTrue(Environment.from_docker_image("a", "image").python.user_managed_dependencies)
        self.assertEqual(Environment.from_dockerfile("a", self.write("Dockerfile", "FROM y\n")).docker.base_dockerfile, "FROM y\n")
        conda = self.write("c.yml", "dependencies: [numpy]\n")
        self.assertFalse(Environment.from_docker_image("a", "image", conda_specification=conda).python.user_managed_dependencies)

    def test_what_is_not_offered_says_so(self):
        for call in (lambda: Environment.get(None, "AzureML-Minimal"), lambda: Environment("a").register(None), lambda: Environment("a").build(None)):
            with self.assertRaises(UserErrorException) as caught:
                call()
            self.assertIn("not offered by this version", caught.exception.message)
