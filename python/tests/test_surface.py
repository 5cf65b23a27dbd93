"""Every name of sections 0.3, 0.4 and 1 to 4 of the SDK's specification, with its signature: the parameters in their order, by name, and their defaults."""
import importlib
import inspect
import unittest

from fakes import Case

ANY = object()  # a default that is not told

# module: the names that user code imports from it
IMPORTS = {
    "azureml.core": "VERSION __version__ Workspace Experiment Run ScriptRun ScriptRunConfig RunConfiguration Environment Dataset Datastore Model Image Webservice Keyvault "
                    "ComputeTarget ContainerRegistry LinkedService SynapseWorkspaceLinkedServiceConfiguration CondaDependencies",
    "azureml.core.workspace": "Workspace",
    "azureml.core.experiment": "Experiment",
    "azureml.core.run": "Run _OfflineRun _SubmittedRun RUNNING_STATES",
    "azureml.core.script_run": "ScriptRun",
    "azureml.core.script_run_config": "ScriptRunConfig get_run_config_from_script_run",
    "azureml.core.runconfig": "RunConfiguration MpiConfiguration TensorflowConfiguration PyTorchConfiguration ParallelTaskConfiguration DockerConfiguration "
                              "DataReferenceConfiguration Data DataLocation Dataset OutputData DEFAULT_CPU_IMAGE DEFAULT_GPU_IMAGE AmlComputeConfiguration HistoryConfiguration "
                              "SparkConfiguration HdiConfiguration CondaDependencies JarLibrary ContainerRegistry Environment",
    "azureml.core.environment": "Environment CondaDependencies DockerSection PythonSection RSection SparkSection SparkPackage DockerImageDetails DEFAULT_CPU_IMAGE DEFAULT_GPU_IMAGE",
    "azureml.core.conda_dependencies": "CondaDependencies",
    "azureml.core.compute": "ComputeTarget AmlCompute RemoteCompute HDInsightCompute BatchCompute DatabricksCompute AdlaCompute AksCompute DataFactoryCompute KubernetesCompute "
                            "ComputeInstance DsvmCompute",
    "azureml.core.compute_target": "ComputeTargetException LocalTarget AbstractComputeTarget",
    "azureml.core.authentication": "InteractiveLoginAuthentication ServicePrincipalAuthentication AzureCliAuthentication MsiAuthentication TokenAuthentication Audience",
    "azureml.core.container_registry": "ContainerRegistry",
    "azureml.core.keyvault": "Keyvault",
    "azureml.core.dataset": "Dataset",
    "azureml.core.datastore": "Datastore",
    "azureml.core.model": "Model",
    "azureml.core.image": "Image",
    "azureml.core.webservice": "Webservice",
    "azureml.exceptions": "AzureMLException UserErrorException ComputeTargetException ExperimentExecutionException ActivityFailedException RunConfigurationException "
                          "ExperimentNotFoundException ProjectSystemException WorkspaceException AuthenticationException UnexpectedHTTPResponseException SnapshotException "
                          "ModelNotFoundException ModelPathNotFoundException WebserviceException TrainingException HyperDriveConfigException RunEnvironmentException",
    "azureml.telemetry": "set_diagnostics_collection",
    "azureml.widgets": "RunDetails",
    "azureml._restclient.snapshots_client": "SNAPSHOT_MAX_SIZE_BYTES",
    "azureml._restclient.constants": "SNAPSHOT_MAX_SIZE_BYTES",
}

# module:class.method -> parameters as the specification writes them; "=…" is a default that it does not tell
SIGNATURES = """
azureml.exceptions:AzureMLException(exception_message, inner_exception=None, **kwargs)
azureml.core:Workspace(subscription_id, resource_group, workspace_name, auth=None, _location=None, _disable_service_check=False, _workspace_id=None, sku='basic', tags=None, _cloud='AzureCloud')
azureml.core:Workspace.from_config(path=None, auth=None, _logger=None, _file_name=None)
azureml.core:Workspace.get(name, auth=None, subscription_id=None, resource_group=None)
azureml.core:Workspace.create(name, auth=None, subscription_id=None, resource_group=None, location=None, create_resource_group=True, sku='basic', tags=None, friendly_name=None, storage_account=None, key_vault=None, app_insights=None, container_registry=None, adb_workspace=None, cmk_keyvault=None, resource_cmk_uri=None, hbi_workspace=False, default_cpu_compute_target=None, default_gpu_compute_target=None, private_endpoint_config=None, private_endpoint_auto_approval=True, exist_ok=False, show_output=True)
azureml.core:Workspace.list(subscription_id=…, auth=None, resource_group=None)
azureml.core:Workspace.delete(delete_dependent_resources=False, no_wait=False)
azureml.core:Workspace.update(friendly_name=None, description=None, tags=None, image_build_compute=None)
azureml.core:Workspace.write_config(path=None, file_name=None)
azureml.core:Workspace.get_details()
azureml.core:Workspace.get_run(run_id)
azureml.core:Workspace.get_default_datastore()
azureml.core:Workspace.set_default_datastore(name)
azureml.core:Workspace.get_default_compute_target(type)
azureml.core:Workspace.get_default_keyvault()
azureml.core:Workspace.get_mlflow_tracking_uri(_with_auth=False)
azureml.core:Workspace.sync_keys()
azureml.core:Workspace.list_keys()
azureml.core:Workspace.update_dependencies()
azureml.core:Workspace.diagnose_workspace()
azureml.core:Keyvault.set_secret(name, value)
azureml.core:Keyvault.set_secrets(secrets_batch)
azureml.core:Keyvault.get_secret(name)
azureml.core:Keyvault.get_secrets(secrets)
azureml.core:Keyvault.list_secrets()
azureml.core:Keyvault.delete_secret(name)
azureml.core:Keyvault.delete_secrets(secrets)
azureml.core.authentication:InteractiveLoginAuthentication(force=False, tenant_id=None, cloud=None)
azureml.core.authentication:ServicePrincipalAuthentication(tenant_id, service_principal_id, service_principal_password, cloud='AzureCloud')
azureml.core.authentication:AzureCliAuthentication()
azureml.core.authentication:MsiAuthentication()
azureml.core.authentication:TokenAuthentication(get_token_for_audience)
azureml.core.authentication:InteractiveLoginAuthentication.get_authentication_header()
azureml.core:Experiment(workspace, name, _skip_name_validation=False, _id=None, _archived_time=None, _create_in_cloud=True, _experiment_dto=None, **kwargs)
azureml.core:Experiment.submit(config, tags=None, **kwargs)
azureml.core:Experiment.start_logging(*args, **kwargs)
azureml.core:Experiment.get_runs(type=None, tags=None, properties=None, include_children=False)
azureml.core:Experiment.list(workspace, experiment_name=None, view_type='ActiveOnly', tags=None)
azureml.core:Experiment.archive()
azureml.core:Experiment.reactivate(new_name=None)
azureml.core:Experiment.delete(workspace, experiment_id)
azureml.core:Experiment.tag(key, value=None)
azureml.core:Experiment.set_tags(tags)
azureml.core:Experiment.remove_tags(tags)
azureml.core:Experiment.refresh()
azureml.core:Experiment.get_docs_url()
azureml.core:Experiment.get_portal_url()
azureml.core:Experiment.from_directory(path, auth=None)
azureml.core:Run(experiment, run_id, outputs=None, **kwargs)
azureml.core:ScriptRun(experiment, run_id, directory=None, _run_config=None, **kwargs)
azureml.core:Run.get_context(allow_offline=True, used_for_context_manager=False, **kwargs)
azureml.core:Run.get(workspace, run_id)
azureml.core:Run.list(experiment, type=None, tags=None, properties=None, status=None, include_children=False)
azureml.core:Run.list_by_compute(compute, type=None, tags=None, properties=None, status=None)
azureml.core:Run.get_submitted_run(**kwargs)
azureml.core:Run.add_type_provider(runtype, run_factory)
azureml.core:Run.log(name, value, description='', step=None)
azureml.core:Run.log_list(name, value, description='')
azureml.core:Run.log_row(name, description=None, **kwargs)
azureml.core:Run.log_table(name, value, description='')
azureml.core:Run.log_image(name, path=None, plot=None, description='')
azureml.core:Run.log_predictions(name, value, description='')
azureml.core:Run.log_residuals(name, value, description='')
azureml.core:Run.log_confusion_matrix(name, value, description='')
azureml.core:Run.log_accuracy_table(name, value, description='')
azureml.core:Run.flush(timeout_seconds=300)
azureml.core:Run.get_metrics(name=None, recursive=False, run_type=None, populate=False)
azureml.core:Run.upload_file(name, path_or_stream, datastore_name=None)
azureml.core:Run.upload_files(names, paths, return_artifacts=False, timeout_seconds=None, datastore_name=None)
azureml.core:Run.upload_folder(name, path, datastore_name=None)
azureml.core:Run.download_file(name, output_file_path=None, _validate_checksum=False)
azureml.core:Run.download_files(prefix=None, output_directory=None, output_paths=None, batch_size=100, append_prefix=True, timeout_seconds=None)
azureml.core:Run.get_file_names()
azureml.core:Run.get_all_logs(destination=None)
azureml.core:Run.get_status()
azureml.core:Run.get_detailed_status()
azureml.core:Run.get_details()
azureml.core:Run.get_details_with_logs()
azureml.core:Run.wait_for_completion(show_output=False, wait_post_processing=False, raise_on_error=True)
azureml.core:Run.cancel()
azureml.core:Run.complete(_set_status=True)
azureml.core:Run.fail(error_details=None, error_code=None, _set_status=True)
azureml.core:Run.start()
azureml.core:Run.child_run(name=None, run_id=None, outputs=None)
azureml.core:Run.create_children(count=None, tag_key=None, tag_values=None)
azureml.core:Run.submit_child(config, tags=None, **kwargs)
azureml.core:Run.get_children(recursive=False, tags=None, properties=None, type=None, status=None, _rehydrate_runs=True)
azureml.core:Run.tag(key, value=None)
azureml.core:Run.set_tags(tags)
azureml.core:Run.remove_tags(tags)
azureml.core:Run.get_tags()
azureml.core:Run.add_properties(properties)
azureml.core:Run.get_properties()
azureml.core:Run.get_portal_url()
azureml.core:Run.get_workspace_url()
azureml.core:Run.get_snapshot_id()
azureml.core:Run.restore_snapshot(snapshot_id=None, path=None)
azureml.core:Run.take_snapshot(file_or_folder_path)
azureml.core:Run.get_environment()
azureml.core:Run.get_secret(name)
azureml.core:Run.get_secrets(secrets)
azureml.core:Run.register_model(model_name, model_path=None, tags=None, properties=None, model_framework=None, model_framework_version=None, description=None, datasets=None, sample_input_dataset=None, sample_output_dataset=None, resource_configuration=None, **kwargs)
azureml.core:ScriptRun.get_diagnostics()
azureml.core:ScriptRun.clean()
azureml.core:ScriptRunConfig(source_directory, script=None, arguments=None, run_config=None, _telemetry_values=None, compute_target=None, environment=None, distributed_job_config=None, resume_from=None, max_run_duration_seconds=2592000, command=None, docker_runtime_config=None)
azureml.core:RunConfiguration(script=None, arguments=None, framework=None, communicator=None, conda_dependencies=None, _history_enabled=None, _path=None, _name=None, command=None)
azureml.core:RunConfiguration.load(path, name=None)
azureml.core:RunConfiguration.save(path=None, name=None, separate_environment_yaml=False)
azureml.core:RunConfiguration.delete(path, name)
azureml.core.runconfig:DockerConfiguration(use_docker=False, shared_volumes=True, arguments=None, shm_size=None)
azureml.core.runconfig:DataReferenceConfiguration(datastore_name=None, mode='mount', path_on_datastore=None, path_on_compute=None, overwrite=False)
azureml.core.runconfig:Data(data_location=None, create_output_directories=False, mechanism=None, environment_variable_name=None, path_on_compute=None, overwrite=False)
azureml.core.runconfig:DataLocation(dataset=None, data_path=None)
azureml.core.runconfig:Dataset(dataset_id=None)
azureml.core.runconfig:MpiConfiguration(process_count_per_node=1, node_count=1)
azureml.core.runconfig:PyTorchConfiguration(communication_backend='Nccl', process_count=None, node_count=1)
azureml.core.runconfig:TensorflowConfiguration(worker_count=1, parameter_server_count=1)
azureml.core.runconfig:ParallelTaskConfiguration(max_retries_per_worker=0, worker_count_per_node=1, terminal_exit_codes=None)
azureml.core.runconfig:AmlComputeConfiguration()
azureml.core.runconfig:HistoryConfiguration()
azureml.core.runconfig:SparkConfiguration()
azureml.core.runconfig:HdiConfiguration()
azureml.core:ContainerRegistry()
azureml.core:CondaDependencies(conda_dependencies_file_path=None, _underlying_structure=None)
azureml.core:CondaDependencies.create(pip_indexurl=None, pip_packages=None, conda_packages=None, python_version=…, pin_sdk_version=True)
azureml.core:CondaDependencies.add_conda_package(conda_package)
azureml.core:CondaDependencies.remove_conda_package(conda_package)
azureml.core:CondaDependencies.add_channel(channel)
azureml.core:CondaDependencies.remove_channel(channel)
azureml.core:CondaDependencies.add_pip_package(pip_package)
azureml.core:CondaDependencies.remove_pip_package(pip_package)
azureml.core:CondaDependencies.set_pip_requirements(pip_requirements)
azureml.core:CondaDependencies.set_pip_option(pip_option)
azureml.core:CondaDependencies.set_pip_index_url(index_url)
azureml.core:CondaDependencies.set_python_version(version)
azureml.core:CondaDependencies.get_python_version()
azureml.core:CondaDependencies.add_tensorflow_conda_package(core_type='cpu', version=None)
azureml.core:CondaDependencies.add_tensorflow_pip_package(core_type='cpu', version=None)
azureml.core:CondaDependencies.add_cntk_package(core_type='cpu')
azureml.core:CondaDependencies.serialize_to_string()
azureml.core:CondaDependencies.save(path=…)
azureml.core:CondaDependencies.save_to_file(base_directory, conda_file_path=None)
azureml.core:CondaDependencies.as_dict()
azureml.core:CondaDependencies.merge_requirements(requirements)
azureml.core:Environment(name, **kwargs)
azureml.core:ComputeTarget(workspace, name)
azureml.telemetry:set_diagnostics_collection(send_diagnostics=True)
"""

PROPERTIES = {
    "Workspace": "name subscription_id resource_group location sku tags discovery_url service_context experiments compute_targets datastores datasets environments models "
                 "webservices images linked_services _workspace_name _auth_object _workspace_id",
    "Experiment": "name id workspace workspace_object archived_time tags _repr_html_",
    "Run": "id number type parent experiment tags properties display_name description name status input_datasets output_datasets _repr_html_ __enter__ __exit__",
    "CondaDependencies": "conda_packages conda_channels pip_packages pip_options",
}

RUN_CONFIGURATION = ("script arguments command target framework communicator node_count max_run_duration_seconds priority credential_passthrough environment "
                     "environment_variables history spark hdi tensorflow mpi pytorch paralleltask docker data_references data output_data datacaches source_directory_data_store "
                     "amlcompute kubernetescompute prepare_environment auto_prepare_environment use_absolute_path identity sid")


class SurfaceTest(Case):
    def test_every_import(self):
        for module, names in IMPORTS.items():
            found = importlib.import_module(module)
            self.assertEqual([name for name in names.split() if not hasattr(found, name)], [], module)

    def test_every_signature(self):
        for line in SIGNATURES.strip().split("\n"):
            place, _, wanted = line.partition("(")
            module, _, path = place.partition(":")
            target = importlib.import_module(module)
            for name in path.split("."):
                target = getattr(target, name)
            compare(self, line, inspect.signature(target), inspect.signature(eval("lambda " + wanted.rstrip(")").replace("=…", "=ANY") + ": 0", {"ANY": ANY})))

    def test_every_property(self):
        import azureml.core
        for kind, names in PROPERTIES.items():
            self.assertEqual([name for name in names.split() if not hasattr(getattr(azureml.core, kind), name)], [], kind)
        config = azureml.core.RunConfiguration()
        self.assertEqual([name for name in RUN_CONFIGURATION.split() if not hasattr(config, name)], [])

    def test_every_attribute_that_public_code_sets(self):
        import azureml.core
        from azureml.core.runconfig import TensorflowConfiguration
        env = azureml.core.Environment("e")
        for thing, names in ((env, "name version python docker spark inferencing_stack_version environment_variables"),
                             (env.python, "conda_dependencies user_managed_dependencies interpreter_path base_conda_environment conda_dependencies_file"),
                             (env.docker, "enabled base_image base_dockerfile base_image_registry arguments gpu_support shared_volumes shm_size platform"),
                             (env.docker.base_image_registry, "address username password registry_identity"), (env.spark, "precache_packages packages repositories"),
                             (azureml.core.RunConfiguration().amlcompute, "vm_size vm_priority"), (azureml.core.RunConfiguration().spark, "configuration"),
                             (azureml.core.RunConfiguration().docker, "use_docker"), (TensorflowConfiguration(), "worker_count parameter_server_count"),
                             (azureml.core.ScriptRunConfig("."), "script source_directory arguments command run_config compute_target environment max_run_duration_seconds")):
            self.assertEqual([name for name in names.split() if not hasattr(thing, name)], [], type(thing).__name__)

    def test_every_public_name_has_a_docstring(self):
        missing = []
        for module in IMPORTS:
            found = importlib.import_module(module)
            for name, value in vars(found).items():
                if name.startswith("_") or not (inspect.isclass(value) or inspect.isfunction(value)) or not value.__module__.startswith("azureml"):
                    continue
                missing += [module + "." + name] if not value.__doc__ else []
                for inner, method in (vars(value).items() if inspect.isclass(value) else ()):
                    plain = getattr(method, "__func__", None) or getattr(method, "fget", None) or method
                    if not inner.startswith("_") and inspect.isfunction(plain) and not plain.__doc__:
                        missing.append("{}.{}.{}".format(module, name, inner))
        self.assertEqual(missing, [])

    def test_importing_core_makes_its_modules_reachable(self):
        import azureml.core
        self.assertTrue(azureml.core.runconfig.RunConfiguration and azureml.core.compute.AmlCompute)


def compare(case, line, found, wanted):
    """The parameters of `wanted` stand in `found` in this order, with these defaults; what `found` has beyond them has defaults."""
    have = [each for each in found.parameters.values() if each.name != "self"]
    need = list(wanted.parameters.values())
    named = [each for each in need if each.kind not in (each.VAR_KEYWORD, each.VAR_POSITIONAL)]
    case.assertEqual([each.name for each in have][:len(named)] if not any(each.kind == each.VAR_POSITIONAL for each in need) else [], [each.name for each in named], line)
    for mine, theirs in zip(have, named):
        if theirs.default is not ANY:
            case.assertEqual(mine.default, theirs.default, "{}: {}".format(line, mine.name))
    case.assertTrue(all(each.default is not each.empty or each.kind in (each.VAR_KEYWORD, each.VAR_POSITIONAL) for each in have[len(named):]), line)
    for kind in (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL):
        case.assertTrue(any(each.kind == kind for each in have) or not any(each.kind == kind for each in need), line)


if __name__ == "__main__":
    unittest.main()
