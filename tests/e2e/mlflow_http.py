"""Raw HTTP to the MLflow API, for the tests of this folder."""
import http.client
import json
import urllib.parse


class Api:
    """`post("runs/create", {...})` below /api/2.0/mlflow; the answer's JSON, which must have the wanted status."""

    def __init__(self, stoker):
        record = stoker.start()
        self.address = urllib.parse.urlsplit(record["url"])
        self.token = (stoker.home / "token").read_text().strip()
        self.connection = None

    def send(self, method, path, body=None, headers=None, token=None):
        """(status, headers, text) of any path."""
        if self.connection is None:
            self.connection = http.client.HTTPConnection(self.address.hostname, self.address.port, timeout=60)
        fields = {"Authorization": "Bearer " + (self.token if token is None else token)}
        fields.update(headers or {})
        try:
            self.connection.request(method, path, body, fields)
            answer = self.connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode()
        except (ConnectionError, http.client.HTTPException):
            self.connection = None
            raise

    def post(self, path, body, status=200, base="/api/2.0/mlflow/", token=None):
        text = body if isinstance(body, str) else json.dumps(body)
        given, _, answer = self.send("POST", base + path, text.encode(), {"Content-Type": "application/json"}, token)
        assert given == status, (path, body, given, answer)
        return json.loads(answer)

    def get(self, path, query=(), status=200, base="/api/2.0/mlflow/", token=None):
        given, _, answer = self.send("GET", base + path + "?" + urllib.parse.urlencode(query, doseq=True), token=token)
        assert given == status, (path, query, given, answer)
        return json.loads(answer)

    def refused(self, path, body, status=400, code="INVALID_PARAMETER_VALUE"):
        """The message of a POST that must not go through."""
        answer = self.post(path, body, status)
        assert sorted(answer) == ["error_code", "message"] and answer["error_code"] == code, answer
        return answer["message"]

    def experiment(self, name):
        return self.post("experiments/create", {"name": name})["experiment_id"]

    def run(self, experiment="0", **fields):
        return self.post("runs/create", dict(fields, experiment_id=experiment))["run"]["info"]["run_id"]

    def read(self, run):
        return self.get("runs/get", {"run_id": run})["run"]

    def metrics(self, run):
        return {m["key"]: m["value"] for m in self.read(run)["data"].get("metrics", [])}

    def tags(self, run):
        return {t["key"]: t["value"] for t in self.read(run)["data"].get("tags", [])}
