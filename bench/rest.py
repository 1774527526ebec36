# SPDX-License-Identifier: Apache-2.0
"""Writes and searches through the MLflow REST API: the same requests to both servers."""

import json
import sqlite3
import statistics
import threading
import time
import uuid

from peers import Http, Peer

API = "/api/2.0/mlflow/"


def new_run(http: Http) -> str:
    body = {"experiment_id": "0", "start_time": int(time.time() * 1000)}
    return http.post(API + "runs/create", body)["run"]["info"]["run_id"]


def log_batch(peer: Peer, metrics: int, clients: int, seconds: float) -> float:
    """Metrics a second that were acknowledged; each client writes to a run of its own."""
    done, stop = [0] * clients, time.perf_counter() + seconds

    def client(index: int) -> None:
        http = Http(peer.port)
        run, step = new_run(http), 0
        while time.perf_counter() < stop:
            now = int(time.time() * 1000)
            batch = [
                {"key": f"m{n % 10}", "value": n * 0.5, "timestamp": now, "step": step + n // 10}
                for n in range(metrics)
            ]
            step += metrics // 10 + 1
            http.post(API + "runs/log-batch", {"run_id": run, "metrics": batch})
            done[index] += metrics

    began = time.perf_counter()
    threads = [threading.Thread(target=client, args=(n,)) for n in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / (time.perf_counter() - began)


def run_facts(n: int) -> tuple[dict, dict]:
    return {"auc": (n * 7919 % 10007) / 10007, "loss": n / 10}, {
        "depth": str(n % 8),
        "rate": str(n % 5),
    }


def fill_slipway(peer: Peer, runs: int) -> None:
    http = Http(peer.port)
    for n in range(runs):
        metrics, params = run_facts(n)
        run, now = new_run(http), int(time.time() * 1000)
        body = {
            "run_id": run,
            "metrics": [
                {"key": k, "value": v, "timestamp": now, "step": 0} for k, v in metrics.items()
            ],
            "params": [{"key": k, "value": v} for k, v in params.items()],
        }
        http.post(API + "runs/log-batch", body)


def fill_mlflow(peer: Peer, runs: int) -> None:
    """Straight into its database while it is stopped: over HTTP this would take minutes."""
    base = sqlite3.connect(peer.folder / "mlflow.db")
    now = int(time.time() * 1000)
    for n in range(runs):
        metrics, params = run_facts(n)
        run = uuid.uuid4().hex
        base.execute(
            "INSERT INTO runs (run_uuid, name, source_type, user_id, status, start_time,"
            " lifecycle_stage, artifact_uri, experiment_id) VALUES (?,?,?,?,?,?,?,?,?)",
            (run, f"run-{n}", "UNKNOWN", "bench", "RUNNING", now, "active", f"x/{run}", 0),
        )
        for key, value in metrics.items():
            row = (key, value, now, 0, False, run)
            base.execute(
                "INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid)"
                " VALUES (?,?,?,?,?,?)",
                row,
            )
            base.execute(
                "INSERT INTO metrics (key, value, timestamp, step, is_nan, run_uuid)"
                " VALUES (?,?,?,?,?,?)",
                row,
            )
        for key, value in params.items():
            base.execute(
                "INSERT INTO params (key, value, run_uuid) VALUES (?,?,?)", (key, value, run)
            )
        phase = ("phase", str(n % 20), run)
        base.execute("INSERT INTO tags (key, value, run_uuid) VALUES (?,?,?)", phase)
    base.commit()
    base.close()


def search(peer: Peer, repeats: int) -> float:
    """Median milliseconds of a filtered, ordered search that finds runs; checks the answer."""
    http = Http(peer.port)
    body = json.dumps(
        {
            "experiment_ids": ["0"],
            "filter": "metrics.auc > 0.9 and params.depth = '5'",
            "order_by": ["metrics.auc DESC"],
            "max_results": 100,
        }
    ).encode()
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        found = http.post(API + "runs/search", body)["runs"]
        times.append(1000 * (time.perf_counter() - began))
    first = {m["key"]: m["value"] for m in found[0]["data"]["metrics"]}
    if len(found) != 100 or first["auc"] <= 0.99:
        raise SystemExit(f"error: {peer.name} answered the search with {len(found)} runs, {first}")
    return statistics.median(times)
