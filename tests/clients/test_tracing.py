# SPDX-License-Identifier: Apache-2.0
"""Traces by the unmodified mlflow client: made, found, judged, removed, and there after a crash."""

import asyncio
import json
import os
import subprocess
import sys
import threading
import uuid

import pytest
import requests

ENV = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_ENABLE_ASYNC_TRACE_LOGGING": "false"}


@pytest.fixture
def traced(mlflow, monkeypatch):
    """The client with an experiment of its own, logging while we wait."""
    for name, value in ENV.items():
        monkeypatch.setenv(name, value)
    experiment = mlflow.set_experiment("traces-" + uuid.uuid4().hex)
    mlflow.tracing.reset()
    mlflow.experiment_id = experiment.experiment_id
    yield mlflow
    mlflow.flush_trace_async_logging()


def last(client):
    client.flush_trace_async_logging()
    return client.get_trace(client.get_last_active_trace_id())


def found(client, text, **more):
    client.flush_trace_async_logging()
    traces = client.search_traces(
        locations=[client.experiment_id], filter_string=text, return_type="list", **more
    )
    return [trace.info.tags["mlflow.traceName"] for trace in traces]


def test_a_decorated_function_becomes_a_trace(traced):
    @traced.trace(span_type="AGENT", attributes={"model": "gpt-x"})
    def answer(question, n=2):
        with traced.start_span("look up", span_type="RETRIEVER") as span:
            span.set_inputs({"q": question})
            span.set_outputs([{"page": "é", "score": 0.5}, None, True])
            span.set_attribute("big", 2**53)
            span.add_event(traced.entities.SpanEvent("looked", attributes={"at": 1.5}))
        return {"answer": "42", "n": n}

    answer("what?")
    trace = last(traced)
    assert trace.info.state == "OK" and trace.info.execution_duration >= 0
    assert trace.info.request_preview == '{"question": "what?", "n": 2}'
    assert json.loads(trace.info.response_preview) == {"answer": "42", "n": 2}
    assert trace.info.tags["mlflow.trace.spansLocation"] == "TRACKING_STORE"
    root, child = trace.data.spans
    assert (root.name, root.span_type, root.parent_id) == ("answer", "AGENT", None)
    assert root.get_attribute("model") == "gpt-x"
    assert root.inputs == {"question": "what?", "n": 2}
    assert child.parent_id == root.span_id
    assert child.outputs == [{"page": "é", "score": 0.5}, None, True]
    assert child.get_attribute("big") == 2**53
    assert child.events[0].name == "looked" and child.events[0].attributes == {"at": 1.5}


def test_a_failure_is_told(traced):
    @traced.trace
    def fails():
        raise ValueError("no such thing")

    with pytest.raises(ValueError):
        fails()
    trace = last(traced)
    assert trace.info.state == "ERROR"
    assert trace.data.spans[0].status.status_code == "ERROR"
    event = trace.data.spans[0].events[0]
    assert event.name == "exception" and "no such thing" in event.attributes["exception.message"]


def test_coroutines_and_threads_make_traces_of_their_own(traced):
    @traced.trace
    async def step(n):
        await asyncio.sleep(0)
        return n

    @traced.trace
    async def together():
        return await asyncio.gather(*(step(n) for n in range(5)))

    asyncio.run(together())
    trace = last(traced)
    assert sorted(span.name for span in trace.data.spans)[:2] == ["step", "step"]
    assert len(trace.data.spans) == 6

    @traced.trace(name="threaded")
    def work(n):
        return n

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found(traced, "name = 'threaded'")) == 8


def test_a_trace_may_be_changed_while_it_runs(traced):
    @traced.trace(name="changing")
    def run():
        traced.update_current_trace(
            tags={"team": "search"},
            metadata={"mlflow.trace.session": "s-1", "mlflow.trace.user": "ann"},
            client_request_id="c-1",
            request_preview="asked",
        )

    run()
    info = last(traced).info
    assert info.tags["team"] == "search" and info.client_request_id == "c-1"
    assert info.trace_metadata["mlflow.trace.session"] == "s-1"
    assert info.request_preview == "asked"
    assert found(traced, "metadata.`mlflow.trace.session` = 's-1'") == ["changing"]
    assert found(traced, "tags.team = 'search' AND client_request_id = 'c-1'") == ["changing"]


def test_tokens_are_added_up(traced):
    @traced.trace(name="tokens")
    def run():
        for _ in range(2):
            with traced.start_span("llm", span_type="LLM") as span:
                span.set_attribute(
                    "mlflow.chat.tokenUsage",
                    {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7},
                )

    run()
    usage = last(traced).info.token_usage
    assert (usage["input_tokens"], usage["output_tokens"], usage["total_tokens"]) == (6, 8, 14)


def test_searches_by_everything(traced):
    for n in range(6):
        with traced.start_span(f"ask-{n}", span_type="LLM" if n % 2 else "TOOL") as span:
            span.set_inputs({"question": f"where is town {n}?"})
            span.set_attribute("model", f"gpt-{n}")
            if n == 5:
                span.set_status("ERROR")
    assert found(traced, "trace.status = 'ERROR'") == ["ask-5"]
    assert found(traced, "trace.text LIKE '%town 3%'") == ["ask-3"]
    assert found(traced, "trace.text ILIKE '%TOWN 3%'") == ["ask-3"]
    assert found(traced, "span.attributes.model LIKE '%gpt-2%'") == ["ask-2"]
    assert found(traced, "span.name = 'ask-1' AND span.type = 'LLM'") == ["ask-1"]
    assert found(traced, "span.name = 'ask-1' AND span.type = 'TOOL'") == []
    assert found(traced, "name RLIKE 'ask-[01]$'", order_by=["timestamp_ms"]) == ["ask-0", "ask-1"]
    assert found(traced, "", max_results=2) == ["ask-5", "ask-4"]
    assert found(traced, "timestamp_ms > 0", order_by=["timestamp_ms ASC"])[0] == "ask-0"
    assert found(traced, "name = 'ask-1' OR (name = 'ask-4' AND NOT status = 'ERROR')") == [
        "ask-4",
        "ask-1",
    ]
    client = traced.MlflowClient()
    names, token = [], None
    for _ in range(10):
        page = client.search_traces(
            locations=[traced.experiment_id], max_results=2, page_token=token
        )
        names += [trace.info.tags["mlflow.traceName"] for trace in page]
        token = page.token
        if not token:
            break
    assert names == [f"ask-{n}" for n in reversed(range(6))]


def test_what_people_and_judges_say(traced):
    with traced.start_span("judged"):
        pass
    trace_id = last(traced).info.trace_id
    source = traced.entities.AssessmentSource("HUMAN", "me")
    feedback = traced.log_feedback(
        trace_id=trace_id,
        name="ok",
        value=False,
        rationale="no",
        source=source,
        metadata={"a": "1"},
    )
    traced.log_feedback(trace_id=trace_id, name="score", value=0.75)
    traced.log_feedback(trace_id=trace_id, name="broken", error=ValueError("bad"))
    traced.log_expectation(trace_id=trace_id, name="want", value={"n": [1, 2]})
    other = traced.override_feedback(
        trace_id=trace_id, assessment_id=feedback.assessment_id, value=True
    )
    updated = traced.update_assessment(
        trace_id, other.assessment_id, traced.entities.Feedback("ok", True, rationale="after all")
    )
    assert updated.rationale == "after all"
    by_name = {}
    for one in traced.get_trace(trace_id).info.assessments:
        by_name.setdefault(one.name, []).append(one)
    assert [(one.value, one.valid) for one in by_name["ok"]] == [(False, False), (True, True)]
    assert by_name["want"][0].value == {"n": [1, 2]}
    assert by_name["broken"][0].error.error_message == "bad"
    assert found(traced, "feedback.ok = 'true'") == ["judged"]
    assert found(traced, "feedback.ok = 'false'") == []
    assert found(traced, "feedback.score > 0.5") == ["judged"]
    assert found(traced, "expectation.want IS NOT NULL") == ["judged"]
    traced.delete_assessment(trace_id=trace_id, assessment_id=other.assessment_id)
    assert traced.get_assessment(trace_id, feedback.assessment_id).valid
    assert found(traced, "feedback.ok = 'false'") == ["judged"]


def test_tags_links_and_removal(traced):
    client = traced.MlflowClient()
    ids = []
    for n in range(4):
        with traced.start_span(f"one-{n}"):
            pass
        ids.append(last(traced).info.trace_id)
    client.set_trace_tag(ids[0], "color", "red")
    assert found(traced, "tags.color = 'red'") == ["one-0"]
    client.delete_trace_tag(ids[0], "color")
    assert found(traced, "tags.color IS NULL AND name = 'one-0'") == ["one-0"]
    with traced.start_run() as run:
        with traced.start_span("in the run"):
            pass
    client.link_traces_to_run([ids[1]], run.info.run_id)
    assert found(traced, f"run_id = '{run.info.run_id}'") == ["in the run", "one-1"]
    prompt = traced.genai.register_prompt(name="qa-" + uuid.uuid4().hex[:8], template="Say {{it}}")
    client.link_prompt_versions_to_trace(trace_id=ids[2], prompt_versions=[prompt])
    assert found(traced, f"prompt = '{prompt.name}/{prompt.version}'") == ["one-2"]
    assert client.delete_traces(traced.experiment_id, trace_ids=ids[:1]) == 1
    assert client.delete_traces(traced.experiment_id, max_timestamp_millis=2**50, max_traces=1) == 1
    assert found(traced, "name LIKE 'one-%'", order_by=["timestamp_ms"]) == ["one-2", "one-3"]
    assert traced.get_trace(ids[0]) is None


def test_a_trace_goes_on_in_another_process(traced, server):
    program = """
import json, sys, mlflow
from mlflow.tracing.distributed import set_tracing_context_from_http_request_headers as context
mlflow.set_experiment(experiment_id=sys.argv[1])
with context(json.loads(sys.argv[2])):
    with mlflow.start_span("over there"):
        pass
mlflow.flush_trace_async_logging()
"""
    from mlflow.tracing.distributed import get_tracing_context_headers_for_http_request

    with traced.start_span("over here"):
        headers = get_tracing_context_headers_for_http_request()
        subprocess.run(
            [sys.executable, "-c", program, traced.experiment_id, json.dumps(headers)],
            env=os.environ | ENV | {"MLFLOW_TRACKING_URI": server.url},
            check=True,
        )
    trace = last(traced)
    here, there = sorted(trace.data.spans, key=lambda span: span.parent_id is not None)
    assert (here.name, there.name) == ("over here", "over there")
    assert there.parent_id == here.span_id


def test_older_servers_way_of_storing_spans_works(traced, server, monkeypatch):
    """A client that takes the server for an old one uploads its spans as an artifact."""
    from mlflow.store.tracking.rest_store import RestStore

    monkeypatch.setattr(RestStore, "_get_server_version", staticmethod(lambda creds: None))
    with traced.start_span("uploaded") as span:
        span.set_inputs("in")
    trace = last(traced)
    assert "mlflow.trace.spansLocation" not in trace.info.tags
    assert trace.data.spans[0].inputs == "in"
    ui = requests.get(
        server.url + "/ajax-api/3.0/mlflow/get-trace-artifact",
        params={"request_id": trace.info.trace_id},
    )
    assert ui.ok and ui.json()["spans"][0]["name"] == "uploaded"


def test_figures_as_the_ui_asks(traced, server):
    for _ in range(3):
        with traced.start_span("measured"):
            pass
    traced.flush_trace_async_logging()
    answer = requests.post(
        server.url + "/ajax-api/3.0/mlflow/traces/metrics",
        json={
            "experiment_ids": [traced.experiment_id],
            "view_type": "TRACES",
            "metric_name": "trace_count",
            "aggregations": [{"aggregation_type": "COUNT"}],
            "dimensions": ["trace_name"],
        },
    )
    assert answer.json()["data_points"] == [
        {
            "metric_name": "trace_count",
            "dimensions": {"trace_name": "measured"},
            "values": {"COUNT": 3.0},
        }
    ]


def test_nothing_acknowledged_is_lost_by_a_kill(new_server):
    """Spans by hand, so that every acknowledgement is known; killed while they come."""
    server = new_server().start()
    acknowledged = []

    def write(thread):
        for n in range(400):
            trace = f"{thread:02x}{n:030x}"
            span = {"traceId": trace, "spanId": "01" * 8, "name": f"n{n}", "startTimeUnixNano": "5"}
            body = {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
            try:
                answer = requests.post(
                    server.url + "/v1/traces",
                    json=body,
                    headers={"x-mlflow-experiment-id": "0"},
                    timeout=10,
                )
            except requests.RequestException:
                return
            if answer.ok:
                acknowledged.append("tr-" + trace)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    while len(acknowledged) < 60 and any(thread.is_alive() for thread in threads):
        threading.Event().wait(0.01)
    server.kill()
    for thread in threads:
        thread.join()
    server.start()
    assert len(acknowledged) >= 60
    for trace in acknowledged:
        answer = requests.get(
            server.url + "/api/3.0/mlflow/traces/get",
            params={"trace_id": trace, "allow_partial": "true"},
        )
        assert answer.ok and len(answer.json()["trace"]["spans"]) == 1, trace


@pytest.mark.parametrize(
    "headers, body",
    [
        ({}, b""),
        ({"x-mlflow-experiment-id": "0", "content-type": "application/x-protobuf"}, b"\x00" * 99),
        ({"x-mlflow-experiment-id": "0", "content-type": "application/json"}, b"[" * 100_000),
        (
            {
                "x-mlflow-experiment-id": "0",
                "content-type": "application/x-protobuf",
                "content-encoding": "gzip",
            },
            b"no gzip",
        ),
        (
            {"x-mlflow-experiment-id": "-1", "content-type": "application/json"},
            b'{"resourceSpans":[]}',
        ),
    ],
)
def test_bad_exports_are_refused(server, headers, body):
    answer = requests.post(server.url + "/v1/traces", data=body, headers=headers)
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.json()


def test_hostile_traces_are_refused_or_kept_never_an_error_of_ours(server):
    api = server.url + "/api/3.0/mlflow/traces"
    deep = "[" * 60 + "]" * 60
    bodies = [
        {"trace": {"trace_info": {"trace_id": "x" * 300}}},
        {"trace": {"trace_info": {"trace_id": "t", "trace_location": {}}}},
        {"trace": []},
        {"trace": {"trace_info": {"tags": {"a": 5}}}},
        {"trace": {"trace_info": {"tags": ["a"]}}},
        {"trace": {"trace_info": {"request_time": "9999999-01-01T00:00:00Z"}}},
    ]
    for body in bodies:
        assert requests.post(api, json=body).status_code == 400, body
    for text in [
        "(" * 200,
        "name RLIKE '('",
        "name RLIKE '" + "(a*)*" * 40 + "b'",
        "'",
        "tags.",
        deep,
    ]:
        search = {
            "locations": [{"mlflow_experiment": {"experiment_id": "0"}}],
            "filter": text,
        }
        assert requests.post(api + "/search", json=search).status_code in (200, 400), text
    for path in ["/../..", "/%00", "/" + "x" * 5000, "/a/assessments/%ff"]:
        assert requests.get(api + path).status_code < 500, path
    name = "giant-" + uuid.uuid4().hex
    attributes = [{"key": f"k{n}", "value": {"stringValue": "v" * 50_000}} for n in range(100)]
    span = {
        "traceId": uuid.uuid4().hex,
        "spanId": "01" * 8,
        "name": name,
        "startTimeUnixNano": "5",
        "attributes": attributes,
    }
    answer = requests.post(
        server.url + "/v1/traces",
        json={"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]},
        headers={"x-mlflow-experiment-id": "0"},
    )
    assert answer.ok, answer.text
    kept = requests.get(api + "/get", params={"trace_id": "tr-" + span["traceId"]}).json()["trace"]
    assert len(kept["spans"][0]["attributes"]) == 101
