# SPDX-License-Identifier: Apache-2.0
"""ONNX files that mean harm, logged by the unmodified mlflow client: each is refused with a text,
and the server that refused it neither grows nor stops answering."""

import os
import time
from pathlib import Path

import numpy as np
import pytest
import requests
from onnx import TensorProto, helper, numpy_helper
from serving_models import echo_model, endpoint

GROWTH_MIB = 200  # what loading and refusing may leave behind


def graph_of(nodes, initializers=()):
    graph = helper.make_graph(
        nodes,
        "hostile",
        [helper.make_tensor_value_info("X", TensorProto.FLOAT, ["rows", 1])],
        [helper.make_tensor_value_info("Y", TensorProto.FLOAT, None)],
        list(initializers),
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def constant(name, values):
    return numpy_helper.from_array(np.asarray(values), name)


def large_when_loaded():
    """Two GiB of ones, made of nothing while the graph is optimised."""
    ones = helper.make_node(
        "ConstantOfShape", ["size"], ["ones"], value=helper.make_tensor("v", 1, [1], [1.0])
    )
    add = helper.make_node("Add", ["ones", "ones"], ["twice"])
    nodes = [ones, add, helper.make_node("ReduceSum", ["twice"], ["sum"], keepdims=0)]
    nodes.append(helper.make_node("Add", ["X", "sum"], ["Y"]))
    return graph_of(nodes, [constant("size", np.array([1 << 29], "int64"))])


def large_when_run():
    """Two GiB, whose size the optimiser cannot know beforehand."""
    nodes = [
        helper.make_node("Shape", ["X"], ["shape"]),
        helper.make_node("Add", ["shape", "more"], ["size"]),
        helper.make_node(
            "ConstantOfShape", ["size"], ["ones"], value=helper.make_tensor("v", 1, [1], [1.0])
        ),
        helper.make_node("ReduceMax", ["ones"], ["most"], keepdims=0),
        helper.make_node("Add", ["X", "most"], ["Y"]),
    ]
    return graph_of(nodes, [constant("more", np.array([1 << 29, 0], "int64"))])


def endless():
    """A loop that counts for some centuries."""
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["going"]),
            helper.make_node("Add", ["at", "one"], ["next"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("at", TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("going", TensorProto.BOOL, []),
            helper.make_tensor_value_info("next", TensorProto.FLOAT, None),
        ],
    )
    nodes = [helper.make_node("Loop", ["times", "yes", "X"], ["Y"], body=body)]
    return graph_of(
        nodes,
        [
            constant("times", np.array(1 << 62, "int64")),
            constant("yes", np.array(True)),
            constant("one", np.array([[1.0]], "float32")),
        ],
    )


def outside():
    """Weights that would be read from another folder."""
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1])
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", "../../../../etc/passwd"), ("length", "4")):
        tensor.external_data.add(key=key, value=value)
    return graph_of([helper.make_node("Add", ["X", "w"], ["Y"])], [tensor])


def log(client, name, data):
    """As the client lays a model out, whatever the bytes are: it checks what it is given."""
    with client.start_run() as run:
        client.onnx.log_model(
            echo_model({"X": "FLOAT"}), name="model", pip_requirements=["onnxruntime"]
        )
    logged = client.last_logged_model()
    folder = Path(client.artifacts.download_artifacts(logged.model_uri))
    (folder / "model.onnx").write_bytes(data)
    with client.start_run() as run:
        client.log_artifacts(str(folder), "hostile")
    try:
        client.MlflowClient().create_registered_model(name)
    except client.MlflowException:
        pass
    client.MlflowClient().create_model_version(
        name, f"runs:/{run.info.run_id}/hostile", run.info.run_id
    )


def rss_mib(server):
    pages = int(Path(f"/proc/{server.process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") >> 20


@pytest.mark.parametrize(
    "make, says",
    [
        (large_when_loaded, "MiB"),
        (large_when_run, "MiB"),
        (endless, "within"),
        (outside, "outside the model folder"),
        (lambda: b"\x08\x08" + b"\x3a" * 100_000, "damaged"),
        (lambda: echo_model({"X": "FLOAT"}).SerializeToString()[:-7], ""),
    ],
)
def test_it_is_refused_and_the_server_goes_on(server, mlflow, make, says):
    name = getattr(make, "__name__", "bytes").strip("<>") + str(abs(hash(says)) % 1000)
    made = make()
    log(mlflow, "good", echo_model({"X": "FLOAT"}).SerializeToString())
    log(mlflow, name, made if isinstance(made, bytes) else made.SerializeToString())
    route = [{"model": "good", "version": "1"}]
    if requests.get(f"{server.url}/v2/models/good").status_code != 200:
        endpoint(server, "good", route)
    before, pid = rss_mib(server), server.process.pid

    began = time.monotonic()
    answer = requests.post(
        f"{server.url}/api/v1/endpoints",
        json={"name": name, "routes": [{"model": name, "version": "1"}]},
        timeout=120,
    )

    assert 400 <= answer.status_code < 500, answer.text
    assert says in answer.text, answer.text
    assert time.monotonic() - began < 100
    assert server.process.poll() is None and server.process.pid == pid
    assert rss_mib(server) - before < GROWTH_MIB
    body = {"inputs": [{"name": "X", "datatype": "FP32", "shape": [1, 2], "data": [1, 2]}]}
    assert requests.post(f"{server.url}/v2/models/good/infer", json=body).status_code == 200


def as_large_as_asked(answers):
    """So many ones as the first value of X says: nothing to find where it is tried on zeros."""
    nodes = [
        helper.make_node("Cast", ["X"], ["numbers"], to=TensorProto.INT64),
        helper.make_node("ReduceMax", ["numbers"], ["most"], keepdims=0),
        helper.make_node("Reshape", ["most", "flat"], ["size"]),
        helper.make_node("Expand", ["one", "size"], ["ones"]),
    ]
    if answers:
        nodes.append(helper.make_node("Identity", ["ones"], ["Y"]))
    else:
        nodes.append(helper.make_node("ReduceSum", ["ones"], ["sum"], keepdims=0))
        nodes.append(helper.make_node("Add", ["X", "sum"], ["Y"]))
    return graph_of(nodes, [constant("one", np.ones(1, "float32")), constant("flat", [-1])])


@pytest.mark.parametrize("answers", [True, False])
def test_a_few_bytes_do_not_make_it_take_gigabytes(server, mlflow, answers):
    import tritonclient.grpc as triton
    from tritonclient.utils import InferenceServerException

    name = "greedy_answer" if answers else "greedy_run"
    log(mlflow, "good", echo_model({"X": "FLOAT"}).SerializeToString())
    log(mlflow, name, as_large_as_asked(answers).SerializeToString())
    endpoint(server, name, [{"model": name, "version": "1"}])
    if requests.get(f"{server.url}/v2/models/good").status_code != 200:
        endpoint(server, "good", [{"model": "good", "version": "1"}])

    def ask(value, model=name, shape=(1, 1)):
        data = [value] * int(np.prod(shape))
        one = {"name": "X", "datatype": "FP32", "shape": list(shape), "data": data}
        return requests.post(f"{server.url}/v2/models/{model}/infer", json={"inputs": [one]})

    assert ask(4.0).status_code == 200
    before, pid = rss_mib(server), server.process.pid
    for size in (2.0**29, 2.0**31, 2.0**40, 1e30, 2.0**29):
        refused = ask(size)
        assert refused.status_code == 400, refused.text[:500]
        assert ask(1.0, "good", (1, 2)).status_code == 200
    assert "--onnx-memory" in refused.text and "MiB" in refused.text, refused.text
    if answers:  # within what a run may take, and still too large to be answered
        too_long = ask(1.5 * 2**26)
        assert too_long.status_code == 400 and "at most 256 MiB" in too_long.text, too_long.text
    with triton.InferenceServerClient(server.grpc) as client:
        value = triton.InferInput("X", [1, 1], "FP32")
        value.set_data_from_numpy(np.array([[2.0**29]], "float32"))
        with pytest.raises(InferenceServerException, match="--onnx-memory"):
            client.infer(name, [value])
    assert ask(4.0).status_code == 200
    assert server.process.poll() is None and server.process.pid == pid
    assert rss_mib(server) - before < GROWTH_MIB
