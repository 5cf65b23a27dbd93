"""What a stranger reads who gives wrong input: each message says what is wrong, where, and what to do. Against a server in memory; what the real one refuses is
tested end to end."""
import io
import json
import warnings

from azureml.core import Experiment, Run, ScriptRunConfig, Workspace, _config_file
from azureml.exceptions import UserErrorException
from fakes import Case
from test_interactive import InteractiveCase


class ConfigFileTest(Case):
    def told(self, content):
        path = self.write("config.json", content)
        with self.assertRaises(UserErrorException) as caught:
            _config_file.read(path)
        self.assertIn(path, caught.exception.message)
        return caught.exception.message

    def test_every_missing_field_is_named_and_the_misspelt_one_shown(self):
        message = self.told('{"subscription_id": "s", "workspace_nam": "w"}')
        self.assertIn("\n  - resource_group is missing\n  - workspace_name is missing (there is \"workspace_nam\")", message)
        self.assertNotIn("- subscription_id", message)

    def test_fields_that_are_empty_numbers_or_still_to_be_filled_in(self):
        message = self.told('{"subscription_id": 5, "resource_group": "", "workspace_name": "<my-workspace>"}')
        for words in ("subscription_id is an int; a text is expected", "resource_group is empty", "workspace_name is <my-workspace>: put the real value in its place"):
            self.assertIn(words, message)

    def test_what_is_no_record_or_no_json(self):
        self.assertIn("it is a list", self.told("[]"))
        self.assertIn("Scope is '/subscriptions/S'; /subscriptions/<id>/resourceGroups/", self.told('{"Scope": "/subscriptions/S"}'))
        self.assertIn("could not be read as JSON in UTF-8", self.told(""))
        self.assertIn("line 1", self.told('{"subscription_id": '))


class WrongInputCase(InteractiveCase):
    def refused(self, call, *words):
        with self.assertRaises(UserErrorException) as caught:
            call()
        for each in words:
            self.assertIn(each, caught.exception.message)


class NamesTest(WrongInputCase):
    def test_an_experiments_name_comes_with_one_that_would_do(self):
        self.refused(lambda: Experiment(self.workspace, "my first run!"), "Invalid experiment name 'my first run!'", '"my-first-run" would do')
        self.refused(lambda: Experiment(self.workspace, "-x"), '"x" would do')
        self.refused(lambda: Experiment(self.workspace, None), "Invalid experiment name None", "a text that begins with a letter or a digit")
        self.refused(lambda: Experiment(self.workspace, "x" * 300), "(300 characters)", "at most 255")
        self.refused(lambda: Experiment("exp", self.workspace), "workspace is a str", "Experiment(workspace, name)")

    def test_a_workspace_without_a_name_is_none(self):
        self.refused(lambda: Workspace("s", "g", None), "workspace_name is None")
        self.refused(lambda: Workspace("", "g", "w1"), "subscription_id is empty")

    def test_a_workspace_that_the_file_names_and_a_shared_server_does_not_know(self):
        self.write("work/.azureml/config.json", json.dumps({"subscription_id": "s", "resource_group": "g", "workspace_name": "w11"}))
        with self.assertRaises(Exception) as caught:
            Workspace.from_config()
        for words in ("The workspace w11 is not known", 'did you mean "w1"?', "stoker workspace create s/g/w11"):
            self.assertIn(words, caught.exception.message)

    def test_look_ups_suggest_the_near_name(self):
        with self.assertRaises(KeyError) as caught:
            self.workspace.experiments["epx"]
        self.assertEqual(str(caught.exception), "there is no experiment 'epx'; did you mean \"exp\"?")

    def test_unknown_keywords_of_start_logging_are_left_out_with_a_word(self):
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            self.experiment.start_logging(snapshot_directroy=None)
        self.assertIn('does not know snapshot_directroy and leaves it out; did you mean "snapshot_directory"?', str(told[0].message))
        self.assertTrue(told[0].filename.endswith("test_wrong_input.py"))

    def test_filters_that_are_none(self):
        self.experiment.start_logging()
        self.refused(lambda: list(self.experiment.get_runs(tags=5)), "the filter is an int")

    def test_what_is_submitted(self):
        self.refused(lambda: self.experiment.submit(None), "submission is not supported for None", "ScriptRunConfig(source_directory=")
        self.write("work/train.py", "pass")
        config = ScriptRunConfig(".", "train.py", arguments=["--a", {}, None])
        config.run_config.node_count = "two"
        self.refused(lambda: self.experiment.submit(config), "arguments[1] is a dict; strings, numbers and data are expected", "arguments[2] is None", "node_count is 'two'; a whole number")


class RunTest(WrongInputCase):
    def setUp(self):
        super().setUp()
        self.run_object = self.experiment.start_logging(snapshot_directory=None)

    def test_values_of_metrics_say_which_and_what_takes_them(self):
        run = self.run_object
        for call, words in ((lambda: run.log("m", [1]), ('metric "m" is a list', "log_list takes several")),
                            (lambda: run.log("m", {"a": 1}), ("is a dict", "log_table")),
                            (lambda: run.log("m", None), ("is None; a number or a string is expected",)),
                            (lambda: run.log_list("m", [1, [2]]), ('value 1 of the list of metric "m" is a list',)),
                            (lambda: run.log_row("m", x=1, y=None), ('column "y" of row "m" is None',)),
                            (lambda: run.log_row("m"), ('log_row("m", x=1, y=2)',)),
                            (lambda: run.log("m", 1, step="one"), ('the step of metric "m" is \'one\'',)),
                            (lambda: run.log("m", 1, step=1 << 70), ("a whole number is expected",))):
            self.refused(call, *words)

    def test_a_wrong_name_costs_nothing_but_its_own_call(self):
        run = self.run_object
        for name, words in ((None, "is None"), ("", "is empty"), ("x" * 2000, "has 2000 characters; at most 1000")):
            for call in (lambda: run.log(name, 1), lambda: run.log_list(name, [1]), lambda: run.log_row(name, x=1), lambda: run.log_table(name, {"x": [1]}),
                         lambda: run.log_image(name, path=io.BytesIO(b"p"))):
                self.refused(call, words)
        run.log("good", 1)
        run.complete()
        self.assertEqual(self.points(run), [("good", [1])])
        self.assertEqual(run.get_file_names(), [])

    def test_files(self):
        run = self.run_object
        self.refused(lambda: run.download_file("model.pkl"), "has no file 'model.pkl'; it has no files at all")
        run.upload_file("a.txt", io.BytesIO(b"a"))
        self.refused(lambda: run.download_file("model.pkl"), "has no file 'model.pkl'; it has a.txt")
        self.refused(lambda: run.upload_file("../a.txt", io.BytesIO(b"a")), "names are relative")
        self.refused(lambda: run.upload_file("b.txt", "nothere.txt"), "nothere.txt does not exist")
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            run.download_files(prefix="outputs")
        self.assertIn("nothing was downloaded", str(told[0].message))

    def test_a_finished_run(self):
        self.run_object.complete()
        self.refused(lambda: self.run_object.child_run("late"), "is over (Completed)")
        self.refused(lambda: self.run_object.log("late", 1), 'metric "late" was not logged', "is over (Completed)")
        Run(self.experiment, self.run_object.id).complete()  # another notebook, the same end
