"""The door of the MLflow API: credentials, bases, origins, and what is said where nothing is. Raw HTTP, against the real server."""
import base64

import pytest


@pytest.fixture
def ask(stoker):
    stoker.start()

    def send(method, path, body=None, token=None, **headers):
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        return stoker.request(method, path, body, token=token, headers=fields)

    return send


def test_health_and_version_need_no_token(ask):
    health = ask("GET", "/health", token="")
    assert (health.status, health.body) == (200, b"OK")
    assert ask("GET", "/version", token="").body.startswith(b"3.")


def test_the_token_as_bearer_and_as_password(ask, stoker):
    path = "/api/3.0/mlflow/server-info"
    assert ask("GET", path).json["workspaces_enabled"] is False
    token = (stoker.home / "token").read_text().strip()
    password = base64.b64encode(("anybody:" + token).encode()).decode()
    assert ask("GET", path, token="", Authorization="Basic " + password).status == 200
    refused = ask("GET", path, token="")
    assert refused.status == 401 and refused.headers["www-authenticate"] == 'Basic realm="mlflow"' and b"stoker mlflow env" in refused.body
    assert ask("GET", path, token="", Authorization="Basic !!!").status == 401


def test_what_is_not_there_is_plain_html(ask):
    for path in ("/api/3.0/mlflow/nope", "/api/2.0/preview/mlflow/runs/get", "/ajax-api/4.0/x", "/api/3.0/mlflow/server-info/"):
        answer = ask("GET", path)
        assert answer.status == 404 and answer.headers["content-type"].startswith("text/html") and b"error_code" not in answer.body, path
    answer = ask("PUT", "/api/3.0/mlflow/server-info", "{}")
    assert answer.status == 405 and "GET" in answer.headers["allow"]


def test_workspaces_by_path(ask):
    assert ask("GET", "/mlflow/default/api/3.0/mlflow/server-info").status == 200
    answer = ask("GET", "/mlflow/nosuch/api/3.0/mlflow/server-info")
    assert answer.status == 404 and answer.json["error_code"] == "RESOURCE_DOES_NOT_EXIST" and "nosuch" in answer.json["message"]


def test_pages_of_other_places_may_not_write(ask):
    path = "/ajax-api/3.0/mlflow/ui-telemetry"
    assert ask("POST", path, {}, Origin="https://evil.example").status == 403
    answer = ask("POST", path, {}, Origin="http://localhost:3000")
    assert answer.status == 200 and answer.headers["access-control-allow-origin"] == "http://localhost:3000"
    assert ask("OPTIONS", path, token="", Origin="http://localhost:3000").status == 204
    assert answer.headers["x-content-type-options"] == "nosniff" and answer.headers["x-frame-options"] == "SAMEORIGIN"


def test_a_body_says_what_it_is(ask):
    path = "/ajax-api/3.0/mlflow/ui-telemetry"
    assert ask("POST", path, "{}").json["message"] == "Bad Request. Content-Type header is missing."
    answer = ask("POST", path, "{}", Content_Type="text/plain")
    assert answer.json["message"] == "Bad Request. Content-Type must be one of ['application/json']."
