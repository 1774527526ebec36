# SPDX-License-Identifier: Apache-2.0
"""tritonclient.grpc, blocking, asyncio and streaming, against the gRPC port."""

import asyncio
import queue
import threading

import grpc
import numpy as np
import pytest
import requests
import tritonclient.grpc as triton
import tritonclient.grpc.aio as triton_aio
from serving_models import (  # noqa: F401 (fixtures are found by name)
    change,
    echo,
    iris,
    models,
    run,
)
from tritonclient.grpc import service_pb2
from tritonclient.utils import InferenceServerException

VALUES = {
    "BOOL": np.array([[True, False], [False, True]]),
    "UINT8": np.array([[0, 255], [1, 2]], np.uint8),
    "UINT16": np.array([[0, 65535], [1, 2]], np.uint16),
    "UINT32": np.array([[0, 2**32 - 1], [1, 2]], np.uint32),
    "UINT64": np.array([[0, 2**64 - 1], [1, 2]], np.uint64),
    "INT8": np.array([[-128, 127], [1, 2]], np.int8),
    "INT16": np.array([[-32768, 32767], [1, 2]], np.int16),
    "INT32": np.array([[-(2**31), 2**31 - 1], [1, 2]], np.int32),
    "INT64": np.array([[-(2**63), 2**63 - 1], [1, 2]], np.int64),
    "FP16": np.array([[1.5, -2], [np.inf, 65504]], np.float16),
    "FP32": np.array([[1.5, np.nan], [-np.inf, 1e-40]], np.float32),
    "FP64": np.array([[1.5, -2], [1e300, 4]], np.float64),
    "BYTES": np.array([[b"a", b"\x00\xff"], [b"", "grün".encode()]], np.object_),
}


@pytest.fixture(scope="module")
def client(server):
    with triton.InferenceServerClient(server.grpc) as made:
        yield made


def inputs_of(values, module=triton):
    out = []
    for name, value in values.items():
        one = module.InferInput(name, list(value.shape), name if name in VALUES else "FP32")
        one.set_data_from_numpy(value)
        out.append(one)
    return out


def pair(value, module=triton):
    return inputs_of({"X": np.array([[value, -value]], np.float32)}, module)


def test_the_server_says_that_it_lives_and_what_it_is(client, echo):
    assert client.is_server_live() and client.is_server_ready()
    metadata = client.get_server_metadata()
    assert metadata.name == "slipway"
    assert {"binary_tensor_data", "model_repository", "statistics"} <= set(metadata.extensions)
    assert client.is_model_ready("echo") and client.is_model_ready("echo", "1")
    assert not client.is_model_ready("echo", "9") and not client.is_model_ready("none")
    model = client.get_model_metadata("echo32")
    assert (model.versions, model.platform) == (["1"], "onnxruntime_onnx")
    assert (model.inputs[0].name, model.inputs[0].datatype) == ("X", "FP32")
    assert list(model.inputs[0].shape) == [-1, 2]
    config = client.get_model_config("echo32").config
    assert config.max_batch_size > 0 and list(config.input[0].dims) == [2]
    assert config.input[0].data_type == 11  # TYPE_FP32


def test_every_datatype_comes_back_bit_by_bit(client, echo):
    answer = client.infer(echo, inputs_of(VALUES), request_id="r-1", client_timeout=30)
    assert answer.get_response().id == "r-1"
    assert (answer.get_response().model_name, answer.get_response().model_version) == ("echo", "1")
    for name, value in VALUES.items():
        got = answer.as_numpy(f"out_{name}")
        assert got.dtype == value.dtype and got.shape == value.shape, name
        assert got.tobytes() == value.tobytes() or got.tolist() == value.tolist(), name


def test_typed_contents_are_taken_as_raw_ones(server, echo):
    request = service_pb2.ModelInferRequest(model_name="echo", id="typed")
    fields = {"BOOL": "bool", "BYTES": "bytes", "FP32": "fp32", "FP64": "fp64", "INT64": "int64"}
    fields |= dict.fromkeys(("INT8", "INT16", "INT32"), "int") | {"UINT64": "uint64"}
    fields |= dict.fromkeys(("UINT8", "UINT16", "UINT32"), "uint")
    typed = {name: value for name, value in VALUES.items() if name in fields}
    for name, value in typed.items():
        one = request.inputs.add(name=name, datatype=name, shape=value.shape)
        getattr(one.contents, f"{fields[name]}_contents").extend(value.flatten().tolist())
    with grpc.insecure_channel(server.grpc) as channel:
        infer = channel.unary_unary(
            "/inference.GRPCInferenceService/ModelInfer",
            service_pb2.ModelInferRequest.SerializeToString,
            service_pb2.ModelInferResponse.FromString,
        )
        with pytest.raises(grpc.RpcError) as missing:  # FP16 has no typed form and was left out
            infer(request)
        assert missing.value.code() == grpc.StatusCode.INVALID_ARGUMENT
        assert "FP16" in missing.value.details()
        one = service_pb2.ModelInferRequest(model_name="echo32")
        one.inputs.add(name="X", datatype="FP32", shape=[1, 2]).contents.fp32_contents.extend(
            [1.5, 2.5]
        )
        answer = infer(one)
        assert np.frombuffer(answer.raw_output_contents[0], np.float32).tolist() == [1.5, 2.5]
        one.raw_input_contents.append(b"12345678")
        with pytest.raises(grpc.RpcError) as mixed:
            infer(one)
        assert mixed.value.code() == grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_compressed_requests_are_answered(client, echo, algorithm):
    value = np.tile(np.array([[1.0, 2.0]], np.float32), (5000, 1))
    one = triton.InferInput("X", list(value.shape), "FP32")
    one.set_data_from_numpy(value)
    answer = client.infer("echo32", [one], compression_algorithm=algorithm)
    assert (answer.as_numpy("out_X") == value).all()


def test_large_tensors_pass_the_windows(client, echo):
    value = np.random.default_rng(1).random((1_000_000, 2), np.float32)  # 8 MB
    one = triton.InferInput("X", list(value.shape), "FP32")
    one.set_data_from_numpy(value)
    for _ in range(3):
        assert (client.infer("echo32", [one]).as_numpy("out_X") == value).all()


def test_chosen_outputs_and_classes(client, models, server, iris):
    rows = models.features[:3].to_numpy()
    one = triton.InferInput("X", list(rows.shape), "FP32")
    one.set_data_from_numpy(rows)
    wanted = triton.InferRequestedOutput("probabilities", class_count=2)
    answer = client.infer("iris", [one], outputs=[wanted])
    best = answer.as_numpy("probabilities")
    assert best.shape == (3, 2)
    score, index = best[0][0].decode().split(":")[:2]
    scores = run(models, "iris", 1, {"X": rows})["probabilities"]
    assert int(index) == scores[0].argmax() and float(score) == pytest.approx(scores[0].max())
    assert [o.name for o in answer.get_response().outputs] == ["probabilities"]


@pytest.mark.parametrize(
    "change, code",
    [
        (dict(model_name="none"), "StatusCode.NOT_FOUND"),
        (dict(model_version="77"), "StatusCode.NOT_FOUND"),
        (dict(inputs=[]), "StatusCode.INVALID_ARGUMENT"),
        (
            dict(inputs=inputs_of({"Y": np.zeros((1, 2), np.float32)})),
            "StatusCode.INVALID_ARGUMENT",
        ),
        (
            dict(inputs=inputs_of({"X": np.zeros((1, 3), np.float32)})),
            "StatusCode.INVALID_ARGUMENT",
        ),
        (
            dict(inputs=inputs_of({"X": np.zeros((0, 2), np.float32)})),
            "StatusCode.INVALID_ARGUMENT",
        ),
        (dict(outputs=[triton.InferRequestedOutput("none")]), "StatusCode.INVALID_ARGUMENT"),
    ],
)
def test_what_is_wrong_has_its_code_and_a_text(client, echo, change, code):
    arguments = dict(model_name="echo32", inputs=pair(1.0)) | change
    with pytest.raises(InferenceServerException) as refused:
        client.infer(**arguments)
    assert refused.value.status() == code
    assert len(refused.value.message()) > 10
    assert client.infer("echo32", pair(1.0)).as_numpy("out_X")[0][0] == 1


def test_asyncio_calls_share_one_connection(server, echo):
    async def many():
        async with triton_aio.InferenceServerClient(server.grpc) as client:
            assert await client.is_server_live()
            calls = [client.infer("echo32", pair(float(i), triton_aio)) for i in range(200)]
            answers = await asyncio.gather(*calls)
            assert [a.as_numpy("out_X")[0][0] for a in answers] == list(range(200))

            async def requests():
                for i in range(50):
                    yield dict(
                        model_name="echo32", inputs=pair(float(i), triton_aio), request_id=str(i)
                    )

            got = []
            async for answer, error in client.stream_infer(requests()):
                assert error is None
                got.append(answer.get_response().id)
            assert got == [str(i) for i in range(50)]

    asyncio.run(many())


def test_a_stream_answers_in_order_and_survives_bad_requests(client, echo):
    answers = queue.Queue()
    client.start_stream(lambda result, error: answers.put((result, error)))
    for i in range(100):
        name = "none" if i == 40 else "echo32"
        client.async_stream_infer(name, pair(float(i)), request_id=str(i))
    for i in range(100):
        result, error = answers.get(timeout=30)
        if i == 40:
            assert "none" in error.message()
            continue
        assert error is None, error
        assert result.get_response().id == str(i)
        assert result.as_numpy("out_X")[0][0] == i
        assert result.get_response().parameters["triton_final_response"].bool_param
    client.stop_stream()


def test_calls_from_many_threads(client, echo):
    wrong = []

    def work(number):
        for i in range(50):
            value = float(number * 1000 + i)
            got = client.infer("echo32", pair(value)).as_numpy("out_X")
            if got[0][0] != value:
                wrong.append((value, got))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_statistics_count_what_was_asked(client, echo):
    def statistics():
        return client.get_inference_statistics("echo32").model_stats[0]

    before = statistics()
    client.infer("echo32", inputs_of({"X": np.zeros((7, 2), np.float32)}))
    after = statistics()
    assert (after.name, after.version) == ("echo32", "1")
    assert after.inference_count - before.inference_count == 7
    assert after.execution_count - before.execution_count == 1
    assert after.inference_stats.success.count - before.inference_stats.success.count == 1
    assert after.inference_stats.compute_infer.ns > before.inference_stats.compute_infer.ns
    assert any(b.batch_size == 7 for b in after.batch_stats)
    assert after.last_inference > 1_600_000_000_000
    everyone = client.get_inference_statistics().model_stats
    assert {"echo", "echo32"} <= {s.name for s in everyone}


def test_a_model_is_unloaded_and_loaded_again(client, echo):
    def state():
        index = client.get_model_repository_index().models
        return {m.name: (m.state, m.reason) for m in index}["echo"]

    assert state() == ("READY", "")
    client.unload_model("echo")
    assert state()[0] == "UNAVAILABLE" and "unloaded" in state()[1]
    assert not client.is_model_ready("echo") and client.is_server_ready()
    with pytest.raises(InferenceServerException) as refused:
        client.infer("echo", inputs_of(VALUES))
    assert refused.value.status() == "StatusCode.UNAVAILABLE"
    client.load_model("echo")
    assert state() == ("READY", "")
    client.infer("echo", inputs_of(VALUES))
    with pytest.raises(InferenceServerException) as missing:
        client.load_model("none")
    assert missing.value.status() == "StatusCode.NOT_FOUND"
    with pytest.raises(InferenceServerException):
        client.load_model("echo", config="{}")


def test_a_registered_model_is_loaded_under_its_name(client, models, server):
    client.load_model("zipmap")
    assert client.is_model_ready("zipmap")
    names = [e["name"] for e in requests.get(f"{server.url}/api/v1/endpoints").json()["items"]]
    assert "zipmap" in names


def test_tensors_in_system_shared_memory(client, echo):
    import tritonclient.utils.shared_memory as shm

    value = np.array([[1.5, 2.5]], np.float32)
    into = shm.create_shared_memory_region("in", "/slipway_in", 16)
    out = shm.create_shared_memory_region("out", "/slipway_out", 16)
    try:
        shm.set_shared_memory_region(into, [value])
        client.register_system_shared_memory("in", "/slipway_in", 16)
        client.register_system_shared_memory("out", "/slipway_out", 16)
        regions = client.get_system_shared_memory_status().regions
        assert regions["in"].key == "/slipway_in" and regions["in"].byte_size == 16
        one = triton.InferInput("X", [1, 2], "FP32")
        one.set_shared_memory("in", 8)
        wanted = triton.InferRequestedOutput("out_X")
        wanted.set_shared_memory("out", 8, offset=8)
        answer = client.infer("echo32", [one], outputs=[wanted])
        output = answer.get_output("out_X")
        assert output.parameters["shared_memory_region"].string_param == "out"
        got = shm.get_contents_as_numpy(out, np.float32, [4])
        assert got[2:].tolist() == [1.5, 2.5]
        one.set_shared_memory("in", 4096)
        with pytest.raises(InferenceServerException):
            client.infer("echo32", [one])
        client.unregister_system_shared_memory()
        assert not client.get_system_shared_memory_status().regions
    finally:
        shm.destroy_shared_memory_region(into)
        shm.destroy_shared_memory_region(out)


def test_trace_and_log_settings(client, echo):
    settings = client.get_trace_settings().settings
    assert list(settings["trace_level"].value) == ["OFF"]
    changed = client.update_trace_settings("echo32", {"trace_rate": "5"}).settings
    assert list(changed["trace_rate"].value) == ["5"]
    assert list(client.get_trace_settings().settings["trace_rate"].value) == ["1000"]
    back = client.update_trace_settings("echo32", {"trace_rate": None}).settings
    assert list(back["trace_rate"].value) == ["1000"]
    assert (
        client.update_log_settings({"log_verbose_level": 1})
        .settings["log_verbose_level"]
        .uint32_param
        == 1
    )
    with pytest.raises(InferenceServerException):
        client.update_log_settings({"none": True})


def test_health_as_probes_ask_it(server, echo):
    with grpc.insecure_channel(server.grpc) as channel:
        check = channel.unary_unary("/grpc.health.v1.Health/Check")
        assert check(b"") == b"\x08\x01"
        assert check(b"\x0a\x06echo32") == b"\x08\x01"
        with pytest.raises(grpc.RpcError) as unknown:
            check(b"\x0a\x04none")
        assert unknown.value.code() == grpc.StatusCode.NOT_FOUND


def test_a_client_deadline_is_kept(server, echo):
    with grpc.insecure_channel(server.grpc) as channel:
        watch = channel.unary_stream("/grpc.health.v1.Health/Watch")
        stream = watch(b"", timeout=0.5)
        assert next(stream) == b"\x08\x01"
        with pytest.raises(grpc.RpcError) as late:
            next(stream)
        assert late.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
