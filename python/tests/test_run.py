"""Workspaces, experiments and runs against a server with canned answers."""
import contextlib
import io
import json
import os

from azureml.core import Environment, Experiment, Run, RunConfiguration, ScriptRunConfig, Workspace
from azureml.core.runconfig import MpiConfiguration
from azureml.core.script_run_config import get_run_config_from_script_run
from azureml.exceptions import (ActivityFailedException, ExperimentExecutionException, RunNotFoundException, UserErrorException, WorkspaceException)
from fakes import Case, Server, event, run_record
from interactive_server import in_columns
from stoker import _server
from stoker._surroundings import user_at_host

ID = run_record()["id"]
RUN = "/api/v1/runs/" + ID
WORKSPACE = {"id": "w-1", "subscription_id": "s", "resource_group": "g", "name": "w1", "created_at": "2026-06-30T12:00:00.000000Z", "tags": {}}
EXPERIMENT = {"id": "e-1", "number": 1, "workspace_id": "w-1", "name": "exp", "created_at": "x", "archived_at": None, "tags": {}, "run_count": 1}
FILES = [{"path": "azureml-logs/70_driver_log.txt", "origin": "log", "link": "http://h/log?signature=s"}, {"path": "outputs/a.txt", "origin": "outputs"}, {"path": "outputs/sub/b.txt", "origin": "outputs"}]


class ServerCase(Case):
    def setUp(self):
        super().setUp()
        self.server = Server({
            ("GET", "/api/v1/workspaces"): {"workspaces": [WORKSPACE]},
            ("POST", "/api/v1/workspaces/w-1/experiments"): EXPERIMENT,
            ("GET", "/api/v1/workspaces/w-1/experiments"): {"experiments": [EXPERIMENT]},
            ("GET", RUN): run_record(),
            ("GET", RUN + "/files"): {"files": FILES},
            ("PATCH", RUN): run_record(),
        })
        self.addCleanup(self.server.close)
        self.variables(STOKER_URL=self.server.url, STOKER_TOKEN="t", AZUREML_RUN_ID=None, STOKER_SOCKET=None)
        self.workspace = Workspace("s", "g", "w1")
        self.run_object = Run.get(self.workspace, ID)

    def sent(self, method, path):
        """Body of the last such request."""
        return json.loads([body for verb, place, _, body in self.server.requests if (verb, place) == (method, path)][-1].decode())


class WorkspaceTest(ServerCase):
    def test_what_it_is(self):
        self.assertEqual(repr(self.workspace), "Workspace.create(name='w1', subscription_id='s', resource_group='g')")
        details = self.workspace.get_details()
        self.assertEqual((details["name"], details["workspaceid"], details["type"]), ("w1", "w-1", "Microsoft.MachineLearningServices/workspaces"))
        self.assertEqual(list(self.workspace.experiments), ["exp"])

    def test_from_config(self):
        self.write(".azureml/config.json", json.dumps({"subscription_id": "s", "resource_group": "g", "workspace_name": "w1"}))
        self.go_to("deep")
        self.assertEqual(Workspace.from_config().name, "w1")

    def test_an_unknown_one_on_a_shared_server_names_the_command(self):
        self.server.answers["GET", "/api/v1/workspaces"] = {"workspaces": []}
        with self.assertRaises(WorkspaceException) as caught:
            Workspace("s", "g", "other")
        self.assertIn("stoker workspace create s/g/other", caught.exception.message)

    def test_an_unknown_one_on_the_own_server_is_made_and_said(self):
        self.server.answers["GET", "/api/v1/workspaces"] = {"workspaces": []}
        self.server.answers["POST", "/api/v1/workspaces"] = (201, dict(WORKSPACE, name="mine"))
        self.server.answers["GET", "/healthz"] = {}
        self.write("home/server.json", json.dumps({"url": self.server.url}))
        self.write("home/token", "t")
        self.variables(STOKER_URL=None, STOKER_HOME=os.path.join(self.folder, "home"))
        with contextlib.redirect_stderr(io.StringIO()) as said:
            Workspace("s", "g", "mine")
        self.assertEqual(said.getvalue().count("\n"), 1)
        self.assertIn('made the workspace "mine"', said.getvalue())
        self.assertEqual(self.sent("POST", "/api/v1/workspaces")["exist_ok"], True)

    def test_get_by_name(self):
        self.assertEqual(Workspace.get("w1").resource_group, "g")
        with self.assertRaises(WorkspaceException) as caught:
            Workspace.get("nope")
        self.assertTrue(caught.exception.message.startswith("No workspaces found with name="))


class ExperimentTest(ServerCase):
    def test_names_follow_the_rule(self):
        self.assertEqual(Experiment(self.workspace, "exp").id, "e-1")
        for name in ("", "-x", "a b", "x" * 256, "a.b", None):
            self.assertRaises(UserErrorException, Experiment, self.workspace, name)

    def test_get_runs_is_a_generator_over_all_pages_without_children(self):
        pages = {"": {"runs": [run_record(id="r4", parent="r1"), run_record(id="r3")], "next_cursor": "c"},
                 "c": {"runs": [run_record(id="r2", tags={}), run_record(id="r1")], "next_cursor": None}}
        self.server.answers["GET", "/api/v1/runs"] = lambda request: pages["c" if "cursor=c" in request[1] else ""]
        experiment = Experiment(self.workspace, "exp")
        ids = lambda **options: [run.id for run in experiment.get_runs(**options)]
        self.assertEqual(ids(), ["r3", "r2", "r1"])
        self.assertEqual(ids(include_children=True), ["r4", "r3", "r2", "r1"])
        self.assertEqual(ids(tags="bare"), ["r3", "r1"])
        self.assertEqual(ids(tags={"bare": "v"}), [])
        self.assertEqual(ids(tags={"kind": "test"}, properties={"azureml.git.commit": "c0ffee"}), ["r3", "r1"])


class DetailsTest(ServerCase):
    def test_shape(self):
        details = self.run_object.get_details()
        self.assertEqual((details["runId"], details["target"], details["status"]), (ID, "local", "Completed"))
        self.assertEqual(details["startTimeUtc"], "2026-06-30T12:00:01.000000Z")
        self.assertEqual(details["properties"], {"_azureml.ComputeTargetType": "local", "ContentSnapshotId": "ab" * 32, "azureml.git.commit": "c0ffee"})
        self.assertEqual(details["runDefinition"]["arguments"], ["--alpha", "0.5"])
        self.assertEqual(details["runDefinition"]["maxRunDurationSeconds"], 60)
        self.assertEqual(details["logFiles"], {"azureml-logs/70_driver_log.txt": "http://h/log?signature=s"})
        self.assertEqual(details["submittedBy"], "ann@box")
        self.assertNotIn("error", details)

    def test_times_are_absent_before_they_are_known(self):
        self.server.answers["GET", RUN] = run_record(state="Queued", started_at=None, ended_at=None, end=None)
        details = self.run_object.get_details()
        self.assertNotIn("startTimeUtc", details)
        self.assertNotIn("endTimeUtc", details)

    def test_the_error_is_nested_and_ends_with_the_hint(self):
        error = {"code": "UserError", "message": "User program failed with ModuleNotFoundError: No module named 'x'", "type": "ModuleNotFoundError", "trace": "Traceback",
                 "hint": "add the package x"}
        self.server.answers["GET", RUN] = run_record(state="Failed", error=error)
        found = self.run_object.get_details()["error"]["error"]
        self.assertEqual((found["code"], found["message"]), ("UserError", error["message"] + "\nadd the package x"))
        self.assertEqual(found["debugInfo"], {"type": "ModuleNotFoundError", "message": error["message"], "stackTrace": "Traceback"})

    def test_repr(self):
        self.assertEqual(repr(self.run_object), "Run(Experiment: exp,\nId: {},\nType: azureml.scriptrun,\nStatus: Completed)".format(ID))
        self.assertIn("<table", self.run_object._repr_html_())

    def test_unknown_run(self):
        self.assertRaises(RunNotFoundException, Run.get, self.workspace, "nope")


class FilesTest(ServerCase):
    def setUp(self):
        super().setUp()
        self.go_to("here")
        self.server.answers.update({("GET", RUN + "/files/" + each["path"]): each["path"].encode() for each in FILES})

    def files(self):
        return sorted(os.path.relpath(os.path.join(folder, each), ".") for folder, _, files in os.walk(".") for each in files)

    def test_names(self):
        self.assertEqual(self.run_object.get_file_names(), [each["path"] for each in FILES])

    def test_download_one(self):
        self.run_object.download_file("outputs/a.txt")
        os.mkdir("into")
        self.run_object.download_file("outputs/a.txt", "into")
        self.run_object.download_file("outputs/a.txt", "deep/er/name.txt")
        self.assertEqual(self.files(), ["a.txt", "deep/er/name.txt", "into/a.txt"])
        with open("a.txt") as file:
            self.assertEqual(file.read(), "outputs/a.txt")

    def test_a_missing_file_leaves_nothing(self):
        with self.assertRaises(UserErrorException):
            self.run_object.download_file("outputs/none.txt")
        self.assertEqual(self.files(), [])

    def test_download_many(self):
        self.run_object.download_files("outputs", output_directory="all")
        self.run_object.download_files("outputs/", output_directory="flat", append_prefix=False)
        self.run_object.download_files("outputs", output_paths=["x", "y"])
        self.assertEqual(self.files(), ["all/outputs/a.txt", "all/outputs/sub/b.txt", "flat/a.txt", "flat/sub/b.txt", "x", "y"])

    def test_names_from_the_server_stay_below_the_folder(self):
        self.server.answers["GET", RUN + "/files"] = {"files": [{"path": "../evil", "origin": "upload"}]}
        self.assertRaises(UserErrorException, self.run_object.download_files)

    def test_upload_from_outside(self):
        taken = (409, {"error": {"code": "conflict", "message": "m is taken"}})
        self.server.answers["PUT", RUN + "/files/m"] = taken
        self.server.answers["PUT", RUN + "/files/f/sub/x.txt"] = {}
        with self.assertRaises(UserErrorException):
            self.run_object.upload_file("m", io.BytesIO(b"data"))
        self.write("here/folder/sub/x.txt", "x")
        self.run_object.upload_folder("f", "folder")
        self.assertEqual(self.server.requests[-1][3], b"x")
        self.assertRaises(UserErrorException, self.run_object.upload_files, ["a"], [])

    def test_all_logs(self):
        self.assertEqual(self.run_object.get_all_logs("logs"), ["logs/azureml-logs/70_driver_log.txt"])
        self.assertEqual(self.run_object.get_details_with_logs()["logFiles"], {"azureml-logs/70_driver_log.txt": "azureml-logs/70_driver_log.txt"})


class TagsTest(ServerCase):
    def test_tags_are_texts_or_nothing(self):
        self.run_object.set_tags({"a": 1, "b": None})
        self.assertEqual(self.sent("PATCH", RUN), {"tags": {"a": "1", "b": None}, "by": user_at_host()})
        self.run_object.tag("bare")
        self.assertEqual(self.sent("PATCH", RUN), {"tags": {"bare": None}, "by": user_at_host()})
        self.assertEqual(self.run_object.remove_tags("a"), {"kind": "test", "bare": None})

    def test_a_changed_property_raises(self):
        self.server.answers["PATCH", RUN] = (409, {"error": {"code": "conflict", "message": "the property a is written once"}})
        with self.assertRaises(UserErrorException) as caught:
            self.run_object.add_properties({"a": 2})
        self.assertIn("written once", str(caught.exception))

    def test_metrics_come_from_inside(self):
        self.server.answers["GET", RUN + "/metrics"] = {"metrics": [in_columns("acc", "scalar", [], [("t", [0.5])])]}
        self.assertEqual(self.run_object.get_metrics(), {"acc": 0.5})
        self.assertRaises(UserErrorException, self.run_object.log, "acc", 1)

    def test_cancel(self):
        self.server.answers["POST", RUN + "/cancel"] = run_record()
        self.assertFalse(self.run_object.cancel())  # it is known to be over
        self.server.answers["GET", RUN] = run_record(state="Running")
        run = Run.get(self.workspace, ID)
        self.server.answers["POST", RUN + "/cancel"] = run_record(state="CancelRequested")
        self.assertTrue(run.cancel())
        self.server.answers["POST", RUN + "/cancel"] = run_record(state="Completed")
        self.assertFalse(run.cancel())
        self.server.answers["POST", RUN + "/cancel"] = (409, {"error": {"code": "state.wrong", "message": "it is over"}})
        self.assertFalse(run.cancel())


class WaitTest(ServerCase):
    def wait(self, *events, **options):
        self.server.answers["GET", RUN + "/follow"] = list(events)
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            details = self.run_object.wait_for_completion(show_output=True, **options)
        return details, out.getvalue()

    def test_output_is_printed_in_the_sdks_frame(self):
        details, out = self.wait(event("state", {"state": "Running"}), event("log", {"text": "one\n"}), event("log", {"text": "two"}), event("end", run_record()))
        view = "Web View: {}/runs/{}?wsid=/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w1".format(self.server.url, ID)
        head = "RunId: {}\n{}\n".format(ID, view)
        title = "Streaming azureml-logs/70_driver_log.txt"
        self.assertEqual(out, head + "\n" + title + "\n" + "=" * len(title) + "\n\none\ntwo\n\nExecution Summary\n=================\n" + head + "\n")
        self.assertEqual(details["status"], "Completed")

    def test_a_failed_run_raises_with_its_error_as_json(self):
        failed = run_record(state="Failed", error={"code": "UserError", "message": "User program failed with ValueError: x", "type": "ValueError", "trace": "", "hint": ""})
        self.server.answers["GET", RUN] = failed
        with self.assertRaises(ActivityFailedException) as caught:
            self.wait(event("end", failed))
        text = str(caught.exception)
        self.assertTrue(text.startswith("ActivityFailedException:\n\tMessage: Activity Failed:\n{"), text)
        self.assertIn('"message": "User program failed with ValueError: x"', text)
        self.assertIn("\tInnerException None\n\tErrorResponse \n{", text)
        self.assertEqual(json.loads(caught.exception.error_details)["error"]["code"], "UserError")
        details, out = self.wait(event("end", failed), raise_on_error=False)
        self.assertIn("Error:\n", out)
        self.assertEqual(details["error"]["error"]["message"], "User program failed with ValueError: x")

    def test_a_canceled_run_does_not_raise(self):
        self.server.answers["GET", RUN] = run_record(state="Canceled")
        self.assertEqual(self.wait(event("end", run_record(state="Canceled")))[0]["status"], "Canceled")

    def test_without_output_it_asks_for_the_state(self):
        states = ["Running", "Finalizing", "Completed"]
        self.server.answers["GET", RUN] = lambda request: run_record(state=states.pop(0) if len(states) > 1 else states[0])
        self.assertEqual(self.run_object.wait_for_completion()["status"], "Completed")

    def test_ctrl_c_says_that_the_run_goes_on(self):
        def interrupt(*unused):
            raise KeyboardInterrupt
        self.run_object._client.follow = interrupt
        with self.assertRaises(ExperimentExecutionException) as caught, contextlib.redirect_stdout(io.StringIO()):
            self.run_object.wait_for_completion(show_output=True)
        self.assertIn("still executing", caught.exception.message)
        self.assertIn("stoker run cancel " + ID, caught.exception.message)


class SubmitTest(ServerCase):
    def setUp(self):
        super().setUp()
        self.specs = []
        original = _server.call_program
        self.addCleanup(setattr, _server, "call_program", original)
        _server.call_program = lambda arguments, text, variables: self.specs.append(json.loads(text)) or json.dumps(run_record())
        self.experiment = Experiment(self.workspace, "exp")

    def submit(self, config, **options):
        run = self.experiment.submit(config, **options)
        return run, self.specs[-1]

    def test_the_specification(self):
        env = Environment("mine")
        env.python.user_managed_dependencies = True
        env.environment_variables = {"A": 1}
        config = ScriptRunConfig(self.folder, "train.py", ["--alpha", 0.5, True, "$LOCAL_RANK"], environment=env, max_run_duration_seconds=60)
        config.run_config.environment_variables["B"] = 2
        run, spec = self.submit(config, tags={"k": 1, "bare": None})
        self.assertEqual(type(run).__name__, "ScriptRun")
        self.assertEqual(run.id, ID)
        interpreter = spec["environment"]["settings"].pop("interpreter")
        self.assertTrue(os.path.isabs(interpreter))
        self.assertEqual(spec, {
            "workspace": {"subscription_id": "s", "resource_group": "g", "name": "w1"}, "experiment": "exp", "script": "train.py",
            "arguments": ["--alpha", "0.5", "True", "$LOCAL_RANK"], "source_directory": self.folder, "target": "local", "max_run_duration_seconds": 60,
            "environment": {"kind": "user-managed", "settings": {}, "variables": {"A": "1"}}, "environment_variables": {"B": "2"}, "tags": {"k": "1", "bare": None}})

    def test_no_environment_is_the_submitting_interpreter(self):
        _, spec = self.submit(ScriptRunConfig(self.folder, "train.py"))
        self.assertEqual(spec["environment"]["kind"], "user-managed")
        self.assertEqual(spec["environment"]["variables"], {"EXAMPLE_ENV_VAR": "EXAMPLE_VALUE"})
        self.assertEqual(spec["max_run_duration_seconds"], 2592000)

    def test_interpreters(self):
        config = ScriptRunConfig(self.folder, "train.py")
        python = config.run_config.environment.python
        python.user_managed_dependencies = True
        self.go_to()
        for named, expected in (("python3.9", "python3.9"), ("/opt/py/bin/python", "/opt/py/bin/python"), ("venv/bin/python", os.path.join(self.folder, "venv/bin/python"))):
            python.interpreter_path = named
            self.assertEqual(self.submit(config)[1]["environment"]["settings"]["interpreter"], expected)

    def test_commands(self):
        self.assertEqual(self.submit(ScriptRunConfig(self.folder, command="echo a && echo b"))[1]["command"], "echo a && echo b")
        _, spec = self.submit(ScriptRunConfig(self.folder, command=["echo", "a", "&&", "ls"]))
        self.assertEqual(spec["command"], "echo a && ls")
        self.assertNotIn("script", spec)
        self.assertRaises(UserErrorException, ScriptRunConfig, self.folder, script="a.py", command="b")

    def test_arguments_may_be_a_text(self):
        self.assertEqual(self.submit(ScriptRunConfig(self.folder, "t.py", "--a 'x y'"))[1]["arguments"], ["--a", "x y"])

    def test_one_configuration_is_submitted_twice_with_changes_between(self):
        config = ScriptRunConfig(self.folder, "t.py", ["1"])
        self.submit(config)
        config.arguments = ["2"]
        config.run_config.target = "local"
        self.assertEqual(self.submit(config)[1]["arguments"], ["2"])

    def test_a_run_configuration_is_overridden_by_what_is_given(self):
        base = RunConfiguration(script="a.py", arguments=["x"])
        config = ScriptRunConfig(self.folder, script="b.py", run_config=base)
        self.assertEqual((config.script, config.arguments, config.run_config), ("b.py", ["x"], base))
        alone = get_run_config_from_script_run(config)
        self.assertEqual((alone.script, alone.arguments), ("b.py", ["x"]))
        self.assertIsNot(alone, base)

    def test_what_is_not_offered_is_refused_by_name(self):
        system = ScriptRunConfig(self.folder, "t.py", environment=Environment("sys"))
        docker = ScriptRunConfig(self.folder, "t.py")
        docker.run_config.environment.docker.enabled = True
        nodes = ScriptRunConfig(self.folder, "t.py")
        nodes.run_config.node_count = 2
        packages = ScriptRunConfig(self.folder, "t.py")
        packages.run_config.environment.python.conda_dependencies.add_pip_package("numpy")
        for config, word in ((system, "system-managed"), (docker, "containers"), (nodes, "node_count 2"), (packages, "system-managed"),
                             (ScriptRunConfig(self.folder, "t.py", distributed_job_config=MpiConfiguration()), "distributed_job_config"), (ScriptRunConfig(self.folder), "nothing to run")):
            with self.assertRaises(UserErrorException) as caught:
                self.experiment.submit(config)
            self.assertIn(word, caught.exception.message)
        with self.assertRaises(UserErrorException):
            self.experiment.submit("train.py")
        self.assertEqual(self.specs, [])


class EnvironmentTest(Case):
    def test_names_are_texts(self):
        with self.assertRaises(UserErrorException) as caught:
            Environment(5)
        self.assertIn("environment name expected str, int found", caught.exception.message)

    def test_clone(self):
        env = Environment("a")
        other = env.clone("b")
        other.environment_variables["X"] = "1"
        self.assertEqual((other.name, env.environment_variables), ("b", {"EXAMPLE_ENV_VAR": "EXAMPLE_VALUE"}))
