# SPDX-License-Identifier: Apache-2.0
"""Models that are registered with the unmodified mlflow client, and calls to what serves them."""

import json
import time
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import requests

COLUMNS = ["sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"]


def mixed_model():
    """Texts and numbers, one input a column, one score a row."""
    from onnx import TensorProto, helper

    nodes = [
        helper.make_node(
            "LabelEncoder",
            ["carrier"],
            ["code"],
            domain="ai.onnx.ml",
            keys_strings=["AA", "UA"],
            values_floats=[1.0, 2.0],
            default_float=0.0,
        ),
        helper.make_node("Add", ["code", "delay"], ["score"]),
    ]
    graph = helper.make_graph(
        nodes,
        "mixed",
        [
            helper.make_tensor_value_info("carrier", TensorProto.STRING, ["rows", 1]),
            helper.make_tensor_value_info("delay", TensorProto.FLOAT, ["rows", 1]),
        ],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, ["rows", 1])],
    )
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    )


ONNX_TYPES = {
    "BOOL": "BOOL",
    "UINT8": "UINT8",
    "UINT16": "UINT16",
    "UINT32": "UINT32",
    "UINT64": "UINT64",
    "INT8": "INT8",
    "INT16": "INT16",
    "INT32": "INT32",
    "INT64": "INT64",
    "FP16": "FLOAT16",
    "FP32": "FLOAT",
    "FP64": "DOUBLE",
    "BYTES": "STRING",
}


def echo_model(types=ONNX_TYPES):
    """Each input comes back as out_<its name>; one input a type, so one request sends them all."""
    from onnx import TensorProto, helper

    def value(name, onnx_type):
        return helper.make_tensor_value_info(name, getattr(TensorProto, onnx_type), ["rows", 2])

    graph = helper.make_graph(
        [helper.make_node("Identity", [name], [f"out_{name}"]) for name in types],
        "echo",
        [value(name, onnx_type) for name, onnx_type in types.items()],
        [value(f"out_{name}", onnx_type) for name, onnx_type in types.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@pytest.fixture(scope="module")
def echo(server):
    """The endpoint `echo` of all types, and `echo32` of FP32 alone."""
    import mlflow

    mlflow.set_tracking_uri(server.url)
    mlflow.set_registry_uri(server.url)
    for name, types in (("echo", ONNX_TYPES), ("echo32", {"X": "FLOAT"})):
        with mlflow.start_run():
            mlflow.onnx.log_model(
                echo_model(types),
                name="model",
                registered_model_name=name,
                pip_requirements=["onnxruntime"],
            )
        endpoint(server, name, [{"model": name, "version": "1"}])
    return "echo"


@pytest.fixture(scope="module")
def models(server):
    """Registers iris 1 and 2 (two fits), zipmap 1 (maps), mixed 1 (texts)."""
    import mlflow
    import onnxruntime
    from mlflow.models import infer_signature
    from skl2onnx import to_onnx
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression

    mlflow.set_tracking_uri(server.url)
    mlflow.set_registry_uri(server.url)
    features, labels = load_iris(return_X_y=True, as_frame=True)
    features = features.astype("float32")
    signature = infer_signature(features)
    made = SimpleNamespace(features=features, sessions={}, signature=signature)

    def log(name, model, signature):
        with mlflow.start_run():
            logged = mlflow.onnx.log_model(
                model,
                name="model",
                signature=signature,
                registered_model_name=name,
                pip_requirements=["onnxruntime"],
            )
        made.sessions[(name, int(logged.registered_model_version))] = onnxruntime.InferenceSession(
            model.SerializeToString()
        )

    for strength in (1.0, 0.01):
        fit = LogisticRegression(max_iter=500, C=strength).fit(features.to_numpy(), labels)
        log("iris", to_onnx(fit, features.to_numpy()[:1], options={"zipmap": False}), signature)
    log("zipmap", to_onnx(fit, features.to_numpy()[:1]), signature)
    table = pd.DataFrame({"carrier": ["AA"], "delay": np.array([1.5], "float32")})
    log("mixed", mixed_model(), infer_signature(table))
    return made


@pytest.fixture(scope="module")
def iris(server, models):
    return endpoint(server, "iris", [{"model": "iris", "version": "1"}])


def endpoint(server, name, routes, status=201):
    answer = requests.post(f"{server.url}/api/v1/endpoints", json={"name": name, "routes": routes})
    assert answer.status_code == status, answer.text
    return answer.json()


def verdict(server, name, seconds=300):
    """What became of version 1 of a model that is a pickle, in words, when that is known."""
    deadline = time.monotonic() + seconds
    while True:
        facts = requests.get(f"{server.url}/api/v1/models/{name}/versions/1").json()
        if words := facts["tags"].get("slipway.serving"):
            return words
        assert time.monotonic() < deadline, facts
        time.sleep(0.1)


def change(server, name, routes):
    return requests.put(f"{server.url}/api/v1/endpoints/{name}", json={"routes": routes})


def invoke(server, name, body, **headers):
    if isinstance(body, (dict, list)):
        body, headers = json.dumps(body), {"content-type": "application/json"} | headers
    return requests.post(f"{server.url}/endpoints/{name}/invocations", data=body, headers=headers)


def run(models, model, version, feed):
    session = models.sessions[(model, version)]
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, feed), strict=True))


def mlflow_answer(model_uri, body, content_type="application/json"):
    """What MLflow's own scoring server says to the same body."""
    import mlflow
    from mlflow.pyfunc import scoring_server

    model = mlflow.pyfunc.load_model(model_uri)
    text = body if isinstance(body, str) else json.dumps(body)
    schema = model.metadata.get_input_schema()
    answer = scoring_server.invocations(text, content_type, model, schema)
    assert answer.status == 200
    return json.loads(answer.response)
