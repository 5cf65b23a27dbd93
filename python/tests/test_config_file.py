"""Search and shapes of the file that names a workspace (spec 1.2, 19.1)."""
import json
import os

from azureml.core import _config_file
from azureml.exceptions import UserErrorException
from fakes import Case

PLAIN = json.dumps({"subscription_id": "s", "resource_group": "g", "workspace_name": "w"})


class ConfigFileTest(Case):
    def find(self, start, file_name=None):
        return os.path.relpath(_config_file.find(os.path.join(self.folder, start), file_name), self.folder)

    def read(self, text):
        return _config_file.read(self.write("config.json", text))

    def test_dot_azureml_of_a_parent_beats_a_bare_file_here(self):
        self.write("a/b/config.json", PLAIN)
        self.write("a/.azureml/config.json", PLAIN)
        self.assertEqual(self.find("a/b"), "a/.azureml/config.json")

    def test_order_of_folders_and_names(self):
        places = ["a/.azureml/config.json", "a/.azureml/project.json", "a/aml_config/config.json", "a/aml_config/project.json", "a/config.json", "a/project.json"]
        for place in places:
            self.write(place, PLAIN)
        for place in places:
            self.assertEqual(self.find("a"), place)
            os.unlink(os.path.join(self.folder, place))

    def test_only_the_old_project_file(self):
        self.write("a/b/aml_config/project.json", json.dumps({"subscription_id": "s", "resource_group": "g", "project_name": "p"}))
        self.assertEqual(_config_file.read(os.path.join(self.folder, self.find("a/b"))), ("s", "g", "p"))

    def test_a_file_is_taken_as_it_is_and_a_name_narrows_the_search(self):
        path = self.write("elsewhere/mine.json", PLAIN)
        self.assertEqual(_config_file.find(path, None), path)
        self.write(".azureml/mine.json", PLAIN)
        self.write(".azureml/config.json", PLAIN)
        self.assertEqual(self.find("", "mine.json"), ".azureml/mine.json")

    def test_the_current_folder_is_the_default(self):
        self.write("work/.azureml/config.json", PLAIN)
        self.go_to("work/deep")
        self.assertEqual(_config_file.find(None, None), os.path.join(self.folder, "work/.azureml/config.json"))

    def test_twenty_parents_and_no_more(self):
        self.write("config.json", PLAIN)
        deep = "/".join("d" * 20)
        os.makedirs(os.path.join(self.folder, deep, "e"))
        self.assertEqual(self.find(deep), "config.json")
        with self.assertRaises(UserErrorException):
            self.find(deep + "/e")

    def test_nothing_found_says_where_it_looked(self):
        with self.assertRaises(UserErrorException) as caught:
            self.find("")
        self.assertIn("could not find config.json in: " + self.folder, caught.exception.message)

    def test_scope_and_byte_order_mark(self):
        scope = "/subscriptions/S/resourceGroups/G/providers/Microsoft.MachineLearningServices/workspaces/W"
        self.assertEqual(self.read("\ufeff" + json.dumps({"Scope": scope})), ("S", "G", "W"))

    def test_workspace_name_wins_over_project_name(self):
        self.assertEqual(self.read(json.dumps({"subscription_id": "s", "resource_group": "g", "project_name": "p", "workspace_name": "w"}))[2], "w")

    def test_missing_keys_are_named(self):
        for text in ('{"subscription_id": "s", "workspace_name": "w"}', '{"Scope": "/subscriptions/S"}', "[]"):
            with self.assertRaises(UserErrorException) as caught:
                self.read(text)
            self.assertIn("subscription_id, resource_group, and project_name or workspace_name", caught.exception.message)
        with self.assertRaises(UserErrorException) as caught:
            self.read("{broken")
        self.assertIn("could not be read", caught.exception.message)

    def test_what_is_written_is_found_and_read(self):
        path = _config_file.write(os.path.join(self.folder, "new"), None, ("s", "g", "w"))
        self.assertEqual(self.find("new"), "new/.azureml/config.json")
        self.assertEqual(_config_file.read(path), ("s", "g", "w"))
