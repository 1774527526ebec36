# SPDX-License-Identifier: Apache-2.0
"""The measurements: each asks one server for one thing and answers with numbers."""

import hashlib
import http.client
import json
import os
import sqlite3
import statistics
import subprocess
import threading
import time
import urllib.parse
import uuid
from pathlib import Path

import rest
from peers import Http, Peer

API = "/api/2.0/mlflow/"
ROOT = Path(__file__).resolve().parents[2]
LOAD = ROOT / "build/bench/tracking_load"


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)


def build_load() -> None:
    LOAD.parent.mkdir(parents=True, exist_ok=True)
    source = ROOT / "bench/tracking/load.cc"
    if not LOAD.exists() or LOAD.stat().st_mtime < source.stat().st_mtime:
        subprocess.run(["g++", "-std=c++20", "-O2", "-o", LOAD, source, "-lpthread"], check=True)


def load(peer: Peer, kind: str, connections: int, seconds: float, size=1000, requests=-1,
         experiments=("0",)) -> dict:  # fmt: skip
    command = [LOAD, peer.port, kind, connections, seconds, size, requests, ",".join(experiments)]
    cpu = peer.cpu_seconds()
    done = subprocess.run([str(x) for x in command], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    found["cpu_ms"] = 1000 * (peer.cpu_seconds() - cpu) / max(1, found["requests"])
    return found


def written(peer: Peer) -> int:
    """Bytes that the server has sent to the disk."""
    total = 0
    for pid in peer.tree():
        for line in Path(f"/proc/{pid}/io").read_text().splitlines():
            if line.startswith("write_bytes:"):
                total += int(line.split()[1])
    return total


def syncs_per_second(folder: Path, seconds: float = 2.0) -> float:
    """Appends of a page, each synced before the next, in a file where the server's data lie."""
    path, count = folder / "syncs", 0
    file = os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)
    page = os.urandom(4096)
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        os.pwrite(file, page, 4096 * (count % 256))
        os.fdatasync(file)
        count += 1
    took = time.perf_counter() - began
    os.close(file)
    path.unlink()
    return count / took


def folder_size(folder: Path) -> int:
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())


class Peak(threading.Thread):
    """The greatest PSS while it runs, in MiB."""

    def __init__(self, peer: Peer):
        super().__init__(daemon=True)
        self.peer, self.over = peer, threading.Event()
        self.mib = peer.pss_mib()

    def run(self) -> None:
        while not self.over.wait(0.05):
            try:
                self.mib = max(self.mib, self.peer.pss_mib())
            except (OSError, ProcessLookupError):
                pass

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()


def timed(call, repeats: int) -> float:
    """Median milliseconds."""
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        call()
        times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times)


def get_bytes(peer: Peer, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", peer.port, timeout=600)
    connection.request("GET", path)
    answer = connection.getresponse()
    size = 0
    while part := answer.read(1 << 20):
        size += len(part)
    if answer.status != 200:
        raise SystemExit(f"error: {peer.name}: GET {path}: {answer.status}")
    return size


# Histories


def log_history(peer: Peer, points: int) -> str:
    """A run with one long metric, through log-batch."""
    http = Http(peer.port)
    run = rest.new_run(http)
    for first in range(0, points, 1000):
        metrics = [
            {"key": "loss", "value": 1 / (1 + n * 1e-3), "timestamp": 1_700_000_000_000 + 10 * n,
             "step": n}
            for n in range(first, min(points, first + 1000))
        ]  # fmt: skip
        http.post(API + "runs/log-batch", {"run_id": run, "metrics": metrics})
    return run


def history(peer: Peer, run: str, repeats: int) -> dict:
    query = urllib.parse.urlencode({"run_id": run, "metric_key": "loss"})
    whole = timed(lambda: get_bytes(peer, f"{API}metrics/get-history?{query}"), repeats)
    query = urllib.parse.urlencode({"run_ids": run, "metric_key": "loss", "max_results": 1000})
    path = f"/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval?{query}"
    return {"whole": whole, "sampled": timed(lambda: get_bytes(peer, path), repeats)}


def page_through(peer: Peer, run: str, key: str, size: int) -> tuple[int, float]:
    """All pages of a history: points and seconds."""
    http, token, points = Http(peer.port), b"", 0
    began = time.perf_counter()
    while True:
        query = {"run_id": run, "metric_key": key, "max_results": size}
        if token:
            query["page_token"] = token.decode()
        http.connection.request("GET", f"{API}metrics/get-history?{urllib.parse.urlencode(query)}")
        page = http.connection.getresponse().read()
        points += page.count(b'"step"')
        token = page.rpartition(b'"next_page_token":"')[2][:-2] if b"page_token" in page else b""
        if not token:
            return points, time.perf_counter() - began


# Searches


def fill_slipway(peer: Peer, runs: int) -> None:
    """Straight into its database while it is stopped, set at a time."""
    base = sqlite3.connect(peer.folder / "data/slipway.db")
    base.execute("PRAGMA synchronous=OFF")
    base.execute("PRAGMA cache_size=-262144")
    now = int(time.time() * 1000)
    last = base.execute("SELECT COALESCE(MAX(id), 0) FROM runs").fetchone()[0]
    base.execute("INSERT OR IGNORE INTO metric_keys (name) VALUES ('auc'), ('loss')")
    key = dict(base.execute("SELECT name, id FROM metric_keys"))
    numbers = f"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n WHERE i < {runs - 1})"
    base.execute(
        f"{numbers} INSERT INTO runs (id, uuid, experiment, name, user_name, status, started,"
        f" ended, artifact_root, state) SELECT {last} + 1 + i, lower(hex(randomblob(16))), 0,"
        f" 'run-' || i, 'user' || (i % 7), CASE WHEN i % 10 = 0 THEN 3 ELSE 2 END, {now} + i,"
        f" {now} + i + 60000, '0/x/artifacts', 0 FROM n"
    )
    latest = "(run, metric, step, at, value, kind)"
    for name, value in (("auc", "(i * 7919 % 10007) / 10007.0"), ("loss", "i / 10.0")):
        base.execute(
            f"{numbers} INSERT INTO latest_metrics {latest} SELECT {last} + 1 + i, {key[name]}, 0,"
            f" {now}, {value}, 0 FROM n"
        )
    pairs = (("params", "depth", "i % 8"), ("params", "rate", "i % 5"), ("tags", "phase", "i % 20"))
    for table, name, value in pairs:
        base.execute(
            f"{numbers} INSERT INTO run_{table} (run, key, value) SELECT {last} + 1 + i, '{name}',"
            f" CAST({value} AS TEXT) FROM n"
        )
    base.commit()
    base.execute("ANALYZE")
    base.commit()
    base.close()


def runs_in_mlflow(peer: Peer) -> int:
    base = sqlite3.connect(peer.folder / "mlflow.db")
    count = base.execute("SELECT COUNT(*) FROM runs").fetchone()[0]
    base.close()
    return count


def search(peer: Peer, repeats: int) -> dict:
    http = Http(peer.port)

    def ask(body: dict) -> list:
        return http.post(API + "runs/search", {"experiment_ids": ["0"], **body})["runs"]

    wanted = {"filter": "metrics.auc > 0.9 and params.depth = '5'", "max_results": 100,
              "order_by": ["metrics.auc DESC"]}  # fmt: skip
    ordered = {"order_by": ["metrics.auc DESC"], "max_results": 1000}
    found = ask(wanted)
    auc = [{m["key"]: m["value"] for m in run["data"]["metrics"]}["auc"] for run in found]
    if len(found) != 100 or auc != sorted(auc, reverse=True) or auc[0] < 0.99:
        raise SystemExit(f"error: {peer.name} answered the search with {len(found)} runs")
    if len(ask(ordered)) != 1000:
        raise SystemExit(f"error: {peer.name} did not find 1,000 runs")
    found = {
        "filtered": timed(lambda: ask(wanted), repeats),
        "ordered": timed(lambda: ask(ordered), repeats),
    }
    orders = {"name": "attributes.run_name DESC", "user": "attributes.user_id DESC",
              "status": "attributes.status", "end": "attributes.end_time DESC",
              "start": "attributes.start_time ASC", "param": "params.rate DESC",
              "tag": "tags.phase DESC"}  # fmt: skip
    for key, order in orders.items():
        body = {"order_by": [order], "max_results": 100}
        if len(ask(body)) != 100:
            raise SystemExit(f"error: {peer.name} did not find 100 runs ordered by {order}")
        found[key] = timed(lambda body=body: ask(body), repeats)
    token, page = "", {}
    for _ in range(49):
        page = http.post(API + "runs/search", {"experiment_ids": ["0"], "max_results": 100,
                                               "page_token": token})  # fmt: skip
        token = page["next_page_token"]
    found["page"] = timed(lambda: ask({"max_results": 100, "page_token": token}), repeats)
    return found


WIDE = 1500  # metrics of a run


def wide(peer: Peer, seconds: float, values: int, slices: int) -> dict:
    """Runs of 1,500 metrics in 50 experiments by 8 writers until the time is up or there are so
    many values. Rates of the whole and of each slice (the first fill an empty store), and bytes."""
    http = Http(peer.port)
    made = [http.post(API + "experiments/create", {"name": f"wide-{uuid.uuid4().hex[:8]}"})
            for _ in range(50)]  # fmt: skip
    experiments = [each["experiment_id"] for each in made]
    size, sent = folder_size(peer.folder), written(peer)
    rates, points, began = [], 0, time.monotonic()
    requests = values // slices // 8 // WIDE * 2
    for _ in range(slices):
        left = seconds - (time.monotonic() - began)
        if left < 1 and rates:
            break
        limit = min(left, seconds / slices) if requests == 0 else left
        found = load(peer, "wide-batch", 8, limit, WIDE, requests or -1, experiments)
        rates.append(found["points_per_second"])
        points += found["points"]
        say(f"{peer.name}: {points:,} values, {rates[-1]:,.0f}/s")
    took = time.monotonic() - began
    sent = written(peer) - sent
    table = run_table(peer, experiments[0])
    searches = wide_searches(peer, experiments)
    peer.stop()  # a checkpoint moves all into the database
    kept = folder_size(peer.folder) - size
    start = 1000 * peer.start() if peer.name == "slipway" else 0.0
    return {"points": points, "rate": points / took, "first": rates[0], "last": rates[-1],
            "kept": kept / points, "sent": sent / points, "start": start, **table,
            **searches}  # fmt: skip


def wide_searches(peer: Peer, experiments: list[str]) -> dict:
    """The first search that names a metric, and those behind it."""
    http = Http(peer.port)
    body = {"experiment_ids": experiments, "max_results": 1, "filter": "metrics.m777 > 0.5",
            "order_by": ["metrics.m777 DESC"]}  # fmt: skip
    once = timed(lambda: http.post(API + "runs/search", body), 1)
    return {"search_once": once, "search": timed(lambda: http.post(API + "runs/search", body), 5)}


def run_table(peer: Peer, experiment: str) -> dict:
    """The newest 100 runs: with all of their metrics, and (ours) with those that are shown."""
    http = Http(peer.port)
    body = {"experiment_ids": [experiment], "max_results": 100}
    runs = len(http.post(API + "runs/search", body)["runs"])
    out = {"runs": runs, "whole": timed(lambda: http.post(API + "runs/search", body), 3)}
    if peer.name == "slipway":
        names = ",".join(f"m{n}" for n in range(6))
        path = f"/api/v1/runs?experiment_id={experiment}&page_size=100&metrics={names}"
        path += "&params=,&tags=,"
        if len(http.get(path)["items"][0]["metrics"]) != 6:
            raise SystemExit("error: the run table came without its six metrics")
        out["few"] = timed(lambda: http.get(path), 9)
    return out


# Artifacts


def artifact(peer: Peer, mib: int) -> dict:
    """One file up and down again; seconds, and how much memory grew meanwhile."""
    piece = os.urandom(1 << 20)
    name = uuid.uuid4().hex
    path = f"/api/2.0/mlflow-artifacts/artifacts/0/{name}/artifacts/big.bin"
    idle = peer.pss_mib()
    sent = hashlib.sha256()
    with Peak(peer) as peak:
        connection = http.client.HTTPConnection("127.0.0.1", peer.port, timeout=600)
        began = time.perf_counter()
        connection.putrequest("PUT", path)
        connection.putheader("content-length", str(mib << 20))
        connection.putheader("content-type", "application/octet-stream")
        connection.endheaders()
        for _ in range(mib):
            connection.send(piece)
            sent.update(piece)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise SystemExit(f"error: {peer.name}: PUT: {answer.status}")
        up = time.perf_counter() - began
    received = hashlib.sha256()
    with Peak(peer) as peak_down:
        began = time.perf_counter()
        connection.request("GET", path)
        answer = connection.getresponse()
        while part := answer.read(1 << 20):
            received.update(part)
        down = time.perf_counter() - began
    if sent.digest() != received.digest():
        raise SystemExit(f"error: {peer.name} answered other bytes than it was given")
    return {"up": mib / up, "down": mib / down, "growth": max(peak.mib, peak_down.mib) - idle}


def busy_share(seconds: float) -> float:
    """Of all cores, over that time."""

    def times() -> list[int]:
        return [int(x) for x in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]

    before = times()
    time.sleep(seconds)
    spent = [b - a for a, b in zip(before, times(), strict=True)]
    return 1 - (spent[3] + spent[4]) / max(1, sum(spent))


def settle(limit: float = 120) -> None:
    """Waits until the machine is calm: mlflow's job runners go on loading long after `/health`."""
    until = time.monotonic() + limit
    while busy_share(1) > 0.1 and time.monotonic() < until:
        pass
