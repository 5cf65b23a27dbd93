"""A server in memory with the routes of interactive runs, experiments and secrets, as `docs/reference/openapi.json` describes them: for what the client does
with them. What the real server does is tested end to end."""
import json
import re
from urllib.parse import parse_qs, unquote, urlsplit

from fakes import Server, run_record

WORKSPACE = {"id": "w-1", "subscription_id": "s", "resource_group": "g", "name": "w1", "created_at": "2026-06-30T12:00:00.000000Z", "tags": {}, "friendly_name": "w1",
             "description": ""}


def in_columns(name, kind, columns, points):
    """A series as the API gives it with layout=columns; `points` are pairs of time and values."""
    flat = kind in ("scalar", "image")
    return {"name": name, "kind": kind, "columns": list(columns), "steps": [None] * len(points), "times": [time for time, _ in points],
            "values": [values[0] if flat else values for _, values in points]}


class Refused(Exception):
    def __init__(self, status, code, message):
        super().__init__(message)
        self.answer = (status, {"error": {"code": code, "message": message, "retryable": status == 503}})


class InteractiveServer(Server):
    """`is_away` answers 503 to everything; `batches` are the bodies of metrics as they came, sent twice where `loses_answers` of them were answered with nothing."""

    def __init__(self):
        super().__init__()
        self.runs, self.metrics, self.files, self.experiments, self.secrets = {}, {}, {}, {}, {}
        self.snapshots, self.environments = {}, {}
        self.changes, self.begun, self.cancels = [], [], []
        self.batches, self.beats, self.seen, self.keys = [], [], {}, {}
        self.is_away = False
        self.loses_answers = 0
        self.answers = self

    # A Server looks its answers up by (method, path); here every one is made.
    def get(self, key, unused=None):
        return lambda request: self.respond(request)

    def respond(self, request):
        method, url, headers, body = request
        if self.is_away:
            return 503, {"error": {"code": "server.unreachable", "message": "away", "retryable": True}}
        parts = urlsplit(url)
        query = parse_qs(parts.query)
        content = json.loads(body.decode()) if body and headers.get("Content-Type") == "application/json" else body
        for verb, pattern, function in ROUTES:
            match = re.match("/api/v1" + pattern + r"\Z", parts.path)
            if verb == method and match:
                try:
                    return function(self, *[unquote(each) for each in match.groups()], query=query, body=content, headers=headers)
                except Refused as refused:
                    return refused.answer
        return 404, {"error": {"code": "not_found", "message": "there is no " + url}}

    def run(self, name):
        if name not in self.runs:
            raise Refused(404, "not_found", "there is no run " + name)
        return self.runs[name]

    def live(self, name):
        run = self.run(name)
        if run["state"] in ("Completed", "Failed", "Canceled"):
            raise Refused(409, "state.wrong", "the run {} is over ({})".format(name, run["state"]))
        return run

    def create(self, query, body, headers):
        key = headers.get("Idempotency-Key")
        if key in self.keys:
            return 201, {"runs": self.keys[key]}
        self.begun += body["runs"]
        made = []
        for wanted in body["runs"]:
            if wanted["parent"]:
                self.live(wanted["parent"])
            count = sum(1 for each in self.runs.values() if each["parent"] == wanted["parent"])
            name = wanted["id"] or ("{}_{}".format(wanted["parent"], count) if wanted["parent"] else "00000000-0000-4000-8000-%012d" % len(self.runs))
            if name in self.runs:
                raise Refused(409, "conflict", "the id {} is taken".format(name))
            self.runs[name] = run_record(id=name, number=len(self.runs) + 1, experiment=wanted["experiment"], state=wanted["state"], parent=wanted["parent"], kind="interactive",
                                         display_name=wanted["display_name"] or "calm_owl", tags=wanted["tags"], properties=wanted["properties"], snapshot=wanted["snapshot"],
                                         spec={"submitted_by": wanted["submitted_by"]}, error=None, end=None, ended_at=None, description="")
            made.append(self.runs[name])
        self.keys[key] = made
        return 201, {"runs": made}

    def list(self, query, **unused):
        found = [each for each in reversed(list(self.runs.values())) if query.get("include_children") != ["false"] or not each["parent"]]
        return {"runs": found, "next_cursor": None}

    def children(self, name, **unused):
        return {"runs": [each for each in reversed(list(self.runs.values())) if each["parent"] == name], "next_cursor": None}

    def start(self, name, **unused):
        self.live(name)["state"] = "Running"
        return self.runs[name]

    def end(self, name, body, **unused):
        state = body["outcome"].capitalize()
        if self.run(name)["state"] != state:
            self.live(name).update(state=state, error=body["error"] and dict(body["error"], hint=""), ended_at="2026-06-30T12:00:02.000000Z")
        return self.runs[name]

    def cancel(self, name, body, **unused):
        self.cancels.append(body["by"])
        self.live(name)["state"] = "Canceled"
        return self.runs[name]

    def beat(self, name, **unused):
        self.beats.append(name)
        return {"state": self.live(name)["state"]}

    def describe(self, name, body, **unused):
        self.run(name)
        if self.environments.setdefault(name, body) != body:
            raise Refused(409, "conflict", "told already")
        return body

    def environment(self, name, **unused):
        if name not in self.environments:
            raise Refused(404, "not_found", "the environment is not known")
        return self.environments[name]

    def take(self, name, body, **unused):
        self.live(name)
        self.batches.append((name, body))
        key = (name, body["writer"])
        if body["sequence"] == self.seen.get(key, 0) + 1:
            self.seen[key] = body["sequence"]
            self.metrics.setdefault(name, []).extend(body["points"])
        if self.loses_answers > 0:
            self.loses_answers -= 1
            raise Refused(503, "overloaded", "later")
        return {"sequence": body["sequence"]}

    def read(self, name, query, **unused):
        self.run(name)
        series = {}
        for point in self.metrics.get(name, []):
            if query.get("name", [point["name"]]) == [point["name"]]:
                series.setdefault((point["name"], point["kind"], tuple(point["columns"])), []).append(point)
        return {"metrics": [in_columns(*key, [(point["time"], point["values"]) for point in points]) for key, points in series.items()]}

    def change(self, name, body, **unused):
        run = self.run(name)
        self.changes.append(body)
        for key, value in (body.get("properties") or {}).items():
            if run["properties"].get(key, value) != value:
                raise Refused(409, "conflict", "the property {} is written once".format(key))
        run["tags"].update(body.get("tags") or {})
        run["properties"].update(body.get("properties") or {})
        for key in body.get("remove_tags") or []:
            run["tags"].pop(key, None)
        run.update({key: body[key] for key in ("display_name", "description") if key in body})
        return run

    def store(self, name, path, body, **unused):
        self.run(name)
        if self.files.setdefault(name, {}).setdefault(path, body) != body:
            raise Refused(409, "conflict", "{} is taken".format(path))
        return {"path": path}

    def fetch(self, name, path, **unused):
        if path not in self.files.get(name, {}):
            raise Refused(404, "not_found", "the run has no file " + path)
        return self.files[name][path]

    def names(self, name, **unused):
        return {"files": [{"path": path, "origin": "upload", "link": "http://h/" + path} for path in sorted(self.files.get(name, {}))]}

    def experiment(self, body, **unused):
        return self.experiments.setdefault(body["name"], {"id": "e-{}".format(len(self.experiments) + 1), "number": 1, "workspace_id": "w-1", "name": body["name"],
                                                          "created_at": "x", "archived_at": None, "tags": {}, "run_count": 0, "description": ""})

    def change_experiment(self, name, body, **unused):
        found = self.experiments[name]
        found["tags"].update(body.get("tags") or {})
        for key in body.get("remove_tags") or []:
            found["tags"].pop(key, None)
        if "archived" in body:
            found["archived_at"] = "2026-06-30T12:00:00.000000Z" if body["archived"] else None
        return found

    def delete_experiment(self, name, **unused):
        if any(each["experiment"] == name for each in self.runs.values()):
            raise Refused(409, "conflict", "the experiment {} has runs".format(name))
        del self.experiments[name]
        return 200, {}

    def secret(self, name, **unused):
        if name not in self.secrets:
            raise Refused(404, "not_found", "there is no secret " + name)
        return {"name": name, "value": self.secrets[name]}

    def set_secret(self, name, body, **unused):
        self.secrets[name] = body["value"]
        return {}

    def delete_secret(self, name, **unused):
        self.secret(name)
        del self.secrets[name]
        return 200, {}


E_ = r"/workspaces/w-1/experiments"
R = r"/runs/([^/]+)"
ROUTES = [
    ("GET", "/workspaces", lambda self, **unused: {"workspaces": [WORKSPACE]}),
    ("PATCH", "/workspaces/w-1", lambda self, body, **unused: dict(WORKSPACE, **body)),
    ("DELETE", "/workspaces/w-1", lambda self, **unused: (200, {})),
    ("GET", "/workspaces/w-1", lambda self, **unused: WORKSPACE),
    ("POST", E_, InteractiveServer.experiment),
    ("GET", E_ + "/([^/]+)", lambda self, name, **unused: self.experiments[name]),
    ("GET", E_, lambda self, **unused: {"experiments": list(self.experiments.values())}),
    ("PATCH", E_ + "/([^/]+)", InteractiveServer.change_experiment),
    ("DELETE", E_ + "/([^/]+)", InteractiveServer.delete_experiment),
    ("GET", "/workspaces/w-1/secrets", lambda self, **unused: {"secrets": [{"name": name, "created_at": "x", "updated_at": "x"} for name in self.secrets]}),
    ("GET", "/workspaces/w-1/secrets/([^/]+)", InteractiveServer.secret),
    ("PUT", "/workspaces/w-1/secrets/([^/]+)", InteractiveServer.set_secret),
    ("DELETE", "/workspaces/w-1/secrets/([^/]+)", InteractiveServer.delete_secret),
    ("POST", "/runs/interactive", InteractiveServer.create),
    ("GET", "/runs", InteractiveServer.list),
    ("GET", R, lambda self, name, **unused: self.run(name)),
    ("PATCH", R, InteractiveServer.change),
    ("GET", R + "/children", InteractiveServer.children),
    ("POST", R + "/start", InteractiveServer.start),
    ("POST", R + "/end", InteractiveServer.end),
    ("POST", R + "/cancel", InteractiveServer.cancel),
    ("POST", R + "/heartbeat", InteractiveServer.beat),
    ("PUT", R + "/environment", InteractiveServer.describe),
    ("GET", R + "/environment", InteractiveServer.environment),
    ("POST", R + "/metrics", InteractiveServer.take),
    ("GET", R + "/metrics", InteractiveServer.read),
    ("GET", R + "/files", InteractiveServer.names),
    ("PUT", R + "/files/(.+)", InteractiveServer.store),
    ("GET", R + "/files/(.+)", InteractiveServer.fetch),
    ("GET", "/snapshots/([^/]+)", lambda self, name, **unused: {"id": name, "files": [{"path": path} for path in self.snapshots[name]]}),
    ("GET", "/snapshots/([^/]+)/file/(.+)", lambda self, name, path, **unused: self.snapshots[name][path]),
]
