"""Secure by default: loopback, tokens, a run's token reaches its own run, no secret in logs, process lists or answers."""
import os
import pathlib
import stat

from conftest import PYTHON, until


def mode(path):
    return stat.S_IMODE(os.stat(str(path)).st_mode)


def test_home_token_and_address_are_private(stoker):
    stoker.start()
    assert mode(stoker.home) == 0o700
    assert mode(stoker.home / "token") == 0o600 and mode(stoker.home / "server.json") == 0o600
    assert len((stoker.home / "token").read_text().strip()) == 64
    assert stoker.server_record()["url"].startswith("http://127.0.0.1:")


def test_a_runs_token_reaches_its_run_and_nothing_else(stoker):
    other = stoker.submit("true")
    run = stoker.python("import os, time\nopen('outputs/token', 'w').write(os.environ['AZUREML_RUN_TOKEN'])\nprint(os.environ['AZUREML_RUN_TOKEN'], flush=True)\ntime.sleep(600)\n")
    token = until(lambda: stoker.log(run), 20, "the token").decode().strip()
    assert stoker.request("GET", "/api/v1/runs/" + run, token=token).status == 200
    assert stoker.request("GET", "/api/v1/runs/" + other, token=token).status in (403, 404)
    assert stoker.request("POST", "/api/v1/server/stop", token=token).status == 403
    assert stoker.request("POST", "/api/v1/runs", {"argv": ["true"]}, token=token).status == 403
    stoker.cli("run", "cancel", run)


def test_no_token_in_process_lists_logs_or_answers(stoker):
    run = stoker.submit("sh", "-c", "sleep 600", options=["--env", "MY_SECRET=hunter2canary"])
    stoker.wait_state(run, "Running")
    secrets = [(stoker.home / "token").read_text().strip(), (stoker.home / "data/secret").read_text().strip()]
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().decode("utf-8", "replace")
            except OSError:
                continue
            assert not any(secret in line for secret in secrets)
    texts = [path.read_text(errors="replace") for path in stoker.home.rglob("*.log")]
    for path in ("/api/v1/server", "/api/v1/runs", "/api/v1/runs/" + run, "/api/v1/server/check", "/api/v1/runs/%s/events" % run):
        texts.append(stoker.request("GET", path).body.decode())
    for text in texts:
        assert not any(secret in text for secret in secrets)
        assert "hunter2canary" not in text
    stoker.cli("run", "cancel", run)


def test_files_of_a_run_are_served_harmless(stoker):
    run = stoker.python("open('outputs/page.html', 'w').write('<script>alert(1)</script>')\n")
    stoker.wait(run)
    answer = stoker.request("GET", "/api/v1/runs/%s/files/outputs/page.html" % run)
    assert answer.headers["x-content-type-options"] == "nosniff" and "sandbox" in answer.headers["content-security-policy"]
    part = stoker.request("GET", "/api/v1/runs/%s/files/outputs/page.html" % run, headers={"Range": "bytes=1-6"})
    assert part.status == 206 and part.body == b"script"
    again = stoker.request("GET", "/api/v1/runs/%s/files/outputs/page.html" % run, headers={"If-None-Match": answer.headers["etag"]})
    assert again.status == 304


def test_outputs_that_are_links_out_of_the_run_are_not_followed(stoker):
    canary = stoker.write("canary", "do not upload me")
    run = stoker.python("import os\nos.symlink(%r, 'outputs/link')\nos.symlink('/etc', 'outputs/etc')\nopen('outputs/good', 'w').write('g')\n" % str(canary))
    stoker.wait(run)
    paths = {f["path"] for f in stoker.request("GET", "/api/v1/runs/%s/files" % run).json["files"]}
    assert "outputs/good" in paths
    assert not any(path.startswith(("outputs/link", "outputs/etc")) for path in paths)


def test_the_home_inside_the_source_folder_never_becomes_part_of_a_snapshot(stoker):
    stoker.variables["STOKER_HOME"] = str(stoker.work / ".home")
    stoker.home = stoker.work / ".home"
    stoker.write("train.py", "print(1)")
    run = stoker.submit("true")
    snapshot = stoker.wait(run)["snapshot"]
    paths = [f["path"] for f in stoker.request("GET", "/api/v1/snapshots/" + snapshot).json["files"]]
    assert paths == ["train.py"]
