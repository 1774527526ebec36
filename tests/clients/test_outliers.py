# SPDX-License-Identifier: Apache-2.0
"""How unusual rows are: distances against those of scipy, with the answer of every protocol that
asks for them, and counted when the monitor is told to."""

import time

import numpy as np
import pandas as pd
import pytest
import requests
import tritonclient.grpc as grpc
import tritonclient.http as http
from scipy.spatial.distance import mahalanobis
from serving_models import endpoint

COLUMNS = ["height", "weight", "age"]


@pytest.fixture(scope="module")
def people(server):
    import mlflow
    from mlflow.models import infer_signature
    from skl2onnx import to_onnx
    from sklearn.linear_model import LinearRegression

    mlflow.set_tracking_uri(server.url)
    mlflow.set_registry_uri(server.url)
    random = np.random.default_rng(3)
    height = random.normal(175, 8, 400)
    rows = pd.DataFrame(
        {
            "height": height,
            "weight": 0.9 * height - 85 + random.normal(0, 4, 400),
            "age": random.uniform(18, 80, 400),
        }
    ).astype("float32")
    fit = LinearRegression().fit(rows.to_numpy(), rows["age"])
    for name in ("people", "unknown"):
        with mlflow.start_run():
            mlflow.onnx.log_model(
                to_onnx(fit, rows.to_numpy()[:1]),
                name="model",
                registered_model_name=name,
                signature=infer_signature(rows),
                pip_requirements=["onnxruntime"],
            )
            if name == "people":
                mlflow.log_text(rows.assign(label=1).to_csv(index=False), "reference.csv")
        endpoint(server, name, [{"model": name, "version": "1"}])
    return rows


def wanted(rows, asked):
    """Distances by scipy, and the share of the reference that is as far away."""
    sample = rows.to_numpy("float64")
    inverse, mean = np.linalg.inv(np.cov(sample.T)), sample.mean(0)
    own = np.array([mahalanobis(row, mean, inverse) for row in sample])
    distances = np.array([mahalanobis(row, mean, inverse) for row in asked])
    shares = np.array([(1 + np.sum(own >= d)) / (len(own) + 1) for d in distances])
    return distances, shares


ASKED = np.array([[175, 72, 40], [160, 100, 40], [190, 86, 79], [300, 20, -5]], "float32")


def test_distances_are_those_of_scipy(server, people):
    distances, shares = wanted(people, ASKED)
    body = {"dataframe_split": {"columns": COLUMNS, "data": ASKED.tolist()}}
    answer = requests.post(f"{server.url}/endpoints/people/outliers", json=body)
    assert answer.status_code == 200, answer.text
    got = answer.json()
    assert got["model_version"] == "1"
    np.testing.assert_allclose(got["scores"], distances, rtol=1e-4)
    np.testing.assert_allclose(got["p_values"], shares, atol=0.011)
    assert got["scores"][1] > 4 and got["p_values"][1] < 0.01  # ordinary values, odd together
    table = {"columns": COLUMNS[::-1], "data": ASKED[:, ::-1].tolist()}
    body = {"dataframe_split": table}
    assert requests.post(f"{server.url}/endpoints/people/outliers", json=body).json() == got


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_scores_come_with_the_answer(server, people, protocol):
    module = {"http": http, "grpc": grpc}[protocol]
    address = server.url.removeprefix("http://") if protocol == "http" else server.grpc
    distances, _ = wanted(people, ASKED)
    with module.InferenceServerClient(address) as client:
        x = module.InferInput("X", list(ASKED.shape), "FP32")
        x.set_data_from_numpy(ASKED)
        plain = client.infer("people", [x])
        assert plain.as_numpy("outlier_score") is None
        both = client.infer("people", [x], parameters={"outlier_scores": True})
        np.testing.assert_allclose(both.as_numpy("outlier_score"), distances, rtol=1e-4)
        assert both.as_numpy("outlier_p_value").shape == (4,)
        name = plain.get_response()["outputs"][0]["name"] if protocol == "http" else None
        name = name or plain.get_response().outputs[0].name
        np.testing.assert_array_equal(both.as_numpy(name), plain.as_numpy(name))
        only = client.infer("people", [x], outputs=[module.InferRequestedOutput("outlier_score")])
        np.testing.assert_allclose(only.as_numpy("outlier_score"), distances, rtol=1e-4)
        assert only.as_numpy(name) is None


def test_without_a_reference_it_is_an_error_of_who_asks(server, people):
    body = {"dataframe_split": {"columns": COLUMNS, "data": [[1, 2, 3]]}}
    answer = requests.post(f"{server.url}/endpoints/unknown/outliers", json=body)
    assert 400 <= answer.status_code < 500, answer.text
    assert "reference" in answer.text
    infer = {
        "parameters": {"outlier_scores": True},
        "inputs": [{"name": "X", "shape": [1, 3], "datatype": "FP32", "data": [1, 2, 3]}],
    }
    answer = requests.post(f"{server.url}/v2/models/unknown/infer", json=infer)
    assert 400 <= answer.status_code < 500, answer.text
    del infer["parameters"]
    assert requests.post(f"{server.url}/v2/models/unknown/infer", json=infer).status_code == 200


def test_outliers_are_counted_when_the_monitor_is_told_to(server, people):
    def count(name):
        lines = requests.get(f"{server.url}/metrics").text.splitlines()
        found = [x for x in lines if x.startswith(name + "{") and 'endpoint="people"' in x]
        return sum(float(line.split()[-1]) for line in found)

    time.sleep(0.5)  # what was asked before is not measured
    settings = f"{server.url}/api/v1/endpoints/people/monitor"
    assert requests.put(settings, json={"outlier_share": 0.01}).status_code == 200
    assert requests.get(settings).json()["outlier_share"] == 0.01
    infer = {
        "inputs": [
            {"name": "X", "shape": [4, 3], "datatype": "FP32", "data": ASKED.ravel().tolist()}
        ]
    }
    _, shares = wanted(people, ASKED)
    for _ in range(5):
        assert requests.post(f"{server.url}/v2/models/people/infer", json=infer).status_code == 200
    deadline = time.monotonic() + 120
    while count("slipway_monitor_rows_scored_total") < 20:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert count("slipway_monitor_rows_scored_total") == 20
    assert count("slipway_monitor_outlier_rows_total") == 5 * np.sum(shares <= 0.01)
    assert requests.put(settings, json={"outlier_share": 3}).status_code == 400
