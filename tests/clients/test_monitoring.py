# SPDX-License-Identifier: Apache-2.0
"""A watched endpoint: shifted traffic raises an alert, labels become quality, nothing is lost."""

import hashlib
import hmac
import http.server
import json
import shutil
import subprocess
import threading
import time

import numpy as np
import pytest
import requests

ENDPOINT = "delays"
SECRET = "s3cret"


class Receiver(http.server.ThreadingHTTPServer):
    """Receives webhooks; answers `status`."""

    daemon_threads = True

    def __init__(self, port: int = 0):
        self.received, self.status = [], 204
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                outer.received.append((outer.status, dict(self.headers), body))
                self.send_response(outer.status)
                self.end_headers()

            def log_message(self, *args):
                pass

        super().__init__(("127.0.0.1", port), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"

    def taken(self) -> list:
        return [(headers, body) for status, headers, body in self.received if status == 204]


@pytest.fixture
def receiver():
    server = Receiver()
    yield server
    server.shutdown()


def model():
    """score = clip(x / 200 + bias[kind], 0, 1) with x a float and kind a text."""
    from onnx import TensorProto, helper

    nodes = [
        helper.make_node("Equal", ["kind", "late"], ["is_late"]),
        helper.make_node("Cast", ["is_late"], ["bias"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["bias", "half"], ["half_bias"]),
        helper.make_node("Div", ["x", "scale"], ["share"]),
        helper.make_node("Add", ["share", "half_bias"], ["sum"]),
        helper.make_node("Clip", ["sum", "zero", "one"], ["score"]),
    ]
    constants = [
        helper.make_tensor("late", TensorProto.STRING, [1], [b"late"]),
        helper.make_tensor("half", TensorProto.FLOAT, [], [0.5]),
        helper.make_tensor("scale", TensorProto.FLOAT, [], [200.0]),
        helper.make_tensor("zero", TensorProto.FLOAT, [], [0.0]),
        helper.make_tensor("one", TensorProto.FLOAT, [], [1.0]),
    ]
    graph = helper.make_graph(
        nodes,
        "score",
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows"]),
            helper.make_tensor_value_info("kind", TensorProto.STRING, ["rows"]),
        ],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, ["rows"])],
        constants,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9)


def traffic(rows: int, shift: float = 0, seed: int = 0) -> tuple[list, list]:
    random = np.random.default_rng(seed)
    x = random.normal(50, 10, rows) + shift
    return x.round(3).tolist(), random.choice(["late", "early"], rows, p=[0.3, 0.7]).tolist()


class Watched:
    """A server with one endpoint over a registered version that brought its reference."""

    def __init__(self, server, tmp_path, monkeypatch, with_reference: bool = True):
        import mlflow

        self.server, self.url = server, server.url
        monkeypatch.setenv("MLFLOW_TRACKING_URI", server.url)
        monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
        mlflow.set_tracking_uri(server.url)
        mlflow.set_registry_uri(server.url)
        x, kind = traffic(3000, seed=1)
        lines = ["x,kind", *(f"{a},{b}" for a, b in zip(x, kind, strict=True))]
        self.reference = "\n".join(lines) + "\n"
        with mlflow.start_run() as run:
            if with_reference:
                (tmp_path / "reference.csv").write_text(self.reference)
                mlflow.log_artifact(str(tmp_path / "reference.csv"))
            mlflow.onnx.log_model(model(), name="model", registered_model_name="flights")
        self.run_id = run.info.run_id
        routes = [{"model": "flights", "version": "1", "weight": 100}]
        self.call("POST", "/endpoints", {"name": ENDPOINT, "routes": routes}, status=201)

    def call(self, method: str, path: str, body=None, status: int = 200):
        answer = requests.request(method, f"{self.url}/api/v1{path}", json=body, timeout=30)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.text else None

    def items(self, path: str) -> list:
        return self.call("GET", path)["items"]

    def watch(self, **settings):
        return self.call("PUT", f"/endpoints/{ENDPOINT}/monitor", settings)

    def predict(self, x: list, kind: list, request_id: str) -> list:
        rows = [[a, b] for a, b in zip(x, kind, strict=True)]
        answer = requests.post(
            f"{self.url}/endpoints/{ENDPOINT}/invocations",
            json={"dataframe_split": {"columns": ["x", "kind"], "data": rows}},
            headers={"x-request-id": request_id},
            timeout=30,
        )
        assert answer.status_code == 200, answer.text
        assert answer.headers["x-request-id"] == request_id
        return answer.json()["predictions"]

    def label(self, labels: dict) -> dict:
        items = [{"request_id": key, "label": value} for key, value in labels.items()]
        return self.call("POST", f"/endpoints/{ENDPOINT}/feedback", {"items": items})

    def wait(self, what: str, look, limit: float = 120):
        deadline = time.monotonic() + limit
        while time.monotonic() < deadline:
            found = look()
            if found:
                return found
            time.sleep(0.05)
        pytest.fail(f"waited {limit} s in vain for {what}: {self.server.log.read_text()[-2000:]}")


@pytest.fixture
def watched(new_server, tmp_path, monkeypatch):
    return Watched(new_server().start(), tmp_path, monkeypatch)


def test_shifted_traffic_raises_one_alert_that_green_traffic_closes(watched, receiver):
    watched.watch(window_rows=500, min_rows=100, webhooks=[{"url": receiver.url, "secret": SECRET}])
    watched.predict(*traffic(500, seed=2), "calm")
    report = watched.wait(
        "a report", lambda: watched.items(f"/endpoints/{ENDPOINT}/drift?limit=1")
    )[0]
    assert report["rows"] == 500
    assert report["dataset_drift"] is False, report
    assert {c["name"]: c["method"] for c in report["columns"]} == {"x": "ks", "kind": "chisquare"}
    assert all(0 <= c["p_value"] <= 1 for c in report["columns"])
    assert watched.items("/alerts") == []

    for n in range(3):
        watched.predict(*traffic(500, shift=15, seed=3 + n), f"warm-{n}")
    alert = watched.wait("an alert", lambda: watched.items("/alerts?state=open"))[0]
    assert (alert["endpoint"], alert["model"], alert["version"]) == (ENDPOINT, "flights", "1")
    assert alert["kind"] == "drift" and alert["value"] == 0.5 and alert["threshold"] == 0.1
    assert "(x)" in alert["message"]
    watched.wait("the hook", receiver.taken)
    headers, body = receiver.taken()[0]
    told = json.loads(body)
    assert told["event"] == "alert.opened" and told["alert"]["id"] == alert["id"]
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    assert headers["x-slipway-signature"] == f"sha256={signature}"

    metrics = requests.get(f"{watched.url}/metrics", timeout=10).text
    assert 'slipway_alerts_open{endpoint="delays",kind="drift"} 1' in metrics
    assert 'slipway_drift_share{endpoint="delays",model="flights",version="1"} 0.5' in metrics
    if shutil.which("promtool"):
        checked = subprocess.run(
            ["promtool", "check", "metrics"], input=metrics, capture_output=True, text=True
        )
        assert checked.returncode in (0, 3), checked.stderr  # 3: only matters of taste

    seen = watched.call("POST", f"/alerts/{alert['id']}/acknowledge")
    assert seen["state"] == "acknowledged"
    watched.predict(*traffic(2000, seed=9), "calm-again")
    watched.wait("the end", lambda: watched.items("/alerts?state=closed"))
    assert len(watched.items("/alerts")) == 1
    events = [
        json.loads(body)["event"]
        for _, body in watched.wait(
            "both hooks", lambda: len(receiver.taken()) == 2 and receiver.taken()
        )
    ]
    assert sorted(events) == ["alert.closed", "alert.opened"]


def test_p_values_are_scipys(watched):
    from scipy import stats

    watched.watch(window_rows=400, min_rows=100)
    x, kind = traffic(400, shift=1, seed=5)
    watched.predict(x, kind, "some")
    report = watched.wait(
        "a report", lambda: watched.items(f"/endpoints/{ENDPOINT}/drift?limit=1")
    )[0]
    columns = {c["name"]: c for c in report["columns"]}
    single = [np.float32(v).astype(float) for v in x]
    reference, kinds = traffic(3000, seed=1)
    want = stats.ks_2samp(np.float32(reference).astype(float), single)
    assert columns["x"]["p_value"] == pytest.approx(want.pvalue, rel=1e-9)
    assert columns["x"]["statistic"] == pytest.approx(want.statistic, rel=1e-9)
    names = ["early", "late"]
    expected = np.array([kinds.count(n) for n in names]) * (400 / 3000)
    want = stats.chisquare([kind.count(n) for n in names], expected)
    assert columns["kind"]["p_value"] == pytest.approx(want.pvalue, rel=1e-9)


def test_labels_join_by_request_id_in_any_order(watched):
    from sklearn.metrics import accuracy_score, log_loss, roc_auc_score

    watched.watch(quality={"metric": "accuracy", "min": 0.99, "window_rows": 300})
    x, kind = traffic(300, seed=7)
    truth = (np.random.default_rng(8).random(300) < 0.4).astype(int).tolist()
    labels = {f"batch/{n}": value for n, value in enumerate(truth[:299])}

    early = watched.label({"single": truth[299]})  # before its prediction
    assert early == {"accepted": 0, "unknown": 1, "waiting": 1}
    scores = watched.predict(x[:299], kind[:299], "batch")
    scores += watched.predict(x[299:], kind[299:], "single")
    scores = [s if isinstance(s, float) else next(iter(s.values())) for s in scores]
    assert watched.label(labels) == {"accepted": 299, "unknown": 0, "waiting": 0}
    assert watched.label(labels)["accepted"] == 299  # again: harmless

    window = watched.wait(
        "a closed window",
        lambda: [w for w in watched.items(f"/endpoints/{ENDPOINT}/quality") if not w["open"]],
    )[0]
    assert (window["labelled"], window["version"]) == (300, "1")
    predicted = [int(s >= 0.5) for s in scores]
    assert window["accuracy"] == pytest.approx(accuracy_score(truth, predicted), abs=1e-9)
    assert window["roc_auc"] == pytest.approx(roc_auc_score(truth, scores), abs=1e-6)
    assert window["log_loss"] == pytest.approx(log_loss(truth, scores), abs=1e-6)
    alert = watched.wait("an alert", lambda: watched.items("/alerts?state=open"))[0]
    assert alert["kind"] == "quality"

    rows = watched.items(f"/endpoints/{ENDPOINT}/predictions?limit=1000")
    shown = {row["request_id"]: row["label"] for row in rows}
    assert shown == {**labels, "single": truth[299]}


def test_kill_9_loses_no_label_no_alert_and_no_webhook(watched, receiver):
    receiver.status = 503  # deaf for now
    watched.watch(window_rows=500, min_rows=100, webhooks=[receiver.url])
    watched.predict(*traffic(500, shift=15, seed=3), "warm")
    alert = watched.wait("an alert", lambda: watched.items("/alerts?state=open"))[0]
    watched.wait("an attempt", lambda: receiver.received)
    assert watched.label({"warm/7": 1, "later": 0})["accepted"] == 1

    watched.server.kill()
    receiver.status = 204
    watched.server.start()

    assert watched.items("/alerts?state=open")[0]["id"] == alert["id"]
    watched.wait("the hook after the restart", receiver.taken)
    assert json.loads(receiver.taken()[0][1])["alert"]["id"] == alert["id"]
    assert watched.items(f"/endpoints/{ENDPOINT}/quality")[0]["labelled"] == 1
    rows = watched.items(f"/endpoints/{ENDPOINT}/predictions?limit=1000")
    assert len(rows) == 500  # of before the restart
    assert {r["request_id"]: r["label"] for r in rows if r["label"] is not None} == {"warm/7": 1}
    watched.predict(*traffic(1, seed=1), "later")
    watched.wait(
        "the label that waited",
        lambda: watched.items(f"/endpoints/{ENDPOINT}/quality")[0]["labelled"] == 2,
    )
    assert watched.call("GET", f"/endpoints/{ENDPOINT}/monitor")["window_rows"] == 500


def test_a_reference_is_set_and_shown(new_server, tmp_path, monkeypatch):
    watched = Watched(new_server().start(), tmp_path, monkeypatch, with_reference=False)
    path = "/models/flights/versions/1/reference"
    missing = watched.call("GET", path, status=404)
    assert "reference.csv" in missing["hint"]

    answer = requests.put(f"{watched.url}/api/v1{path}", data=watched.reference, timeout=30)
    assert answer.status_code == 200, answer.text
    profile = watched.call("GET", path)
    assert profile["rows"] == 3000
    columns = {c["name"]: c for c in profile["columns"]}
    assert columns["x"]["type"] == "numerical" and columns["x"]["count"] == 3000
    assert columns["kind"]["type"] == "categorical" and columns["kind"]["unique"] == 2
    assert sum(columns["x"]["histogram"]["shares"]) == pytest.approx(1)


def test_what_is_wrong_is_named(watched):
    def refusal(method, path, body, status=400):
        return watched.call(method, path, body, status)["detail"]

    monitor, feedback = f"/endpoints/{ENDPOINT}/monitor", f"/endpoints/{ENDPOINT}/feedback"
    assert "window_rows" in refusal("PUT", monitor, {"window_rows": "many"})
    assert "drift_treshold" in refusal("PUT", monitor, {"drift_treshold": 0.2})
    assert "$.items[0].label" in refusal("POST", feedback, {"items": [{"request_id": "a"}]})
    assert "request_id" in refusal("POST", feedback, {"items": [{"label": 1}]})
    assert "items" in refusal("POST", feedback, {})
    refusal("POST", "/endpoints/nope/feedback", {"items": []}, 404)
    refusal("GET", "/endpoints/nope/drift", None, 404)
    refusal("POST", "/alerts/nope/close", None, 404)
    assert "state" in refusal("GET", "/alerts?state=shut", None)
    refusal("GET", "/models/flights/versions/9/reference", None, 404)


def retraining(folder) -> str:
    """A pipeline that leaves a line a run."""
    path = folder / "retrain.yaml"
    path.write_text(
        "name: retrain\nparams: {rows: 1}\nsteps:\n  - name: train\n"
        f"    run: echo $SLIPWAY_PARAM_ROWS >> {folder}/runs.txt\n"
    )
    return str(path)


def test_an_alert_starts_its_retraining_once(watched, tmp_path):
    rule = {"pipeline": retraining(tmp_path), "params": {"rows": 7}, "cooldown_s": 3600}
    watched.watch(window_rows=500, min_rows=100, retrain=rule)
    for n in range(2):
        watched.predict(*traffic(500, shift=15, seed=3 + n), f"warm-{n}")
    alert = watched.wait(
        "the execution", lambda: [a for a in watched.items("/alerts") if a["execution_id"]]
    )[0]
    runs = tmp_path / "runs.txt"
    watched.wait("its step", lambda: runs.exists() and runs.read_text())
    watched.server.kill()
    watched.server.start()
    watched.predict(*traffic(500, seed=9), "calm")
    watched.wait("the end", lambda: watched.items("/alerts?state=closed"))
    watched.predict(*traffic(500, shift=15, seed=11), "warm-again")
    second = watched.wait("another alert", lambda: watched.items("/alerts?state=open"))[0]
    held = watched.wait(
        "the cool-down", lambda: watched.call("GET", f"/alerts/{second['id']}")["retrain_note"]
    )
    assert held.startswith("cool-down until ")
    assert watched.call("GET", f"/alerts/{alert['id']}")["execution_id"] == alert["execution_id"]
    assert runs.read_text() == "7\n"


def test_an_alert_without_execution_is_acted_on_after_kill_9(watched, tmp_path):
    rule = {"pipeline": str(tmp_path / "retrain.yaml"), "cooldown_s": 0}  # not there yet
    watched.watch(window_rows=500, min_rows=100, retrain=rule)
    watched.predict(*traffic(500, shift=15, seed=3), "warm")
    alert = watched.wait("an alert", lambda: watched.items("/alerts?state=open"))[0]
    watched.wait(
        "the reason",
        lambda: "not started" in (watched.items("/alerts")[0]["retrain_note"] or ""),
    )
    watched.server.kill()
    retraining(tmp_path)
    watched.server.start()
    found = watched.wait(
        "the execution", lambda: [a for a in watched.items("/alerts") if a["execution_id"]]
    )[0]
    assert found["id"] == alert["id"]
    runs = tmp_path / "runs.txt"
    watched.wait("its step", lambda: runs.exists() and runs.read_text() == "1\n")


def test_an_endpoint_that_is_deleted_leaves_no_alert(watched):
    watched.watch(window_rows=500, min_rows=100)
    watched.predict(*traffic(500, shift=15, seed=3), "warm")
    watched.wait("an alert", lambda: watched.items("/alerts?state=open"))
    watched.call("DELETE", f"/endpoints/{ENDPOINT}", status=204)
    watched.wait("the end", lambda: not watched.items("/alerts?state=open"))
    assert watched.items("/alerts")[0]["closed_by"] == "the endpoint was deleted"
