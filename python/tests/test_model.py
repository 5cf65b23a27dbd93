"""What `Model` decides by itself: filters, texts, which files are meant, where a download comes to lie. The rest is in tests/e2e/test_v1_model.py."""
import os
from unittest import mock

from azureml.core import Model, model as module
from azureml.core import _model_files
from azureml.core._not_yet import NotOfferedException
from azureml.exceptions import ModelNotFoundException, ModelPathNotFoundException, UserErrorException, WebserviceException
from fakes import Case


def record(version, **more):
    return dict({"id": "m:%d" % version, "name": "m", "version": version, "created_at": "2026-06-30T12:00:00.000000Z", "created_by": "ada", "description": "", "tags": {},
                 "properties": {}, "run_id": None, "details": {}}, **more)


class FakeClient:
    """Answers by path; keeps what was sent."""

    def __init__(self, **files):
        self.files, self.sent, self.pages = files, [], []

    def get(self, path, **unused):
        self.sent.append(path)
        if path.endswith("/files"):
            return {"files": [{"path": name} for name in self.files]}
        return self.pages.pop(0)

    def download_from(self, path, target):
        target.write(self.files[path.split("/files/")[1]])

    def upload_to(self, path, source, size):
        self.sent.append((path.split("/", 5)[5], source.read(), size))


class FakeWorkspace:
    name, _workspace_id = "w", "w-1"

    def __init__(self, client):
        self._client = client


class ModelTest(Case):
    def model(self, **files):
        return Model._of(FakeWorkspace(FakeClient(**files)), record(1))

    def test_filters_in_every_form(self):
        self.assertEqual(module._labels(["a", ["b", 1], ("c",)]), ["a", "b=1", "c"])
        self.assertEqual(module._labels({"a": "b"}), ["a=b"])
        self.assertEqual(module._labels("a"), ["a"])
        self.assertEqual(module._labels(None), [])
        with self.assertRaises(UserErrorException):
            module._labels([["a", "b", "c"]])

    def test_a_list_asks_for_page_after_page(self):
        client = FakeClient()
        client.pages = [{"models": [record(3), record(2)], "next_cursor": "7"}, {"models": [record(1)], "next_cursor": None}]
        found = Model.list(FakeWorkspace(client), name="m", tags=[["a", "b c"]], latest=False)
        self.assertEqual([each.version for each in found], [3, 2, 1])
        self.assertIn("tag=a%3Db+c", client.sent[0])
        self.assertIn("cursor=7", client.sent[1])

    def test_ids_are_name_and_version(self):
        for wrong in ("m", "m:", ":1", "m:x"):
            with self.assertRaises(UserErrorException):
                Model(FakeWorkspace(FakeClient()), id=wrong)
        with self.assertRaises(UserErrorException):
            Model(FakeWorkspace(FakeClient()))
        with self.assertRaises(UserErrorException):
            Model(FakeWorkspace(FakeClient()), name="n", id="m:1")

    def test_what_is_kept_of_datasets_and_resources(self):
        details = module._details([("training", "d-1"), ("training", "d-2")], "Onnx", None, None, "s", {"cpu": 1})
        self.assertEqual(details, {"framework": "Onnx", "datasets": '{"training": ["d-1", "d-2"]}', "sample_output_dataset": "s", "resource_configuration": '{"cpu": 1}'})
        made = Model._of(FakeWorkspace(FakeClient()), record(1, details=details))
        self.assertEqual(made.datasets, {"training": ["d-1", "d-2"]})
        self.assertEqual(made.resource_configuration, {"cpu": 1})
        again = Model.deserialize(made.workspace, made.serialize())
        self.assertEqual(again.serialize(), made.serialize())
        with self.assertRaises(UserErrorException):
            Model.deserialize(made.workspace, {"id": "m:1"})

    def test_which_files_of_a_folder(self):
        self.write("export/a", "1")
        self.write("export/deep/b", "2")
        folder = os.path.join(self.folder, "export")
        self.assertEqual([name for name, _ in _model_files.local_files(folder, None)], ["export/a", "export/deep/b"])
        self.assertEqual([name for name, _ in _model_files.local_files(folder, ["deep/b"])], ["export/deep/b"])
        self.assertEqual([name for name, _ in _model_files.local_files(os.path.join(folder, "a"), None)], ["a"])
        for path, children in ((os.path.join(self.folder, "no"), None), (folder, ["no"]), (folder, ["../x"]), (folder, [])):
            with self.assertRaises(ModelPathNotFoundException):
                _model_files.local_files(path, children)

    def test_a_download_is_whole_or_not_there(self):
        made = self.model(**{"m/a": b"1", "m/d/b": b"2"})
        self.assertEqual(made.download(os.path.join(self.folder, "t")), os.path.join(self.folder, "t", "m"))
        with self.assertRaises(WebserviceException):
            made.download(os.path.join(self.folder, "t"))
        self.write("t/m/own", "mine")
        made.workspace._client.files["m/a"] = b"3"
        made.download(os.path.join(self.folder, "t"), exist_ok=True)
        with open(os.path.join(self.folder, "t", "m", "a"), "rb") as file:
            self.assertEqual(file.read(), b"3")
        self.assertTrue(os.path.exists(os.path.join(self.folder, "t", "m", "own")))
        with mock.patch.object(FakeClient, "download_from", side_effect=OSError("cut")):
            with self.assertRaises(OSError):
                made.download(os.path.join(self.folder, "u"))
        self.assertEqual(os.listdir(os.path.join(self.folder, "u")), [])

    def test_names_that_leave_the_folder_are_refused(self):
        with self.assertRaises(UserErrorException):
            self.model(**{"../evil": b"1"}).download(self.folder)
        self.assertEqual(os.listdir(self.folder), [])

    def test_the_cache_without_a_workspace(self):
        self.variables(AZUREML_RUN_ID=None, AZUREML_MODEL_DIR=None)
        self.go_to()
        with self.assertRaises(ModelNotFoundException):
            Model.get_model_path("m")
        self.write("azureml-models/m/2/x", "")
        self.write("azureml-models/m/10/x", "")
        self.assertEqual(Model.get_model_path("m"), os.path.join("azureml-models", "m", "10", "x"))
        self.assertEqual(Model.get_model_path("m", version=2), os.path.join("azureml-models", "m", "2", "x"))

    def test_serving_is_refused_with_a_word(self):
        for call in (Model.deploy, Model.profile, Model.package):
            with self.assertRaises(NotOfferedException):
                call()

    def test_uploads_carry_their_size(self):
        client = FakeClient()
        self.write("a", "text")
        _model_files.send(FakeWorkspace(client), [("a", os.path.join(self.folder, "a"))])
        self.assertEqual(client.sent, [("a", b"text", 4)])
