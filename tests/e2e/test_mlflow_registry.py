"""The model registry, logged models and traces over MLflow's API, raw HTTP."""
import re

import pytest
from mlflow_raw import Http, Refused


@pytest.fixture
def ask(stoker):
    return Http.of(stoker)


@pytest.fixture
def run(stoker, ask):
    """An interactive run: (id, its experiment's number)."""
    made = stoker.request("POST", "/api/v1/runs/interactive", {"runs": [{"experiment": "lab"}]}).json["runs"][0]
    return made["id"], stoker.request("GET", "/api/v1/workspaces/%s/experiments/lab" % made["workspace_id"]).json["number"]


def refused(code, message, call, *arguments, **fields):
    with pytest.raises(Refused) as caught:
        call(*arguments, **fields)
    assert caught.value.code == code and message in caught.value.message, caught.value
    assert caught.value.status == {"RESOURCE_DOES_NOT_EXIST": 404}.get(code, 400)


def version(ask, name, source="s3://bucket/path", **more):
    return ask.post("model-versions/create", name=name, source=source, **more)["model_version"]


def test_registered_models(ask):
    made = ask.post("registered-models/create", name="m", description="first", tags=[{"key": "a", "value": "1"}, {"key": "a", "value": "2"}])["registered_model"]
    assert made["name"] == "m" and made["tags"] == [{"key": "a", "value": "2"}] and made["creation_timestamp"] == made["last_updated_timestamp"]
    assert "latest_versions" not in made and "aliases" not in made
    refused("RESOURCE_ALREADY_EXISTS", "Registered Model (name=m) already exists.", ask.post, "registered-models/create", name="m")
    refused("INVALID_PARAMETER_VALUE", "Missing value for required parameter 'name'.", ask.post, "registered-models/create", name="  ")
    refused("INVALID_PARAMETER_VALUE", "Invalid model name 'a/b'. Names cannot contain '/' or ':'.", ask.post, "registered-models/create", name="a/b")
    for name in ("..", "a:b", "x" * 257):
        refused("INVALID_PARAMETER_VALUE", "", ask.post, "registered-models/create", name=name)
    refused("RESOURCE_DOES_NOT_EXIST", "Registered Model with name=zz not found", ask.get, "registered-models/get", name="zz")
    assert "description" not in ask.patch("registered-models/update", name="m")["registered_model"]
    assert ask.patch("registered-models/update", name="m", description="d")["registered_model"]["description"] == "d"
    version(ask, "m")
    assert ask.post("registered-models/rename", name="m", new_name="n")["registered_model"]["latest_versions"][0]["name"] == "n"
    ask.post("registered-models/create", name="m")
    refused("RESOURCE_ALREADY_EXISTS", "", ask.post, "registered-models/rename", name="m", new_name="n")
    assert ask.post("registered-models/rename", name="n", new_name="n")["registered_model"]["name"] == "n"
    assert ask.delete("registered-models/delete", name="n") == {}
    refused("RESOURCE_DOES_NOT_EXIST", "name=n not found", ask.delete, "registered-models/delete", name="n")
    ask.post("registered-models/create", name="n")
    assert version(ask, "n")["version"] == "1"


def test_tags_and_aliases_of_models(ask):
    ask.post("registered-models/create", name="m")
    for number in range(3):
        version(ask, "m")
    assert ask.post("registered-models/set-tag", name="m", key="k", value="v" * 100000) == {}
    refused("INVALID_PARAMETER_VALUE", "exceeds the maximum length of 100000", ask.post, "registered-models/set-tag", name="m", key="k", value="v" * 100001)
    for key in ("a//b", "../x", "a;b", "x" * 251):
        refused("INVALID_PARAMETER_VALUE", "", ask.post, "registered-models/set-tag", name="m", key=key, value="")
    assert ask.delete("registered-models/delete-tag", name="m", key="k") == {} == ask.delete("registered-models/delete-tag", name="m", key="k")
    refused("RESOURCE_DOES_NOT_EXIST", "", ask.delete, "registered-models/delete-tag", name="zz", key="k")
    assert ask.post("registered-models/alias", name="m", alias="champion", version="1") == {}
    assert ask.post("registered-models/alias", name="m", alias="champion", version="2") == {}
    assert ask.get("registered-models/alias", name="m", alias="champion")["model_version"]["version"] == "2"
    assert ask.get("registered-models/alias", name="m", alias="Latest")["model_version"]["version"] == "3"
    assert ask.get("registered-models/get", name="m")["registered_model"]["aliases"] == [{"alias": "champion", "version": "2"}]
    assert ask.get("model-versions/get", name="m", version="02")["model_version"]["aliases"] == ["champion"]
    refused("INVALID_PARAMETER_VALUE", "Registered model alias zz not found.", ask.get, "registered-models/alias", name="m", alias="zz")
    refused("RESOURCE_DOES_NOT_EXIST", "Model Version (name=m, version=99) not found", ask.post, "registered-models/alias", name="m", alias="x", version="99")
    for alias, message in (("latest", "'latest' alias name (case insensitive) is reserved."), ("V12", "Version alias name 'V12' is reserved."), ("a b", "Invalid alias name"),
                           ("x" * 256, "'Registered model alias name' exceeds")):
        refused("INVALID_PARAMETER_VALUE", message, ask.post, "registered-models/alias", name="m", alias=alias, version="1")
    assert ask.delete("model-versions/delete", name="m", version="2") == {}
    refused("INVALID_PARAMETER_VALUE", "not found", ask.get, "registered-models/alias", name="m", alias="champion")
    assert ask.delete("registered-models/alias", name="m", alias="champion") == {}


def test_versions(ask, run):
    run_id, number = run
    refused("RESOURCE_DOES_NOT_EXIST", "Registered Model with name=m not found", version, ask, "m")
    ask.post("registered-models/create", name="m")
    made = version(ask, "m", source="mlflow-artifacts:/%d/%s/artifacts/model" % (number, run_id), run_id=run_id, tags=[{"key": "k", "value": "v"}])
    assert made["version"] == "1" and made["status"] == "READY" and made["current_stage"] == "None" and made["description"] == "" and made["run_link"] == ""
    assert made["tags"] == [{"key": "k", "value": "v"}] and made["run_id"] == run_id
    assert version(ask, "m")["run_id"] == ""
    assert ask.delete("model-versions/delete", name="m", version="2") == {}
    assert version(ask, "m")["version"] == "3"
    refused("RESOURCE_DOES_NOT_EXIST", "Model Version (name=m, version=2) not found", ask.delete, "model-versions/delete", name="m", version="2")
    refused("INVALID_PARAMETER_VALUE", "Parameter 'version' must be an integer, got 'abc'.", ask.get, "model-versions/get", name="m", version="abc")
    refused("INVALID_PARAMETER_VALUE", "Hint: Value was of type 'int'", ask.patch, "model-versions/update", name="m", version=1)
    assert ask.patch("model-versions/update", name="m", version="1", description="d")["model_version"]["description"] == "d"
    assert ask.post("model-versions/set-tag", name="m", version="1", key="t", value="x") == {}
    assert ask.delete("model-versions/delete-tag", name="m", version="1", key="t") == {} == ask.delete("model-versions/delete-tag", name="m", version="1", key="t")
    refused("RESOURCE_DOES_NOT_EXIST", "version=9", ask.post, "model-versions/set-tag", name="m", version="9", key="t", value="x")
    assert ask.get("model-versions/get-download-uri", name="m", version="1")["artifact_uri"] == made["source"]


def test_stages(ask):
    ask.post("registered-models/create", name="m")
    for number in range(3):
        version(ask, "m")
    move = lambda number, stage, **more: ask.post("model-versions/transition-stage", name="m", version=str(number), stage=stage, **more)["model_version"]
    assert move(1, "production")["current_stage"] == "Production"
    move(2, "Production", archive_existing_versions=True)
    latest = {each["current_stage"]: each["version"] for each in ask.post("registered-models/get-latest-versions", name="m")["model_versions"]}
    assert latest == {"Archived": "1", "Production": "2", "None": "3"}
    assert [each["version"] for each in ask.get("registered-models/get-latest-versions", name="m", stages=["PRODUCTION"])["model_versions"]] == ["2"]
    refused("INVALID_PARAMETER_VALUE", "Invalid Model Version stage: foo. Value must be one of None, Staging, Production, Archived.", move, 1, "foo")
    refused("INVALID_PARAMETER_VALUE", "cannot archive existing model versions because 'None' is not an Active stage", move, 1, "None", archive_existing_versions=True)


SOURCES = ["/etc/passwd", "etc/passwd", "file:///etc", "file:/etc", "FILE:///etc", "s3://bucket", "s3://b/../x", "s3://b/%2e%2e/x", "http://h/%252e%252e/x", "mlflow-artifacts:/../x",
           "mlflow-artifacts:/a/..%2fx", "dbfs:/a/../b", "http://h/a//b", "runs:/../x", "C:\\x", "mlflow-artifacts:/a#b", "s3://b/a%00b"]


def test_sources_that_reach_other_files_are_refused(ask):
    """GHSA-f82r, GHSA-wjq3, GHSA-5cvj and CVE-2023-1177: a version's source as a way to any file of the server."""
    ask.post("registered-models/create", name="m")
    for source in SOURCES:
        refused("INVALID_PARAMETER_VALUE", "Invalid model version source: '%s'." % source, version, ask, "m", source)


def test_sources_are_resolved(ask, run):
    run_id, number = run
    ask.post("registered-models/create", name="m")
    ask.post("registered-models/create", name="n")
    place = "mlflow-artifacts:/%d/%s/artifacts/model" % (number, run_id)
    version(ask, "m", "runs:/%s/model" % run_id)
    assert ask.get("model-versions/get-download-uri", name="m", version="1")["artifact_uri"] == place
    assert version(ask, "n", "models:/m/1")["source"] == "models:/m/1"
    assert ask.get("model-versions/get-download-uri", name="n", version="1")["artifact_uri"] == place
    refused("RESOURCE_DOES_NOT_EXIST", "models:/m/7", version, ask, "n", "models:/m/7")
    refused("RESOURCE_DOES_NOT_EXIST", "models:/m-0", version, ask, "n", "models:/m-0")
    for source in ("s3://b/p", "http://h/x", "dbfs:/x", "gs://b/a/b/"):
        version(ask, "n", source)
    ask.send("PUT", "/api/2.0/mlflow-artifacts/artifacts/%d/%s/artifacts/model/MLmodel" % (number, run_id), b"flavors")
    assert ask.send("GET", "/model-versions/get-artifact?name=n&version=1&path=MLmodel")[2] == b"flavors"
    refused("INVALID_PARAMETER_VALUE", "not kept here", ask.get, "/model-versions/get-artifact", name="n", version="2", path="MLmodel")
    refused("INVALID_PARAMETER_VALUE", "Invalid path", ask.get, "/model-versions/get-artifact", name="n", version="1", path="../../x")


def names(found, what="registered_models"):
    return [each["name"] if what == "registered_models" else (each["name"], each["version"]) for each in found.get(what, [])]


def test_search_of_models(ask):
    for name, tags in (("b", {"team": "x"}), ("a", {}), ("C", {"team": "y"}), ("prompt", {"mlflow.prompt.is_prompt": "true"})):
        ask.post("registered-models/create", name=name, tags=[{"key": key, "value": value} for key, value in tags.items()])
    search = lambda **query: ask.get("registered-models/search", **query)
    assert names(search()) == ["C", "a", "b"]
    assert names(search(filter="tag.`mlflow.prompt.is_prompt` != 'true'")) == ["C", "a", "b"]
    assert names(search(filter="tags.`mlflow.prompt.is_prompt` = 'true'")) == ["prompt"]
    assert names(search(filter="name ILIKE 'c%'")) == ["C"] and names(search(filter="name LIKE 'c%'")) == []
    assert names(search(filter="tags.team != 'x'")) == ["C"] and names(search(filter="name = 'a' AND tag.team IS NULL")) == ["a"]
    assert names(search(order_by="name DESC")) == ["b", "a", "C"]
    assert names(search(order_by=["last_updated_timestamp ASC", "name"]))[0] in ("b", "C", "a")
    first = search(max_results=2)
    assert names(first) == ["C", "a"] and "next_page_token" not in search(max_results=2, page_token=first["next_page_token"])
    assert names(search(max_results=2, page_token=first["next_page_token"])) == ["b"]
    refused("INVALID_PARAMETER_VALUE", "Invalid order by key 'x' specified", search, order_by="x")
    refused("INVALID_PARAMETER_VALUE", "Invalid page token", search, page_token="garbage!")
    refused("INVALID_PARAMETER_VALUE", "Invalid clause(s) in filter string", search, filter="name = 'a' OR name = 'b'")
    for number in (0, -1, 1001):
        refused("INVALID_PARAMETER_VALUE", "max_results", search, max_results=number)


def test_search_of_versions(ask, run):
    for name in ("a", "b"):
        ask.post("registered-models/create", name=name)
        for number in range(3):
            version(ask, name, "s3://b/%s/%d" % (name, number), run_id=run[0] if number == 1 else None, tags=[{"key": "n", "value": str(number)}])
    ask.post("registered-models/alias", name="a", alias="best", version="2")
    search = lambda **query: names(ask.get("model-versions/search", **query), "model_versions")
    assert search(filter="name='a'", order_by="version_number") == [("a", "1"), ("a", "2"), ("a", "3")]
    assert search(filter="run_id = '%s'" % run[0], order_by="name") == [("a", "2"), ("b", "2")] == search(filter="run_id IN ('%s', 'x')" % run[0], order_by="name")
    assert search(filter="run_id = ''", order_by=["name DESC", "version_number DESC"]) == [("b", "3"), ("b", "1"), ("a", "3"), ("a", "1")]
    assert search(filter="version_number > 2", order_by="name") == [("a", "3"), ("b", "3")] == search(filter="version_number >= '3'", order_by="name")
    assert search(filter="source_path LIKE '%/a/%' AND tags.n = '0'") == [("a", "1")]
    assert ask.get("model-versions/search", filter="name = 'a' AND version_number = 2")["model_versions"][0]["aliases"] == ["best"]
    refused("INVALID_PARAMETER_VALUE", "", search, filter="version = 1")
    ask.delete("model-versions/delete", name="a", version="3")
    assert search(filter="name = 'a' AND version_number = 3") == []


def test_logged_models(ask, run):
    run_id, number = run
    made = ask.post("logged-models", experiment_id=str(number), name="lm", source_run_id=run_id, params=[{"key": "p", "value": "1"}])["model"]
    info = made["info"]
    assert re.match(r"m-[0-9a-f]{32}\Z", info["model_id"]) and info["status"] == "LOGGED_MODEL_PENDING" and info["model_type"] == ""
    assert info["artifact_uri"] == "mlflow-artifacts:/%d/models/%s/artifacts" % (number, info["model_id"])
    path = "logged-models/" + info["model_id"]
    refused("INVALID_PARAMETER_VALUE", "Missing value for required parameter 'model_id'", ask.patch, path, status="LOGGED_MODEL_READY")
    assert ask.patch(path, model_id=info["model_id"], status=2)["model"]["info"]["status"] == "LOGGED_MODEL_READY"
    ask.send("PUT", "/api/2.0/mlflow-artifacts/artifacts/%d/models/%s/artifacts/d/MLmodel" % (number, info["model_id"]), b"x")
    assert ask.get(path + "/artifacts/directories")["files"] == [{"path": "d", "is_dir": True}]
    assert ask.get(path + "/artifacts/directories", artifact_directory_path="d")["files"] == [{"path": "d/MLmodel", "is_dir": False, "file_size": 1}]
    assert ask.send("GET", "/ajax-api/2.0/mlflow/%s/artifacts/files?artifact_file_path=d/MLmodel" % path)[2] == b"x"
    assert ask.post(path + "/params", params=[{"key": "p", "value": "1"}, {"key": "q", "value": "2"}]) == {}
    refused("INVALID_PARAMETER_VALUE", "Changing param values is not allowed", ask.post, path + "/params", params=[{"key": "p", "value": "2"}])
    assert ask.patch(path + "/tags", tags=[{"key": "a/b", "value": "x"}]) == {}
    assert ask.call("DELETE", path + "/tags/a%2Fb") == {}
    refused("RESOURCE_DOES_NOT_EXIST", "No tag with key 'a/b' found for model with ID", ask.call, "DELETE", path + "/tags/a%2Fb")
    ask.post("registered-models/create", name="m")
    assert version(ask, "m", "models:/" + info["model_id"], model_id=info["model_id"])["model_id"] == info["model_id"]
    assert ask.get(path)["model"]["info"]["tags"] == [{"key": "mlflow.modelVersions", "value": '[{"name":"m","version":1}]'}]
    refused("INVALID_PARAMETER_VALUE", "Invalid model name ('a/b') provided.", ask.post, "logged-models", experiment_id=str(number), name="a/b")
    refused("RESOURCE_DOES_NOT_EXIST", "No Experiment with id=999 exists", ask.post, "logged-models", experiment_id="999")
    assert ask.call("DELETE", path) == {} == ask.call("DELETE", path)
    refused("RESOURCE_DOES_NOT_EXIST", "Logged model with ID '%s' not found." % info["model_id"], ask.get, path)
    assert ask.get(path, allow_deleted="true")["model"]["info"]["name"] == "lm"


def test_search_of_logged_models(ask, run):
    experiment = str(run[1])
    assert ask.post("logged-models/search", experiment_ids=[experiment]) == {}
    ids = {}
    for name, kind in (("a", "x"), ("b", "y"), ("a", "z")):
        made = ask.post("logged-models", experiment_id=experiment, name=name, model_type=kind, params=[{"key": "p", "value": kind}])["model"]["info"]["model_id"]
        ids[kind] = made
    ask.patch("logged-models/" + ids["y"], model_id=ids["y"], status="LOGGED_MODEL_READY")
    search = lambda **body: [each["info"]["model_type"] for each in ask.post("logged-models/search", experiment_ids=[experiment], **body).get("models", [])]
    assert search() == ["z", "y", "x"] and search(filter="name = 'a'") == ["z", "x"]
    assert search(filter="params.p = 'y'") == ["y"] == search(filter="status = 'READY'") == search(filter="status = 2") == search(filter="attributes.status = 'LOGGED_MODEL_READY'")
    assert search(order_by=[{"field_name": "name"}, {"field_name": "creation_timestamp"}]) == ["x", "z", "y"]
    first = ask.post("logged-models/search", experiment_ids=[experiment], max_results=2)
    assert search(max_results=2, page_token=first["next_page_token"]) == ["x"]
    refused("INVALID_PARAMETER_VALUE", "Filter string in the page token does not match", search, filter="name = 'a'", page_token=first["next_page_token"])
    refused("INVALID_PARAMETER_VALUE", "Invalid entity type 'metric'", search, filter="metric.x > 1")
    refused("INVALID_PARAMETER_VALUE", "Invalid order by field name: x", search, order_by=[{"field_name": "x"}])


def trace_info(number, name, **more):
    return dict({"trace_id": name, "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": str(number)}}, "state": "OK",
                 "request_time": "2026-01-02T03:04:05.678Z", "execution_duration": "1.500s", "tags": {"mlflow.traceName": "call"}, "trace_metadata": {"m": "1"}}, **more)


def test_traces(ask, run):
    number = run[1]
    ask = Http(ask.address.geturl(), ask.token, "/api/3.0/mlflow/")
    stored = ask.post("traces", trace={"trace_info": trace_info(number, "tr-1")})["trace"]["trace_info"]
    assert stored["tags"]["mlflow.artifactLocation"] == "mlflow-artifacts:/%d/traces/tr-1/artifacts" % number
    assert stored["request_time"] == "2026-01-02T03:04:05.678Z" and stored["execution_duration"] == "1.500s" and stored["trace_metadata"]["mlflow.trace.infoFinalized"] == "true"
    ask.post("traces", trace={"trace_info": trace_info(number, "tr-2", state="ERROR", request_time="2026-01-03T00:00:00Z")})
    assert ask.get("traces/tr-1")["trace"]["trace_info"] == stored
    refused("RESOURCE_DOES_NOT_EXIST", "Trace with ID 'zz' not found.", ask.get, "traces/zz")
    where = [{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": str(number)}}]
    search = lambda **body: [each["trace_id"] for each in ask.post("traces/search", locations=where, **body).get("traces", [])]
    assert search() == ["tr-2", "tr-1"] and search(filter="attributes.status = 'ERROR'") == ["tr-2"] and search(filter="execution_time_ms > 2000") == []
    assert search(filter="tags.`mlflow.traceName` = 'call' AND metadata.m = '1'", order_by=["timestamp_ms ASC"]) == ["tr-1", "tr-2"]
    assert ask.post("traces/search", locations=[]) == {}
    first = ask.post("traces/search", locations=where, max_results=1)
    assert search(max_results=1, page_token=first["next_page_token"]) == ["tr-1"]
    old = "/api/2.0/mlflow/traces/"
    assert ask.patch(old + "tr-1/tags", key="k", value="v") == {} == ask.delete(old + "tr-1/tags", key="k")
    refused("RESOURCE_DOES_NOT_EXIST", "k", ask.delete, old + "tr-1/tags", key="k")
    assert ask.post(old + "link-to-run", trace_ids=["tr-1"], run_id="r") == {} and search(filter="run_id = 'r'") == ["tr-1"]
    ask.send("PUT", "/api/2.0/mlflow-artifacts/artifacts/%d/traces/tr-1/artifacts/traces.json" % number, b'{"spans": []}')
    assert ask.get("/ajax-api/3.0/mlflow/get-trace-artifact", request_id="tr-1") == {"spans": []}
    assert ask.post("traces/delete-traces", experiment_id=str(number), request_ids=["tr-1", "zz"]) == {"traces_deleted": 1}
    assert ask.post("traces/delete-traces", experiment_id=str(number), max_timestamp_millis=10**13, max_traces=5) == {"traces_deleted": 1}
    assert ask.get("/api/2.0/mlflow-artifacts/artifacts", path="%d/traces" % number) == {}
    refused("INVALID_PARAMETER_VALUE", "trace_id", ask.post, "traces", trace={"trace_info": trace_info(number, "../x")})


def test_traces_of_older_clients(ask, run):
    made = ask.post("traces", experiment_id=str(run[1]), timestamp_ms=1000, tags=[{"key": "t", "value": "1"}])["trace_info"]
    done = ask.patch("traces/" + made["request_id"], timestamp_ms=1250, status="OK", request_metadata=[{"key": "m", "value": "2"}], tags=[])["trace_info"]
    assert done["execution_time_ms"] == 250 and done["status"] == "OK" and done["request_metadata"] == [{"key": "m", "value": "2"}]
    assert ask.get("traces/%s/info" % made["request_id"])["trace_info"] == done
    assert ask.get("traces", experiment_ids=str(run[1]))["traces"] == [done]


def graphql(ask, query, **variables):
    return ask.post("/graphql", query=query, variables=variables)


def test_graphql_of_the_run_page(ask):
    experiment = ask.post("experiments/create", name="pages", tags=[{"key": "a", "value": "b"}])["experiment_id"]
    run_id = ask.post("runs/create", experiment_id=experiment, start_time=5, run_name="mine")["run"]["info"]["run_id"]
    ask.post("runs/log-batch", run_id=run_id, metrics=[{"key": "m", "value": 0.5, "timestamp": 7, "step": 2}, {"key": "n", "value": "NaN", "timestamp": 7, "step": 2}],
             params=[{"key": "p", "value": "1"}], tags=[])
    ask.post("registered-models/create", name="m")
    version(ask, "m", run_id=run_id)
    answer = graphql(ask, """query GetRun($data: MlflowGetRunInput!) @component(name: "MLflow.ExperimentRunTracking") { mlflowGetRun(input: $data) {
        apiError { helpUrl code message __typename } run { info { runName status runUuid experimentId endTime lifecycleStage startTime __typename }
        experiment { experimentId name tags { key value __typename } } modelVersions { name version source __typename }
        data { metrics { key value step timestamp __typename } params { key value } } inputs { datasetInputs { tags { key } } modelInputs { modelId } }
        outputs { modelOutputs { modelId step } } __typename } __typename } }""", data={"runId": run_id})
    assert answer["errors"] is None
    found = answer["data"]["mlflowGetRun"]
    assert found["apiError"] is None and found["__typename"] == "MlflowGetRunResponse"
    run = found["run"]
    assert run["info"] == {"runName": "mine", "status": "RUNNING", "runUuid": run_id, "experimentId": experiment, "endTime": None, "lifecycleStage": "active",
                           "startTime": "5", "__typename": "MlflowRunInfo"}
    assert run["experiment"] == {"experimentId": experiment, "name": "pages", "tags": [{"key": "a", "value": "b", "__typename": "MlflowExperimentTag"}]}
    assert run["modelVersions"] == [{"name": "m", "version": "1", "source": "s3://bucket/path", "__typename": "MlflowModelVersion"}]
    assert run["data"]["metrics"] == [{"key": "m", "value": 0.5, "step": "2", "timestamp": "7", "__typename": "MlflowMetricExtension"},
                                      {"key": "n", "value": None, "step": "2", "timestamp": "7", "__typename": "MlflowMetricExtension"}]
    assert run["inputs"] == {"datasetInputs": [], "modelInputs": []} and run["outputs"] == {"modelOutputs": []}
    lost = graphql(ask, "{ mlflowGetRun(input: {runId: \"nosuch\"}) { run { info { runUuid } } } test(inputString: \"x\") { output } }")
    assert lost["data"] == {"mlflowGetRun": None, "test": {"output": "x"}} and "nosuch" in lost["errors"][0]
    assert graphql(ask, "{ nothing }")["errors"] == ["Cannot query field 'nothing' on type 'Query'."] and graphql(ask, "{")["data"] is None
    runs = graphql(ask, "query S($d: I!) { mlflowSearchRuns(input: $d) { runs { info { runUuid } } nextPageToken } }", d={"experimentIds": [experiment], "maxResults": 5})
    assert runs["data"]["mlflowSearchRuns"] == {"runs": [{"info": {"runUuid": run_id}}], "nextPageToken": None}


def test_points_that_name_a_model(ask):
    experiment = ask.post("experiments/create", name="models")["experiment_id"]
    run_id = ask.post("runs/create", experiment_id=experiment, start_time=5)["run"]["info"]["run_id"]
    model = ask.post("logged-models", experiment_id=experiment, name="a", source_run_id=run_id)["model"]["info"]["model_id"]
    point = {"key": "acc", "value": 0.5, "timestamp": 7, "step": 1, "model_id": model, "dataset_name": "d", "dataset_digest": "x"}
    for _ in range(2):
        ask.post("runs/log-metric", run_id=run_id, **point)
    ask.post("runs/log-batch", run_id=run_id, metrics=[dict(point, step=2, value="Infinity", dataset_name=None), {"key": "other", "value": 1, "timestamp": 1, "step": 0}])
    metrics = ask.get("logged-models/" + model)["model"]["data"]["metrics"]
    assert [(each["key"], each["step"], each["value"], each["run_id"], each.get("dataset_name")) for each in metrics] == [
        ("acc", 1, 0.5, run_id, "d"), ("acc", 2, 1.7976931348623157e308, run_id, None)]
    refused("RESOURCE_DOES_NOT_EXIST", "Logged model with ID 'm-0' not found.", ask.post, "runs/log-metric", run_id=run_id, **dict(point, model_id="m-0"))
    search = lambda **body: len(ask.post("logged-models/search", experiment_ids=[experiment], **body).get("models", []))
    assert search(filter="metrics.acc > 0.4") == 1 and search(filter="metrics.acc > 0.6", datasets=[{"dataset_name": "d"}]) == 0
    assert search(order_by=[{"field_name": "metrics.acc", "dataset_name": "d"}]) == 1
