"""Datastores, references, datasets and outputs: names, shapes and what goes to the server, against canned answers."""
import json
import os
import unittest

from azureml.core import Dataset, Datastore, Environment, Experiment, RunConfiguration, ScriptRunConfig, Workspace
from azureml.core.runconfig import Data, DataLocation, DataReferenceConfiguration, OutputData
from azureml.core.runconfig import Dataset as DatasetSection
from azureml.data import FileDataset, OutputFileDatasetConfig, TabularDataset
from azureml.data.data_reference import DataReference
from azureml.data.datapath import DataPath, DataPathComputeBinding
from azureml.data.dataset_consumption_config import DatasetConsumptionConfig
from azureml.data.dataset_factory import TabularDatasetFactory
from azureml.exceptions import UserErrorException
from fakes import Case, Server

WORKSPACE = {"id": "w-1", "subscription_id": "s", "resource_group": "g", "name": "w1", "created_at": "x", "tags": {}}
BASE = "/api/v1/workspaces/w-1"


def store_record(name="workspaceblobstore", **more):
    return dict({"name": name, "kind": "built_in", "path": "/data/" + name, "is_default": name == "workspaceblobstore", "created_at": None}, **more)


def dataset_record(kind="file", **more):
    return dict({"id": "d-1", "name": None, "version": None, "description": "", "tags": {}, "created_at": "x", "kind": kind,
                 "paths": [{"datastore": "workspaceblobstore", "path": "w", "url": ""}], "options": {}}, **more)


class DataCase(Case):
    def setUp(self):
        super().setUp()
        self.server = Server({
            ("GET", "/api/v1/workspaces"): {"workspaces": [WORKSPACE]},
            ("GET", BASE + "/datastores"): {"datastores": [store_record(), store_record("workspacefilestore")]},
            ("GET", BASE + "/datastores/workspaceblobstore"): store_record(),
            ("POST", BASE + "/datasets"): dataset_record(),
            ("GET", BASE + "/datasets/d-1"): dataset_record(),
        })
        self.addCleanup(self.server.close)
        self.variables(STOKER_URL=self.server.url, STOKER_TOKEN="t", AZUREML_RUN_ID=None, STOKER_SOCKET=None)
        self.workspace = Workspace("s", "g", "w1")
        self.store = self.workspace.get_default_datastore()

    def bindings(self, arguments=(), config=None, **more):
        self.write("train.py", "")
        settings = ScriptRunConfig(self.folder, "train.py", arguments=list(arguments), run_config=config, **more)
        settings.environment.python.user_managed_dependencies = True
        return settings._specification(self.workspace)

    def refused(self, function, *words):
        with self.assertRaises(UserErrorException) as caught:
            function()
        for word in words:
            self.assertIn(word, caught.exception.message)


class ReferencesTest(DataCase):
    def test_a_reference_is_its_variable(self):
        reference = DataReference(self.store, "images", path_on_datastore="a/b", mode="download", path_on_compute="here", overwrite=True)
        self.assertEqual(str(reference), "$AZUREML_DATAREFERENCE_images")
        config = reference.to_config()
        self.assertEqual((config.datastore_name, config.mode, config.path_on_datastore, config.path_on_compute, config.overwrite),
                         ("workspaceblobstore", "download", "a/b", "here", True))
        self.assertEqual([reference.as_mount().mode, reference.as_upload("x").path_on_compute, reference.mode], ["mount", "x", "download"])
        self.assertEqual(self.store.path("a").path("b", "named").path_on_datastore, "a/b")
        self.assertRegex(str(self.store.path("x")), r"\A\$AZUREML_DATAREFERENCE_[0-9a-f]{32}\Z")
        self.refused(lambda: DataReference(self.store, "a-b"), "a-b")
        self.refused(lambda: DataReference(self.store, mode="sideways"), "sideways")

    def test_a_data_path_names_a_place(self):
        path = DataPath(self.store, "a", name="n")
        self.assertEqual((path.datastore_name, path.path_on_datastore), ("workspaceblobstore", "a"))
        self.assertEqual(DataPath.create_from_data_reference(self.store.path("b")).path_on_datastore, "b")
        reference = path.create_data_reference(datapath_compute_binding=DataPathComputeBinding("download", "here"))
        self.assertEqual((reference.mode, reference.path_on_compute, reference.data_reference_name), ("download", "here", "n"))
        self.refused(lambda: DataPathComputeBinding("sideways"), "sideways")

    def test_references_reach_the_specification_once(self):
        reference = self.store.path("a", "images").as_mount()
        config = RunConfiguration()
        config.data_references["images"] = reference.to_config()
        body = self.bindings(["--data", reference, str(reference) + "/x"], config)
        self.assertEqual(body["arguments"], ["--data", "$AZUREML_DATAREFERENCE_images", "$AZUREML_DATAREFERENCE_images/x"])
        self.assertEqual([(each["role"], each["name"], each["mode"], each["datastore"], each["path"]) for each in body["data"]],
                         [("reference", "images", "mount", "workspaceblobstore", "a")])


class DatasetsTest(DataCase):
    def test_file_datasets_are_paths_and_tabular_ones_ids(self):
        files = Dataset.File.from_files((self.store, "w/**"))
        rows = Dataset.Tabular.from_delimited_files(path=[(self.store, "a.csv"), DataPath(self.store, "b.csv")])
        self.assertIsInstance(files, FileDataset)
        self.assertIsInstance(rows, TabularDataset)
        body = self.bindings([files.as_named_input("f").as_mount("/tmp/x"), files.as_download(), rows.as_named_input("t"), files, rows])
        inputs = [(each["mode"], each["dataset"], each["path_on_compute"]) for each in body["data"]]
        self.assertEqual(inputs[:3], [("mount", "d-1", "/tmp/x"), ("download", "d-1", ""), ("direct", "d-1", "")])
        self.assertEqual([each[0] for each in inputs], ["mount", "download", "direct", "mount", "direct"])
        self.assertEqual(body["arguments"][0], "DatasetConsumptionConfig:f")
        self.assertTrue(all(each.startswith("DatasetConsumptionConfig:") for each in body["arguments"]))

    def test_a_command_holds_data_too(self):
        files = Dataset.File.from_files((self.store, "w"))
        self.write("train.py", "")
        config = ScriptRunConfig(self.folder, command=["python", "train.py", files.as_named_input("f").as_mount(), 3])
        config.environment.python.user_managed_dependencies = True
        body = config._specification(self.workspace)
        self.assertEqual(body["command"], "python train.py DatasetConsumptionConfig:f 3")
        self.assertEqual(len(body["data"]), 1)

    def test_what_is_wrong_is_said(self):
        rows = Dataset.Tabular.from_delimited_files((self.store, "a.csv"))
        self.refused(lambda: rows.as_named_input("t").as_mount(), "only a FileDataset", "TabularDataset")
        self.refused(lambda: DatasetConsumptionConfig("1a", rows), "1a")
        self.refused(lambda: Dataset.File.from_files("local.csv"), "upload_files")
        self.refused(lambda: Dataset.File.from_files([]), "empty")
        self.refused(lambda: Dataset.File.from_files((3, "x")), "a place in a datastore")
        self.refused(lambda: rows.filter("x"), "filter is not offered")
        self.refused(lambda: TabularDatasetFactory.from_sql_query("x"), "from_delimited_files")
        self.refused(lambda: Dataset.Tabular.from_delimited_files((self.store, "a"), partition_format="{x}"), "partition_format")
        self.refused(lambda: rows.time_before(None), "with_timestamp_columns")
        self.refused(lambda: Datastore.register_azure_blob_container(self.workspace, "n", "c", "a", account_key="SECRET"), "register_folder")
        self.refused(lambda: Datastore.register_azure_sql_database(self.workspace, "n"), "get_secret")

    def test_sections_of_a_file_become_bindings(self):
        config = RunConfiguration()
        config.data["in"] = Data(DataLocation(DatasetSection("d-9")), mechanism="Mount", environment_variable_name="IN", path_on_compute="p")
        config.data_references["ref"] = DataReferenceConfiguration("workspaceblobstore", "Upload", "x", "y", True)
        config.output_data["out"] = OutputData({"dataPath": {"datastoreName": "workspaceblobstore", "relativePath": "m/{run-id}"}}, "upload",
                                               {"registrationOptions": {"name": "model"}, "uploadOptions": {"overwrite": True}})
        data = {each["name"]: each for each in self.bindings([], config)["data"]}
        self.assertEqual((data["in"]["mode"], data["in"]["dataset"], data["in"]["variable"], data["in"]["path_on_compute"]), ("mount", "d-9", "IN", "p"))
        self.assertEqual((data["ref"]["mode"], data["ref"]["overwrite"]), ("upload", True))
        self.assertEqual((data["out"]["path"], data["out"]["overwrite"], data["out"]["registration"]["name"]), ("m/{run-id}", True, "model"))
        config.data = {"a": 3, "b": Data()}
        self.refused(lambda: self.bindings([], config), "data['a'] is a int", "data['b'] has no dataset's id")


class OutputsTest(DataCase):
    def test_an_output_says_where_it_goes(self):
        output = OutputFileDatasetConfig("out", destination=(self.store, "m/{run-id}")).as_upload(True, "*.txt").register_on_complete("model", tags={"a": 1})
        body = self.bindings([output])
        self.assertEqual(body["arguments"], ["DatasetOutputConfig:out"])
        self.assertEqual(body["data"][0], {"role": "output", "name": "out", "mode": "upload", "datastore": "workspaceblobstore", "path": "m/{run-id}",
                                           "path_on_compute": "", "overwrite": True, "source_globs": ["*.txt"],
                                           "registration": {"name": "model", "description": "", "tags": {"a": "1"}}})
        plain = OutputFileDatasetConfig()
        self.assertEqual((plain._binding()["datastore"], plain._binding()["mode"]), ("", "mount"))
        self.assertNotEqual(plain.name, OutputFileDatasetConfig().name)
        self.refused(lambda: OutputFileDatasetConfig(destination="x"), "a place in a datastore")
        self.refused(plain.as_input, "register_on_complete")


class RowsTest(DataCase):
    def rows(self, text, **options):
        try:
            import pandas  # noqa: F401
        except ImportError:
            self.skipTest("pandas is not here")
        self.server.answers["GET", BASE + "/datasets/d-1/files"] = {"is_single": True, "files": [
            {"name": "a.csv", "url": None, "datastore": "workspaceblobstore", "path": "w/a.csv", "size_bytes": 1, "modified_at": "2026-01-01T00:00:00.000000Z"}]}
        self.server.answers["GET", BASE + "/datastores/workspaceblobstore/files/w/a.csv"] = text.encode()
        return Dataset.Tabular.from_delimited_files((self.store, "w/a.csv"), **options)

    def test_rows_are_read_and_changed_when_they_are_asked_for(self):
        rows = self.rows("a,b,when\n1,x,2026-01-01\n2,y,2026-01-02\n3,z,2026-01-03\n")
        frame = rows.to_pandas_dataframe()
        self.assertEqual((list(frame.columns), len(frame), int(frame.a.sum())), (["a", "b", "when"], 3, 6))
        self.assertEqual(list(rows.keep_columns(["b"]).take(2).to_pandas_dataframe().b), ["x", "y"])
        self.assertEqual(list(rows.drop_columns("b").skip(2).to_pandas_dataframe().columns), ["a", "when"])
        one, other = rows.random_split(0.67, seed=3)
        self.assertEqual(sorted(list(one.to_pandas_dataframe().a) + list(other.to_pandas_dataframe().a)), [1, 2, 3])
        self.refused(lambda: rows.keep_columns("c").to_pandas_dataframe(), "no column c", "a, b, when")
        import datetime
        timed = rows.with_timestamp_columns("when")
        self.assertEqual(list(timed.time_after(datetime.datetime(2026, 1, 2)).to_pandas_dataframe().a), [2, 3])
        self.assertEqual(list(timed.time_between(datetime.datetime(2026, 1, 1), datetime.datetime(2026, 1, 3), include_boundary=False).to_pandas_dataframe().a), [2])

    def test_options_of_delimited_files(self):
        self.assertEqual(list(self.rows("1;x\n2;y\n", separator=";", header=False).to_pandas_dataframe().columns), ["Column1", "Column2"])
        frame = self.rows("a\n007\n", infer_column_types=False, include_path=True).to_pandas_dataframe()
        self.assertEqual((list(frame.columns), frame.a[0], frame.Path[0]), (["Path", "a"], "007", "/a.csv"))

    def test_without_pandas_the_text_says_what_to_do(self):
        import sys
        before = sys.modules.get("pandas")
        sys.modules["pandas"] = None
        try:
            self.refused(Dataset.Tabular.from_delimited_files((self.store, "w/a.csv")).to_pandas_dataframe, "needs pandas")
        finally:
            if before is None:
                del sys.modules["pandas"]
            else:
                sys.modules["pandas"] = before


class MnistTest(unittest.TestCase):
    def test_the_helper_names_the_files_of_the_web(self):
        from azureml.opendatasets import MNIST
        self.assertEqual(len(MNIST.get_file_dataset()._paths), 4)
        self.assertEqual(MNIST.get_file_dataset("test")._paths[0]["url"].rsplit("/", 1)[1], "t10k-images-idx3-ubyte.gz")


if __name__ == "__main__":
    unittest.main()
