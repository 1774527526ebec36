# SPDX-License-Identifier: Apache-2.0
"""Spans from OpenTelemetry's own SDK and OTLP/HTTP exporter, without mlflow's client."""

import gzip
import zlib

import pytest
import requests

exporters = pytest.importorskip("opentelemetry.exporter.otlp.proto.http.trace_exporter")


def provider_for(server, **options):
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor

    exporter = exporters.OTLPSpanExporter(
        endpoint=server.url + "/v1/traces",
        headers={"x-mlflow-experiment-id": "0"} | options.pop("headers", {}),
        **options,
    )
    provider = TracerProvider(resource=Resource.create({"service.name": "shop"}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider


def trace_of(server, span):
    trace_id = f"tr-{span.get_span_context().trace_id:032x}"
    answer = requests.get(
        server.url + "/api/3.0/mlflow/traces/get",
        params={"trace_id": trace_id, "allow_partial": "true"},
    )
    assert answer.ok, answer.text
    return answer.json()["trace"]


@pytest.mark.parametrize("compression", ["NoCompression", "Gzip", "Deflate"])
def test_the_exporter_delivers(server, compression):
    chosen = getattr(exporters.Compression, compression)
    provider = provider_for(server, compression=chosen)
    tracer = provider.get_tracer("test")
    with tracer.start_as_current_span("outer", attributes={"n": 5, "words": ["a", "b"]}) as outer:
        with tracer.start_as_current_span("chat") as inner:
            inner.set_attribute("gen_ai.operation.name", "chat")
            inner.set_attribute("gen_ai.request.model", "gpt-x")
            inner.set_attribute("gen_ai.usage.input_tokens", 3)
            inner.set_attribute("gen_ai.usage.output_tokens", 4)
            inner.add_event("said", {"what": "hello"})
            inner.record_exception(ValueError("bad"))
    provider.shutdown()
    trace = trace_of(server, outer)
    info, spans = trace["trace_info"], trace["spans"]
    assert [span["name"] for span in spans] == ["outer", "chat"]
    assert info["state"] == "OK" and info["tags"]["service.name"] == "shop"
    assert '"total_tokens": 7' in info["trace_metadata"]["mlflow.trace.tokenUsage"]
    attributes = {pair["key"]: pair["value"] for pair in spans[1]["attributes"]}
    assert attributes["mlflow.spanType"] == {"string_value": "CHAT_MODEL"}
    assert attributes["mlflow.llm.model"] == {"string_value": "gpt-x"}
    assert [event["name"] for event in spans[1]["events"]] == ["said", "exception"]


def test_a_failed_root_fails_the_trace(server):
    from opentelemetry.trace import Status, StatusCode

    provider = provider_for(server)
    with provider.get_tracer("test").start_as_current_span("root") as span:
        span.set_status(Status(StatusCode.ERROR, "out of luck"))
    provider.shutdown()
    trace = trace_of(server, span)
    assert trace["trace_info"]["state"] == "ERROR"
    assert trace["spans"][0]["status"] == {"code": "STATUS_CODE_ERROR", "message": "out of luck"}


def test_traces_are_linked_to_the_run_that_a_header_names(server):
    api = server.url + "/api/2.0/mlflow/"
    run = requests.post(api + "runs/create", json={"experiment_id": "0"}).json()["run"]["info"]
    provider = provider_for(server, headers={"x-mlflow-run-id": run["run_id"]})
    with provider.get_tracer("test").start_as_current_span("in a run") as span:
        pass
    provider.shutdown()
    answer = requests.post(
        server.url + "/api/3.0/mlflow/traces/search",
        json={
            "locations": [{"mlflow_experiment": {"experiment_id": "0"}}],
            "filter": f"run_id = '{run['run_id']}'",
        },
    )
    ids = [trace["trace_id"] for trace in answer.json()["traces"]]
    assert ids == [f"tr-{span.get_span_context().trace_id:032x}"]


def test_bad_spans_are_counted_and_the_good_ones_kept(server):
    good = {"traceId": "0a" * 16, "spanId": "0b" * 8, "name": "good", "startTimeUnixNano": "5"}
    spans = [good, {"name": "no ids"}, good | {"spanId": "0c" * 9}]
    answer = requests.post(
        server.url + "/v1/traces",
        json={"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]},
        headers={"x-mlflow-experiment-id": "0"},
    )
    assert answer.status_code == 200
    assert answer.json()["partialSuccess"]["rejectedSpans"] == "2"


@pytest.mark.parametrize("encoding, pack", [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_a_bomb_is_refused(server, encoding, pack):
    answer = requests.post(
        server.url + "/v1/traces",
        data=pack(b"\x00" * (80 << 20)),
        headers={
            "x-mlflow-experiment-id": "0",
            "content-type": "application/x-protobuf",
            "content-encoding": encoding,
        },
    )
    assert answer.status_code in (400, 413, 429), answer.text
