"""Wrong input gets a clear word, all mistakes at once, and nothing half-made stays."""
import json
import os
import socket
import stat
import subprocess
import time

import pytest

from conftest import PYTHON, until


def refused(stoker, *arguments, code=2, **options):
    done = stoker.cli(*arguments, check=False, **options)
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr and "terminate" not in done.stderr
    return done.stderr


def no_runs(stoker):
    return stoker.request("GET", "/api/v1/runs").json["runs"] == []


def test_script_folder_and_interpreter_that_are_not_there_are_named(stoker):
    stoker.start()
    assert "nothere.py" in refused(stoker, "run", "submit", "--script", "nothere.py")
    assert "nowhere" in refused(stoker, "run", "submit", "--source", "nowhere", "--", "true")
    stoker.write("a.py", "pass")
    assert "python-that-is-not" in refused(stoker, "run", "submit", "--script", "a.py", "--interpreter", "python-that-is-not")
    assert "no-such-program" in refused(stoker, "run", "submit", "--", "no-such-program")
    assert no_runs(stoker)


def test_several_mistakes_are_told_at_once(stoker):
    stoker.start()
    answer = stoker.request("POST", "/api/v1/runs", {"experiment": "no spaces!", "argv": ["true"], "script": "x.py", "resources": {"gpus": -1}, "tarjet": "local"})
    assert answer.status == 400
    paths = {mistake["path"] for mistake in answer.json["error"]["mistakes"]}
    assert {"experiment", "script", "resources.gpus", "tarjet"} <= paths
    assert "target" in json.dumps(answer.json)  # did you mean
    assert no_runs(stoker)


def test_a_source_folder_with_strange_things_lists_them_all(stoker):
    stoker.start()
    os.mkfifo(stoker.work / "pipe")
    unix = socket.socket(socket.AF_UNIX)
    unix.bind(str(stoker.work / "socket"))
    (stoker.work / "out").symlink_to("/etc/passwd")
    (stoker.work / "loop").symlink_to("loop")
    os.mkdir(os.fsencode(stoker.work) + b"/bad\xff")
    with open(os.fsencode(stoker.work) + b"/bad\xff/x", "w"):
        pass
    secret = stoker.write("unreadable", "x")
    os.chown(secret, 0, 0) if os.getuid() == 0 else None
    secret.chmod(0)
    told = refused(stoker, "run", "submit", "--", "true")
    for name in ("pipe", "socket", "out", "loop", "bad", "unreadable"):
        assert name in told, (name, told)
    unix.close()
    assert no_runs(stoker)


def test_strange_data_folders_are_refused_with_the_way_out(stoker):
    binary = stoker.programs / "bin/stoker"

    def start(*arguments, **options):
        return stoker.run(binary, "server", *arguments, check=False, timeout=20, **options)

    data = stoker.work / "data"
    first = stoker.popen(binary, "server", "--data", data, "--listen", "127.0.0.1:0", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    line = first.stdout.readline().decode()
    assert "http://127.0.0.1:" in line
    port = line.split("127.0.0.1:")[1].split()[0]
    busy = start("--data", data, "--listen", "127.0.0.1:0")
    assert busy.returncode == 5 and "another server" in busy.stderr
    taken = start("--data", stoker.work / "other", "--listen", "127.0.0.1:" + port)
    assert taken.returncode == 5 and port in taken.stderr
    first.terminate()
    assert first.wait(20) == 0
    (data / "VERSION").write_text("stoker data 99\n")
    newer = start("--data", data, "--listen", "127.0.0.1:0")
    assert newer.returncode == 6 and "newer" in newer.stderr
    stoker.write("strangers/file", "x")
    strange = start("--data", stoker.work / "strangers", "--listen", "127.0.0.1:0")
    assert strange.returncode == 6 and "VERSION" in strange.stderr
    a_file = start("--data", stoker.write("plain", "x"), "--listen", "127.0.0.1:0")
    assert a_file.returncode == 6 and "not a folder" in a_file.stderr
    readonly = stoker.work / "readonly"
    readonly.mkdir()
    readonly.chmod(0o555)
    denied = start("--data", readonly / "data", "--listen", "127.0.0.1:0")
    assert denied.returncode == 6, denied.stderr
    public = start("--data", stoker.work / "public", "--listen", "0.0.0.0:0")
    assert public.returncode == 4 and "127.0.0.1" in public.stderr


@pytest.mark.as_root
def test_a_full_disk_refuses_writes_keeps_reading_and_recovers(stoker):
    disk = stoker.folder / "disk.img"
    mount = stoker.folder / "full"
    mount.mkdir()
    subprocess.run(["truncate", "-s", "48M", str(disk)], check=True)
    subprocess.run(["mkfs.ext4", "-q", "-m", "0", str(disk)], check=True)
    if subprocess.run(["mount", "-o", "loop", str(disk), str(mount)]).returncode != 0:
        pytest.skip("no loop devices here")
    try:
        stoker.variables["STOKER_DATA"] = str(mount / "data")
        run = stoker.submit("echo", "kept")
        stoker.wait(run)
        with open(str(mount / "ballast"), "wb") as ballast:
            try:
                while True:
                    ballast.write(b"x" * 65536)
                    ballast.flush()
            except OSError:
                pass
        spec = {"argv": ["true"], "properties": {"k%d" % i: "v" * 900 for i in range(45)}, "inherited": {"PATH": "/usr/bin:/bin"}}
        answers = [stoker.request("POST", "/api/v1/runs", spec) for _ in range(30)]
        full = [a for a in answers if a.status == 507]
        assert full and full[-1].json["error"]["code"] == "storage.full", [a.status for a in answers]
        assert stoker.log(run) == b"kept\n", "reads go on"
        (mount / "ballast").unlink()
        after = until(lambda: (lambda a: a if a.status == 201 else None)(stoker.request("POST", "/api/v1/runs", spec)), 20, "writes again").json["id"]
        assert stoker.wait(after)["state"] == "Completed"
        for answer in answers:
            if answer.status == 201:
                assert stoker.wait(answer.json["id"])["state"] == "Completed"
    finally:
        stoker.stop()
        until(lambda: subprocess.run(["umount", str(mount)], stderr=subprocess.DEVNULL).returncode == 0, 10, "umount")


def test_broken_deep_and_huge_json(stoker):
    record = stoker.start()
    broken = stoker.request("POST", "/api/v1/runs", b'{"argv": [tru}', headers={"Content-Type": "application/json"})
    assert broken.status == 400 and "line 1, column" in broken.json["error"]["message"]
    deep = stoker.request("POST", "/api/v1/runs", b"[" * 10000 + b"]" * 10000)
    assert deep.status == 400 and "deeper" in deep.json["error"]["cause"]
    token = (stoker.home / "token").read_text().strip()
    host, port = record["url"].split("//")[1].split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(("POST /api/v1/runs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: 1073741824\r\n\r\n" % token).encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 413 ")
    assert stoker.request("GET", "/api/v1/server").status == 200
    assert no_runs(stoker)


@pytest.mark.parametrize("path", ["../../token", "..%2f..%2ftoken", "%2e%2e/%2e%2e/token", "%252e%252e/token", "a%00b", "outputs/../../../secret", "/etc/passwd", "a\\..\\b", "%c0%ae%c0%ae/token"])
def test_paths_that_leave_the_run_are_refused(stoker, path):
    run = stoker.submit("true")
    stoker.wait(run)
    for method, body in (("GET", None), ("PUT", b"x")):
        answer = stoker.request(method, "/api/v1/runs/%s/files/%s" % (run, path), body)
        assert answer.status in (400, 404) or (method == "PUT" and "%252e" in path and answer.status == 200), (method, answer.status, answer.body)
        assert (stoker.home / "token").read_text().strip().encode() not in answer.body


def test_wrong_token_is_told(stoker):
    stoker.start()
    assert stoker.request("GET", "/api/v1/runs", token="").status == 401
    wrong = stoker.request("GET", "/api/v1/runs", token="0" * 64)
    assert wrong.status == 401 and wrong.json["error"]["code"] == "auth.missing"
    url = stoker.server_record()["url"]
    told = refused(stoker, "run", "list", code=4, env={"STOKER_URL": url, "STOKER_TOKEN": "nonsense"})
    assert "token" in told


def test_unknown_words_get_a_suggestion(stoker):
    assert 'did you mean "submit"' in refused(stoker, "run", "sumbit", "--", "true")
    stoker.cli("workspace", "create", "s/g/vision")
    assert 'did you mean "s/g/vision"?' in refused(stoker, "workspace", "show", "s/g/visoin", code=3)
    assert 'did you mean "s/g/vision"?' in refused(stoker, "workspace", "show", "vision", code=3)  # of another group
    assert "`stoker workspace create s/g/speech` makes it" in refused(stoker, "workspace", "show", "s/g/speech", code=3)
    run = stoker.submit("true")
    stoker.wait(run)
    told = refused(stoker, "run", "show", run[:-1] + ("0" if run[-1] != "0" else "1"), code=3)
    assert run in told


def test_output_that_is_not_text_long_lines_and_floods(stoker):
    run = stoker.submit(PYTHON, "-c", "import sys; sys.stdout.buffer.write(bytes(range(256)) * 4)")
    stoker.wait(run)
    assert stoker.log(run) == bytes(range(256)) * 4
    assert stoker.cli("run", "logs", run).raw == bytes(range(256)) * 4
    flood = stoker.submit(PYTHON, "-c", "import sys\nblock = ''.join('%099d\\n' % i for i in range(10000))\nfor _ in range(100): sys.stdout.write(block)")
    record = stoker.wait(flood, 120)
    assert record["state"] == "Completed"
    answer = stoker.request("GET", "/api/v1/runs/%s/log?limit=1" % flood)
    assert int(answer.headers["x-stoker-size"]) == 100 * 1000000


def test_a_line_of_one_gibibyte_keeps_the_server_small(stoker):
    server = stoker.start()["pid"]

    def rss():
        with open("/proc/%d/status" % server) as status:
            return int(next(line for line in status if line.startswith("VmHWM")).split()[1])

    before = rss()
    run = stoker.submit(PYTHON, "-c", "import os\nfor _ in range(1024): os.write(1, b'x' * (1 << 20))")
    record = stoker.wait(run, 180)
    assert record["state"] == "Completed", record
    answer = stoker.request("GET", "/api/v1/runs/%s/log?limit=1" % run)
    assert int(answer.headers["x-stoker-size"]) == 1 << 30
    assert rss() - before <= 64_000, "the server grew by %d kB" % (rss() - before)
