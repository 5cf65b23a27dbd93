"""Interactive runs: what the client sends and when (spec 2, 3; 19.1; behaviours 2, 3 and 15 of section 20), against a server in memory."""
import contextlib
import io
import json
import os
import subprocess
import sys
import threading
import time
import warnings
import zipfile

from azureml.core import Experiment, Run, Workspace
from azureml.exceptions import ExperimentNotFoundException, ServiceException, SnapshotException, UserErrorException
from fakes import Case
from interactive_server import InteractiveServer
from stoker import Client, _recorder
from stoker.errors import StokerError


class InteractiveCase(Case):
    def setUp(self):
        super().setUp()
        self.server = InteractiveServer()
        self.addCleanup(self.server.close)
        self.addCleanup(lambda: _recorder._process and _recorder._process.recorders.clear())  # nothing is sent to a server that is gone
        self.go_to("work")
        self.variables(STOKER_URL=self.server.url, STOKER_TOKEN="t", AZUREML_RUN_ID=None, STOKER_SOCKET=None)
        self.kept = []
        original = Client.snapshot
        self.addCleanup(setattr, Client, "snapshot", original)
        Client.snapshot = lambda client, folder, limit: self.kept.append((folder, limit)) or {"snapshot": "ab" * 32, "properties": {"azureml.git.commit": "c0ffee"}}
        self.workspace = Workspace("s", "g", "w1")
        self.experiment = Experiment(self.workspace, "exp")

    def points(self, run):
        return [(point["name"], point["values"]) for point in self.server.metrics.get(run.id, [])]

    def until(self, condition):
        end = time.monotonic() + 30
        while not condition():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.005)


class MetricsTest(InteractiveCase):
    def logged(self, use):
        run = self.experiment.start_logging()
        use(run)
        run.complete()
        return Run(self.experiment, run.id).get_metrics()

    def test_worked_vectors(self):
        self.assertEqual(self.logged(lambda run: run.log("acc", .1)), {"acc": .1})
        self.assertEqual(self.logged(lambda run: [run.log("acc", value) for value in (.1, .2)]), {"acc": [.1, .2]})
        self.assertEqual(self.logged(lambda run: [run.log_list("l", value) for value in ([1, 2], [3])]), {"l": [1, 2, 3]})
        self.assertEqual(self.logged(lambda run: run.log_row("r", x=1, y=2)), {"r": {"x": 1, "y": 2}})
        self.assertEqual(self.logged(lambda run: [run.log_row("r", x=1, y=2), run.log_row("r", x=3, y=4)]), {"r": {"x": [1, 3], "y": [2, 4]}})
        self.assertEqual(self.logged(lambda run: run.log_table("t", {"a": [1, 2], "b": ["x", "y"]})), {"t": {"a": [1, 2], "b": ["x", "y"]}})
        self.assertEqual(self.logged(lambda run: None), {})

    def test_order_within_a_name_and_strange_numbers_are_kept(self):
        def use(run):
            for number in range(5000):
                run.log("n", number, step=number)
            run.log_list("odd", [float("nan"), float("inf"), -1])
            run.log("text", "\ud83d half")
        found = self.logged(use)
        self.assertEqual(found["n"], list(range(5000)))
        self.assertEqual((str(found["odd"][0]), found["odd"][1:]), ("nan", [float("inf"), -1]))
        self.assertEqual(found["text"], "? half")

    def test_an_unknown_name_is_an_empty_dict(self):
        run = self.experiment.start_logging()
        run.log("a", 1)
        self.assertEqual((run.get_metrics("b"), run.get_metrics("a")), ({}, {"a": 1}))  # a read waits for what was logged before it

    def test_wrong_values_name_the_metric_and_leave_nothing(self):
        run = self.experiment.start_logging()
        for call in (lambda: run.log("m", [1]), lambda: run.log("m", None), lambda: run.log_list("m", 5), lambda: run.log_row("m"), lambda: run.log_table("m", {"a": [1], "b": [1, 2]})):
            with self.assertRaises(UserErrorException) as caught:
                call()
            self.assertIn('"m"', caught.exception.message)
        run.complete()
        self.assertEqual(self.points(run), [])

    def test_recursive_has_the_childrens_by_id(self):
        run = self.experiment.start_logging()
        run.log("a", 1)
        with run.child_run() as child:
            child.log("b", 2)
        self.assertEqual(run.get_metrics(recursive=True), {"a": 1, child.id: {"b": 2}})

    def test_images_are_files_and_metrics_that_point_at_them(self):
        class Plot:
            @staticmethod
            def savefig(target, format):
                target.write(b"picture " + format.encode())
        run = self.experiment.start_logging()
        run.log_image("pic", plot=Plot)
        run.log_image("pic", path=io.BytesIO(b"another"))
        value = run.get_metrics()["pic"]
        self.assertEqual([each.startswith("aml://artifactId/ExperimentRun/dcid.{}/pic_".format(run.id)) and each.endswith(".png") for each in value], [True, True])
        self.assertEqual(run.get_metrics(populate=True)["pic"], [b"picture png", b"another"])
        for options in ({}, {"path": "a.png", "plot": Plot}, {"plot": 5}, {"path": "nothere.png"}):
            self.assertRaises(UserErrorException, run.log_image, "pic", **options)

    def test_structured_metrics(self):
        run = self.experiment.start_logging()
        good = {"schema_type": "residuals", "schema_version": "v1", "data": {"bin_edges": [0, 1, 2], "bin_counts": [3, 4]}}
        run.log_residuals("r", good)
        run.log_confusion_matrix("c", json.dumps({"schema_type": "confusion_matrix", "data": {"class_labels": ["a", "b"], "matrix": [[1, 2], [3, 4]]}}))
        self.assertEqual(run.get_metrics(populate=True)["r"], good)
        table = [[[1, 2, 3, 4]]]
        run.log_accuracy_table("t", {"schema_type": "accuracy_table", "data": {"probability_tables": table, "percentile_tables": table, "probability_thresholds": [0.5],
                                                                             "percentile_thresholds": [0.5], "class_labels": ["x"]}})
        for value, word in (({"schema_type": "predictions", "data": {"bin_averages": [], "bin_errors": [1], "bin_counts": [1], "bin_edges": [1]}}, "one more than bin_counts"),
                            ({"schema_type": "residuals", "data": {}}, "'predictions' is expected"), ("{", "no JSON"), (5, "is an int"), ({"schema_type": "predictions"}, "data is None")):
            with self.assertRaises(UserErrorException) as caught:
                run.log_predictions("p", value)
            self.assertIn(word, caught.exception.message)


class SendingTest(InteractiveCase):
    def test_nothing_waits_while_the_server_is_away_and_nothing_is_lost_or_doubled(self):
        run = self.experiment.start_logging()
        run.log("a", 0)
        run.flush()
        self.server.is_away = True
        for number in range(1, 100):
            run.log("a", number)
        self.assertRaises(ServiceException, run.flush, 0.2)
        self.server.loses_answers = 2
        self.server.is_away = False
        run.complete()
        self.assertEqual([values[0] for _, values in self.points(run)], list(range(100)))
        self.assertGreater(len(self.server.batches), len({(body["writer"], body["sequence"]) for _, body in self.server.batches}))  # some came twice

    def test_threads_log_into_one_run(self):
        run = self.experiment.start_logging()
        threads = [threading.Thread(target=lambda at=at: [run.log("t{}".format(at), number) for number in range(200)]) for at in range(8)]
        [each.start() for each in threads]
        [each.join() for each in threads]
        run.complete()
        for at in range(8):
            self.assertEqual([values[0] for name, values in self.points(run) if name == "t{}".format(at)], list(range(200)))

    def test_a_forked_child_adds_and_doubles_nothing(self):
        run = self.experiment.start_logging()
        for number in range(100):
            run.log("parent", number)
        pid = os.fork()
        if pid == 0:
            code = 1
            with contextlib.suppress(BaseException):
                run.log("child", 1)
                run.flush()
                code = 0
            os._exit(code)
        self.assertEqual(os.waitpid(pid, 0)[1], 0)
        run.complete()
        names = [name for name, _ in self.points(run)]
        self.assertEqual((names.count("parent"), names.count("child")), (100, 1))

    def test_the_end_of_the_process_sends_what_waits(self):
        code = ("from azureml.core import *\nrun = Experiment(Workspace('s', 'g', 'w1'), 'exp').start_logging(snapshot_directory=None)\n"
                "for n in range(1000): run.log('n', n)\n")
        env = dict(os.environ, PYTHONPATH=os.path.dirname(os.path.dirname(os.path.abspath(__file__))), PYTHONDONTWRITEBYTECODE="1")
        subprocess.check_call([sys.executable, "-c", code], env=env)
        (points,) = self.server.metrics.values()
        self.assertEqual([point["values"][0] for point in points], list(range(1000)))
        self.assertEqual([each["state"] for each in self.server.runs.values()], ["Running"])  # only its owner knows how it ended

    def test_a_heartbeat_tells_that_the_kernel_lives_until_the_end(self):
        run = self.experiment.start_logging()
        self.until(lambda: self.server.beats)
        self.assertEqual(self.server.beats[0], run.id)
        before = _recorder.HEARTBEAT_SECONDS
        self.addCleanup(setattr, _recorder, "HEARTBEAT_SECONDS", before)
        _recorder.HEARTBEAT_SECONDS = 0.02
        recorder = _recorder.recorder(self.workspace._client, run.id)
        recorder.beat()
        self.until(lambda: len(self.server.beats) > 3)
        run.complete()
        self.assertIsNone(recorder.due())

    def test_a_kernel_that_logs_without_a_pause_is_watched_too(self):
        run = self.experiment.start_logging()
        for number in range(100):
            run.log("a", number)
        run.flush()
        calls = [url.rsplit("/", 1)[1] for method, url, _, _ in self.server.requests if method == "POST" and run.id in url]
        self.assertEqual(calls[:2], ["heartbeat", "metrics"])

    def test_a_run_that_ended_elsewhere_takes_nothing_and_says_so(self):
        run = self.experiment.start_logging()
        self.server.runs[run.id]["state"] = "Canceled"
        with contextlib.redirect_stderr(io.StringIO()) as told:
            run.log("a", 1)
            with self.assertRaises(UserErrorException) as caught:
                run.flush()
        self.assertIn("is over (Canceled)", caught.exception.message)
        self.assertIn("1 points of the run {} were not taken".format(run.id), told.getvalue())
        with self.assertRaises(UserErrorException):
            run.log("a", 2)
        run.get_status()
        with self.assertRaises(UserErrorException) as caught:
            run.log("a", 3)
        self.assertIn('metric "a" was not logged', caught.exception.message)

    def test_times(self):
        self.assertEqual(_recorder.time_text(0.25), "1970-01-01T00:00:00.250000Z")
        self.assertEqual(_recorder.time_text(1700000000.999999), "2023-11-14T22:13:20.999999Z")


class LifeTest(InteractiveCase):
    def test_start_logging_keeps_source_git_and_outputs(self):
        run = self.experiment.start_logging(display_name="mine")
        self.assertEqual(self.kept, [(os.getcwd(), 300 << 20)])
        self.assertEqual((run.display_name, run.type, run.status, run.get_snapshot_id()), ("mine", None, "Running", "ab" * 32))
        self.assertEqual(run.properties["azureml.git.commit"], "c0ffee")
        self.write("work/outputs/sub/model.pkl", "m")  # nobody made that folder but start_logging
        self.assertTrue(os.path.isdir("outputs"))
        run.upload_file("outputs/taken.txt", io.BytesIO(b"by hand"))
        self.write("work/outputs/taken.txt", "other")
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            run.complete()
        self.assertTrue(any("taken.txt" in str(each.message) for each in told))
        self.assertEqual(run.get_file_names(), ["outputs/sub/model.pkl", "outputs/taken.txt"])
        self.assertEqual(run.get_status(), "Completed")
        details = run.get_details()
        self.assertNotIn("runDefinition", details)
        self.assertEqual((details["runId"], details["status"]), (run.id, "Completed"))

    def test_a_notebook_is_kept_too_unless_the_snapshot_has_it(self):
        kernel = type("Kernel", (), {"user_ns": {}})
        module = type(sys)("IPython")
        module.get_ipython = lambda: kernel
        sys.modules["IPython"] = module
        self.addCleanup(sys.modules.pop, "IPython")
        self.variables(JPY_SESSION_NAME=self.write("notes/lab.ipynb", "{}"))
        self.assertEqual(self.experiment.start_logging().get_file_names(), ["lab.ipynb"])
        self.variables(JPY_SESSION_NAME=self.write("work/here.ipynb", "{}"))
        self.assertEqual(self.experiment.start_logging().get_file_names(), [])

    def test_without_a_snapshot_and_with_another_folder_of_outputs(self):
        run = self.experiment.start_logging(snapshot_directory=None, outputs="results")
        self.assertEqual((self.kept, run.get_snapshot_id()), ([], None))
        self.write("work/results/a.txt", "a")
        run.complete()
        self.assertEqual(run.get_file_names(), ["results/a.txt"])
        self.assertRaises(UserErrorException, run.restore_snapshot)

    def test_a_folder_that_is_too_large_says_the_limit_and_the_way_out(self):
        def too_large(*unused):
            raise StokerError("input.too_large", "holds 301 MiB")
        Client.snapshot = too_large
        with self.assertRaises(SnapshotException) as caught:
            self.experiment.start_logging()
        for word in (os.getcwd(), "exceeds the limit", "300.0 MB", ".amlignore", "SNAPSHOT_MAX_SIZE_BYTES"):
            self.assertIn(word, caught.exception.message)
        self.assertEqual(self.server.runs, {})

    def test_both_constants_raise_the_limit(self):
        import azureml._restclient.constants
        import azureml._restclient.snapshots_client
        from azureml.core import _snapshots
        for module in (azureml._restclient.snapshots_client, azureml._restclient.constants):
            self.assertEqual(_snapshots.max_bytes(), 300 << 20)
            self.addCleanup(setattr, module, "SNAPSHOT_MAX_SIZE_BYTES", module.SNAPSHOT_MAX_SIZE_BYTES)
            module.SNAPSHOT_MAX_SIZE_BYTES = 1 << 30
        self.assertEqual(_snapshots.max_bytes(), 1 << 30)

    def test_the_context_manager_completes_and_fails(self):
        with self.experiment.start_logging() as run:
            run.log("a", 1)
        self.assertEqual(run.get_status(), "Completed")
        with self.assertRaises(ZeroDivisionError):
            with self.experiment.start_logging() as run:
                1 / 0
        self.assertEqual(run.get_status(), "Failed")
        error = run.get_details()["error"]["error"]
        self.assertEqual(error["message"], "User program failed with ZeroDivisionError: division by zero")
        self.assertEqual(error["debugInfo"]["type"], "ZeroDivisionError")
        self.assertIn("1 / 0", error["debugInfo"]["stackTrace"])
        with self.experiment.start_logging() as run:
            run.cancel()
        self.assertEqual(run.get_status(), "Canceled")

    def test_fail_works_and_warns(self):
        run = self.experiment.start_logging()
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            run.fail("because", error_code="Mine")
        self.assertEqual([each.category for each in told], [DeprecationWarning])
        self.assertTrue(told[0].filename.endswith("test_interactive.py"))
        self.assertEqual((run.get_status(), run.get_details()["error"]["error"]["code"]), ("Failed", "Mine"))

    def test_old_names_work_and_say_what_replaces_them(self):
        self.write("work/.azureml/config.json", json.dumps({"subscription_id": "s", "resource_group": "g", "workspace_name": "w1"}))
        for use, word in ((lambda: Run.get_submitted_run(), "Run.get_context"), (lambda: self.experiment.workspace_object, "Experiment.workspace"),
                          (lambda: Experiment.from_directory("."), "Workspace.from_config")):
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always")
                self.assertIsNotNone(use())
            self.assertEqual([each.category for each in told], [DeprecationWarning])
            self.assertIn(word, str(told[0].message))
        self.variables(AZUREML_LOG_DEPRECATION_WARNING_ENABLED="False")
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            Run.get_submitted_run()
        self.assertEqual(told, [])

    def test_two_that_end_the_same_run(self):
        run = self.experiment.start_logging()
        run.complete()
        Run(self.experiment, run.id).complete()  # the same again
        with self.assertRaises(UserErrorException) as caught, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            Run(self.experiment, run.id).fail("no")
        self.assertIn("is over (Completed)", caught.exception.message)
        with self.assertRaises(UserErrorException) as caught:
            run.log("late", 1)
        self.assertIn("is over", caught.exception.message)
        self.assertFalse(run.cancel())

    def test_children(self):
        run = self.experiment.start_logging()
        with run.child_run(name="first") as child:
            self.assertEqual((child.id, child.display_name, child.parent.id), (run.id + "_0", "first", run.id))
        self.assertEqual(child.get_status(), "Completed")
        self.assertEqual(run.child_run(run_id="mine").id, "mine")
        self.assertRaises(UserErrorException, run.child_run, run_id="mine")
        self.assertEqual([each.id for each in run.get_children()], ["mine", run.id + "_0"])
        self.assertEqual([each.id for each in self.experiment.get_runs()], [run.id])
        self.assertEqual(len(list(self.experiment.get_runs(include_children=True))), 3)
        run.complete()
        self.assertRaises(UserErrorException, run.child_run)

    def test_children_in_one_call_are_not_started(self):
        run = self.experiment.start_logging()
        calls = len(self.server.keys)
        children = run.create_children(tag_key="alpha", tag_values=[0.1, 0.2])
        self.assertEqual(len(self.server.keys), calls + 1)
        self.assertEqual([each.get_status() for each in children], ["NotStarted", "NotStarted"])
        self.assertEqual([each.tags for each in children], [{"alpha": "0.1"}, {"alpha": "0.2"}])
        children[0].start()
        self.assertEqual(children[0].get_status(), "Running")
        with children[1] as child:
            child.log("x", 1)
        self.assertEqual(child.get_status(), "Completed")
        self.assertEqual(len(run.create_children(3)), 3)
        for options in ({}, {"tag_key": "a"}, {"count": 3, "tag_key": "a", "tag_values": [1]}, {"count": "3"}, {"count": -1}):
            self.assertRaises(UserErrorException, run.create_children, **options)

    def test_tags_and_properties(self):
        run = self.experiment.start_logging()
        run.tag("k")
        run.tag("n", 1)
        self.assertEqual(run.get_tags(), {"k": None, "n": "1"})
        for tags, found in (("k", 1), ({"k": "v"}, 0), ({"n": 1}, 1), ({"k": None}, 1)):
            self.assertEqual(len(list(self.experiment.get_runs(tags=tags))), found, tags)
        run.add_properties({"a": "1"})
        run.add_properties({"a": 1})
        self.assertRaises(Exception, run.add_properties, {"a": "2"})
        self.assertEqual(run.get_properties()["a"], "1")
        self.assertEqual(len(list(self.experiment.get_runs(properties={"a": 1}))), 1)
        self.assertRaises(UserErrorException, run.set_tags, "k")
        run.display_name, run.description = "new", "text"
        self.assertEqual((Run.get(self.workspace, run.id).display_name, run.description), ("new", "text"))

    def test_the_source_comes_back_as_a_zip(self):
        run = self.experiment.start_logging()
        self.server.snapshots["ab" * 32] = {"train.py": b"print(1)", "sub/a.txt": b"a"}
        path = run.restore_snapshot(path="restored")
        with zipfile.ZipFile(path) as file:
            self.assertEqual({name: file.read(name) for name in file.namelist()}, {"train.py": b"print(1)", "sub/a.txt": b"a"})

    def test_a_file_that_is_not_there_gets_a_suggestion(self):
        run = self.experiment.start_logging()
        run.upload_file("model.pkl", io.BytesIO(b"m"))
        with self.assertRaises(UserErrorException) as caught:
            run.download_file("modle.pkl")
        self.assertIn('did you mean "model.pkl"?', caught.exception.message)
        with self.assertRaises(UserErrorException) as caught:
            run.upload_file("model.pkl", io.BytesIO(b"other"))
        self.assertIn("taken", caught.exception.message)
        self.assertRaises(UserErrorException, run.upload_files, ["a", "b"], ["nothere", __file__])
        self.assertEqual(run.upload_files(["a"], [__file__], return_artifacts=True), {"a": "dcid.{}/a".format(run.id)})

    def test_types_may_have_a_class_of_their_own(self):
        class Special(Run):
            pass
        from azureml.core import _records
        self.addCleanup(_records.factories.clear)
        Run.add_type_provider("special", lambda experiment, record: Special(experiment, record["id"]))
        run = self.experiment.start_logging()
        run.add_properties({"azureml.runType": "special"})
        self.assertIsInstance(self.workspace.get_run(run.id), Special)
        self.assertEqual([each.id for each in self.experiment.get_runs(type="special")], [run.id])


class ExperimentTest(InteractiveCase):
    def test_archive_and_views(self):
        Experiment(self.workspace, "other")
        self.experiment.archive()
        self.assertIsNotNone(self.experiment.archived_time)
        names = lambda view: [each.name for each in Experiment.list(self.workspace, view_type=view)]  # noqa: E731
        self.assertEqual((names("ActiveOnly"), names("ARCHIVED_ONLY"), names("All")), (["other"], ["exp"], ["exp", "other"]))
        self.assertEqual(list(self.workspace.experiments), ["other"])
        with self.assertRaises(KeyError) as caught:
            self.workspace.experiments["othr"]
        self.assertIn('did you mean "other"?', str(caught.exception))
        self.experiment.reactivate()
        self.assertIsNone(self.experiment.archived_time)
        self.assertRaises(UserErrorException, self.experiment.reactivate, "renamed")
        self.assertRaises(UserErrorException, Experiment.list, self.workspace, view_type="Active")

    def test_tags(self):
        self.experiment.tag("a", 1)
        self.experiment.set_tags({"b": "x"})
        self.assertEqual(self.experiment.tags, {"a": "1", "b": "x"})
        self.experiment.remove_tags(["a"])
        self.assertEqual(self.experiment.refresh().tags, {"b": "x"})
        self.assertEqual([each.name for each in Experiment.list(self.workspace, tags={"b": "x"})], ["exp"])

    def test_deletion_is_for_experiments_without_runs(self):
        other = Experiment(self.workspace, "other")
        Experiment.delete(self.workspace, other.id)
        self.assertEqual(list(self.server.experiments), ["exp"])
        self.experiment.start_logging()
        self.assertRaises(UserErrorException, Experiment.delete, self.workspace, self.experiment.id)
        with self.assertRaises(ExperimentNotFoundException) as caught:
            Experiment.delete(self.workspace, "exp")
        self.assertIn("that is a name", caught.exception.message)

    def test_what_cannot_be_submitted(self):
        with self.assertRaises(UserErrorException) as caught:
            self.experiment.submit(5)
        self.assertIn("submission is not supported for an int", caught.exception.message)
        pipeline = type("Pipeline", (), {})()
        with self.assertRaises(UserErrorException) as caught:
            self.experiment.submit(pipeline)
        self.assertIn("not offered by this version", caught.exception.message)


class KeyvaultTest(InteractiveCase):
    def test_secrets(self):
        vault = self.workspace.get_default_keyvault()
        vault.set_secret(name="db-password", value="hunter2")
        vault.set_secrets({"a": "1", "b": "2"})
        self.assertEqual(vault.get_secret("db-password"), "hunter2")
        self.assertEqual(vault.get_secrets(["a", "none"]), {"a": "1", "none": None})
        self.assertEqual([each["name"] for each in vault.list_secrets()], ["db-password", "a", "b"])
        self.assertNotIn("hunter2", json.dumps(vault.list_secrets()) + repr(vault))
        vault.delete_secret("a")
        with self.assertRaises(UserErrorException) as caught:
            vault.delete_secret("db-pasword")
        self.assertIn('did you mean "db-password"?', caught.exception.message)
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            self.assertIsNone(vault.get_secret("db-pasword"))
        self.assertIn('did you mean "db-password"?', str(told[0].message))
        self.assertRaises(UserErrorException, vault.set_secrets, {"c": 5})
        self.assertEqual(self.experiment.start_logging().get_secret("b"), "2")
