# SPDX-License-Identifier: Apache-2.0
"""Predictions as spans at a collector of OpenTelemetry, children of the caller's span."""

import http.server
import json
import threading
import time

import pytest
import requests
from serving_models import echo_model, endpoint

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"


@pytest.fixture
def collector():
    spans, status = [], [200]

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            assert self.path == "/v1/traces"
            if status[0] == 200:
                for resource in body["resourceSpans"]:
                    for scope in resource["scopeSpans"]:
                        spans.extend(scope["spans"])
            self.send_response(status[0])
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", spans, status
    server.shutdown()


def log_echo(server):
    import mlflow

    mlflow.set_tracking_uri(server.url)
    mlflow.set_registry_uri(server.url)
    with mlflow.start_run():
        mlflow.onnx.log_model(
            echo_model({"X": "FLOAT"}),
            name="model",
            registered_model_name="echo",
            pip_requirements=["onnxruntime"],
        )
    endpoint(server, "echo", [{"model": "echo", "version": "1"}])


def infer(server, data=(1, 2), **headers):
    body = {"inputs": [{"name": "X", "shape": [1, 2], "datatype": "FP32", "data": list(data)}]}
    return requests.post(f"{server.url}/v2/models/echo/infer", json=body, headers=headers)


def metric(server, name):
    lines = requests.get(f"{server.url}/metrics").text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(name + " "))


def eventually(check):
    deadline = time.monotonic() + 20
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_prediction_is_a_child_of_its_callers_span(new_server, collector):
    import numpy as np
    import tritonclient.grpc as triton

    url, spans, _ = collector
    server = new_server("--trace-export", url, "--trace-share", "0", "--access-log", "yes").start()
    log_echo(server)
    header = f"00-{TRACE}-{PARENT}-01"
    assert infer(server, traceparent=header, **{"x-request-id": "mine"}).status_code == 200
    x = triton.InferInput("X", [1, 2], "FP32")
    x.set_data_from_numpy(np.ones((1, 2), "float32"))
    triton.InferenceServerClient(server.grpc).infer("echo", [x], headers={"traceparent": header})
    # None of these: not sampled by the caller, no caller, malformed.
    infer(server, traceparent=f"00-{TRACE}-{PARENT}-00")
    infer(server)
    infer(server, traceparent="00-zz-1-01")

    eventually(lambda: len(spans) >= 2)

    assert metric(server, "slipway_spans_exported_total") == 2
    over_http, over_grpc = spans
    for span in spans:
        assert (span["traceId"], span["parentSpanId"]) == (TRACE, PARENT)
        assert int(span["endTimeUnixNano"]) > int(span["startTimeUnixNano"]) > 1.7e18
        assert span["status"]["code"] == 1 and span["kind"] == 2
    assert over_http["name"] == "POST /v2/models/{name}/infer"
    assert over_grpc["name"] == "inference.GRPCInferenceService/ModelInfer"
    attributes = {a["key"]: a["value"]["stringValue"] for a in over_http["attributes"]}
    assert attributes["slipway.request_id"] == "mine"
    assert attributes["http.response.status"] == "200"
    lines = [line for line in server.log.read_text().splitlines() if "http.request" in line]
    assert any(TRACE in line and "mine" in line for line in lines), "the access log"


def test_a_collector_that_fails_holds_up_nobody_and_is_counted(new_server, collector):
    url, spans, status = collector
    status[0] = 503
    server = new_server("--trace-export", url).start()
    log_echo(server)
    for _ in range(5):
        assert infer(server).status_code == 200
    eventually(lambda: metric(server, "slipway_spans_dropped_total") == 5)
    status[0] = 200
    infer(server)
    eventually(lambda: spans)
    assert "parentSpanId" not in spans[0]
