# SPDX-License-Identifier: Apache-2.0
"""Graphs of real ONNX models behind one endpoint, asked by every protocol; the answers are those of
onnxruntime, step by step."""

import json
import time

import numpy as np
import pytest
import requests
from serving_models import (  # noqa: F401 (fixtures are found by name)
    endpoint,
    invoke,
    models,
    run,
)

GRAPH = """
inputs: [X]
steps:
  - {name: one, model: iris/1, inputs: {X: X}}
  - {name: two, model: iris/2, inputs: {X: X}}
  - name: blend
    combine: weighted
    of: [one.probabilities, two.probabilities]
    weights: [3, 1]
  - {name: class, apply: argmax, to: blend}
  - name: species
    apply: labels
    to: class
    labels: [setosa, versicolor, virginica]
outputs: {probabilities: blend, species: species}
"""

SWITCH = """
inputs: [X]
steps:
  - name: way
    switch:
      - when: X["petal length (cm)"] < 3
        model: iris/1
      - else: {model: iris/2}
    inputs: X
outputs: {label: way.label, probabilities: way.probabilities}
"""


def create(server, name, graph):
    return requests.post(f"{server.url}/api/v1/endpoints", json={"name": name, "graph": graph})


@pytest.fixture(scope="module")
def blend(server, models):
    made = create(server, "blend", GRAPH)
    assert made.status_code == 201, made.text
    route = made.json()["routes"][0]
    assert (route["model"], route["version"], route["state"]) == ("graph:blend", "1", "ready")
    rows = models.features.to_numpy()
    one, two = (run(models, "iris", v, {"X": rows})["probabilities"] for v in (1, 2))
    return rows, (3 * one.astype("float64") + two) / 4


SPECIES = np.array(["setosa", "versicolor", "virginica"])


def test_a_graph_answers_tritonclient_over_http_and_grpc(server, blend):
    import tritonclient.grpc as over_grpc
    import tritonclient.http as over_http

    rows, wanted = blend
    for module, url in ((over_http, server.url[7:]), (over_grpc, server.grpc)):
        client = module.InferenceServerClient(url)
        x = module.InferInput("X", list(rows.shape), "FP32")
        x.set_data_from_numpy(rows)
        answer = client.infer("blend", [x])
        np.testing.assert_allclose(answer.as_numpy("probabilities"), wanted, rtol=1e-6)
        said = answer.as_numpy("species").astype(str)
        assert (said == SPECIES[wanted.argmax(axis=1)]).all()
    metadata = over_http.InferenceServerClient(server.url[7:]).get_model_metadata("blend")
    assert metadata["platform"] == "ensemble"
    assert metadata["inputs"] == [{"name": "X", "datatype": "FP32", "shape": [-1, 4]}]
    statistics = requests.get(f"{server.url}/v2/models/blend/stats").json()["model_stats"][0]
    assert statistics["inference_stats"]["success"]["count"] >= 2


def test_a_graph_answers_tables_and_tensorflow_serving(server, models, blend):
    rows, wanted = blend
    table = models.features[:3].to_dict(orient="split")
    said = invoke(server, "blend", {"dataframe_split": table}).json()["predictions"]
    assert [p["species"] for p in said] == SPECIES[wanted[:3].argmax(axis=1)].tolist()
    typed = requests.post(
        f"{server.url}/endpoints/blend/predict", json=models.features.iloc[0].to_dict()
    )
    assert typed.json()["species"] == "setosa"
    predicted = requests.post(
        f"{server.url}/v1/models/blend:predict", json={"instances": rows[:2].tolist()}
    ).json()["predictions"]
    np.testing.assert_allclose(predicted[1]["probabilities"], wanted[1], rtol=1e-6)


def test_a_switch_sends_each_row_to_its_model(server, models):
    assert create(server, "way", SWITCH).status_code == 201
    rows = models.features.to_numpy()[::7]
    short = rows[:, 2] < 3
    one, two = (run(models, "iris", v, {"X": rows})["probabilities"] for v in (1, 2))
    wanted = np.where(short[:, None], one, two)

    answer = invoke(server, "way", {"inputs": rows.tolist()}).json()["predictions"]

    assert short.any() and not short.all()
    np.testing.assert_allclose([p["probabilities"] for p in answer], wanted, rtol=1e-6)


def test_a_graph_shares_traffic_with_a_model_and_comes_back_after_a_restart(new_server, models):
    import mlflow

    server = new_server().start()
    mlflow.set_tracking_uri(server.url)
    mlflow.set_registry_uri(server.url)
    from skl2onnx import to_onnx
    from sklearn.linear_model import LogisticRegression

    rows = models.features.to_numpy()
    fit = LogisticRegression(max_iter=500).fit(rows, np.arange(len(rows)) // 50)
    with mlflow.start_run():
        mlflow.onnx.log_model(
            to_onnx(fit, rows[:1], options={"zipmap": False}),
            name="model",
            registered_model_name="iris",
            pip_requirements=["onnxruntime"],
        )
    graph = "inputs: [X]\nsteps: [{name: s, model: iris/1}]\noutputs: {label: s.label}\n"
    routes = [{"graph": graph, "weight": 50}, {"model": "iris", "version": "1", "weight": 50}]
    endpoint(server, "both", routes)
    assert server.stop() == 0
    server.start()

    seen = set()
    for _ in range(20):
        said = invoke(server, "both", {"inputs": rows[:1].tolist()}).json()["predictions"]
        seen.add(len(said))
    assert seen == {1, 2}, "the graph answers one output, the model two"
    shown = requests.get(f"{server.url}/api/v1/endpoints/both").json()["routes"]
    assert shown[0]["graph"] == graph


def test_mistakes_are_told_with_file_and_line(server, models, slipway, tmp_path):
    file = tmp_path / "price.yaml"
    file.write_text(GRAPH)
    good = slipway("graph", "check", str(file), "--server", server.url, "--json", "-")
    assert good.returncode == 0, good.stderr
    assert [t["name"] for t in json.loads(good.stdout)["outputs"]] == ["probabilities", "species"]

    for old, new, said in (
        ("model: iris/2", "model: iris/9", "price.yaml:5: step 'two'"),
        ("one.probabilities", "one.probs", "price.yaml:8: step 'one' has no output 'probs'"),
        ("to: blend", "to: blendd", "did you mean 'blend'?"),
    ):
        file.write_text(GRAPH.replace(old, new))
        bad = slipway("graph", "check", "price.yaml", "--server", server.url, cwd=tmp_path)
        assert bad.returncode == 2 and said in bad.stderr, bad.stderr
        assert create(server, "never", GRAPH.replace(old, new)).status_code // 100 == 4
    assert requests.get(f"{server.url}/api/v1/endpoints/never").status_code == 404


def test_the_command_makes_an_endpoint_of_a_file(server, models, slipway, tmp_path):
    (tmp_path / "way.yaml").write_text(SWITCH)
    made = slipway(
        *("endpoint", "create", "by-command", "--graph", "way.yaml=1"),
        *("--route", "iris/1=0", "--server", server.url),
        cwd=tmp_path,
    )
    assert made.returncode == 0, made.stderr
    assert "graph:by-command" in made.stdout


ONLY = "inputs: [X]\nsteps: [{name: s, model: iris/%d}]\noutputs: {p: s.probabilities}\n"


def versions_of(server, name, count=40, **headers):
    rows = {"inputs": [{"name": "X", "shape": [1, 4], "datatype": "FP32", "data": [6, 3, 4, 1]}]}
    seen = []
    for i in range(count):
        sent = {key.replace("_", "-"): value.format(i) for key, value in headers.items()}
        url = f"{server.url}/v2/models/{name}/infer"
        answer = requests.post(url, json=rows, headers=sent)
        assert answer.status_code == 200, answer.text
        seen.append(answer.json()["model_version"])
    return seen


def test_rules_sticky_callers_and_shadows_of_graphs(server, models):
    spec = {
        "name": "ruled",
        "sticky": "x-user",
        "routes": [
            {"graph": ONLY % 1, "weight": 50},
            {"graph": ONLY % 2, "weight": 50},
            {"graph": ONLY % 2 + "# the new one\n", "weight": 0, "header": "x-tier",
             "header_value": "beta"},
            {"graph": ONLY % 1 + "# in the shadow\n", "weight": 100, "shadow": True},
        ],
    }  # fmt: skip
    made = requests.post(f"{server.url}/api/v1/endpoints", json=spec)
    assert made.status_code == 201, made.text
    assert set(versions_of(server, "ruled")) == {"1", "2"}
    assert set(versions_of(server, "ruled", x_tier="beta")) == {"3"}
    for user in ("ada", "bob", "eve"):
        assert len(set(versions_of(server, "ruled", count=10, x_user=user))) == 1
    assert set(versions_of(server, "ruled", x_user="user-{}")) == {"1", "2"}

    def shadowed():
        stats = requests.get(f"{server.url}/api/v1/endpoints/ruled").json()["stats"]
        return {one["version"]: one for one in stats["per_version"]}["4"]

    deadline = time.monotonic() + 20
    while shadowed()["shadowed"] < 150:
        assert time.monotonic() < deadline, shadowed()
        time.sleep(0.05)
    assert shadowed()["shadow_errors"] == 0 and shadowed()["requests"] == 0


def test_a_rollout_moves_traffic_from_a_graph_to_the_next(server, models):
    rule = {"graph": ONLY % 2 + "# by rule\n", "weight": 0, "header": "x-tier",
            "header_value": "beta"}  # fmt: skip
    routes = [{"graph": ONLY % 1}, {"graph": ONLY % 2, "weight": 0}, rule]
    made = requests.post(f"{server.url}/api/v1/endpoints", json={"name": "moved", "routes": routes})
    assert made.status_code == 201, made.text
    unknown = {"endpoint": "moved", "model": "graph:moved", "version": 9}
    refused = requests.post(f"{server.url}/api/v1/rollouts", json=unknown)
    assert refused.status_code == 404 and "version 9 of its graph" in refused.text
    body = {
        "endpoint": "moved",
        "model": "graph:moved",
        "version": 2,
        "steps": [{"weight": 50, "min_requests": 20}, {"weight": 100, "min_requests": 20}],
        "tolerances": {"latency_slack_ms": 10_000},
    }
    started = requests.post(f"{server.url}/api/v1/rollouts", json=body)
    assert started.status_code in (200, 201), started.text
    identity = started.json()["id"]
    assert set(versions_of(server, "moved")) == {"1", "2"}
    assert set(versions_of(server, "moved", count=3, x_tier="beta")) == {"3"}
    deadline = time.monotonic() + 60
    while (state := requests.get(f"{server.url}/api/v1/rollouts/{identity}").json())[
        "state"
    ] == "running":
        versions_of(server, "moved", count=10)
        assert time.monotonic() < deadline, state
    assert state["state"] == "promoted", state
    assert set(versions_of(server, "moved")) == {"2"}
    assert set(versions_of(server, "moved", count=3, x_tier="beta")) == {"3"}  # the rule stays
    back = requests.post(f"{server.url}/api/v1/endpoints/moved/rollback", json={})
    assert back.status_code == 200, back.text
    assert set(versions_of(server, "moved")) == {"1"}
    assert set(versions_of(server, "moved", count=3, x_tier="beta")) == {"3"}
