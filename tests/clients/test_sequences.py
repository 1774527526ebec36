# SPDX-License-Identifier: Apache-2.0
"""Requests that belong together, sent with the real Triton clients: the state that a model answers
comes back to it with the sequence's next request."""

import queue
import threading
import time

import mlflow as client
import numpy as np
import pytest
import requests
import tritonclient.grpc as grpc
import tritonclient.http as http
from serving_models import endpoint
from tritonclient.utils import InferenceServerException

CONFIG = """
name: "counter"
max_batch_size: 64
input [ { name: "x" data_type: TYPE_FP32 dims: [ 2 ] } ]
output [ { name: "total" data_type: TYPE_FP32 dims: [ 2 ] } ]
sequence_batching {
  max_sequence_idle_microseconds: 1500000
  oldest { max_candidate_sequences: 8 }
  control_input [
    { name: "start" control [ { kind: CONTROL_SEQUENCE_START fp32_false_true: [ 0, 1 ] } ] },
    { name: "end" control [ { kind: CONTROL_SEQUENCE_END int32_false_true: [ 0, 1 ] } ] },
    { name: "ready" control [ { kind: CONTROL_SEQUENCE_READY bool_false_true: [ false, true ] } ] },
    { name: "id" control [ { kind: CONTROL_SEQUENCE_CORRID data_type: TYPE_UINT64 } ] }
  ]
  state [ { input_name: "sum" output_name: "next" data_type: TYPE_FP32 dims: [ 2 ] } ]
}
"""

IN_METADATA = {
    "sequence_batching": {
        "direct": {},
        "max_sequence_idle_microseconds": 60_000_000,
        "control_input": [
            {"name": "start", "control": [{"kind": "CONTROL_SEQUENCE_START"}]},
            {"name": "end", "control": [{"kind": "CONTROL_SEQUENCE_END"}]},
            {"name": "ready", "control": [{"kind": "CONTROL_SEQUENCE_READY"}]},
            {"name": "id", "control": [{"kind": "CONTROL_SEQUENCE_CORRID"}]},
        ],
        "state": [{"input_name": "sum", "output_name": "next"}],
    }
}


def counter(factor=1.0, id_type="UINT64"):
    """total = next = sum + factor * x; marks = start + 10 * end + 100 * ready."""
    from onnx import TensorProto, helper

    def value(name, kind, *shape):
        return helper.make_tensor_value_info(name, getattr(TensorProto, kind), ["rows", *shape])

    nodes = [
        helper.make_node("Constant", [], ["factor"], value_float=factor),
        helper.make_node("Mul", ["x", "factor"], ["scaled"]),
        helper.make_node("Add", ["sum", "scaled"], ["next"]),
        helper.make_node("Identity", ["next"], ["total"]),
        helper.make_node("Constant", [], ["ten"], value_float=10.0),
        helper.make_node("Constant", [], ["hundred"], value_float=100.0),
        helper.make_node("Cast", ["end"], ["end_f"], to=TensorProto.FLOAT),
        helper.make_node("Cast", ["ready"], ["ready_f"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["end_f", "ten"], ["tens"]),
        helper.make_node("Mul", ["ready_f", "hundred"], ["hundreds"]),
        helper.make_node("Add", ["start", "tens"], ["some"]),
        helper.make_node("Add", ["some", "hundreds"], ["marks"]),
        helper.make_node("Identity", ["id"], ["who"]),
    ]
    graph = helper.make_graph(
        nodes,
        "counter",
        [
            value("x", "FLOAT", 2),
            value("start", "FLOAT", 1),
            value("end", "INT32", 1),
            value("ready", "BOOL", 1),
            value("id", id_type, 1),
            value("sum", "FLOAT", 2),
        ],
        [
            value("total", "FLOAT", 2),
            value("next", "FLOAT", 2),
            value("marks", "FLOAT", 1),
            value("who", id_type, 1),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def register(server, name, model, config=None, **options):
    client.set_tracking_uri(server.url)
    client.set_registry_uri(server.url)
    with client.start_run() as run:
        logged = client.onnx.log_model(
            model, name="model", pip_requirements=["onnxruntime"], **options
        )
        source = logged.model_uri
        if config is not None:  # a folder as Triton has it: the configuration beside the model
            import tempfile
            from pathlib import Path

            with tempfile.TemporaryDirectory() as folder:
                local = client.artifacts.download_artifacts(source, dst_path=folder)
                (Path(local) / "config.pbtxt").write_text(config)
                client.log_artifacts(local, "configured")
            source = f"runs:/{run.info.run_id}/configured"
    return client.register_model(source, name).version


@pytest.fixture(scope="module")
def sequences(server):
    register(server, "counter", counter(), CONFIG)
    register(server, "counter", counter(factor=10.0), CONFIG)
    register(server, "named", counter(id_type="STRING"), metadata=IN_METADATA)
    for name in ("counter", "named"):
        endpoint(server, name, [{"model": name, "version": "1"}])
    return server


def tensor(module, values, name="x"):
    out = module.InferInput(name, [1, 2], "FP32")
    out.set_data_from_numpy(np.array([values], dtype=np.float32))
    return out


def ask(triton, module, values, sequence, model="counter", **flags):
    return triton.infer(model, [tensor(module, values)], sequence_id=sequence, **flags)


CLIENTS = {
    "http": (http, lambda s: http.InferenceServerClient(s.url.removeprefix("http://"))),
    "grpc": (grpc, lambda s: grpc.InferenceServerClient(s.grpc)),
}


@pytest.fixture(params=CLIENTS)
def triton(request, sequences):
    module, make = CLIENTS[request.param]
    with make(sequences) as made:
        yield made, module


def test_state_and_controls_over_both_protocols(triton):
    made, module = triton
    first = ask(made, module, [1, 2], 42, sequence_start=True)
    assert first.as_numpy("total").tolist() == [[1, 2]]
    assert first.as_numpy("marks").tolist() == [[101]]
    assert first.as_numpy("who").tolist() == [[42]]
    assert first.as_numpy("next") is None  # it is the server's
    other = ask(made, module, [7, 7], 43, sequence_start=True)
    assert other.as_numpy("total").tolist() == [[7, 7]]
    second = ask(made, module, [1, 1], 42)
    assert second.as_numpy("total").tolist() == [[2, 3]]
    assert second.as_numpy("marks").tolist() == [[100]]
    last = ask(made, module, [0, 1], 42, sequence_end=True)
    assert last.as_numpy("total").tolist() == [[2, 4]]
    assert last.as_numpy("marks").tolist() == [[110]]
    with pytest.raises(InferenceServerException, match="sequence_start"):
        ask(made, module, [1, 1], 42)
    again = ask(made, module, [5, 5], 42, sequence_start=True, sequence_end=True)
    assert again.as_numpy("total").tolist() == [[5, 5]]
    assert again.as_numpy("marks").tolist() == [[111]]
    ask(made, module, [0, 0], 43, sequence_end=True)


def test_texts_name_sequences_too(triton):
    made, module = triton
    for model in ("counter", "named"):
        if model == "counter":
            with pytest.raises(InferenceServerException, match="numbers"):
                ask(made, module, [1, 1], "a", model, sequence_start=True)
            continue
        one = ask(made, module, [1, 1], "a", model, sequence_start=True)
        assert one.as_numpy("who").tolist() == [[b"a"]]
        two = ask(made, module, [1, 1], "a", model, sequence_end=True)
        assert two.as_numpy("total").tolist() == [[2, 2]]


def test_who_keeps_sequences_wants_their_names(triton):
    made, module = triton
    with pytest.raises(InferenceServerException, match="sequence_id"):
        made.infer("counter", [tensor(module, [1, 1])])
    two = module.InferInput("x", [2, 2], "FP32")
    two.set_data_from_numpy(np.ones((2, 2), dtype=np.float32))
    with pytest.raises(InferenceServerException, match="one row"):
        made.infer("counter", [two], sequence_id=9, sequence_start=True)


def test_metadata_and_configuration_say_so(sequences):
    with http.InferenceServerClient(sequences.url.removeprefix("http://")) as made:
        inputs = made.get_model_metadata("counter")["inputs"]
        assert [one["name"] for one in inputs] == ["x"]
        config = made.get_model_config("counter")["sequence_batching"]
        assert config["oldest"] == {"max_candidate_sequences": 8}
        assert config["max_sequence_idle_microseconds"] == 1_500_000
        assert config["state"][0]["output_name"] == "next"
        assert "sequence" in made.get_server_metadata()["extensions"]
    with grpc.InferenceServerClient(sequences.grpc) as made:
        batching = made.get_model_config("counter").config.sequence_batching
        assert batching.oldest.max_candidate_sequences == 8
        kinds = {one.name: one.control[0].kind for one in batching.control_input}
        assert kinds == {"start": 0, "ready": 1, "end": 2, "id": 3}
        assert list(batching.control_input[0].control[0].fp32_false_true) == [0, 1]
        assert list(batching.control_input[2].control[0].bool_false_true) == [False, True]
        assert made.get_model_config("named").config.sequence_batching.HasField("direct")


def test_a_stream_of_many_sequences(sequences):
    answers: queue.Queue = queue.Queue()
    with grpc.InferenceServerClient(sequences.grpc) as made:
        made.start_stream(lambda result, error: answers.put((result, error)))
        for step in range(20):
            for sequence in (101, 102, 103):
                made.async_stream_infer(
                    "counter",
                    [tensor(grpc, [sequence, step])],
                    request_id=f"{sequence}-{step}",
                    sequence_id=sequence,
                    sequence_start=step == 0,
                    sequence_end=step == 19,
                )
        for step in range(20):
            for sequence in (101, 102, 103):
                result, error = answers.get(timeout=20)
                assert error is None
                assert result.get_response().id == f"{sequence}-{step}"
                total = [sequence * (step + 1), sum(range(step + 1))]
                assert result.as_numpy("total").tolist() == [total]
        made.stop_stream()


def test_sequences_of_many_clients_at_once(sequences):
    wrong = []

    def client_of(sequence):
        try:
            with grpc.InferenceServerClient(sequences.grpc) as made:
                for step in range(50):
                    got = ask(made, grpc, [1, sequence], sequence, sequence_start=step == 0)
                    want = [[step + 1, sequence * (step + 1)]]
                    if got.as_numpy("total").tolist() != want:
                        wrong.append((sequence, step, got.as_numpy("total")))
                ask(made, grpc, [1, 1], sequence, sequence_end=True)
        except InferenceServerException as error:
            wrong.append((sequence, error))

    threads = [threading.Thread(target=client_of, args=(200 + i,)) for i in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert not wrong


def test_no_more_sequences_than_the_model_may_have(sequences):
    with grpc.InferenceServerClient(sequences.grpc) as made:
        for sequence in range(300, 308):
            ask(made, grpc, [1, 1], sequence, sequence_start=True)
        with pytest.raises(InferenceServerException, match="max_candidate_sequences") as refused:
            ask(made, grpc, [1, 1], 308, sequence_start=True)
        assert "RESOURCE_EXHAUSTED" in refused.value.status()
        body = {
            "parameters": {"sequence_id": 308, "sequence_start": True},
            "inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [1, 1]}],
        }
        url = f"{sequences.url}/v2/models/counter/infer"
        assert requests.post(url, json=body).status_code == 429
        time.sleep(1.6)  # the idle time of the configuration
        with pytest.raises(InferenceServerException, match="not open"):
            ask(made, grpc, [1, 1], 300)
        got = ask(made, grpc, [2, 2], 308, sequence_start=True, sequence_end=True)
        assert got.as_numpy("total").tolist() == [[2, 2]]


def test_a_sequence_ends_on_the_version_that_it_began_with(sequences):
    with grpc.InferenceServerClient(sequences.grpc) as made:
        ask(made, grpc, [1, 1], 400, sequence_start=True)
        routes = [{"model": "counter", "version": "2"}]
        changed = requests.put(
            f"{sequences.url}/api/v1/endpoints/counter", json={"name": "counter", "routes": routes}
        )
        assert changed.status_code == 200, changed.text
        try:
            new = ask(made, grpc, [1, 1], 401, sequence_start=True, sequence_end=True)
            assert new.as_numpy("total").tolist() == [[10, 10]]
            assert new.get_response().model_version == "2"
            old = ask(made, grpc, [1, 1], 400, sequence_end=True)
            assert old.as_numpy("total").tolist() == [[2, 2]]
            assert old.get_response().model_version == "1"
        finally:
            routes = [{"model": "counter", "version": "1"}]
            requests.put(
                f"{sequences.url}/api/v1/endpoints/counter",
                json={"name": "counter", "routes": routes},
            )


def test_wrong_words_are_client_errors(sequences):
    url = f"{sequences.url}/v2/models/counter/infer"
    inputs = [{"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [1, 1]}]
    for parameters in (
        {"sequence_id": -1, "sequence_start": True},
        {"sequence_id": 1.5, "sequence_start": True},
        {"sequence_id": [1], "sequence_start": True},
        {"sequence_id": "a" * 500, "sequence_start": True},
        {"sequence_id": 1, "sequence_start": "yes"},
        {"sequence_id": 0, "sequence_start": True},
    ):
        got = requests.post(url, json={"parameters": parameters, "inputs": inputs})
        assert got.status_code == 400, (parameters, got.text)
    large = {"sequence_id": 2**64 - 1, "sequence_start": True, "sequence_end": True}
    got = requests.post(url, json={"parameters": large, "inputs": inputs})
    assert got.status_code == 200, got.text
    who = next(one for one in got.json()["outputs"] if one["name"] == "who")
    assert who["data"] == [2**64 - 1]


def test_a_wrong_configuration_is_told_when_the_version_is_loaded(server):
    register(server, "broken", counter(), CONFIG.replace('"sum"', '"nothing"'))
    made = requests.post(
        f"{server.url}/api/v1/endpoints",
        json={"name": "broken", "routes": [{"model": "broken", "version": "1"}]},
    )
    assert made.status_code in (400, 409, 412, 422), made.text
    assert "no input 'nothing'" in made.text


def test_after_a_restart_sequences_begin_anew(new_server):
    server = new_server().start()
    register(server, "named", counter(id_type="STRING"), metadata=IN_METADATA)
    endpoint(server, "named", [{"model": "named", "version": "1"}])
    with http.InferenceServerClient(server.url.removeprefix("http://")) as made:
        ask(made, http, [1, 1], "a", "named", sequence_start=True)
    server.kill()
    server.start()
    with http.InferenceServerClient(server.url.removeprefix("http://")) as made:
        with pytest.raises(InferenceServerException, match="started again"):
            ask(made, http, [1, 1], "a", "named")
        one = ask(made, http, [3, 3], "a", "named", sequence_start=True)
        assert one.as_numpy("total").tolist() == [[3, 3]]


class Remembering(client.pyfunc.PythonModel):
    """The same in Python: named arrays in, named arrays out."""

    def predict(self, context, model_input, params=None):
        total = model_input["sum"] + model_input["x"]
        return {"total": total, "next": total, "first": model_input["start"]}


def test_python_models_keep_sequences_too(new_server):
    import sys

    import cloudpickle
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec

    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    server = new_server("--python", sys.executable).start()
    client.set_tracking_uri(server.url)
    client.set_registry_uri(server.url)
    inputs = [TensorSpec(np.dtype("float32"), (-1, 2), name) for name in ("x", "sum")]
    inputs.append(TensorSpec(np.dtype("float32"), (-1, 1), "start"))
    outputs = Schema([TensorSpec(np.dtype("float32"), (-1, 2), "total")])
    with client.start_run():
        client.pyfunc.log_model(
            name="model",
            python_model=Remembering(),
            registered_model_name="remembering",
            signature=ModelSignature(inputs=Schema(inputs), outputs=outputs),
            pip_requirements=["cloudpickle"],
            metadata={
                "sequence_batching": {
                    "max_sequence_idle_microseconds": 60_000_000,
                    "control_input": [
                        {"name": "start", "control": [{"kind": "CONTROL_SEQUENCE_START"}]}
                    ],
                    "state": [{"input_name": "sum", "output_name": "next"}],
                }
            },
        )
    endpoint(server, "remembering", [{"model": "remembering", "version": "1"}])
    with grpc.InferenceServerClient(server.grpc) as made:
        assert [one.name for one in made.get_model_metadata("remembering").inputs] == ["x"]
        one = ask(made, grpc, [1, 2], 5, "remembering", sequence_start=True)
        assert one.as_numpy("total").tolist() == [[1, 2]]
        assert one.as_numpy("first").tolist() == [[1]]
        assert one.as_numpy("next") is None
        two = ask(made, grpc, [1, 2], 5, "remembering", sequence_end=True)
        assert two.as_numpy("total").tolist() == [[2, 4]]
        assert two.as_numpy("first").tolist() == [[0]]
