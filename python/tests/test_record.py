"""What is kept of a run beside its metrics: the environment of this process, the diff, who changed what; and stoker.Record."""
import json
import os
import sys

from azureml.core import Run
from azureml.exceptions import UserErrorException
from fakes import Case, Server, run_record
from stoker import Client, Record, StokerError, _recorder, _server, _surroundings
from test_interactive import InteractiveCase


class SurroundingsTest(Case):
    def test_packages_are_those_that_are_imported_by_name(self):
        self.write("first/mine-1.2.dist-info/METADATA", "Metadata-Version: 2.1\nName: Mine.One\nVersion: 1.3\n\nVersion: 9\n")
        self.write("first/old-0.1-py3.6.egg-info", "Name: old\nVersion: 0.1\n")
        self.write("first/~broken-1.dist-info/METADATA", "Name: ~broken\nVersion: 1\n")
        self.write("first/bare-2.0.dist-info/RECORD", "")
        self.write("second/mine_one-5.dist-info/METADATA", "Name: mine_one\nVersion: 5\n")
        self.write("second/dir-3.egg-info/PKG-INFO", "Name: dir\nVersion: 3\n")
        found = _surroundings.packages([os.path.join(self.folder, each) for each in ("first", "nothing", "second")])
        self.assertEqual(found, [{"name": "bare", "version": "2.0"}, {"name": "dir", "version": "3"}, {"name": "Mine.One", "version": "1.3"}, {"name": "old", "version": "0.1"}])

    def test_the_empty_entry_of_the_path_is_the_current_folder(self):
        self.write("here/x-1.dist-info/METADATA", "Name: x\nVersion: 1\n")
        self.go_to("here")
        self.assertEqual(_surroundings.packages([""]), [{"name": "x", "version": "1"}])

    def test_the_record_has_what_a_supervisor_tells(self):
        record = _surroundings.environment()
        self.assertEqual(list(record), ["kind", "interpreter", "version", "packages", "host", "user", "platform"])
        self.assertEqual((record["interpreter"], record["version"]), (sys.executable, "{}.{}.{}".format(*sys.version_info[:3])))
        self.assertIn(" " + os.uname().release + " ", record["platform"])
        self.assertEqual(_surroundings.user_at_host(), record["user"] + "@" + record["host"])


class InteractiveRecordTest(InteractiveCase):
    def test_the_environment_is_there_once_the_run_is_complete(self):
        run = self.experiment.start_logging()
        child = run.child_run()
        child.complete()
        run.complete()
        expected = _surroundings.environment()
        self.assertEqual(self.server.environments, {run.id: expected, child.id: expected})

    def test_it_comes_in_the_background_and_a_read_does_not_wait_for_it(self):
        run = self.experiment.start_logging()
        self.until(lambda: run.id in self.server.environments)

    def test_it_comes_when_the_server_is_back(self):
        run = self.experiment.start_logging()
        self.server.is_away = True
        _recorder.recorder(run._client, run.id).describe()
        self.server.environments.clear()
        self.server.is_away = False
        run.complete()
        self.assertIn(run.id, self.server.environments)

    def test_children_that_are_not_started_tell_it_when_they_are(self):
        run = self.experiment.start_logging()
        child = run.create_children(1)[0]
        run.flush()
        self.assertNotIn(child.id, self.server.environments)
        child.start()
        child.complete()
        self.assertIn(child.id, self.server.environments)

    def test_another_process_has_told_it_and_nothing_is_said(self):
        run = self.experiment.start_logging()
        run.flush()
        self.server.environments[run.id] = {"kind": "another"}
        _recorder.recorder(run._client, run.id).describe()
        run.complete()
        self.assertEqual(self.server.environments[run.id], {"kind": "another"})

    def test_the_environment_of_the_sdk_is_that_of_the_process(self):
        run = self.experiment.start_logging()
        found = run.get_environment()
        self.assertEqual((found.python.user_managed_dependencies, found.python.interpreter_path), (True, sys.executable))
        self.server.environments.clear()
        self.assertRaises(UserErrorException, run.get_environment)

    def test_the_diff_goes_with_the_begin(self):
        Client.snapshot = lambda client, folder, limit: {"snapshot": "ab" * 32, "properties": {}, "diff": "diff --git"}
        sent = self.server.begun
        run = self.experiment.start_logging()
        run.child_run().complete()
        self.assertEqual([each["diff"] for each in sent], ["diff --git", None])
        run.complete()

    def test_changes_and_cancels_say_who(self):
        run = self.experiment.start_logging()
        run.tag("k", "v")
        run.add_properties({"p": "1"})
        run.description = "d"
        self.assertEqual({each["by"] for each in self.server.changes}, {_surroundings.user_at_host()})
        run.cancel()
        self.assertEqual(self.server.cancels, [_surroundings.user_at_host()])


class InsideTest(InteractiveCase):
    def test_a_run_reads_its_own_workspace_and_experiment_and_makes_none(self):
        self.variables(AZUREML_RUN_ID="r", AZUREML_ARM_SUBSCRIPTION="s", AZUREML_ARM_RESOURCEGROUP="g", AZUREML_ARM_WORKSPACE_NAME="w1", AZUREML_WORKSPACE_ID="w-1",
                       AZUREML_ARM_PROJECT_NAME="exp")
        made = len(self.server.experiments)
        experiment = Run.get_context().experiment
        self.assertEqual((experiment.workspace.get_details()["name"], experiment.workspace.tags), ("w1", {}))
        self.assertEqual((experiment.id, experiment.tags), ("e-1", {}))
        self.assertEqual(len(self.server.experiments), made)


ID = run_record()["id"]
RUN = "/api/v1/runs/" + ID


class RecordTest(Case):
    def setUp(self):
        super().setUp()
        self.server = Server({
            ("GET", RUN): run_record(phases=[{"name": "run", "started_at": "a", "ended_at": "b"}]),
            ("GET", RUN + "/events"): lambda request: {"events": [{"seq": 1, "message": "submitted"}] if "after=0" in request[1] else []},
            ("GET", RUN + "/samples"): {"samples": [{"time": "t", "values": {"cpu_percent": 1}}]},
            ("POST", RUN + "/archive"): run_record(), ("POST", RUN + "/restore"): run_record(), ("POST", RUN + "/cancel"): run_record(),
            ("DELETE", RUN): {},
        })
        self.addCleanup(self.server.close)
        self.variables(STOKER_URL=self.server.url, STOKER_TOKEN="t", AZUREML_RUN_ID=None, STOKER_SOCKET=None)
        self.record = Record(ID)

    def test_reading(self):
        self.assertEqual(self.record.show()["id"], ID)
        self.assertEqual(self.record.phases()[0]["name"], "run")
        self.assertEqual(self.record.events(), [{"seq": 1, "message": "submitted"}])
        self.assertEqual(self.record.samples()[0]["values"], {"cpu_percent": 1})
        self.assertEqual((self.record.environment(), self.record.diff()), (None, None))
        self.server.answers[("GET", RUN + "/diff")] = "diff --git \u00fc".encode("utf-8")
        self.server.answers[("GET", RUN + "/environment")] = {"version": "3.11"}
        self.assertEqual((self.record.environment(), self.record.diff()), ({"version": "3.11"}, "diff --git \u00fc"))
        self.assertRaises(StokerError, Record("another").diff)
        self.assertRaises(StokerError, Record("another").environment)

    def test_keeping_says_who(self):
        for verb in ("archive", "restore", "cancel"):
            getattr(self.record, verb)()
            method, path, _, body = self.server.requests[-1]
            self.assertEqual((method, path, json.loads(body.decode())), ("POST", RUN + "/" + verb, {"by": _surroundings.user_at_host()}))
        self.record.delete()

    def test_what_the_program_knows(self):
        asked = []
        original = _server.call_program
        self.addCleanup(setattr, _server, "call_program", original)
        _server.call_program = lambda arguments, text, variables: asked.append((arguments, variables["STOKER_URL"])) or '{"lines": [1]}'
        self.assertEqual(self.record.lines("stderr"), [1])
        self.record.compare(Record("other"))
        self.record.recreate("folder")
        self.assertEqual(asked, [(["run", "logs", ID, "--times", "--stream", "stderr", "--json"], self.server.url), (["run", "diff", ID, "other", "--json"], self.server.url),
                                 (["run", "recreate", ID, "folder", "--json"], self.server.url)])
