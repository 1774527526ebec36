# SPDX-License-Identifier: Apache-2.0
"""Gate and rollout of models that answer with numbers or with one of several classes."""

import json
import random
import subprocess
import time

import pytest
import requests
from conftest import Server, binary


def linear(factors: list[float], biases: list[float], softmax: bool):
    """Row x -> x * factors + biases, as probabilities when `softmax`."""
    from onnx import TensorProto, helper

    width = len(factors)
    nodes = [
        helper.make_node("MatMul", ["x", "factors"], ["scaled"]),
        helper.make_node("Add", ["scaled", "biases"], ["sum" if softmax else "y"]),
    ]
    if softmax:
        nodes.append(helper.make_node("Softmax", ["sum"], ["y"], axis=1))
    graph = helper.make_graph(
        nodes,
        "linear",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", 1])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", width])],
        [
            helper.make_tensor("factors", TensorProto.FLOAT, [1, width], factors),
            helper.make_tensor("biases", TensorProto.FLOAT, [width], biases),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])


FARES = [([10.0], [0.0]), ([10.0], [0.1]), ([10.0], [6.0])]  # the third is wrong by 6
KINDS = [([9.0, 0.0, -9.0], [-6.0, 0.0, 3.0]), ([-9.0, 0.0, 9.0], [3.0, 0.0, -6.0])]


class World:
    def __init__(self, server):
        import mlflow
        import numpy as np
        import pandas as pd
        from mlflow.models import infer_signature

        self.server, self.sent, self.chance = server, 0, random.Random(7)
        mlflow.set_tracking_uri(server.url)
        signature = infer_signature(pd.DataFrame({"x": np.array([0.5], "float32")}))
        self.fares = [(x := self.chance.random(), self.fare(x)) for _ in range(300)]
        self.kinds = [(x := self.chance.random(), self.kind(x)) for _ in range(300)]
        for model, versions, rows in (
            ("fares", [linear(*v, softmax=False) for v in FARES], self.fares),
            ("kinds", [linear(*v, softmax=True) for v in KINDS], self.kinds),
        ):
            table = "x,label\n" + "".join(f"{x:.6f},{y}\n" for x, y in rows)
            for version in versions:
                with mlflow.start_run():
                    mlflow.log_text(table, "evaluation.csv")
                    mlflow.onnx.log_model(
                        version,
                        name="model",
                        signature=signature,
                        registered_model_name=model,
                        pip_requirements=["onnxruntime"],
                    )
            self.api("PUT", f"/models/{model}/aliases/champion", {"version": "1"})
            routes = [{"model": model, "alias": "champion", "weight": 100}]
            self.api("POST", "/endpoints", {"name": model, "routes": routes})
            self.api("PUT", f"/endpoints/{model}/monitor", {"sample_rate": 1.0})

    def fare(self, x):
        return round(10 * x + self.chance.gauss(0, 1), 4)

    def kind(self, x):
        return min(2, int((1 - x) * 3))

    def api(self, method, path, body=None):
        answer = requests.request(method, self.server.url + "/api/v1" + path, json=body, timeout=30)
        assert answer.ok, answer.text
        return answer.json()

    def ask(self, endpoint, truth, count):
        items = []
        for _ in range(count):
            self.sent += 1
            x = self.chance.random()
            answer = requests.post(
                f"{self.server.url}/endpoints/{endpoint}/invocations",
                timeout=30,
                headers={"x-request-id": f"r-{self.sent}"},
                json={"dataframe_split": {"columns": ["x"], "data": [[x]]}},
            )
            assert answer.ok, answer.text
            items.append({"request_id": f"r-{self.sent}", "label": truth(x)})
        self.api("POST", f"/endpoints/{endpoint}/feedback", {"items": items})

    def check(self, tmp_path, model, version, rules):
        file = tmp_path / "policy.yaml"
        file.write_text("name: p\nrules:\n" + "".join(f"  - {rule}\n" for rule in rules))
        words = ["policy", "check", str(file), "--model", model, "--version", version]
        done = subprocess.run(
            [binary(), *words, "--json", "-", "--server", self.server.url],
            capture_output=True,
            text=True,
            check=False,
        )
        decision = json.loads(done.stdout)
        assert (done.returncode == 0) == decision["allowed"]
        return decision["allowed"], {rule["rule"]: rule["actual"] for rule in decision["rules"]}

    def until_ended(self, model, truth, body, seconds=120):
        steps = [{"weight": 50, "min_labels": 110}, {"weight": 100, "min_requests": 1}]
        body = {"endpoint": model, "model": model, "steps": steps} | body
        identity = self.api("POST", "/rollouts", body)["id"]
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.ask(model, truth, 60)
            rollout = self.api("GET", f"/rollouts/{identity}")
            if rollout["state"] not in ("running", "paused"):
                return rollout
        pytest.fail(f"the rollout goes on: {rollout['reason']}")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("server")).start()
    yield World(server)
    server.kill()


def test_the_gate_measures_numbers(world, tmp_path):
    rules = ["{metric: mae, max: 2}", "{metric: rmse, max: 2}", "{metric: r2, min: 0.5}"]
    rules.append("{metric: mae, compare: champion, max_ratio: 1.1}")
    allowed, found = world.check(tmp_path, "fares", "2", rules)
    errors = [y - (10 * round(x, 6) + 0.1) for x, y in world.fares]
    mean = sum(y for _, y in world.fares) / len(errors)
    spread = sum((y - mean) ** 2 for _, y in world.fares)
    squares = sum(e * e for e in errors)
    assert allowed
    assert found["mae"] == pytest.approx(sum(map(abs, errors)) / len(errors), rel=1e-4)
    assert found["rmse"] == pytest.approx((squares / len(errors)) ** 0.5, rel=1e-4)
    assert found["r2"] == pytest.approx(1 - squares / spread, rel=1e-4)
    assert not world.check(tmp_path, "fares", "3", rules)[0]


def test_the_gate_measures_classes(world, tmp_path):
    rules = ["{metric: accuracy, min: 0.8}", "{metric: f1_macro, min: 0.8}"]
    rules.append("{metric: log_loss, max: 0.6}")
    allowed, found = world.check(tmp_path, "kinds", "1", rules)
    assert allowed, found
    allowed, found = world.check(tmp_path, "kinds", "2", rules)
    assert not allowed and found["accuracy"] < 0.6 and found["log_loss"] > 1


def test_a_challenger_whose_numbers_are_worse_is_rolled_back(world):
    rollout = world.until_ended("fares", world.fare, {"version": "3"})
    assert rollout["state"] == "rolled_back" and rollout["reason"].startswith("mae:"), rollout
    found = [item for item in rollout["evidence"] if item["check"] == "mae"][-1]
    assert found["verdict"] == "red" and 0.6 < found["champion"] < 1.0 < 5 < found["challenger"]
    other = [i for i in rollout["evidence"] if i["check"] in ("accuracy", "log_loss", "roc_auc")]
    assert {i["verdict"] for i in other} <= {"waiting"}


def test_a_challenger_whose_numbers_are_as_good_is_promoted(world):
    body = {"version": "2", "tolerances": {"quality": 0.3, "latency_slack_ms": 1000}}
    rollout = world.until_ended("fares", world.fare, body)
    assert rollout["state"] == "promoted", rollout["reason"]


def test_a_challenger_that_names_the_wrong_class_is_rolled_back(world):
    rollout = world.until_ended("kinds", world.kind, {"version": "2"})
    assert rollout["state"] == "rolled_back" and rollout["reason"].startswith("accuracy:"), rollout


def test_a_policy_says_how_long_a_rollout_may_be_in_doubt(world):
    policy = "name: p\nundecided_seconds: 60\nrules: [{metric: accuracy, min: 0.1}]\n"
    body = {"endpoint": "kinds", "model": "kinds", "version": "2", "policy": policy}
    for tolerances, seconds in (({}, 60), ({"undecided_seconds": 5}, 5)):
        made = world.api("POST", "/rollouts", body | {"tolerances": tolerances})
        assert made["tolerances"]["undecided_seconds"] == seconds
        world.api("POST", f"/rollouts/{made['id']}/abort", {})
