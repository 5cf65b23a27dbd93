#!/usr/bin/env python3
"""Plays `stoker server` for the tests of connect, client and follow: writes server.json, answers what is asked, stops when idle.

`mode` in STOKER_HOME: one word each line.
  fail         ends at once with a sentence
  port-taken   ends with server.address_in_use unless the port is 0
Every start appends a line with its port to `starts`; every request a line to `requests`.
"""
import http.server
import json
import os
import pathlib
import sys
import threading
import time

home = pathlib.Path(os.environ["STOKER_HOME"])
mode = (home / "mode").read_text().split() if (home / "mode").exists() else []
port = int(sys.argv[sys.argv.index("--listen") + 1].rpartition(":")[2])
with open(home / "starts", "a") as starts:
    starts.write(f"{port}\n")
if "fail" in mode:
    sys.exit("error: the data folder is full of bees  [data.format]")
if "port-taken" in mode and port != 0:
    sys.exit("error: cannot listen  [server.address_in_use]")
streams = 0


def event(name, data, ident):
    return f"id: {ident}\nevent: {name}\ndata: {json.dumps(data)}\n\n".encode()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, body, status=200):
        body = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def note(self):
        with open(home / "requests", "a") as requests:
            requests.write(f"{self.command} {self.path} {self.headers.get('Last-Event-ID', '-')} {self.headers.get('Authorization', '-')}\n")

    def do_GET(self):
        if self.path == "/healthz":
            return self.answer({"status": "ok", "instance": "fake"})
        self.note()
        if self.path.endswith("/follow"):
            return self.follow()
        if self.path.startswith("/api/v1/runs?"):
            runs = [{"id": f"diabetes_{n}", "state": "Running"} for n in (11, 12, 21)]
            begin = self.path.partition("prefix=")[2].partition("&")[0]
            return self.answer({"runs": [run for run in runs if run["id"].startswith(begin)], "next_cursor": None})
        if self.path == "/api/v1/runs/diabetes_11":
            return self.answer({"id": "diabetes_11", "state": "Running"})
        self.answer({"error": {"code": "not_found", "message": "there is no such thing", "cause": "", "hint": "", "mistakes": [], "retryable": False}}, 404)

    def follow(self):
        """The connection is cut after the second event; the rest comes to who asks for it from there."""
        global streams
        streams += 1
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        if self.headers.get("Last-Event-ID") != "2":
            self.wfile.write(b": beat\n\n" + event("state", {"state": "Running", "run": None}, 1) + event("log", {"text": "one\n"}, 2) + b"event: log\ndata: {\"te")
        else:
            self.wfile.write(event("log", {"text": "two\n"}, 3) + event("metric", {"name": "loss", "value": 0.5, "step": 7}, 4))
            self.wfile.write(event("end", {"id": "r1", "state": "Completed"}, 5))


server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
fields = pathlib.Path("/proc/self/stat").read_text().rpartition(")")[2].split()
record = {"url": f"http://127.0.0.1:{server.server_port}", "pid": os.getpid(), "start_time": int(fields[19]), "host": os.uname().nodename,
          "boot_id": pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip(), "instance": "fake", "version": "0"}
(home / "server.json.new").write_text(json.dumps(record))
os.rename(home / "server.json.new", home / "server.json")


def end_with_the_test():
    """A test that dies leaves no server behind: its folder goes, or a minute is over."""
    until = time.monotonic() + 60
    while time.monotonic() < until and (home / "token").exists():
        time.sleep(0.05)
    os._exit(0)


threading.Thread(target=end_with_the_test, daemon=True).start()
server.serve_forever()
