"""The client of the REST API, against a server with canned answers."""
import io
import json
import os
import stat

from fakes import Case, Server, event
from stoker import Client, StokerError, _server
from stoker._client import parse_events, path_of
from stoker._server import Endpoint


class ClientCase(Case):
    def setUp(self):
        super().setUp()
        self.server = Server()
        self.addCleanup(self.server.close)
        self.client = Client(Endpoint(self.server.url, "secret-token", False))


class CallsTest(ClientCase):
    def test_the_token_goes_along_and_the_record_comes_back(self):
        self.server.answers["GET", "/api/v1/runs"] = {"runs": []}
        self.assertEqual(self.client.get("/runs", state="Running", cursor=None), {"runs": []})
        method, path, headers, _ = self.server.requests[0]
        self.assertEqual((method, path, headers["Authorization"]), ("GET", "/api/v1/runs?state=Running", "Bearer secret-token"))

    def test_an_error_keeps_everything_the_server_said(self):
        body = {"error": {"code": "input.invalid", "message": "wrong", "cause": "below", "hint": "do this", "retryable": False,
                          "mistakes": [{"path": "spec.cpus", "message": "too many"}]}}
        self.server.answers["POST", "/api/v1/runs"] = (400, body)
        with self.assertRaises(StokerError) as caught:
            self.client.post("/runs", {})
        self.assertEqual(str(caught.exception), "wrong\n  because: below\n  - spec.cpus: too many\n  try: do this")
        self.assertEqual(caught.exception.code, "input.invalid")

    def test_what_is_no_answer_of_ours_is_protocol(self):
        self.server.answers["GET", "/api/v1/x"] = (502, b"<html>")
        with self.assertRaises(StokerError) as caught:
            self.client.get("/x")
        self.assertEqual(caught.exception.code, "protocol")
        self.assertIn("answered with status 502, and not as a stoker server does", caught.exception.message)

    def test_nobody_there_is_unreachable(self):
        self.server.close()
        with self.assertRaises(StokerError) as caught:
            self.client.get("/runs")
        self.assertEqual(caught.exception.code, "server.unreachable")

    def test_names_are_escaped(self):
        self.assertEqual(path_of("runs", "r", "files", "outputs/a b?#%.txt"), "/runs/r/files/outputs/a%20b%3F%23%25.txt")

    def test_files_go_up_and_come_down(self):
        data = bytes(bytearray(range(256))) * 5000
        self.server.answers["PUT", "/api/v1/runs/r/files/m/model.bin"] = {}
        self.server.answers["GET", "/api/v1/runs/r/files/m/model.bin"] = data
        self.client.upload("r", "m/model.bin", io.BytesIO(data), len(data))
        self.assertEqual(self.server.requests[0][3], data)
        self.assertEqual(self.server.requests[0][2]["X-Stoker-Origin"], "upload")
        target = io.BytesIO()
        self.assertEqual(self.client.download("r", "m/model.bin", target), len(data))
        self.assertEqual(target.getvalue(), data)


class FollowTest(ClientCase):
    PATH = "/api/v1/runs/r/follow"

    def test_events_come_in_order_until_the_end(self):
        self.server.answers["GET", self.PATH] = [b": hello\n\n", event("log", {"text": "a\n"}, "2.0.0"), event("end", {"state": "Completed"}, "2.1.0")]
        self.assertEqual(list(self.client.follow("r")), [("log", {"text": "a\n"}), ("end", {"state": "Completed"})])

    def test_a_cut_stream_is_taken_up_where_it_was(self):
        streams = [[event("log", {"text": "a"}, "1"), b"event: log\ndata: {\"text\": \"cut"], (503, {"error": {"code": "overloaded", "message": "later", "retryable": True}}),
                   [event("log", {"text": "b"}, "2"), event("end", {}, "3")]]
        self.server.answers["GET", self.PATH] = lambda request: streams.pop(0)
        self.assertEqual([data.get("text") for _, data in self.client.follow("r")], ["a", "b", None])
        self.assertEqual([request[2].get("Last-Event-ID") for request in self.server.requests], [None, "1", "1"])

    def test_an_unknown_run_is_said_at_once(self):
        with self.assertRaises(StokerError) as caught:
            list(self.client.follow("r"))
        self.assertEqual(caught.exception.code, "not_found")

    def test_events_are_put_together_from_any_pieces(self):
        whole = event("log", {"text": "one\r\ntwo"}, "1") + b": beat\n\n" + b"data: {\"a\":\ndata: 1}\r\n\r\n" + event("end", {}, "3")
        expected = [("log", "1", {"text": "one\r\ntwo"}), ("message", "", {"a": 1}), ("end", "3", {})]
        for size in (1, 2, 3, 7, 1000):
            pieces = (whole[at:at + size] for at in range(0, len(whole), size))
            self.assertEqual(list(parse_events(pieces)), expected, size)


class FindingTest(ClientCase):
    def setUp(self):
        super().setUp()
        self.variables(STOKER_HOME=self.folder, STOKER_URL=None, STOKER_TOKEN=None, AZUREML_RUN_ID=None, STOKER_BIN=None)
        self.server.answers["GET", "/healthz"] = {"status": "ok", "instance": "i"}

    def test_a_named_server_needs_its_token(self):
        self.variables(STOKER_URL="http://box:1/")
        with self.assertRaises(StokerError) as caught:
            _server.find()
        self.assertEqual(caught.exception.code, "auth.missing")
        self.variables(STOKER_TOKEN="t")
        self.assertEqual(_server.find(), Endpoint("http://box:1", "t", False))

    def test_the_own_server_is_found_by_its_record(self):
        self.write("server.json", json.dumps({"url": self.server.url}))
        self.write("token", "abc\n")
        self.assertEqual(_server.find(), Endpoint(self.server.url, "abc", True))

    def test_inside_a_run_its_own_token_is_used(self):
        self.variables(AZUREML_RUN_ID="r", AZUREML_RUN_TOKEN="rt", AZUREML_SERVICE_ENDPOINT="http://box:1")
        self.assertEqual(_server.find(), Endpoint("http://box:1", "rt", False))

    def program(self, text):
        path = self.write("stoker", "#!/bin/sh\n" + text)
        os.chmod(path, stat.S_IRWXU)
        self.variables(STOKER_BIN=path)

    def test_a_server_that_is_not_there_is_started_by_the_program(self):
        record = json.dumps({"url": self.server.url})
        self.program("echo \"$@\" > '{0}/called'; printf '%s' '{1}' > '{0}/server.json'; printf abc > '{0}/token'; echo '{{}}'".format(self.folder, record))
        self.assertEqual(_server.find(), Endpoint(self.server.url, "abc", True))
        with open(os.path.join(self.folder, "called")) as file:
            self.assertEqual(file.read(), "server start --json\n")

    def test_the_programs_error_is_ours(self):
        self.program("echo '{\"error\": {\"code\": \"data.location\", \"message\": \"on NFS\", \"hint\": \"STOKER_DATA\"}}'; exit 6")
        with self.assertRaises(StokerError) as caught:
            _server.find()
        self.assertEqual((caught.exception.code, caught.exception.hint), ("data.location", "STOKER_DATA"))

    def test_a_specification_goes_to_the_program_and_the_record_comes_back(self):
        self.program("test \"$*\" = 'run submit --spec-file - --json' && cat > '{0}/spec' && echo '{{\"id\": \"r\"}}'".format(self.folder))
        self.assertEqual(self.client.submit({"script": "train.py", "tags": {"a": None}}), {"id": "r"})
        with open(os.path.join(self.folder, "spec")) as file:
            self.assertEqual(json.load(file), {"script": "train.py", "tags": {"a": None}})

    def test_a_stopped_server_is_not_started_again_behind_the_users_back(self):
        self.assertIsNone(_server.find_again(Endpoint(self.server.url, "abc", True)))
