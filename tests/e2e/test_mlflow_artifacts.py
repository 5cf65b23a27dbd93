"""Artifacts over MLflow's API, raw: the proxy, the calls by run, what is refused. Paths that lead out of their place are those of MLflow's own CVEs."""
import hashlib
import json
import os

import pytest
from mlflow_raw import Http, Refused

ROOT = "/api/2.0/mlflow-artifacts/artifacts"


@pytest.fixture
def ask(stoker):
    return Http.of(stoker)


@pytest.fixture
def run(stoker, ask):
    """An interactive run: (id, the folder of its artifacts below the root)."""
    made = stoker.request("POST", "/api/v1/runs/interactive", {"runs": [{"experiment": "lab"}]}).json["runs"][0]
    number = stoker.request("GET", "/api/v1/workspaces/%s/experiments/lab" % made["workspace_id"]).json["number"]
    return made["id"], "%d/%s/artifacts" % (number, made["id"])


def put(ask, path, content, **headers):
    return ask.send("PUT", "%s/%s" % (ROOT, path), content, **headers)


def test_put_list_get_delete(ask, run):
    run_id, place = run
    assert put(ask, place + "/model/MLmodel", b"flavors: {}\n", Content_Type="text/plain")[::2] == (200, b"{}")
    assert put(ask, place + "/model/data/big.bin", os.urandom(3 << 20))[0] == 200
    assert put(ask, place + "/a%20b.txt", b"one")[0] == 200
    assert put(ask, place + "/a%20b.txt", b"two")[0] == 200
    assert ask.get(ROOT, path=place) == {"files": [{"path": "a b.txt", "is_dir": False, "file_size": 3}, {"path": "model", "is_dir": True}]}
    assert ask.get(ROOT, path=place + "/model/")["files"] == [{"path": "MLmodel", "is_dir": False, "file_size": 12}, {"path": "data", "is_dir": True}]
    assert ask.get(ROOT, path=place + "/model/MLmodel") == {} and ask.get(ROOT, path=place + "/nothing") == {}
    status, headers, content = ask.send("GET", "%s/%s/model/MLmodel" % (ROOT, place))
    assert (status, content) == (200, b"flavors: {}\n")
    assert headers["content-disposition"] == "attachment; filename=MLmodel" and headers["content-type"] == "text/plain"
    assert headers["x-content-type-options"] == "nosniff" and "sandbox" in headers["content-security-policy"]
    assert ask.send("GET", "%s/%s/a%%20b.txt" % (ROOT, place))[2] == b"two"
    assert ask.get("artifacts/list", run_id=run_id) == {
        "root_uri": "mlflow-artifacts:/" + place, "files": [{"path": "a b.txt", "is_dir": False, "file_size": 3}, {"path": "model", "is_dir": True}]}
    assert [file["path"] for file in ask.get("artifacts/list", run_uuid=run_id, path="model")["files"]] == ["model/MLmodel", "model/data"]
    assert list(ask.get("artifacts/list", run_id=run_id, path="model/MLmodel")) == ["root_uri"]
    assert ask.call("DELETE", "%s/%s/model" % (ROOT, place)) == {} == ask.call("DELETE", "%s/%s/model" % (ROOT, place))
    assert [file["path"] for file in ask.get(ROOT, path=place)["files"]] == ["a b.txt"]


def test_they_are_the_files_of_the_run(stoker, ask, run):
    run_id, place = run
    stoker.request("PUT", "/api/v1/runs/%s/files/outputs/model.pkl" % run_id, b"pickle")
    assert ask.send("GET", "%s/%s/outputs/model.pkl" % (ROOT, place))[2] == b"pickle"
    put(ask, place + "/notes.md", b"# hi")
    assert "notes.md" in [file["path"] for file in stoker.request("GET", "/api/v1/runs/%s/files" % run_id).json["files"]]


def test_the_log_of_a_run_is_one_of_its_artifacts(stoker, ask):
    run_id = stoker.python("print('hello from the run')")
    stoker.cli("run", "wait", run_id)
    assert {"path": "azureml-logs", "is_dir": True} in ask.get("artifacts/list", run_id=run_id)["files"]
    assert ask.send("GET", "/get-artifact?run_id=%s&path=azureml-logs/70_driver_log.txt" % run_id)[2] == b"hello from the run\n"


def test_bodies_of_every_kind(ask, run):
    _, place = run
    assert put(ask, place + "/empty", iter([]), Transfer_Encoding="chunked")[0] == 200
    assert put(ask, place + "/pieces", iter([b"a" * 100000, b"b" * 100000]), Transfer_Encoding="chunked")[0] == 200
    assert put(ask, place + "/waited", b"x" * 10, Expect="100-continue")[0] == 200
    files = {file["path"]: file for file in ask.get(ROOT, path=place)["files"]}
    assert "file_size" not in files["empty"] and files["pieces"]["file_size"] == 200000 and files["waited"]["file_size"] == 10
    assert ask.send("GET", "%s/%s/empty" % (ROOT, place))[2] == b""


def test_ranges_and_conditions(ask, run):
    run_id, place = run
    content = bytes(range(256)) * 40
    put(ask, place + "/x.parquet", content)
    url = "/get-artifact?run_uuid=%s&path=x.parquet" % run_id
    status, headers, whole = ask.send("GET", url)
    assert (status, whole) == (200, content) and headers["content-type"] == "application/octet-stream"
    status, headers, part = ask.send("GET", url, Range="bytes=10-19")
    assert status == 206 and part == content[10:20] and headers["content-range"] == "bytes 10-19/%d" % len(content)
    assert ask.send("GET", url, If_None_Match=headers["etag"])[0] == 304
    assert headers["etag"] == '"%s"' % hashlib.sha256(content).hexdigest()
    status, headers, nothing = ask.send("HEAD", "%s/%s/x.parquet" % (ROOT, place))
    assert status == 200 and nothing == b"" and headers["content-length"] == str(len(content))


def test_types_and_names_of_downloads(ask, run):
    _, place = run
    for name, kind in {"a.PY": "text/plain", "a.html": "text/html; charset=utf-8", "a.svg": "image/svg+xml", "a.ipynb": "application/octet-stream",
                       "MLproject": "text/plain", "a.json": "text/plain", "noending": "application/octet-stream"}.items():
        put(ask, "%s/%s" % (place, name), b"<script>alert(1)</script>")
        status, headers, _ = ask.send("GET", "%s/%s/%s" % (ROOT, place, name))
        assert (status, headers["content-type"]) == (200, kind) and headers["content-disposition"].startswith("attachment"), name
    put(ask, place + "/%C3%A9%22%0Db.txt".replace("%0D", ""), b"x")
    disposition = ask.send("GET", "%s/%s/%%C3%%A9%%22b.txt" % (ROOT, place))[1]["content-disposition"]
    assert disposition == "attachment; filename=\"___b.txt\"; filename*=UTF-8''%C3%A9%22b.txt"


ESCAPES = [
    "../x", "a/../../x", "..", "%2e%2e/x", "%2e%2e%2fx", "%252e%252e%252fx", "%25252e%25252e%25252fx", "..%2fx", "..%252fx", "..%5cx", "..%255cx", "a%5c..%5cx",
    "..;/x", "..%3b/x", "%2fetc/passwd", "%252fetc%252fpasswd", "C:/x", "c%3a%5cx", "C%253a/x", "a%00b", "a%2500b", "%c0%ae%c0%ae/x", "%25c0%25ae%25c0%25ae/x",
    "%e2%80%a5/x", "%ef%bc%8e%ef%bc%8e/x", "a%23b", "a%2523b", "a%0ab", "%ff", "..%20/x",
]


def test_paths_that_lead_out_are_refused(ask, run):
    """CVE-2023-1177, CVE-2023-2356, CVE-2023-6831, CVE-2024-1560 (decoded twice: deletes), CVE-2024-1593 (parameters by `;`), CVE-2026-2614."""
    run_id, place = run
    put(ask, place + "/kept.txt", b"kept")
    passed = []
    for path in ESCAPES:
        # Below a folder these are odd names and no way out.
        only_first = ":" in path or "%3a" in path or "%253a" in path or path.startswith(("%2f", "%252f"))
        for prefix in [ROOT] + ([] if only_first else ["%s/%s" % (ROOT, place)]):
            for method in ("PUT", "GET", "DELETE"):
                status, _, body = ask.send(method, "%s/%s" % (prefix, path), b"evil" if method == "PUT" else None)
                if status != 400 or json.loads(body)["error_code"] != "INVALID_PARAMETER_VALUE":
                    passed.append((method, prefix, path, status, body))
        for url in (ROOT + "?path=", "/api/2.0/mlflow/artifacts/list?run_id=nosuch&path=", "/get-artifact?run_id=nosuch&path=",
                    "/api/2.0/mlflow/artifacts/list?run_id=%s&path=" % run_id):
            status, _, body = ask.send("GET", url + path)
            if status != 400:
                passed.append(("GET", url, path, status, body))
    assert not passed
    assert ask.send("GET", "%s/%s/kept.txt" % (ROOT, place))[2] == b"kept"


def test_a_name_with_a_percent_is_kept_as_it_is(ask, run):
    _, place = run
    assert put(ask, place + "/100%2525.txt", b"x")[0] == 200
    assert [file["path"] for file in ask.get(ROOT, path=place)["files"]] == ["100%25.txt"]


def test_what_is_not_there(ask, run):
    run_id, place = run
    put(ask, place + "/d/x", b"x")
    for path in ("nothing.txt", "d"):
        with pytest.raises(Refused, match="No such artifact: '%s'" % path) as caught:
            ask.get("%s/%s/%s" % (ROOT, place, path))
        assert (caught.value.status, caught.value.code) == (404, "RESOURCE_DOES_NOT_EXIST")
    with pytest.raises(Refused, match="Run with id=nosuch not found"):
        ask.get("artifacts/list", run_id="nosuch")
    with pytest.raises(Refused, match="is a directory"):
        ask.call("PUT", "%s/%s/d" % (ROOT, place), {})
    with pytest.raises(Refused, match="'d/x' is a file"):
        ask.call("PUT", "%s/%s/d/x/y" % (ROOT, place), {})
    for path in ("mpu/create/x", "mpu/complete/x", "mpu/abort/x"):
        with pytest.raises(Refused, match="^501 NOT_IMPLEMENTED: Multipart upload is not supported for the current artifact repository"):
            ask.post("/api/2.0/mlflow-artifacts/" + path)
    with pytest.raises(Refused, match="^501 NOT_IMPLEMENTED"):
        ask.get("/api/2.0/mlflow-artifacts/presigned/x")
    with pytest.raises(Refused, match="INVALID_PARAMETER_VALUE"):
        ask.post("artifacts/presigned-upload-url", run_id=run_id, path="x")


def test_uploads_of_the_web_pages(ask, run):
    run_id, place = run
    url = "/ajax-api/2.0/mlflow/upload-artifact"
    assert ask.send("POST", "%s?run_uuid=%s&path=p/x.json" % (url, run_id), b"{}")[::2] == (200, b"")
    assert ask.send("GET", "%s/%s/p/x.json" % (ROOT, place))[2] == b"{}"
    for query, body, message in (("path=x", b"x", "Request must specify run_uuid."), ("run_uuid=" + run_id, b"x", "Request must specify path."),
                                 ("path=x&run_uuid=" + run_id, b"", "Request must specify data."),
                                 ("path=x&run_uuid=" + run_id, b"x" * ((10 << 20) + 1), "Artifact size is too large. Max size is 10MB.")):
        status, _, answer = ask.send("POST", "%s?%s" % (url, query), body)
        assert status == 400 and json.loads(answer)["message"] == message


def test_a_runs_token_reaches_its_own_artifacts(stoker, ask, run):
    other, place = run
    put(ask, place + "/secret.txt", b"of another")
    script = """
import os, sys, urllib.request, urllib.error
def ask(method, path, body=None):
    request = urllib.request.Request(os.environ['AZUREML_SERVICE_ENDPOINT'] + path, body, {'Authorization': 'Bearer ' + os.environ['AZUREML_RUN_TOKEN']}, method=method)
    try:
        return urllib.request.urlopen(request).status
    except urllib.error.HTTPError as error:
        return error.code
root = '/api/2.0/mlflow-artifacts/artifacts/'
own = sys.argv[1] + '/' + os.environ['AZUREML_RUN_ID'] + '/artifacts/x.txt'
print([ask('PUT', root + own, b'mine'), ask('GET', root + own), ask('GET', root + sys.argv[2]), ask('PUT', root + sys.argv[2], b'evil'),
       ask('DELETE', root + sys.argv[2]), ask('PUT', root + 'assets/x', b'evil'), ask('DELETE', root + own)])
"""
    folder = stoker.write("job/script.py", script).parent
    number = place.split("/")[0]
    run_id = stoker.submit("/usr/bin/python3", "script.py", number, place + "/secret.txt", options=("--experiment", "lab"), cwd=str(folder))
    stoker.wait(run_id)
    assert stoker.log(run_id).decode() == "[200, 200, 403, 403, 403, 403, 200]\n"
    assert ask.send("GET", "%s/%s/secret.txt" % (ROOT, place))[2] == b"of another"


def test_a_large_folder_is_stepped_over(ask, run):
    _, place = run
    for folder in range(3):
        for number in range(40):
            put(ask, "%s/many/f%d/%d" % (place, folder, number), b"x")
        put(ask, "%s/many/f%d-beside" % (place, folder), b"x")
    listed = [(file["path"], file["is_dir"]) for file in ask.get(ROOT, path=place + "/many")["files"]]
    assert listed == [("f0", True), ("f0-beside", False), ("f1", True), ("f1-beside", False), ("f2", True), ("f2-beside", False)]
    assert len(ask.get(ROOT, path=place + "/many/f1")["files"]) == 40
