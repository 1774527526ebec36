# SPDX-License-Identifier: Apache-2.0
"""TensorFlow Serving's REST and gRPC, as its clients speak them."""

import base64

import grpc
import numpy as np
import pytest
import requests
import tfserving_stubs as tf
from serving_models import (  # noqa: F401 (fixtures are found by name)
    endpoint,
    iris,
    models,
    run,
)

PREDICTION = "/tensorflow.serving.PredictionService/"


@pytest.fixture(scope="module")
def flowers(server, models):
    """iris 1 and 2 behind one endpoint, the second by an alias; zipmap and mixed."""
    from mlflow import MlflowClient

    MlflowClient(server.url).set_registered_model_alias("iris", "canary", 2)
    endpoint(
        server,
        "flowers",
        [
            {"model": "iris", "version": "1", "weight": 100},
            {"model": "iris", "alias": "canary", "weight": 0},
        ],
    )
    endpoint(server, "zipmap", [{"model": "zipmap", "version": 1}])
    endpoint(server, "mixed", [{"model": "mixed", "version": 1}])
    return "flowers"


@pytest.fixture(scope="module")
def call(server):
    with grpc.insecure_channel(server.grpc) as channel:

        def made(path, request, answer):
            method = channel.unary_unary(
                path, lambda message: message.SerializeToString(), answer.FromString
            )
            return method(request, timeout=20)

        yield made


def post(server, path, body):
    return requests.post(f"{server.url}/v1/models/{path}", json=body)


def test_rows_and_columns(server, models, flowers):
    rows = models.features[:4].to_numpy()
    wanted = run(models, "iris", 1, {"X": rows})
    by_row = post(server, "flowers:predict", {"instances": rows.tolist()}).json()["predictions"]
    assert [p["label"] for p in by_row] == wanted["label"].tolist()
    assert np.allclose([p["probabilities"] for p in by_row], wanted["probabilities"])
    body = {"signature_name": "serving_default", "inputs": {"X": rows.tolist()}}
    by_column = post(server, "flowers:predict", body).json()["outputs"]
    assert by_column["label"] == wanted["label"].tolist()
    named = [{"X": row} for row in rows.tolist()]
    assert post(server, "flowers:predict", {"instances": named}).json()["predictions"] == by_row
    texts = [
        {"carrier": "AA", "delay": 1.5},
        {"carrier": {"b64": base64.b64encode(b"UA").decode()}, "delay": 2},
    ]
    answer = post(server, "mixed:predict", {"instances": texts})
    assert answer.json() == {"predictions": [[2.5], [4.0]]}, answer.text


def test_versions_and_labels(server, models, flowers):
    rows = models.features[:2].to_numpy()
    second = run(models, "iris", 2, {"X": rows})["probabilities"]
    for path in ("flowers/versions/2:predict", "flowers/labels/canary:predict"):
        answer = post(server, path, {"instances": rows.tolist()})
        assert answer.status_code == 200, answer.text
        got = [p["probabilities"] for p in answer.json()["predictions"]]
        assert np.allclose(got, second), path
    for path in ("flowers/versions/9", "flowers/labels/none", "none"):
        answer = post(server, path + ":predict", {"instances": rows.tolist()})
        assert answer.status_code == 404 and answer.json()["error"], path


def test_status_and_metadata(server, flowers):
    status = requests.get(f"{server.url}/v1/models/flowers").json()["model_version_status"]
    assert [s["version"] for s in status] == ["1", "2"]
    assert status[0]["state"] == "AVAILABLE"
    assert status[0]["status"] == {"error_code": "OK", "error_message": ""}
    one = requests.get(f"{server.url}/v1/models/flowers/versions/2").json()
    assert len(one["model_version_status"]) == 1
    metadata = requests.get(f"{server.url}/v1/models/flowers/metadata").json()
    assert metadata["model_spec"]["name"] == "flowers"
    signature = metadata["metadata"]["signature_def"]["signature_def"]["serving_default"]
    assert signature["inputs"]["X"]["dtype"] == "DT_FLOAT"
    assert [d["size"] for d in signature["inputs"]["X"]["tensor_shape"]["dim"]] == ["-1", "4"]


def test_classify_and_regress(server, models, flowers):
    rows = models.features[:2]
    examples = rows.to_dict(orient="records")
    scores = run(models, "iris", 2, {"X": rows.to_numpy()})["probabilities"]
    results = post(server, "zipmap:classify", {"examples": examples}).json()["results"]
    assert [c[0] for c in results[0]] == ["0", "1", "2"]
    assert np.allclose([c[1] for c in results[1]], scores[1], atol=1e-6)
    answer = post(
        server,
        "mixed:regress",
        {"context": {"carrier": "AA"}, "examples": [{"delay": 1.5}, {"delay": [2]}]},
    )
    assert answer.json()["results"] == [2.5, 3.0], answer.text


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "[" * 200_000,
        "{}",
        '{"instances": []}',
        '{"instances": [[1, 2]]}',
        '{"instances": [[1, 2, 3, "x"]]}',
        '{"instances": [[1, 2, 3, NaN]]}',
        '{"instances": [[1,2,3,4]], "inputs": [[1,2,3,4]]}',
        '{"signature_name": "none", "instances": [[1,2,3,4]]}',
        '{"instances": [{"Y": [1,2,3,4]}]}',
    ],
)
def test_what_is_wrong_is_400_with_a_text(server, flowers, body):
    answer = requests.post(f"{server.url}/v1/models/flowers:predict", data=body)
    assert answer.status_code == 400, answer.text
    assert len(answer.json()["error"]) > 10


def tensor(value, content=False):
    numbers = {np.dtype("float32"): 1, np.dtype("float64"): 2, np.dtype("int64"): 9}
    out = tf.TensorProto(dtype=7 if value.dtype == object else numbers[value.dtype])
    for size in value.shape:
        out.tensor_shape.dim.add(size=size)
    if value.dtype == object:
        out.string_val.extend(value.flatten().tolist())
    elif content:
        out.tensor_content = value.tobytes()
    else:
        out.float_val.extend(value.flatten().tolist())
    return out


@pytest.mark.parametrize("content", [False, True])
def test_grpc_predict(call, models, flowers, content):
    rows = models.features[:3].to_numpy()
    wanted = run(models, "iris", 2, {"X": rows})["probabilities"]
    request = tf.PredictRequest()
    request.model_spec.name = "flowers"
    request.model_spec.version.value = 2
    request.inputs["X"].CopyFrom(tensor(rows, content))
    request.output_filter.append("probabilities")
    answer = call(PREDICTION + "Predict", request, tf.PredictResponse)
    assert list(answer.outputs) == ["probabilities"]
    got = answer.outputs["probabilities"]
    assert [d.size for d in got.tensor_shape.dim] == [3, 3]
    assert np.allclose(np.frombuffer(got.tensor_content, np.float32).reshape(3, 3), wanted)
    assert (answer.model_spec.name, answer.model_spec.version.value) == ("flowers", 2)
    assert answer.model_spec.signature_name == "serving_default"


def test_grpc_texts_and_repeated_values(call, flowers):
    request = tf.PredictRequest()
    request.model_spec.name = "mixed"
    request.inputs["carrier"].CopyFrom(tensor(np.array([[b"AA"], [b"UA"]], object)))
    delays = request.inputs["delay"]
    delays.dtype = 1
    delays.tensor_shape.dim.add(size=2)
    delays.tensor_shape.dim.add(size=1)
    delays.float_val.append(1.5)  # one value stands for both rows
    answer = call(PREDICTION + "Predict", request, tf.PredictResponse)
    got = np.frombuffer(answer.outputs["score"].tensor_content, np.float32)
    assert got.tolist() == [2.5, 3.5]


def test_grpc_classify_and_regress(call, models, flowers):
    request = tf.ExampleRequest()
    request.model_spec.name = "zipmap"
    example = request.input.example_list.examples.add()
    for name, value in models.features.iloc[0].items():
        example.features.feature[name].float_list.value.append(value)
    answer = call(PREDICTION + "Classify", request, tf.ClassificationResponse)
    classes = answer.result.classifications[0].classes
    assert [c.label for c in classes] == ["0", "1", "2"] and classes[0].score > 0.5
    request = tf.ExampleRequest()
    request.model_spec.name = "mixed"
    example = request.input.example_list.examples.add()
    example.features.feature["carrier"].bytes_list.value.append(b"UA")
    example.features.feature["delay"].float_list.value.append(0.5)
    answer = call(PREDICTION + "Regress", request, tf.RegressionResponse)
    assert [r.value for r in answer.result.regressions] == [2.5]


def test_grpc_metadata_and_status(call, flowers):
    request = tf.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = "flowers"
    answer = call(PREDICTION + "GetModelMetadata", request, tf.GetModelMetadataResponse)
    packed = answer.metadata["signature_def"]
    assert packed.type_url == "type.googleapis.com/tensorflow.serving.SignatureDefMap"
    signature = tf.SignatureDefMap.FromString(packed.value).signature_def["serving_default"]
    assert signature.inputs["X"].dtype == 1
    assert [d.size for d in signature.inputs["X"].tensor_shape.dim] == [-1, 4]
    status = tf.GetModelStatusRequest()
    status.model_spec.name = "flowers"
    path = "/tensorflow.serving.ModelService/GetModelStatus"
    answer = call(path, status, tf.GetModelStatusResponse)
    assert [(s.version, s.state) for s in answer.model_version_status] == [(1, 30), (2, 30)]


def test_grpc_errors_have_their_codes(call, flowers):
    request = tf.PredictRequest()
    with pytest.raises(grpc.RpcError) as nameless:
        call(PREDICTION + "Predict", request, tf.PredictResponse)
    assert nameless.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    request.model_spec.name = "none"
    with pytest.raises(grpc.RpcError) as missing:
        call(PREDICTION + "Predict", request, tf.PredictResponse)
    assert missing.value.code() == grpc.StatusCode.NOT_FOUND
    request.model_spec.name = "flowers"
    request.model_spec.version_label = "none"
    with pytest.raises(grpc.RpcError) as label:
        call(PREDICTION + "Predict", request, tf.PredictResponse)
    assert label.value.code() == grpc.StatusCode.NOT_FOUND
    request = tf.PredictRequest()
    request.model_spec.name = "flowers"
    request.inputs["X"].dtype = 1
    request.inputs["X"].tensor_shape.dim.add(size=1 << 40)
    with pytest.raises(grpc.RpcError) as large:
        call(PREDICTION + "Predict", request, tf.PredictResponse)
    assert large.value.code() == grpc.StatusCode.INVALID_ARGUMENT
