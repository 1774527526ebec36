# SPDX-License-Identifier: Apache-2.0
"""`kill -9` in a loop under load: what was acknowledged is there, and no half batch is.

SLIPWAY_CRASH_ROUNDS makes it as long as one likes."""

import http.client
import json
import os
import random
import threading
import time

import pytest

ROUNDS = int(os.environ.get("SLIPWAY_CRASH_ROUNDS", "4"))
WRITERS = 6
KEYS = 40
STEPS = 5  # a batch
API = "/api/2.0/mlflow/"


class Writer(threading.Thread):
    """Creates a run and logs batches to it until the server is gone; remembers what was said."""

    def __init__(self, port: int, index: int):
        super().__init__()
        self.port, self.index = port, index
        self.runs: dict[str, int] = {}  # run -> acknowledged batches
        self.refused: list[str] = []

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            while True:
                self.one_run(connection)
        except (OSError, http.client.HTTPException):
            pass  # killed

    def post(self, connection, path: str, body: dict) -> dict:
        connection.request(
            "POST", API + path, json.dumps(body), {"content-type": "application/json"}
        )
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            self.refused.append(f"{path}: {answer.status} {text[:200]!r}")
        return json.loads(text)

    def one_run(self, connection) -> None:
        run = self.post(connection, "runs/create", {"experiment_id": "0", "start_time": 1})
        run = run["run"]["info"]["run_id"]
        self.runs[run] = 0
        for batch in range(150):
            metrics = [
                {"key": f"m{k}", "value": s + k / 7, "timestamp": 1000 + s, "step": s}
                for k in range(KEYS)
                for s in range(batch * STEPS, (batch + 1) * STEPS)
            ]
            body = {
                "run_id": run,
                "metrics": metrics,
                "params": [{"key": f"p{batch}", "value": str(batch)}],
                "tags": [{"key": "batches", "value": str(batch + 1)}],
            }
            self.post(connection, "runs/log-batch", body)
            self.runs[run] = batch + 1


class WideWriter(Writer):
    """Its runs report some thousand metrics, a part of them in each batch."""

    def one_run(self, connection) -> None:
        run = self.post(connection, "runs/create", {"experiment_id": "0", "start_time": 1})
        run = run["run"]["info"]["run_id"]
        self.runs[run] = 0
        for batch in range(12):
            metrics = [
                {"key": key, "value": value, "timestamp": 1000, "step": step}
                for key, (step, value) in wide_part(batch).items()
            ]
            tags = [{"key": "batches", "value": str(batch + 1)}]
            body = {"run_id": run, "metrics": metrics, "tags": tags}
            self.post(connection, "runs/log-batch", body)
            self.runs[run] = batch + 1


def wide_part(batch: int) -> dict[str, tuple[int, float]]:
    """What a batch reports: 900 of 3,600 metrics, all of them in four batches."""
    first, step = batch % 4 * 900, batch // 4
    return {f"w{k}": (step, step * 1e6 + k / 7) for k in range(first, first + 900)}


class Reader:
    def __init__(self, port: int):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)

    def get(self, path: str) -> dict:
        self.connection.request("GET", API + path)
        return self.answer()

    def post(self, path: str, body: dict) -> dict:
        kind = {"content-type": "application/json"}
        self.connection.request("POST", API + path, json.dumps(body), kind)
        return self.answer()

    def answer(self) -> dict:
        answer = self.connection.getresponse()
        text = answer.read()
        assert answer.status == 200, text
        return json.loads(text)


def check(reader: Reader, run: str, acknowledged: int) -> int:
    """Everything of the run says the same number of batches: those acknowledged, or one more."""
    data = reader.get(f"runs/get?run_id={run}")["run"]["data"]
    tags = {tag["key"]: tag["value"] for tag in data.get("tags", [])}
    kept = int(tags.get("batches", 0))
    assert kept in (acknowledged, acknowledged + 1), (run, kept, acknowledged)
    assert len(data.get("params", [])) == kept
    last = {m["key"]: (m["step"], m["value"]) for m in data.get("metrics", [])}
    steps = kept * STEPS
    if kept:
        assert last == {f"m{k}": (steps - 1, steps - 1 + k / 7) for k in range(KEYS)}
    for k in (0, KEYS // 2, KEYS - 1):
        history = reader.get(f"metrics/get-history?run_id={run}&metric_key=m{k}").get("metrics", [])
        assert [m["step"] for m in history] == list(range(steps)), (run, k)
        assert all(m["value"] == m["step"] + k / 7 for m in history)
    return kept


def check_wide(reader: Reader, run: str, acknowledged: int) -> int:
    data = reader.get(f"runs/get?run_id={run}")["run"]["data"]
    tags = {tag["key"]: tag["value"] for tag in data.get("tags", [])}
    kept = int(tags.get("batches", 0))
    assert kept in (acknowledged, acknowledged + 1), (run, kept, acknowledged)
    last = {m["key"]: (m["step"], m["value"]) for m in data.get("metrics", [])}
    wanted = {}
    for batch in range(kept):
        wanted |= wide_part(batch)
    assert last == wanted, (run, kept)
    for key in ("w0", "w3599"):
        history = reader.get(f"metrics/get-history?run_id={run}&metric_key={key}")
        steps = [m["step"] for m in history.get("metrics", [])]
        assert steps == [b // 4 for b in range(kept) if key in wide_part(b)]
    return kept


def check_search(reader: Reader, acknowledged: dict[str, int], key: str) -> None:
    """A search by a metric finds the runs that have it, with its last value, in its order."""
    query = {"experiment_ids": ["0"], "filter": f"metrics.{key} >= 0", "max_results": 50000,
             "order_by": [f"metrics.{key} DESC"]}  # fmt: skip
    found = {
        run["info"]["run_id"]: next(m["value"] for m in run["data"]["metrics"] if m["key"] == key)
        for run in reader.post("runs/search", query).get("runs", [])
    }
    wanted = {}
    for run, batches in acknowledged.items():
        for batch in range(batches):
            if key in wide_part(batch):
                wanted[run] = wide_part(batch)[key][1]
    assert found == wanted
    assert list(found.values()) == sorted(found.values(), reverse=True)


def test_runs_of_thousands_of_metrics_lose_nothing(new_server):
    server = new_server()
    chance = random.Random(5)
    acknowledged: dict[str, int] = {}
    for turn in range(ROUNDS):
        server.start()
        writers = [WideWriter(server.port, n) for n in range(WRITERS)]
        for writer in writers:
            writer.start()
        time.sleep(chance.uniform(0.3, 1.2))
        if turn > 0:  # a metric that was searched before is an index from then on
            Reader(server.port).post("runs/search", {"experiment_ids": ["0"], "max_results": 1,
                                                     "order_by": [f"metrics.w{turn}"]})  # fmt: skip
        server.kill()
        for writer in writers:
            writer.join()
            assert not writer.refused, writer.refused[:3]
            acknowledged |= writer.runs
        server.start()
        reader = Reader(server.port)
        some = chance.sample(sorted(acknowledged), min(40, len(acknowledged)))
        for run in dict.fromkeys([*(r for w in writers for r in w.runs), *some]):
            acknowledged[run] = check_wide(reader, run, acknowledged[run])
        for key in ("w1", f"w{chance.randrange(3600)}"):
            check_search(reader, acknowledged, key)
        server.kill()
    assert sum(acknowledged.values()) > 0


@pytest.mark.parametrize("durability", ["disk", "process"])
def test_no_acknowledged_write_is_lost_and_no_half_batch_is_seen(new_server, durability):
    server = new_server("--durability", durability)
    chance = random.Random(20)
    acknowledged: dict[str, int] = {}
    for _ in range(ROUNDS):
        server.start()
        writers = [Writer(server.port, n) for n in range(WRITERS)]
        for writer in writers:
            writer.start()
        time.sleep(chance.uniform(0.3, 1.5))
        server.kill()
        for writer in writers:
            writer.join()
            assert not writer.refused, writer.refused[:3]
            acknowledged |= writer.runs
        server.start()
        reader = Reader(server.port)
        for run, batches in list(acknowledged.items()):
            acknowledged[run] = check(reader, run, batches)
        server.kill()
    assert sum(acknowledged.values()) > 0
