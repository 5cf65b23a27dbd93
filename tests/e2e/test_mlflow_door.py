"""The door of the MLflow API: credentials, bases, origins, and what is said where nothing is. Raw HTTP, against the real server."""
import base64
import http.client
import json
import urllib.parse

import pytest


@pytest.fixture
def ask(stoker):
    stoker.cli("server", "start")
    address = urllib.parse.urlsplit(stoker.url)

    def send(method, path, body=None, token=stoker.token, **headers):
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            fields.setdefault("Authorization", "Bearer " + token)
        connection.request(method, path, body, fields)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode()

    return send


def test_health_and_version_need_no_token(ask):
    assert ask("GET", "/health", token=None)[::2] == (200, "OK")
    status, _, version = ask("GET", "/version", token=None)
    assert status == 200 and version.split(".")[0] == "3"


def test_the_token_as_bearer_and_as_password(ask, stoker):
    path = "/api/3.0/mlflow/server-info"
    assert json.loads(ask("GET", path)[2])["workspaces_enabled"] is False
    password = base64.b64encode(("anybody:" + stoker.token).encode()).decode()
    assert ask("GET", path, token=None, Authorization="Basic " + password)[0] == 200
    status, headers, text = ask("GET", path, token=None)
    assert status == 401 and headers["www-authenticate"] == 'Basic realm="mlflow"' and "stoker mlflow env" in text
    assert ask("GET", path, token=None, Authorization="Basic !!!")[0] == 401


def test_what_is_not_there_is_plain_html(ask):
    for path in ("/api/3.0/mlflow/nope", "/api/2.0/preview/mlflow/runs/get", "/ajax-api/4.0/x", "/api/3.0/mlflow/server-info/"):
        status, headers, text = ask("GET", path)
        assert status == 404 and headers["content-type"].startswith("text/html") and "error_code" not in text, path
    status, headers, _ = ask("PUT", "/api/3.0/mlflow/server-info", "{}")
    assert status == 405 and "GET" in headers["allow"]


def test_workspaces_by_path(ask):
    assert ask("GET", "/mlflow/default/api/3.0/mlflow/server-info")[0] == 200
    status, _, text = ask("GET", "/mlflow/nosuch/api/3.0/mlflow/server-info")
    assert status == 404 and json.loads(text)["error_code"] == "RESOURCE_DOES_NOT_EXIST" and "nosuch" in text


def test_pages_of_other_places_may_not_write(ask):
    path = "/ajax-api/3.0/mlflow/ui-telemetry"
    json_type = {"Content_Type": "application/json"}
    assert ask("POST", path, "{}", Origin="https://evil.example", **json_type)[0] == 403
    status, headers, _ = ask("POST", path, "{}", Origin="http://localhost:3000", **json_type)
    assert status == 200 and headers["access-control-allow-origin"] == "http://localhost:3000"
    assert ask("OPTIONS", path, token=None, Origin="http://localhost:3000")[0] == 204
    assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "SAMEORIGIN"


def test_a_body_says_what_it_is(ask):
    path = "/ajax-api/3.0/mlflow/ui-telemetry"
    assert json.loads(ask("POST", path, "{}")[2])["message"] == "Bad Request. Content-Type header is missing."
    assert json.loads(ask("POST", path, "{}", Content_Type="text/plain")[2])["message"] == "Bad Request. Content-Type must be one of ['application/json']."
