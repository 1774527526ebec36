# SPDX-License-Identifier: Apache-2.0
"""Traces with spans and assessments, and evaluation datasets, brought over from a database that the
client wrote and from a server: everything that the client tells is the same there."""

import json

import pytest
from mlflow import MlflowClient
from test_import import client_of, summary


def make_work(mlflow, uri: str) -> str:
    """Answers the experiment's id."""
    from mlflow.entities import AssessmentSource
    from mlflow.genai import datasets

    mlflow.set_tracking_uri(uri)
    experiment = mlflow.set_experiment("llm").experiment_id

    @mlflow.trace(span_type="LLM", attributes={"k": 1.5, "größe": [1, "zwei"]})
    def think(question):
        span = mlflow.get_current_active_span()
        tokens = {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}
        span.set_attribute("mlflow.chat.tokenUsage", tokens)
        return f"forty-two é {question}"

    @mlflow.trace(span_type="CHAIN")
    def answer(question):
        return {"a": think(question)}

    @mlflow.trace
    def broken():
        raise ValueError("no")

    ids = []
    with mlflow.start_run():
        for number in range(3):
            answer(f"why {number}?")
            ids.append(mlflow.get_last_active_trace_id())
    with pytest.raises(ValueError, match="no"):
        broken()
    mlflow.flush_trace_async_logging()
    human = AssessmentSource("HUMAN", "ada")
    mlflow.set_trace_tag(ids[0], "team", "blue")
    mlflow.log_feedback(trace_id=ids[0], name="good", value=0.75, rationale="fine", source=human)
    mlflow.log_feedback(
        trace_id=ids[0], name="flag", value=True, source=AssessmentSource("CODE", "x")
    )
    mlflow.log_expectation(trace_id=ids[1], name="wanted", value={"x": [1, 2]}, source=human)
    golden = datasets.create_dataset(name="golden", experiment_id=[experiment], tags={"t": "1"})
    golden.merge_records(
        [
            {
                "inputs": {"q": f"q{number}"},
                "outputs": {"o": number},
                "expectations": {"e": number},
                "tags": {"n": str(number)},
            }
            for number in range(3)
        ]
        + [{"inputs": {"q": "none"}}]
    )
    return experiment


def told(client: MlflowClient, experiment: str) -> dict:
    out: dict = {"traces": {}}
    for trace in client.search_traces(locations=[experiment]):
        info = trace.info
        tags = {k: v for k, v in info.tags.items() if k != "mlflow.artifactLocation"}
        out["traces"][info.trace_id] = (
            (info.request_time, info.execution_duration, str(info.state)),
            (info.request_preview, info.response_preview, info.client_request_id),
            tags,
            {k: v for k, v in info.trace_metadata.items() if k != "mlflow.trace.infoFinalized"},
            sorted(
                (a.name, json.dumps(a.value), a.rationale, a.source.source_type, a.source.source_id)
                for a in info.assessments
            ),
            sorted(
                (
                    span.name,
                    span.span_id,
                    span.parent_id or "",
                    span.span_type,
                    span.start_time_ns,
                    span.end_time_ns,
                    str(span.status.status_code),
                    json.dumps(span.attributes, sort_keys=True, default=str),
                    len(span.events),
                )
                for span in trace.data.spans
            ),
        )
    (dataset,) = client.search_datasets(experiment_ids=[experiment])
    found = client.get_dataset(dataset.dataset_id)
    out["dataset"] = (found.dataset_id, found.name, found.tags.get("t"), found.created_time)
    out["records"] = sorted(
        (
            json.dumps(r.inputs),
            json.dumps(r.outputs),
            json.dumps(r.expectations),
            json.dumps(r.tags),
            r.dataset_record_id,
            r.created_time,
        )
        for r in found.records
    )
    return out


def compare(mlflow, source: str, command: tuple, server, slipway) -> None:
    experiment = make_work(mlflow, source)
    old = MlflowClient(source)
    first = summary(slipway(*command))
    assert (first["copied"]["traces"], first["copied"]["datasets"]) == (4, 1)
    assert first["copied"]["examples"] == 4
    new = client_of(server)
    there = new.get_experiment_by_name("llm").experiment_id
    here, over_there = told(old, experiment), told(new, there)
    assert here["traces"].keys() == over_there["traces"].keys()
    for trace, parts in here["traces"].items():
        for part, same in zip(parts, over_there["traces"][trace], strict=True):
            assert part == same
    assert here == over_there
    assert set(summary(slipway(*command))["copied"].values()) == {0}
    # What comes later follows.
    some = old.search_traces(locations=[experiment])[0].info.trace_id
    old.set_trace_tag(some, "late", "yes")
    again = summary(slipway(*command))["copied"]
    assert (again["traces"], again["examples"]) == (1, 0)
    assert new.get_trace(some).info.tags["late"] == "yes"


@pytest.fixture
def client():
    import mlflow

    yield mlflow
    while mlflow.active_run():
        mlflow.end_run()
    mlflow.set_tracking_uri(None)


def test_traces_of_a_database_come_over(client, new_server, slipway, tmp_path, monkeypatch):
    pytest.importorskip("sqlalchemy")
    monkeypatch.chdir(tmp_path)
    server = new_server().start()
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    command = ("import", "mlflow", uri, "--server", server.url, "--json", "-")
    compare(client, uri, command, server, slipway)


def test_traces_of_a_server_come_over(client, new_server, slipway):
    source, target = new_server().start(), new_server().start()
    command = ("import", "mlflow", source.url, "--server", target.url, "--json", "-")
    compare(client, source.url, command, target, slipway)
