# SPDX-License-Identifier: Apache-2.0
"""What must not reach production is stopped, each by its own rule: a challenger that is slow, one
that errs, one that is off; a version that is unfair, and one that was taught wrong things."""

import json
import random
import subprocess
import time

import mlflow
import numpy as np
import pandas as pd
import pytest
import requests
from conftest import Server, binary
from mlflow.models import infer_signature

POLICY = """name: production
rules:
  - {metric: roc_auc, min: 0.6}
  - {metric: roc_auc, compare: champion, min_delta: -0.02}
  - {fairness: demographic_parity_difference, group: kind, max: 0.2}
"""


def graph(nodes: list, constants: list):
    from onnx import TensorProto, helper

    value = helper.make_tensor_value_info
    made = helper.make_graph(
        nodes,
        "scorer",
        [value(name, TensorProto.FLOAT, ["rows", 1]) for name in ("x", "kind")],
        [value("score", TensorProto.FLOAT, ["rows", 1])],
        constants,
    )
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def scorer(scale=1.0, offset=0.0, of_kind=0.0, slow=False, errs=False):
    """score = clip(x * scale + kind * of_kind + offset); x is the chance of a label of 1."""
    from onnx import TensorProto, helper, numpy_helper

    def constant(name, value, dtype=np.float32):
        return numpy_helper.from_array(np.array(value, dtype), name)

    node = helper.make_node
    constants = [
        constant("scale", scale),
        constant("offset", offset),
        constant("of_kind", of_kind),
        constant("low", 0.001),
        constant("high", 0.999),
    ]
    nodes = [
        node("Mul", ["x", "scale"], ["scaled"]),
        node("Mul", ["kind", "of_kind"], ["by_kind"]),
        node("Add", ["scaled", "by_kind"], ["sum"]),
        node("Add", ["sum", "offset"], ["moved"]),
    ]
    last = "moved"
    if slow:  # arithmetic that adds nothing
        size = 512
        constants.append(constant("ones", np.full((size, size), 1 / size)))
        constants.append(constant("nothing", 0.0))
        nodes += [
            node("ReduceSum", ["x"], ["all_x"], keepdims=0),
            node("Mul", ["ones", "all_x"], ["m0"]),
            *(node("MatMul", [f"m{i}", "ones"], [f"m{i + 1}"]) for i in range(4)),
            node("ReduceSum", ["m4"], ["total"], keepdims=0),
            node("Mul", ["total", "nothing"], ["zero"]),
            node("Add", ["moved", "zero"], ["still"]),
        ]
        last = "still"
    if errs:  # looks up a place that is not there when x is above a half
        constants.append(constant("places", [0.0]))
        constants.append(constant("two", 2.0))
        nodes += [
            node("ReduceMax", ["x"], ["largest"], keepdims=0),
            node("Mul", ["largest", "two"], ["doubled"]),
            node("Cast", ["doubled"], ["place"], to=TensorProto.INT64),
            node("Gather", ["places", "place"], ["found"]),
            node("Add", ["moved", "found"], ["looked"]),
        ]
        last = "looked"
    nodes.append(node("Clip", [last, "low", "high"], ["score"]))
    return graph(nodes, constants)


def evaluation() -> str:
    chance = random.Random(1)
    rows = [(x := chance.random(), i % 2, int(chance.random() < x)) for i in range(600)]
    return "x,kind,label\n" + "".join(f"{x:.4f},{k},{y}\n" for x, k, y in rows)


VERSIONS = {
    "good": {},
    "slow": {"slow": True},
    "errs": {"errs": True},
    "off": {"scale": 0.2, "offset": 0.75},
    "unfair": {"of_kind": 0.35},
    "mistaught": {"scale": -1.0, "offset": 1.0},
}


class Loop:
    def __init__(self, server: Server):
        self.server, self.sent = server, 0
        mlflow.set_tracking_uri(server.url)
        signature = infer_signature(
            pd.DataFrame({"x": np.array([0.5], "float32"), "kind": np.array([1], "float32")})
        )
        for how in VERSIONS.values():
            with mlflow.start_run():
                mlflow.log_text(evaluation(), "evaluation.csv")
                mlflow.onnx.log_model(
                    scorer(**how),
                    name="model",
                    signature=signature,
                    registered_model_name="chances",
                    pip_requirements=["onnxruntime"],
                )
        self.api("PUT", "/models/chances/aliases/champion", {"version": "1"})
        routes = [{"model": "chances", "alias": "champion", "weight": 100}]
        self.api("POST", "/endpoints", {"name": "bets", "routes": routes})
        self.session = requests.Session()

    def version(self, name: str) -> str:
        return str(list(VERSIONS).index(name) + 1)

    def api(self, method: str, path: str, body=None):
        url = self.server.url + "/api/v1" + path
        answer = requests.request(method, url, json=body, timeout=60)
        assert answer.ok, answer.text
        return answer.json() if answer.text else None

    def bet(self, count: int, label: bool = True) -> None:
        items = []
        for _ in range(count):
            self.sent += 1
            x = random.random()
            self.session.post(
                self.server.url + "/endpoints/bets/invocations",
                headers={"x-request-id": f"bet-{self.sent}"},
                json={"dataframe_split": {"columns": ["x", "kind"], "data": [[x, self.sent % 2]]}},
                timeout=30,
            )
            items.append({"request_id": f"bet-{self.sent}", "label": int(random.random() < x)})
        if label:
            self.api("POST", "/endpoints/bets/feedback", {"items": items})

    def champion_alone(self) -> bool:
        routes = self.api("GET", "/endpoints/bets")["routes"]
        return {r["version"]: r["weight"] for r in routes if r["weight"] > 0} == {"1": 100}


@pytest.fixture(scope="module")
def loop(server):
    return Loop(server)


@pytest.mark.parametrize(
    "name, rules",
    [
        ("slow", {"latency"}),
        ("errs", {"errors"}),
        ("off", {"accuracy", "log_loss"}),
    ],
)
def test_a_bad_challenger_is_stopped_by_its_own_rule(loop, name, rules):
    body = {
        "endpoint": "bets",
        "model": "chances",
        "version": loop.version(name),
        "steps": [{"weight": 50, "min_requests": 100_000}],
    }
    started = loop.api("POST", "/rollouts", body)
    deadline = time.monotonic() + 120
    while (found := loop.api("GET", f"/rollouts/{started['id']}"))["state"] == "running":
        assert time.monotonic() < deadline, found["reason"]
        loop.bet(30, label=name == "off")
    assert found["state"] == "rolled_back", found["reason"]
    red = {item["check"] for item in found["evidence"] if item["verdict"] == "red"}
    assert red and red <= rules, found["reason"]
    assert found["reason"].split(":")[0] in rules
    assert loop.champion_alone()
    why = loop.api("GET", f"/models/chances/versions/{loop.version(name)}/why")["items"]
    assert any(found["reason"] in item["reason"] for item in why), why


@pytest.mark.parametrize(
    "name, rule", [("unfair", "demographic_parity_difference"), ("mistaught", "roc_auc")]
)
def test_what_was_taught_wrong_never_gets_traffic(loop, name, rule):
    body = {
        "endpoint": "bets",
        "model": "chances",
        "version": loop.version(name),
        "policy": POLICY,
    }
    answer = requests.post(loop.server.url + "/api/v1/rollouts", json=body, timeout=60)
    assert answer.status_code in (409, 412, 422), answer.text
    assert rule in answer.json()["detail"]
    assert loop.champion_alone()


def test_the_gate_looks_at_recent_requests_slices_and_size(loop):
    policy = """name: thorough
rules:
  - {metric: roc_auc, on: recent, min: 0.6}
  - {metric: log_loss, on: recent, compare: champion, max_ratio: 1.1}
  - {metric: accuracy, slice: kind, min: 0.55}
  - {size: mib, max: 1}
"""

    def judge(name: str) -> dict:
        body = {
            "policy": policy,
            "model": "chances",
            "version": loop.version(name),
            "endpoint": "bets",
        }
        rules = loop.api("POST", "/policies/check", body)["rules"]
        return {rule["rule"]: rule for rule in rules}

    loop.bet(250)
    deadline = time.monotonic() + 120
    while not (found := judge("off"))["roc_auc on recent requests"]["actual"]:
        assert time.monotonic() < deadline, found
        time.sleep(0.2)
    assert found["roc_auc on recent requests"]["passed"]  # in order, only off
    assert not found["log_loss on recent requests against the champion"]["passed"]
    assert found["size_mib"]["passed"] and 0 < found["size_mib"]["actual"] < 1
    unfair = judge("unfair")
    assert unfair["accuracy of the worst kind"]["actual"] < 0.72
    assert not judge("mistaught")["roc_auc on recent requests"]["passed"]
    slow = judge("slow")
    assert slow["log_loss on recent requests against the champion"]["passed"]
    assert not slow["size_mib"]["passed"]  # its matrix has 1 MiB


def test_a_bad_training_set_trains_nothing(loop, tmp_path):
    """The feed delivers labels that are the wrong way round and half of a column missing: the check
    refuses the data, and where it is left out the gate refuses the model."""
    chance = random.Random(3)
    rows = []
    for i in range(500):
        x = chance.random()
        rows.append(f"{'' if i % 2 else f'{x:.4f}'},{i % 2},{int(chance.random() > x)}")
    (tmp_path / "train.csv").write_text("x,kind,label\n" + "\n".join(rows) + "\n")
    (tmp_path / "suite.yaml").write_text("rules:\n  - {column: x, nulls: {max: 0.05}, min: 0}\n")
    (tmp_path / "production.yaml").write_text(POLICY)
    pipeline = """
name: retrain
steps:
  - name: check
    check: {data: train.csv, suite: suite.yaml}
  - name: train
    needs: [check]
    run: touch trained
  - name: gate
    needs: [train]
    gate: {policy: production.yaml, model: chances, version: "6", endpoint: bets}
"""
    (tmp_path / "pipeline.yaml").write_text(pipeline)
    unchecked = pipeline.replace("nulls", "").replace("suite: suite.yaml", "suite: none.yaml")
    (tmp_path / "unchecked.yaml").write_text(unchecked)
    (tmp_path / "none.yaml").write_text("rules:\n  - {rows: {min: 1}}\n")

    def run(file: str) -> dict:
        words = [binary(), "run", file, "--json", "out.json", "--data"]
        subprocess.run(
            [*words, str(loop.server.folder / "data")],
            cwd=tmp_path,
            capture_output=True,
            timeout=120,
        )
        return {s["name"]: s for s in json.loads((tmp_path / "out.json").read_text())["steps"]}

    steps = run("pipeline.yaml")
    assert steps["check"]["status"] == "failed" and "missing values" in steps["check"]["error"]
    assert steps["train"]["status"] == "skipped" and not (tmp_path / "trained").exists()
    steps = run("unchecked.yaml")
    assert steps["train"]["status"] == "succeeded"
    assert steps["gate"]["status"] == "failed" and "roc_auc" in steps["gate"]["error"]
    assert loop.champion_alone()


def test_traffic_goes_to_what_sells(loop):
    routes = [
        {"model": "chances", "version": loop.version(name), "weight": 50}
        for name in ("good", "off")
    ]
    loop.api("POST", "/endpoints", {"name": "shop", "routes": routes})
    rule = {"event": "sale", "min_share": 10, "every_s": 1}
    loop.api("PUT", "/endpoints/shop/monitor", {"allocation": rule})
    url = loop.server.url + "/endpoints/shop/invocations"
    for i in range(300):
        loop.session.post(
            url,
            headers={"x-request-id": f"visit-{i}"},
            json={"dataframe_split": {"columns": ["x", "kind"], "data": [[0.5, 1]]}},
            timeout=30,
        )
    deadline = time.monotonic() + 120
    rows: list = []
    while len(rows) < 300:
        assert time.monotonic() < deadline
        rows = loop.api("GET", "/endpoints/shop/predictions?limit=1000")["items"]
    sold = [row["request_id"] for row in rows if row["version"] == "1"]
    items = [{"request_id": key, "event": "sale"} for key in sold[: len(sold) // 3]]
    loop.api("POST", "/endpoints/shop/events", {"items": items})
    weights: dict = {}
    while weights.get("1", 0) < 85:
        assert time.monotonic() < deadline, weights
        time.sleep(0.2)
        routes = loop.api("GET", "/endpoints/shop")["routes"]
        weights = {route["version"]: route["weight"] for route in routes}
    assert weights["1"] == 90 and weights[loop.version("off")] == 10


RETRAIN = """
name: learn-again
steps:
  - name: train
    run: python3 train.py
  - name: gate
    needs: [train]
    gate: {policy: production.yaml, model: skies, endpoint: sky}
  - name: release
    needs: [gate]
    run: slipway rollout start sky skies 2 --step shadow:20 --step 50:20 --step 100:20
"""

# Registers what version 1 of the model is made of once more, with today's data as its reference.
TRAIN = """
import json, os, urllib.request

def call(method, path, body, kind="application/json"):
    request = urllib.request.Request(os.environ["SLIPWAY_URL"] + path, body.encode(), method=method)
    request.add_header("content-type", kind)
    return json.load(urllib.request.urlopen(request))

made = json.load(open("made_of.json"))
call("POST", "/api/2.0/mlflow/model-versions/create", json.dumps({"name": "skies", **made}))
rows = "x,kind\\n" + "".join(f"{0.75 + i / 4000:.5f},{i % 2}\\n" for i in range(1000))
call("PUT", "/api/v1/models/skies/versions/2/reference", rows, "text/csv")
open("traceparent", "w").write(os.environ["TRACEPARENT"])
"""


def test_from_drift_to_promotion_is_one_trace(loop, tmp_path):
    chances = requests.get(
        loop.server.url + "/api/2.0/mlflow/model-versions/get",
        params={"name": "chances", "version": "1"},
        timeout=30,
    ).json()["model_version"]
    model_id = chances["source"].removeprefix("models:/")
    made_of = {"source": chances["source"], "run_id": chances["run_id"], "model_id": model_id}
    for path, body in (
        ("registered-models/create", {"name": "skies"}),
        ("model-versions/create", {"name": "skies", **made_of}),
    ):
        url = f"{loop.server.url}/api/2.0/mlflow/{path}"
        answer = requests.post(url, json=body, timeout=30)
        assert answer.ok, answer.text
    loop.api("PUT", "/models/skies/aliases/champion", {"version": "1"})
    reference = "x,kind\n" + "".join(f"{i / 1000:.4f},{i % 2}\n" for i in range(1000))
    url = f"{loop.server.url}/api/v1/models/skies/versions/1/reference"
    assert requests.put(url, data=reference, timeout=30).ok
    routes = [{"model": "skies", "alias": "champion", "weight": 100}]
    loop.api("POST", "/endpoints", {"name": "sky", "routes": routes})
    (tmp_path / "pipeline.yaml").write_text(RETRAIN)
    (tmp_path / "train.py").write_text(TRAIN)
    (tmp_path / "made_of.json").write_text(json.dumps(made_of))
    (tmp_path / "production.yaml").write_text(POLICY)
    watched = {
        "window_rows": 200,
        "min_rows": 50,
        "retrain": {"pipeline": str(tmp_path / "pipeline.yaml")},
    }
    loop.api("PUT", "/endpoints/sky/monitor", watched)

    asked = f"{loop.server.url}/endpoints/sky/invocations"
    alerts: list = []
    deadline = time.monotonic() + 120
    while not (alerts and alerts[0]["state"] == "closed"):
        assert time.monotonic() < deadline, (alerts, loop.server.log.read_text()[-3000:])
        data = [[0.75 + random.random() / 4, i % 2] for i in range(10)]
        for row in data:
            body = {"dataframe_split": {"columns": ["x", "kind"], "data": [row]}}
            assert loop.session.post(asked, json=body, timeout=30).ok
        alerts = loop.api("GET", "/alerts?endpoint=sky")["items"]
    alert = alerts[-1]
    assert alert["kind"] == "drift" and alert["execution_id"]
    assert loop.api("GET", "/models/skies")["aliases"]["champion"] == "2"

    while (rollout := loop.api("GET", "/rollouts?endpoint=sky")["items"][0])["state"] == "running":
        assert time.monotonic() < deadline, rollout
        time.sleep(0.1)
    trace = loop.api("GET", f"/alerts/{alert['id']}/trace")
    assert (tmp_path / "traceparent").read_text().split("-")[1] == trace["trace_id"]
    spans = {span["span_id"]: span for span in trace["spans"]}
    kinds = [span["kind"] for span in trace["spans"]]
    assert kinds[0] == "alert" and kinds.count("step") == 3
    assert {"execution", "version", "gate", "rollout"} <= set(kinds)
    moves = [s["name"] for s in trace["spans"] if s["kind"] == "rollout_step"]
    assert moves == ["shadow", "50 %", "100 %", "promoted"]
    for span in trace["spans"][1:]:
        assert span["parent_id"] in spans, span
        assert span["status"] == "ok", span
        assert span["started"] >= trace["spans"][0]["started"]
    again = loop.api("GET", f"/alerts/{alert['id']}/trace")
    assert again["spans"] == trace["spans"]

    words = [binary(), "model", "why", "skies", "2", "--server", loop.server.url]
    told = subprocess.run(words, capture_output=True, text=True, timeout=30).stdout
    for text in ("drift alert at endpoint 'sky'", "learn-again", "gate allowed it", "roc_auc"):
        assert text in told, told
    assert told.index("drift alert") < told.index("gate allowed it") < told.index("champion")
    replayed = loop.api("GET", f"/rollouts/{rollout['id']}/replay")
    assert replayed["same"]
    decisions = [one["decision"] for one in replayed["decisions"]]
    assert decisions == ["next_step", "next_step", "promote"]
    gate = loop.api("GET", "/decisions?model=skies")["items"][0]
    again = loop.api("GET", f"/decisions/{gate['id']}/replay")
    assert again["same"] and again["again"]["allowed"]
    words = [binary(), "rollout", "replay", rollout["id"], "--server", loop.server.url]
    done = subprocess.run(words, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0 and "the same" in done.stdout, done.stderr
