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
    attributes = {a["key"]: a["value"] for a in over_http["attributes"]}
    assert attributes["slipway.request_id"] == {"stringValue": "mine"}
    assert attributes["http.response.status_code"] == {"intValue": "200"}
    assert attributes["http.route"] == {"stringValue": "/v2/models/{name}/infer"}
    attributes = {a["key"]: a["value"] for a in over_grpc["attributes"]}
    assert attributes["rpc.method"] == {"stringValue": "ModelInfer"}
    assert attributes["rpc.grpc.status_code"] == {"intValue": "0"}
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


def test_the_answer_names_the_span_that_is_exported(new_server, collector):
    """Over HTTP and gRPC, to callers that the packages of OpenTelemetry make, and read by them."""
    import base64

    import grpc
    from google.protobuf import json_format
    from opentelemetry import trace
    from opentelemetry.propagate import extract, inject
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
    from opentelemetry.sdk.trace import TracerProvider
    from tritonclient.grpc import service_pb2

    url, spans, _ = collector
    server = new_server("--trace-export", url, "--trace-share", "0").start()
    log_echo(server)
    tracer = TracerProvider().get_tracer("test")
    with tracer.start_as_current_span("caller") as caller:
        headers = {}
        inject(headers)
        answer = infer(server, **headers)
        over_http = trace.get_current_span(extract(dict(answer.headers))).get_span_context()
        with grpc.insecure_channel(server.grpc) as channel:
            method = channel.unary_unary(
                "/inference.GRPCInferenceService/ModelMetadata",
                request_serializer=lambda message: message.SerializeToString(),
                response_deserializer=service_pb2.ModelMetadataResponse.FromString,
            )
            request = service_pb2.ModelMetadataRequest(name="echo")
            _, call = method.with_call(request, metadata=list(headers.items()))
            metadata = {key: value for key, value in call.initial_metadata()}
        over_grpc = trace.get_current_span(extract(metadata)).get_span_context()
    mine = caller.get_span_context()
    for context in (over_http, over_grpc):
        assert context.trace_id == mine.trace_id and context.trace_flags.sampled
        assert context.span_id not in (mine.span_id, 0)
    eventually(lambda: spans)
    for key in ("traceId", "spanId", "parentSpanId"):  # hexadecimal in OTLP, base64 in protobuf
        spans[0][key] = base64.b64encode(bytes.fromhex(spans[0][key])).decode()
    export = {"resourceSpans": [{"scopeSpans": [{"spans": spans[:1]}]}]}
    parsed = json_format.ParseDict(export, ExportTraceServiceRequest())
    span = parsed.resource_spans[0].scope_spans[0].spans[0]
    assert int.from_bytes(span.trace_id) == mine.trace_id
    assert int.from_bytes(span.parent_span_id) == mine.span_id
    assert int.from_bytes(span.span_id) == over_http.span_id
    assert infer(server).headers.get("traceparent") is None  # nobody traces it
    unsampled = infer(server, traceparent=f"00-{TRACE}-{PARENT}-00").headers["traceparent"]
    assert unsampled.startswith(f"00-{TRACE}-") and unsampled.endswith("-00")
    assert PARENT not in unsampled
    assert "traceparent" in requests.get(f"{server.url}/version", headers=headers).headers


def test_who_brings_no_trace_is_told_of_the_one_that_begins(new_server, collector):
    url, spans, _ = collector
    server = new_server("--trace-export", url, "--access-log", "yes").start()
    log_echo(server)
    began = infer(server).headers["traceparent"]
    eventually(lambda: spans)
    assert began == f"00-{spans[0]['traceId']}-{spans[0]['spanId']}-01"
    assert spans[0]["traceId"] in server.log.read_text(), "the access log"


def test_what_a_python_model_does_belongs_to_the_callers_trace(new_server):
    import sys

    import cloudpickle
    import mlflow
    import numpy as np
    import pandas as pd
    from mlflow.models import infer_signature

    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    server = new_server("--python", sys.executable).start()
    mlflow.set_tracking_uri(server.url)
    mlflow.set_registry_uri(server.url)
    rows = pd.DataFrame({"x": [1.0, 2.0]})

    class Tracer(mlflow.pyfunc.PythonModel):
        def predict(self, context, model_input, params=None):
            from opentelemetry import trace

            now = trace.get_current_span().get_span_context()
            return [f"{now.trace_id:032x}-{now.span_id:016x}"] * len(model_input)

    with mlflow.start_run():
        mlflow.pyfunc.log_model(
            name="model",
            python_model=Tracer(),
            registered_model_name="tracer",
            signature=infer_signature(rows, np.array(["a"])),
            pip_requirements=["cloudpickle"],
        )
    endpoint(server, "tracer", [{"model": "tracer", "version": "1"}])

    def ask(path, body, **headers):
        answer = requests.post(f"{server.url}{path}", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer

    body = {"dataframe_split": {"columns": ["x"], "data": [[1.0]]}}
    header = f"00-{TRACE}-{PARENT}-01"
    for path in ("/endpoints/tracer/invocations", "/endpoints/tracer/predict"):
        sent = body if path.endswith("invocations") else {"x": 1.0}
        answer = ask(path, sent, traceparent=header)
        own = answer.headers["traceparent"]
        assert own[3:52] in answer.text and TRACE in own
    untraced = ask("/endpoints/tracer/invocations", body).text
    assert "0" * 32 in untraced


def test_metrics_under_the_names_of_other_servers(new_server):
    server = new_server().start()
    log_echo(server)
    assert infer(server).status_code == 200

    def series(name, *labels):
        lines = requests.get(f"{server.url}/metrics").text.splitlines()
        found = [line for line in lines if line.startswith(name) and all(x in line for x in labels)]
        return [float(line.split()[-1]) for line in found]

    for phase in ("preprocess", "predict", "postprocess"):
        name = f"request_{phase}_seconds_count"
        eventually(lambda name=name: series(name, 'model_name="echo"') == [1])
        assert series(f"request_{phase}_seconds_sum", 'model_name="echo"')[0] < 10
        assert series(f"request_{phase}_seconds_bucket", 'model_name="echo"', 'le="+Inf"') == [1]
    assert series("request_explain_seconds_count", 'model_name="echo"') == [0]
    for name in (
        "nv_inference_request_success",
        "nv_inference_request_failure",
        "nv_inference_count",
        "nv_inference_exec_count",
        "nv_inference_request_duration_us",
        "nv_inference_queue_duration_us",
        "nv_inference_compute_input_duration_us",
        "nv_inference_compute_infer_duration_us",
        "nv_inference_compute_output_duration_us",
        "nv_inference_pending_request_count",
        "slipway_serving_queue_seconds_bucket",
        "slipway_serving_batch_rows_bucket",
    ):
        assert series(name, 'model="echo"', 'version="1"'), name
    assert series("nv_inference_count", 'model="echo"') == [1]
    total, used = series("nv_cpu_memory_total_bytes")[0], series("nv_cpu_memory_used_bytes")[0]
    assert 0 < used < total
    assert 0 <= series("nv_cpu_utilization")[0] <= 1
