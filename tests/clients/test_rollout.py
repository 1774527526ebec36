# SPDX-License-Identifier: Apache-2.0
"""Canaries of real models behind a real endpoint: promoted, rolled back, refused, and through
kill -9."""

import random
import subprocess
import time

import pytest
import requests
from conftest import binary

POLICY = """name: production
rules:
  - {metric: roc_auc, min: 0.6}
  - {fairness: demographic_parity_difference, group: kind, max: 0.9}
  - {latency: p99_ms, max: 1000}
"""


def scorer(factor: float):
    """One score a row: x times factor, at most 1."""
    from onnx import TensorProto, helper

    nodes = [
        helper.make_node("Mul", ["x", "factor"], ["scaled"]),
        helper.make_node("Clip", ["scaled", "low", "high"], ["score"]),
    ]
    constants = [
        helper.make_tensor(name, TensorProto.FLOAT, [], [value])
        for name, value in (("factor", factor), ("low", 0.001), ("high", 0.999))
    ]
    graph = helper.make_graph(
        nodes,
        "scorer",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", 1])],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, ["rows", 1])],
        constants,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])


class Loop:
    """Versions 1 and 2 score well, version 3 the wrong way round."""

    def __init__(self, server):
        import mlflow
        import numpy as np
        import pandas as pd
        from mlflow.models import infer_signature

        self.server, self.sent = server, 0
        mlflow.set_tracking_uri(server.url)
        signature = infer_signature(pd.DataFrame({"x": np.array([0.5], "float32")}))
        chance = random.Random(1)
        rows = [(x := chance.random(), int(chance.random() < x), "ab"[i % 2]) for i in range(400)]
        table = "x,label,kind\n" + "".join(f"{x:.4f},{y},{k}\n" for x, y, k in rows)
        for factor in (1.0, 0.98, -1.0):
            with mlflow.start_run():
                mlflow.log_text(table, "evaluation.csv")
                mlflow.onnx.log_model(
                    scorer(factor),
                    name="model",
                    signature=signature,
                    registered_model_name="chances",
                    pip_requirements=["onnxruntime"],
                )
        self.api("PUT", "/models/chances/aliases/champion", {"version": "1"})
        self.api(
            "POST",
            "/endpoints",
            {"name": "bets", "routes": [{"model": "chances", "alias": "champion", "weight": 100}]},
        )
        self.api("PUT", "/endpoints/bets/monitor", {"sample_rate": 1.0})

    def call(self, method, path, body=None):
        return requests.request(method, self.server.url + "/api/v1" + path, json=body, timeout=30)

    def api(self, method, path, body=None):
        answer = self.call(method, path, body)
        assert answer.ok, answer.text
        return answer.json()

    def bet(self, count: int):
        """Asks, and tells the outcomes at once."""
        items = []
        for _ in range(count):
            self.sent += 1
            x = random.random()
            answer = requests.post(
                self.server.url + "/endpoints/bets/invocations",
                timeout=30,
                headers={"x-request-id": f"bet-{self.sent}"},
                json={"dataframe_split": {"columns": ["x"], "data": [[x]]}},
            )
            assert answer.ok, answer.text
            items.append({"request_id": f"bet-{self.sent}", "label": int(random.random() < x)})
        self.api("POST", "/endpoints/bets/feedback", {"items": items})

    def start(self, version, steps):
        return self.api(
            "POST",
            "/rollouts",
            {"endpoint": "bets", "model": "chances", "version": version, "steps": steps},
        )["id"]

    def until_ended(self, identity, seconds=120):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.bet(40)
            rollout = self.api("GET", f"/rollouts/{identity}")
            if rollout["state"] not in ("running", "paused"):
                return rollout
        pytest.fail(f"the rollout goes on: {rollout['state']} {rollout['reason']}")

    def shares(self):
        routes = self.api("GET", "/endpoints/bets")["routes"]
        return {route["version"]: route["weight"] for route in routes if route["weight"] > 0}

    def version(self, number):
        return self.api("GET", f"/models/chances/versions/{number}")


@pytest.fixture
def loop(new_server):
    return Loop(new_server().start())


STEPS = [{"weight": 30, "min_requests": 20}, {"weight": 100, "min_requests": 40}]


def slipway(loop, *arguments):
    return subprocess.run(
        [binary(), *arguments, "--server", loop.server.url],
        text=True,
        capture_output=True,
        timeout=30,
        check=False,
    )


def test_a_good_challenger_is_promoted_and_can_be_taken_back(loop):
    rollout = loop.until_ended(loop.start("2", STEPS))
    assert rollout["state"] == "promoted", rollout["reason"]
    assert loop.shares() == {"2": 100}
    assert loop.version(2)["aliases"] == ["champion"] and loop.version(2)["stage"] == "Production"
    assert loop.version(1)["stage"] == "Archived"
    why = slipway(loop, "model", "why", "chances", "2")
    assert why.returncode == 0 and "promoted it to champion" in why.stdout

    began = time.monotonic()
    back = slipway(loop, "rollback", "bets", "--reason", "drill")
    assert back.returncode == 0, back.stderr
    assert time.monotonic() - began < 1
    assert loop.shares() == {"1": 100} and loop.version(1)["aliases"] == ["champion"]
    assert loop.api("GET", f"/rollouts/{rollout['id']}")["state"] == "rolled_back"
    assert slipway(loop, "audit", "verify").returncode == 0


def test_a_bad_challenger_is_rolled_back_before_it_has_all_traffic(loop):
    steps = [{"weight": 50, "min_requests": 10_000}, {"weight": 100}]
    rollout = loop.until_ended(loop.start("3", steps))
    assert rollout["state"] == "rolled_back"
    red = [item for item in rollout["evidence"] if item["verdict"] == "red"]
    assert red and red[-1]["check"] in ("accuracy", "log_loss", "roc_auc")
    assert loop.shares() == {"1": 100} and loop.version(1)["aliases"] == ["champion"]


def test_a_shadow_answers_nobody_and_goes_when_it_disagrees(loop):
    """Version 3 scores the wrong way round: its classes are those of version 1 turned round."""
    steps = [{"shadow": True, "min_requests": 10_000}, {"weight": 50}]
    body = {"endpoint": "bets", "model": "chances", "version": "3", "steps": steps}
    identity = loop.api("POST", "/rollouts", body | {"tolerances": {"min_agreement": 0.9}})["id"]
    routes = loop.api("GET", "/endpoints/bets")["routes"]
    shadows = [(r["version"], r["weight"]) for r in routes if r["shadow"]]
    assert loop.shares() == {"1": 100, "3": 100} and shadows == [("3", 100)]
    # Without labels: only the answers to the same requests tell.
    for _ in range(120):
        rollout = loop.api("GET", f"/rollouts/{identity}")
        if rollout["state"] != "running":
            break
        for _ in range(20):
            url = f"{loop.server.url}/endpoints/bets/invocations"
            data = {"dataframe_split": {"columns": ["x"], "data": [[random.random()]]}}
            answer = requests.post(url, json=data, timeout=30)
            assert answer.ok and answer.headers.get("x-slipway-version", "1") == "1"
    assert rollout["state"] == "rolled_back", rollout["reason"]
    assert rollout["reason"].startswith("agreement:") and rollout["step"] == 0
    assert loop.shares() == {"1": 100}


def test_a_shadow_that_agrees_becomes_a_canary_and_champion(loop):
    steps = [
        {"shadow": 100, "min_requests": 40},
        {"weight": 30, "min_requests": 20},
        {"weight": 100, "min_requests": 40},
    ]
    body = {"endpoint": "bets", "model": "chances", "version": "2", "steps": steps}
    identity = loop.api("POST", "/rollouts", body | {"tolerances": {"min_agreement": 0.8}})["id"]
    rollout = loop.until_ended(identity)
    assert rollout["state"] == "promoted", rollout["reason"]
    assert rollout["steps"][0] == steps[0] | {"weight": 0, "min_seconds": 0, "min_labels": 0}
    agreement = [e for e in rollout["evidence"] if e["check"] == "agreement"]
    assert agreement and agreement[-1]["verdict"] == "green" and agreement[-1]["step"] == 0
    assert agreement[-1]["challenger"] > 0.9
    live = [e for e in rollout["evidence"] if e["check"] == "errors" and e["step"] > 0]
    assert live and live[-1]["verdict"] == "green"
    assert loop.shares() == {"2": 100}
    status = slipway(loop, "rollout", "status", identity)
    assert "agreement" in status.stdout and "alike" in status.stdout


def test_the_gate_measures_and_refuses(loop, tmp_path):
    file = tmp_path / "production.yaml"
    file.write_text(POLICY)
    good = slipway(loop, "policy", "check", str(file), "--model", "chances", "--version", "2")
    assert good.returncode == 0, good.stdout + good.stderr
    bad = slipway(loop, "policy", "check", str(file), "--model", "chances", "--version", "3")
    assert bad.returncode == 1 and "FAILED" in bad.stdout
    answer = loop.call(
        "POST",
        "/rollouts",
        {"endpoint": "bets", "model": "chances", "version": "3", "policy": POLICY},
    )
    assert answer.status_code in (409, 412, 422) and "roc_auc" in answer.json()["detail"]
    decisions = loop.api("GET", "/decisions?model=chances&version=3")["items"]
    assert len(decisions) == 2 and not decisions[0]["allowed"]
    assert loop.shares() == {"1": 100}


def test_a_rollout_goes_on_after_kill_9(loop):
    identity = loop.start("2", STEPS)
    for _ in range(3):
        loop.bet(12)
        time.sleep(1.2)  # counts are written down once a second
        loop.server.kill()
        loop.server.start()
        assert loop.api("GET", f"/rollouts/{identity}")["state"] == "running"
    rollout = loop.until_ended(identity)
    assert rollout["state"] == "promoted", rollout["reason"]
    assert loop.shares() == {"2": 100} and loop.version(2)["aliases"] == ["champion"]


def test_what_cannot_be_rolled_out_is_refused_with_the_reason(loop):
    def refused(body):
        answer = loop.call("POST", "/rollouts", body)
        assert 400 <= answer.status_code < 500
        return answer.json()["detail"]

    base = {"endpoint": "bets", "model": "chances", "version": "2"}
    assert "bets" in refused(base | {"version": "1"})
    assert "9" in refused(base | {"version": "9"})
    assert "nowhere" in refused(base | {"endpoint": "nowhere"})
    assert "steps[1]" in refused(base | {"steps": [{"weight": 50}, {"weight": 5}]})
    assert "steps[1]" in refused(base | {"steps": [{"weight": 50}, {"shadow": 5}]})
    assert "steps[0].shadow" in refused(base | {"steps": [{"shadow": "all"}]})
    assert "version" in refused(base | {"version": "two"})
    identity = loop.start("2", STEPS)
    assert identity in refused(base)
    loop.api("POST", f"/rollouts/{identity}/pause", {})
    loop.api("POST", f"/rollouts/{identity}/resume", {})
    assert loop.api("POST", f"/rollouts/{identity}/abort", {})["state"] == "aborted"
    assert loop.shares() == {"1": 100}
