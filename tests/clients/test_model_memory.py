# SPDX-License-Identifier: Apache-2.0
"""More models than memory: what sleeps is woken by the request that wants it, and none fails."""

import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import requests
from conftest import Server
from serving_models import endpoint

MODELS = 5
BUDGET = 64 << 20  # two of about 24 MiB
WIDTH = 2500


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("server"), "--model-memory", "64MiB").start()
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="module")
def many(server):
    """Models m1 .. m5, each a matrix of 24 MiB: x -> sum(x) * number in every column."""
    import mlflow
    from onnx import TensorProto, helper, numpy_helper

    mlflow.set_tracking_uri(server.url)
    mlflow.set_registry_uri(server.url)
    for number in range(1, MODELS + 1):
        weights = np.full((WIDTH, WIDTH), number, "float32")
        graph = helper.make_graph(
            [helper.make_node("MatMul", ["x", "w"], ["y"])],
            "big",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", WIDTH])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", WIDTH])],
            [numpy_helper.from_array(weights, "w")],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        with mlflow.start_run():
            mlflow.onnx.log_model(
                model,
                name="model",
                registered_model_name=f"m{number}",
                pip_requirements=["onnxruntime"],
            )
        endpoint(server, f"m{number}", [{"model": f"m{number}", "version": "1"}])


def ask(server, number):
    x = np.ones((1, WIDTH), "float32")
    head = (
        f'{{"inputs":[{{"name":"x","shape":[1,{WIDTH}],"datatype":"FP32",'
        f'"parameters":{{"binary_data_size":{x.nbytes}}}}}],'
        '"parameters":{"binary_data_output":true}}'
    )
    answer = requests.post(
        f"{server.url}/v2/models/m{number}/infer",
        data=head.encode() + x.tobytes(),
        headers={"inference-header-content-length": str(len(head))},
    )
    if answer.status_code != 200:
        return answer.text
    size = int(answer.headers["inference-header-content-length"])
    return float(np.frombuffer(answer.content[size:], "float32")[0])


def loaded(server):
    items = requests.get(f"{server.url}/api/v1/endpoints").json()["items"]
    return {e["name"]: e["routes"][0] for e in items}


def rss(server):
    pages = Path(f"/proc/{server.process.pid}/statm").read_text().split()[1]
    return int(pages) * 4096


def test_the_least_recently_used_are_freed_and_still_answer(server, many):
    routes = loaded(server)
    awake = [name for name, route in routes.items() if route["loaded"]]
    assert 1 <= len(awake) < MODELS
    assert all(route["state"] == "ready" for route in routes.values())
    assert sum(routes[name]["memory_bytes"] for name in awake) <= BUDGET
    assert all(route["memory_bytes"] >= WIDTH * WIDTH * 4 for route in routes.values())

    for number in range(1, MODELS + 1):
        assert ask(server, number) == WIDTH * number
    assert loaded(server)[f"m{MODELS}"]["loaded"]
    assert requests.get(f"{server.url}/v2/health/ready").status_code == 200


def test_no_request_fails_while_models_come_and_go_and_memory_comes_back(server, many):
    wrong = []

    def client(shift):
        for i in range(12):
            number = (i * 2 + shift) % MODELS + 1
            said = ask(server, number)
            if said != WIDTH * number:
                wrong.append((number, said))

    for _ in range(2):
        threads = [threading.Thread(target=client, args=(shift,)) for shift in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not wrong
    metrics = requests.get(f"{server.url}/metrics").text
    woken = next(
        float(line.split()[1])
        for line in metrics.splitlines()
        if line.startswith("slipway_serving_models_reloaded_total")
    )
    assert woken > MODELS
    assert rss(server) < 400 << 20, "five models of 24 MiB, loaded dozens of times"


def test_a_model_larger_than_the_budget_is_refused(new_server, server, many):
    small = new_server("--model-memory", "10MiB").start()
    import mlflow
    from onnx import TensorProto, helper, numpy_helper

    mlflow.set_tracking_uri(small.url)
    mlflow.set_registry_uri(small.url)
    weights = np.ones((2000, 2000), "float32")
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "big",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", 2000])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", 2000])],
        [numpy_helper.from_array(weights, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    with mlflow.start_run():
        mlflow.onnx.log_model(
            model, name="model", registered_model_name="big", pip_requirements=["onnxruntime"]
        )
    refused = requests.post(
        f"{small.url}/api/v1/endpoints",
        json={"name": "big", "routes": [{"model": "big", "version": "1"}]},
    )
    assert refused.status_code == 422
    assert "--model-memory" in refused.text
    bad = new_server("--model-memory", "much")
    with pytest.raises(BaseException, match="not a size"):
        bad.start(timeout=5)


def test_python_models_count_by_their_processes(new_server):
    import cloudpickle
    import mlflow
    import pandas as pd
    from mlflow.models import infer_signature

    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    server = new_server("--model-memory", "700MiB", "--python", sys.executable).start()
    mlflow.set_tracking_uri(server.url)
    mlflow.set_registry_uri(server.url)

    class Heavy(mlflow.pyfunc.PythonModel):
        def load_context(self, context):
            import numpy

            self.ballast = numpy.ones(300 << 17)  # 300 MiB

        def predict(self, context, model_input, params=None):
            return model_input["x"].to_numpy() * 2

    signature = infer_signature(pd.DataFrame({"x": [1.5]}))
    for name in ("first", "second"):
        with mlflow.start_run():
            mlflow.pyfunc.log_model(
                name="model",
                python_model=Heavy(),
                signature=signature,
                registered_model_name=name,
                pip_requirements=["mlflow"],
            )
        endpoint(server, name, [{"model": name, "version": "1"}])
    routes = loaded(server)
    assert routes["first"]["memory_bytes"] > 300 << 20
    assert not routes["first"]["loaded"] and routes["second"]["loaded"]
    answer = requests.post(
        f"{server.url}/endpoints/first/invocations", json={"dataframe_records": [{"x": 2.0}]}
    )
    assert answer.json() == {"predictions": [4.0]}
    assert not loaded(server)["second"]["loaded"]
