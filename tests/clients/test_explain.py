# SPDX-License-Identifier: Apache-2.0
"""Explanations of models that cannot explain themselves: sampled Shapley values against the exact
ones, which are known for a linear model."""

import sys

import numpy as np
import pandas as pd
import pytest
import requests
from conftest import Server
from serving_models import COLUMNS, endpoint

WEIGHTS = np.array([0.5, -2.0, 3.0, 0.25])


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("server"), "--python", sys.executable).start()
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="module")
def linear(server):
    import mlflow
    from mlflow.models import infer_signature
    from skl2onnx import to_onnx
    from sklearn.linear_model import LinearRegression

    mlflow.set_tracking_uri(server.url)
    mlflow.set_registry_uri(server.url)
    random = np.random.default_rng(1)
    rows = pd.DataFrame(random.normal(size=(40, 4)).astype("float32"), columns=COLUMNS)
    fit = LinearRegression().fit(rows.to_numpy(), rows.to_numpy() @ WEIGHTS + 1)
    for name, example in (("linear", rows[:20]), ("bare", None)):
        with mlflow.start_run():
            mlflow.onnx.log_model(
                to_onnx(fit, rows.to_numpy()[:1]),
                name="model",
                registered_model_name=name,
                signature=infer_signature(rows),
                input_example=example,
                pip_requirements=["onnxruntime"],
            )
        endpoint(server, name, [{"model": name, "version": "1"}])
    return rows


def explain(server, name, rows, **query):
    body = {"dataframe_split": rows.to_dict(orient="split")}
    return requests.post(f"{server.url}/endpoints/{name}/explain", json=body, params=query)


def test_contributions_of_a_linear_model_are_its_weights(server, linear):
    answer = explain(server, "linear", linear[20:25], orders=40).json()

    assert answer["columns"] == COLUMNS
    background = linear[:20].to_numpy().mean(axis=0)
    wanted = (linear[20:25].to_numpy() - background) * WEIGHTS
    np.testing.assert_allclose(answer["contributions"], wanted, atol=1e-4)
    predicted = linear[20:25].to_numpy() @ WEIGHTS + 1
    total = answer["base"][0] if isinstance(answer["base"], list) else answer["base"]
    summed = np.sum(answer["contributions"], axis=1) + total
    np.testing.assert_allclose(summed, predicted, atol=1e-4)
    assert explain(server, "linear", linear[20:25], orders=40).json() == answer, "not by chance"
    seen = requests.get(f"{server.url}/api/v1/endpoints/linear").json()["stats"]
    assert seen["requests"] == 0, "what is asked for an explanation is no traffic"


def test_what_cannot_be_explained_is_said(server, linear):
    without = explain(server, "bare", linear[:2])
    assert without.status_code // 100 == 4
    assert "input_example" in without.text
    assert explain(server, "linear", linear[:2], orders="many").status_code == 400
    assert explain(server, "none", linear[:2]).status_code == 404
