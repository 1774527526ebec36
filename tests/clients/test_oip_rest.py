# SPDX-License-Identifier: Apache-2.0
"""tritonclient.http beyond plain inference: repository, statistics, settings, shared memory,
compression, every datatype; and what other servers answer 500 to."""

import json

import numpy as np
import pytest
import requests
import tritonclient.http as triton
from serving_models import (  # noqa: F401 (fixtures are found by name)
    echo,
    echo_model,
    models,
)
from test_grpc import VALUES
from tritonclient.utils import InferenceServerException


@pytest.fixture(scope="module")
def client(server):
    with triton.InferenceServerClient(server.url.removeprefix("http://"), concurrency=4) as made:
        yield made


def inputs_of(values, binary=True):
    out = []
    for name, value in values.items():
        one = triton.InferInput(name, list(value.shape), name if name in VALUES else "FP32")
        one.set_data_from_numpy(value, binary_data=binary)
        out.append(one)
    return out


def test_every_datatype_comes_back_in_binary(client, echo):
    wanted = [triton.InferRequestedOutput(f"out_{name}", binary_data=True) for name in VALUES]
    answer = client.infer(echo, inputs_of(VALUES), outputs=wanted, request_id="r-1")
    assert answer.get_response()["id"] == "r-1"
    for name, value in VALUES.items():
        got = answer.as_numpy(f"out_{name}")
        assert got.dtype == value.dtype, name
        assert got.tobytes() == value.tobytes() or got.tolist() == value.tolist(), name


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_compression_both_ways(client, echo, algorithm):
    value = np.tile(np.array([[1.0, 2.0]], np.float32), (2000, 1))
    for binary in (True, False):
        answer = client.infer(
            "echo32",
            inputs_of({"X": value}, binary),
            outputs=[triton.InferRequestedOutput("out_X", binary_data=binary)],
            request_compression_algorithm=algorithm,
            response_compression_algorithm=algorithm,
        )
        assert (answer.as_numpy("out_X") == value).all()


def test_configuration_and_statistics(client, echo):
    config = client.get_model_config("echo32")
    assert config["max_batch_size"] > 0 and config["input"][0]["dims"] == [2]
    assert config["input"][0]["data_type"] == "TYPE_FP32"
    before = client.get_inference_statistics("echo32")["model_stats"][0]
    client.infer("echo32", inputs_of({"X": np.zeros((3, 2), np.float32)}))
    after = client.get_inference_statistics("echo32", "1")["model_stats"][0]
    assert after["inference_count"] - before["inference_count"] == 3
    assert after["inference_stats"]["success"]["count"] > 0
    assert after["inference_stats"]["queue"]["ns"] > 0
    assert {"echo", "echo32"} <= {
        s["name"] for s in client.get_inference_statistics()["model_stats"]
    }


def test_metrics_have_the_usual_names(client, echo, server):
    client.infer("echo32", inputs_of({"X": np.zeros((3, 2), np.float32)}))
    metrics = requests.get(f"{server.url}/metrics").text
    for name in ("request_success", "count", "exec_count", "request_duration_us"):
        assert f'nv_inference_{name}{{model="echo32",version="1"}}' in metrics, name
    for name in ("queue", "compute_input", "compute_infer", "compute_output"):
        assert f"nv_inference_{name}_duration_us" in metrics, name


def test_the_repository_loads_and_unloads(client, echo):
    def state():
        return {m["name"]: m["state"] for m in client.get_model_repository_index()}["echo"]

    assert state() == "READY"
    client.unload_model("echo")
    assert state() == "UNAVAILABLE"
    assert not client.is_model_ready("echo")
    client.load_model("echo")
    assert state() == "READY" and client.is_model_ready("echo")
    with pytest.raises(InferenceServerException):
        client.load_model("none")


def test_an_unloaded_model_stays_so_over_a_restart(new_server):
    import mlflow

    server = new_server().start()
    mlflow.set_tracking_uri(server.url)
    mlflow.set_registry_uri(server.url)
    with mlflow.start_run():
        mlflow.onnx.log_model(
            echo_model({"X": "FLOAT"}),
            name="model",
            registered_model_name="one",
            pip_requirements=["onnxruntime"],
        )
    assert requests.post(f"{server.url}/v2/repository/models/one/load").status_code == 200
    assert requests.post(f"{server.url}/v2/repository/models/one/unload").status_code == 200
    server.kill()
    server.start()
    index = requests.post(f"{server.url}/v2/repository/index").json()
    assert [(m["name"], m["state"]) for m in index] == [("one", "UNAVAILABLE")]
    ready = requests.post(f"{server.url}/v2/repository/index", json={"ready": True}).json()
    assert ready == []
    assert requests.get(f"{server.url}/v2/health/ready").status_code == 200
    assert requests.post(f"{server.url}/v2/repository/models/one/load").status_code == 200
    assert requests.get(f"{server.url}/v2/models/one/ready").status_code == 200


def test_shared_memory(client, echo):
    import tritonclient.utils.shared_memory as shm

    value = np.array([[1.5, 2.5]], np.float32)
    region = shm.create_shared_memory_region("both", "/slipway_rest", 16)
    try:
        shm.set_shared_memory_region(region, [value])
        client.register_system_shared_memory("both", "/slipway_rest", 16)
        status = client.get_system_shared_memory_status()
        assert [r["name"] for r in status] == ["both"]
        one = triton.InferInput("X", [1, 2], "FP32")
        one.set_shared_memory("both", 8)
        wanted = triton.InferRequestedOutput("out_X")
        wanted.set_shared_memory("both", 8, offset=8)
        answer = client.infer("echo32", [one], outputs=[wanted])
        assert answer.get_output("out_X")["parameters"]["shared_memory_region"] == "both"
        assert shm.get_contents_as_numpy(region, np.float32, [4])[2:].tolist() == [1.5, 2.5]
        with pytest.raises(InferenceServerException):
            client.register_system_shared_memory("both", "/slipway_rest", 16)
        client.unregister_system_shared_memory("both")
        assert client.get_system_shared_memory_status() == []
    finally:
        shm.destroy_shared_memory_region(region)


def test_trace_and_log_settings(client, echo):
    assert client.get_trace_settings()["trace_level"] == ["OFF"]
    changed = client.update_trace_settings("echo32", {"trace_level": ["TIMESTAMPS"]})
    assert changed["trace_level"] == ["TIMESTAMPS"]
    assert client.update_trace_settings("echo32", {"trace_level": None})["trace_level"] == ["OFF"]
    assert client.update_log_settings({"log_verbose_level": 2})["log_verbose_level"] == 2
    for settings in ({"none": "1"}, {"trace_rate": "x"}, {"trace_level": ["LOUD"]}):
        with pytest.raises(InferenceServerException):
            client.update_trace_settings(settings=settings)


X = '"name":"X","datatype":"FP32","shape":[1,2]'
WRONG = {
    "nothing": "",
    "no json": "{",
    "deep": "[" * 200_000,
    "deep data": '{"inputs":[{' + X + ',"data":' + "[" * 100_000,
    "an array": "[]",
    "a number": "3",
    "no inputs": "{}",
    "inputs no array": '{"inputs":{}}',
    "input no object": '{"inputs":[3]}',
    "no name": '{"inputs":[{"datatype":"FP32","shape":[1,2],"data":[1,2]}]}',
    "name a number": '{"inputs":[{"name":3,"datatype":"FP32","shape":[1,2],"data":[1,2]}]}',
    "unknown type": '{"inputs":[{"name":"X","datatype":"FP33","shape":[1,2],"data":[1,2]}]}',
    "shape a text": '{"inputs":[{"name":"X","datatype":"FP32","shape":"1","data":[1,2]}]}',
    "negative": '{"inputs":[{"name":"X","datatype":"FP32","shape":[-1,2],"data":[1,2]}]}',
    "too large": '{"inputs":[{"name":"X","datatype":"FP32","shape":[4294967296,4294967296,2],'
    '"data":[1,2]}]}',
    "overflow": '{"inputs":[{"name":"X","datatype":"FP32","shape":[99999999999999999999],'
    '"data":[1]}]}',
    "too few": '{"inputs":[{' + X + ',"data":[1]}]}',
    "too many": '{"inputs":[{' + X + ',"data":[1,2,3]}]}',
    "ragged": '{"inputs":[{' + X + ',"data":[[1],[2]]}]}',
    "texts": '{"inputs":[{' + X + ',"data":["a","b"]}]}',
    "nan": '{"inputs":[{' + X + ',"data":[NaN,1]}]}',
    "infinity": '{"inputs":[{' + X + ',"data":[1e999,1]}]}',
    "no data": '{"inputs":[{' + X + "}]}",
    "null data": '{"inputs":[{' + X + ',"data":null}]}',
    "binary and data": '{"inputs":[{' + X + ',"data":[1,2],"parameters":{"binary_data_size":8}}]}',
    "lying size": '{"inputs":[{' + X + ',"parameters":{"binary_data_size":99999999999}}]}',
    "negative size": '{"inputs":[{' + X + ',"parameters":{"binary_data_size":-8}}]}',
    "twice": '{"inputs":[{' + X + ',"data":[1,2]},{' + X + ',"data":[1,2]}]}',
    "unknown output": '{"inputs":[{' + X + ',"data":[1,2]}],"outputs":[{"name":"none"}]}',
    "outputs a number": '{"inputs":[{' + X + ',"data":[1,2]}],"outputs":3}',
    "unknown region": '{"inputs":[{' + X + ',"parameters":{"shared_memory_region":"none",'
    '"shared_memory_byte_size":8}}]}',
    "id a number": '{"id":7,"inputs":[{' + X + ',"data":[1,2]}]}',
    "not utf-8": b'{"id":"\xff","inputs":[{' + X.encode() + b',"data":[1,2]}]}',
}


@pytest.mark.parametrize("case", WRONG)
def test_the_clients_mistakes_are_4xx_with_a_text(server, echo, case):
    body = WRONG[case]
    url = f"{server.url}/v2/models/echo32/infer"
    answer = requests.post(url, data=body if isinstance(body, bytes) else body.encode())
    assert 400 <= answer.status_code < 500, answer.text
    assert len(answer.json()["error"]) > 10
    good = json.dumps({"inputs": [json.loads("{" + X + ',"data":[1,2]}')]})
    assert requests.post(url, data=good).status_code == 200


@pytest.mark.parametrize("header", ["x", "-1", "99999999", "18446744073709551616"])
def test_a_lying_header_length_is_400(server, echo, header):
    answer = requests.post(
        f"{server.url}/v2/models/echo32/infer",
        data=b"{}",
        headers={"Inference-Header-Content-Length": header},
    )
    assert answer.status_code == 400, answer.text


def test_priority_and_timeout_are_taken(client, echo):
    value = np.zeros((1, 2), np.float32)
    client.infer("echo32", inputs_of({"X": value}), priority=1, timeout=10_000_000)
    with pytest.raises(InferenceServerException) as late:
        client.infer("echo32", inputs_of({"X": value}), timeout=1)
    assert "deadline" in late.value.message()
