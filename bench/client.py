"""The case `client`: what user code of SDK v1 waits for, beside MLflow's own client at its own server.

Both servers run on this machine, over HTTP on loopback, each with its default kind of store on the same disk (MLflow: SQLite, one worker). Both clients run on the
interpreter of one virtual environment, which is made once, outside of the tree. Every figure is of a process of its own, after its imports.
"""
import json
import os
import pathlib
import socket
import subprocess
import time
import urllib.request

MLFLOW = "3.17.2"
RUNS = int(os.environ.get("BENCH_RUNS", "10000"))
ROWS = 3000
ROWS_OF_MLFLOW = 300  # of 3,000: it is asked once a row and takes long; its time is multiplied by ten
POINTS = 100000

START = "import time\nstart = time.perf_counter()\n"
END = "\nprint(time.perf_counter() - start)\n"
V1 = "from azureml.core import *\nws = Workspace.from_config()\nexp = Experiment(ws, %r)\n"
ML = "import os, mlflow\nclient = mlflow.MlflowClient()\nexp = client.get_experiment_by_name(%r)\n"


def interpreter():
    """Python of the environment with MLflow's client and server; made at first use."""
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    folder = cache / "stoker-bench" / ("mlflow-" + MLFLOW)
    if not (folder / "ready").exists():
        print("installing with pip into %s: mlflow %s" % (folder, MLFLOW))
        subprocess.run(["/usr/bin/python3", "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run([str(folder / "bin/pip"), "install", "-q", "--disable-pip-version-check", "mlflow==" + MLFLOW], check=True)
        (folder / "ready").touch()
    return folder / "bin/python"


class Mlflow:
    """MLflow's server in a folder of its own."""

    def __init__(self, python, folder):
        folder.mkdir()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.url = "http://127.0.0.1:%d" % free.getsockname()[1]
        self.database = folder / "mlflow.sqlite"
        self.log = open(str(folder / "log"), "w")
        self.process = subprocess.Popen(
            [str(python), "-m", "mlflow", "server", "--backend-store-uri", "sqlite:///%s" % self.database, "--artifacts-destination", str(folder / "files"),
             "--host", "127.0.0.1", "--port", self.url.rsplit(":", 1)[1], "--workers", "1"], stdout=self.log, stderr=self.log, env=dict(os.environ, MLFLOW_DISABLE_TELEMETRY="true"))
        self._wait()

    def _wait(self):
        for _ in range(1200):
            assert self.process.poll() is None, "MLflow's server ended"
            try:
                with urllib.request.urlopen(self.url + "/health", timeout=2):
                    return
            except OSError:
                time.sleep(0.1)
        raise AssertionError("MLflow's server did not come up")

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.log.close()


class Session:
    """Runs code of users, in a folder whose parent has the workspace's config.json; the code's last line of output is a figure in seconds."""

    def __init__(self, bench, python, mlflow):
        self.python = str(python)
        self.folder = bench.folder / "project" / "notebooks"
        (self.folder.parent / ".azureml").mkdir(parents=True)
        self.folder.mkdir()
        (self.folder.parent / ".azureml" / "config.json").write_text(json.dumps({"subscription_id": "s", "resource_group": "g", "workspace_name": "bench"}))
        self.env = dict(bench.env, MLFLOW_TRACKING_URI=mlflow.url, MLFLOW_DISABLE_TELEMETRY="true", STOKER_BIN=str(pathlib.Path(bench.env["PYTHONPATH"]).parent / "build/bin/stoker"))

    def seconds(self, code, times=1.0):
        done = subprocess.run([self.python, "-c", code], cwd=str(self.folder), env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert done.returncode == 0, done.stderr.decode()[-3000:]
        return float(done.stdout.split()[-1]) * times

    def milliseconds(self, code):
        return self.seconds(code, 1e3)


def fill(bench, session, mlflow):
    """RUNS runs, and one with POINTS points, on both sides. MLflow's runs are copied in its database: made one by one they would take minutes."""
    session.seconds(START + V1 % "many" + END)
    [workspace] = [each for each in bench.request("GET", "/workspaces")["workspaces"] if each["name"] == "bench"]
    named = {key: workspace[key] for key in ("subscription_id", "resource_group", "name")}
    wanted = {"workspace": named, "experiment": "many", "tags": {"kind": "bench"}}
    for begin in range(0, RUNS, 1000):
        bench.request("POST", "/runs/interactive", {"runs": [wanted] * min(1000, RUNS - begin)})
    session.seconds(START + V1 % "points" + "run = exp.start_logging(snapshot_directory=None)\nfor n in range(%d):\n    run.log('loss', 1 / (n + 1))\nrun.complete()" % POINTS + END)
    session.seconds(START + "import sqlite3, time, uuid, mlflow\nfrom mlflow.entities import Metric\nclient = mlflow.MlflowClient()\n"
                    "many, points = client.create_experiment('many'), client.create_experiment('points')\n"
                    "run = client.create_run(points).info.run_id\n"
                    "for begin in range(0, %d, 1000):\n    client.log_batch(run, [Metric('loss', 1 / (n + 1), 1700000000000 + n, n) for n in range(begin, begin + 1000)])\n"
                    "first = client.create_run(many, tags={'kind': 'bench'}).info.run_id\n"
                    "db = sqlite3.connect(%r, timeout=60)\ndb.row_factory = sqlite3.Row\n"
                    "for table in ('runs', 'tags'):\n"
                    "    for row in db.execute('SELECT * FROM ' + table + ' WHERE run_uuid = ?', [first]).fetchall():\n"
                    "        keys = ', '.join(row.keys())\n"
                    "        copies = [dict(row, run_uuid='%%032x' %% (n + 1)) for n in range(%d - 1)]\n"
                    "        [each.update(start_time=row['start_time'] + n) for n, each in enumerate(copies) if 'start_time' in each]\n"
                    "        db.executemany('INSERT INTO ' + table + '(' + keys + ') VALUES (' + ', '.join(':' + key for key in row.keys()) + ')', copies)\n"
                    "db.commit()" % (POINTS, str(mlflow.database), RUNS) + END)


def bench_client(bench):
    """Import, workspace, lists of runs, rows, metrics."""
    python = interpreter()
    bench.stoker("server", "start")
    mlflow = Mlflow(python, bench.folder / "mlflow")
    try:
        session = Session(bench, python, mlflow)
        fill(bench, session, mlflow)
        measure(bench, session)
    finally:
        mlflow.close()


def measure(bench, session):
    bench.compare("import", "ms", "", {
        "stoker": lambda: session.milliseconds(START + "import azureml.core" + END),
        "mlflow": lambda: session.milliseconds(START + "import mlflow" + END),
    })
    bench.compare("workspace by its file, server up", "ms", "", {
        "stoker": lambda: session.milliseconds("from azureml.core import Workspace\n" + START + "Workspace.from_config()" + END),
        "mlflow, set_experiment": lambda: session.milliseconds("import mlflow\n" + START + "mlflow.set_experiment('many')" + END),
    })
    bench.compare("first of %d runs" % RUNS, "ms", "<= 50 ms", {
        "stoker": lambda: session.milliseconds(V1 % "many" + START + "next(exp.get_runs())" + END),
        "mlflow, a page of 20": lambda: session.milliseconds(ML % "many" + START + "client.search_runs([exp.experiment_id], max_results=20)[0]" + END),
    })
    bench.compare("all of %d runs" % RUNS, "s", "", {
        "stoker": lambda: session.seconds(V1 % "many" + START + "assert len(list(exp.get_runs())) == %d" % RUNS + END),
        "mlflow, search_runs": lambda: session.seconds(ML % "many" + START + "assert len(mlflow.search_runs([exp.experiment_id], output_format='list')) == %d" % RUNS + END),
    })
    columns = "{'c%d' % n: 0.5 for n in range(15)}"
    bench.compare("%d rows of 15 columns, to the disk" % ROWS, "s", "<= 1 s", {
        "stoker": lambda: session.seconds(V1 % "rows" + "run = exp.start_logging(snapshot_directory=None)\n" + START +
                                          "for _ in range(%d):\n    run.log_row('Accuracy', **%s)\nrun.complete()" % (ROWS, columns) + END),
        "mlflow, log_metrics": lambda: session.seconds("import mlflow\nmlflow.set_experiment('rows')\nmlflow.start_run()\n" + START +
                                                       "for step in range(%d):\n    mlflow.log_metrics(%s, step=step)\nmlflow.end_run()" % (ROWS_OF_MLFLOW, columns) + END, ROWS / ROWS_OF_MLFLOW),
    })
    bench.compare("%d points of one name" % POINTS, "s", "<= 0.3 s", {
        "stoker": lambda: session.seconds(V1 % "points" + "run = next(exp.get_runs())\n" + START + "assert len(run.get_metrics()['loss']) == %d" % POINTS + END),
        "mlflow, get_metric_history": lambda: session.seconds(ML % "points" + "run = client.search_runs([exp.experiment_id])[0].info.run_id\n" + START +
                                                              "assert len(client.get_metric_history(run, 'loss')) == %d" % POINTS + END),
    })
