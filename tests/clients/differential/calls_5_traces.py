# SPDX-License-Identifier: Apache-2.0
"""Traces: in both shapes, with spans over OTLP, assessments, searches, figures, removal."""

import json

from script import BAD, call

V3 = "/api/3.0/mlflow/traces"
V2 = "/api/2.0/mlflow/traces"
HERE = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}}
BASE = 1_700_000_000_000


def trace_calls():
    def start(name, info, **more):
        call(name, "POST", V3, {"trace": {"trace_info": info}}, **more)

    def info(trace_id, second, **more):
        return {
            "trace_id": trace_id,
            "trace_location": HERE,
            "request_time": f"2023-11-14T22:13:{20 + second:02d}.500Z",
            "execution_duration": "1.25s",
            "state": "OK",
        } | more

    start(
        "start trace",
        info(
            "tr-one",
            0,
            client_request_id="c-1",
            request_preview="what?",
            response_preview="that",
            tags={"mlflow.traceName": "ask", "team": "a"},
            trace_metadata={
                "mlflow.trace.session": "s-1",
                "mlflow.trace.tokenUsage": '{"input_tokens": 3, "total_tokens": 7}',
                "mlflow.sourceRun": "0" * 32,
                "other": "x" * 300,
            },
        ),
    )
    start(
        "start a second trace",
        info("tr-two", 5, state="ERROR", execution_duration="2s", tags={"team": "b"}),
    )
    start(
        "start a trace in progress",
        {
            "trace_id": "tr-three",
            "trace_location": HERE,
            "request_time": "2023-11-14T22:13:40Z",
            "state": 3,
            "trace_metadata": {"mlflow.trace.session": "s-1"},
        },
    )
    start("report a trace again", info("tr-two", 5, tags={"mlflow.traceName": "again"}))
    start("start without a trace", None, ours=BAD)
    call("start with nothing", "POST", V3, {})
    start(
        "start in an unknown experiment",
        info("tr-x", 0)
        | {
            "trace_location": {
                "type": "MLFLOW_EXPERIMENT",
                "mlflow_experiment": {"experiment_id": "987654"},
            }
        },
    )
    start("start with a bad time", info("tr-x", 0, request_time="soon"), ours=BAD)
    start("start with a bad duration", info("tr-x", 0, execution_duration="soon"), ours=BAD)
    there = HERE | {"mlflow_experiment": {"experiment_id": "$exp"}}
    odd = info("tr-x", 0, state="MAYBE", trace_location=there)  # the original takes it
    start("start with a bad state", odd, ours=BAD)
    start(
        "start with a long session",
        info("tr-x", 0, trace_metadata={"mlflow.trace.session": "s" * 251}),
    )
    call("trace info", "GET", V3 + "/tr-one")
    call("unknown trace info", "GET", V3 + "/tr-nobody")
    call("old trace info", "GET", V2 + "/tr-one/info")
    call("old unknown trace info", "GET", V2 + "/tr-nobody/info")
    call(
        "batch of infos",
        "POST",
        V3 + "/batchGetInfos",
        {"trace_ids": ["tr-two", "tr-nobody", "tr-one", "tr-two"]},
    )
    call("batch of no infos", "POST", V3 + "/batchGetInfos", {"trace_ids": []})
    call(
        "batch of infos elsewhere",
        "POST",
        V3 + "/batchGetInfos",
        {"trace_ids": ["tr-one"], "experiment_ids": ["5"]},
    )


def span_calls():
    def any_of(value):
        if isinstance(value, bool):
            return {"boolValue": value}
        if isinstance(value, int):
            return {"intValue": str(value)}
        if isinstance(value, float):
            return {"doubleValue": value}
        if isinstance(value, list):
            return {"arrayValue": {"values": [any_of(item) for item in value]}}
        if isinstance(value, dict):
            return {"kvlistValue": {"values": pairs(value)}}
        return {"stringValue": value} if value is not None else {}

    def pairs(values):
        return [{"key": key, "value": any_of(value)} for key, value in values.items()]

    def span(trace, number, name, attributes, parent=None, **more):
        out = {
            "traceId": trace * 16,
            "spanId": f"{number:016x}",
            "name": name,
            "startTimeUnixNano": str((BASE + number) * 1_000_000),
            "endTimeUnixNano": str((BASE + number + 40) * 1_000_000),
            "attributes": pairs(attributes),
        } | more
        return out | ({"parentSpanId": f"{parent:016x}"} if parent else {})

    def export(name, spans, headers=None, resource=None, **more):
        body = {
            "resourceSpans": [
                {
                    "resource": {"attributes": pairs(resource or {})},
                    "scopeSpans": [{"spans": spans}],
                }
            ]
        }
        base = {"Content-Type": "application/json", "x-mlflow-experiment-id": "0"}
        call(
            name, "POST", "/v1/traces", raw=json.dumps(body), headers=base | (headers or {}), **more
        )

    # The original answers a JSON request in protobuf's encoding: nothing, where JSON has {}.
    done = {"ours": (200, None)}
    export(
        "export a root and a child",
        [
            span(
                "a1",
                1,
                "root",
                {
                    "mlflow.spanInputs": {"question": "Paris in spring?", "n": 1.5},
                    "mlflow.spanOutputs": [1, 2.0, None, True],
                    "mlflow.spanType": "AGENT",
                    "user.id": "ann",
                    "session.id": "s-9",
                    "text": 'a "q"',
                    "json": '{"already": "json"}',
                    "mlflow.traceTag.color": "red",
                },
                status={"code": 1},
                events=[{"name": "e", "timeUnixNano": "5", "attributes": pairs({"x": 1})}],
            ),
            span(
                "a1",
                2,
                "call a model",
                {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.response.model": "gpt-x",
                    "gen_ai.provider.name": "acme",
                    "gen_ai.usage.input_tokens": 3,
                    "gen_ai.usage.output_tokens": 4,
                    "mlflow.llm.cost": {"input_cost": 0.25, "output_cost": 0.5, "total_cost": 0.75},
                },
                parent=1,
                status={"code": "STATUS_CODE_ERROR", "message": "slow"},
            ),
        ],
        resource={"service.name": "shop", "telemetry.sdk.name": "x", "replicas": 3},
        **done,
    )
    export("export a child alone", [span("a2", 7, "child", {"k": "v"}, parent=6)], **done)
    export(
        "export into an unknown experiment",
        [span("a3", 1, "x", {})],
        {"x-mlflow-experiment-id": "987654"},
    )
    export("export into a word", [span("a3", 1, "x", {})], {"x-mlflow-experiment-id": "word"})
    call("export without a header", "POST", "/v1/traces", raw="{}")
    header = {"x-mlflow-experiment-id": "0", "Content-Type": "application/json"}
    call("export nothing", "POST", "/v1/traces", raw="{}", headers=header)
    call("export no JSON", "POST", "/v1/traces", raw="{", headers=header)
    wrong = '{"resourceSpans": 5}'
    call("export a wrong type", "POST", "/v1/traces", raw=wrong, headers=header, ours=(400, None))
    protobuf = {"x-mlflow-experiment-id": "0", "Content-Type": "application/x-protobuf"}
    call("export bad protobuf", "POST", "/v1/traces", raw="\x7f\x7f", headers=protobuf)
    text = {"x-mlflow-experiment-id": "0", "Content-Type": "text/plain"}
    call("export as text", "POST", "/v1/traces", raw="{}", headers=text)
    export("export a span without ids", [{"name": "x"}])
    root = "tr-" + "a1" * 16
    call("info of an exported trace", "GET", f"{V3}/{root}")
    call("the exported trace", "GET", V3 + "/get", {"trace_id": root})
    call(
        "its spans as a file",
        "GET",
        "/ajax-api/3.0/mlflow/get-trace-artifact",
        {"request_id": root},
    )
    call(
        "a file of no trace", "GET", "/ajax-api/2.0/mlflow/get-trace-artifact", {"request_id": "x"}
    )
    call("a file without a trace", "GET", "/ajax-api/2.0/mlflow/get-trace-artifact", ours=BAD)
    call(
        "a partial trace",
        "GET",
        V3 + "/get",
        {"trace_id": "tr-" + "a2" * 16, "allow_partial": "true"},
    )
    call("get without an id", "GET", V3 + "/get")
    call("get an unknown trace", "GET", V3 + "/get", {"trace_id": "tr-nobody"})
    call("batch of traces", "GET", V3 + "/batchGet", {"trace_ids": [root, "tr-nobody"]})


def tag_calls():
    for version, path in (("v2", V2), ("v3", V3)):
        tag = f"{path}/tr-one/tags"
        call(f"set trace tag {version}", "PATCH", tag, {"key": "k" + version, "value": "v"})
        call(f"set long trace tag {version}", "PATCH", tag, {"key": "long", "value": "v" * 9000})
        call(f"set trace tag without a key {version}", "PATCH", tag, {"value": "v"})
        call(f"delete trace tag {version}", "DELETE", tag, {"key": "k" + version})
        call(f"delete trace tag twice {version}", "DELETE", tag, {"key": "k" + version})
    one = f"{V3}/tr-one/tags"
    call("set a bad trace tag", "PATCH", one, {"key": "a/../b", "value": "v"})
    call(
        "set the place of spans", "PATCH", one, {"key": "mlflow.trace.spansLocation", "value": "v"}
    )
    call(
        "set a tag of an unknown trace",
        "PATCH",
        V3 + "/tr-nobody/tags",
        {"key": "k", "value": "v"},
        ours=(404, "RESOURCE_DOES_NOT_EXIST"),
    )
    call("rename a trace", "PATCH", one, {"key": "mlflow.traceName", "value": "renamed"})
    call("info of the renamed", "GET", V3 + "/tr-one")


def assessment_calls():
    def create(name, trace, body, **more):
        call(name, "POST", f"{V3}/{trace}/assessments", {"assessment": body}, **more)

    human = {"source_type": "HUMAN", "source_id": "me"}
    at = {"create_time": "2023-11-14T22:13:20Z", "last_update_time": "2023-11-14T22:13:20.250Z"}
    base = {"source": human} | at
    create(
        "create feedback",
        "tr-one",
        {
            "assessment_name": "ok",
            "feedback": {"value": True},
            "rationale": "r",
            "metadata": {"m": "1"},
        }
        | base,
        save={"feedback": "assessment.assessment_id"},
    )
    create(
        "create a score", "tr-two", {"assessment_name": "score", "feedback": {"value": 5}} | base
    )
    create(
        "create a word", "tr-one", {"assessment_name": "word", "feedback": {"value": "good"}} | base
    )
    create(
        "create structured feedback",
        "tr-two",
        {"assessment_name": "list", "feedback": {"value": [1, {"a": None}, "é"]}} | base,
    )
    create(
        "create failed feedback",
        "tr-two",
        {"assessment_name": "bad", "feedback": {"error": {"error_code": "E", "error_message": "m"}}}
        | base,
    )
    create(
        "create an expectation",
        "tr-one",
        {"assessment_name": "want", "expectation": {"value": "x"}, "span_id": "1"} | base,
        save={"expectation": "assessment.assessment_id"},
    )
    create(
        "create a structured expectation",
        "tr-two",
        {
            "assessment_name": "want",
            "expectation": {
                "serialized_value": {"serialization_format": "JSON_FORMAT", "value": '{"a": 1}'}
            },
        }
        | base,
    )
    create(
        "create an unknown format",
        "tr-two",
        {
            "assessment_name": "want",
            "expectation": {"serialized_value": {"serialization_format": "X", "value": "1"}},
        }
        | base,
    )
    create(
        "create an empty expectation",
        "tr-two",
        {"assessment_name": "want", "expectation": {"value": None}} | base,
    )
    create("create an assessment of nothing", "tr-two", {"assessment_name": "x"} | base)
    call("create no assessment", "POST", V3 + "/tr-two/assessments", {})
    create(
        "assess an unknown trace",
        "tr-nobody",
        {"assessment_name": "ok", "feedback": {"value": True}} | base,
    )
    create(
        "override",
        "tr-one",
        {"assessment_name": "ok", "feedback": {"value": False}, "overrides": "$feedback"} | base,
        save={"overriding": "assessment.assessment_id"},
    )
    create(
        "override nobody",
        "tr-one",
        {"assessment_name": "ok", "feedback": {"value": False}, "overrides": "a-nobody"} | base,
    )
    for_session = {"metadata": {"mlflow.trace.session": "s-1"}}
    create(
        "assess a session",
        "tr-one",
        {"assessment_name": "mood", "feedback": {"value": "happy"}} | base | for_session,
    )
    one = f"{V3}/tr-one/assessments/"
    call("get assessment", "GET", one + "$feedback")
    call("get unknown assessment", "GET", one + "a-nobody")
    call("get assessment of an unknown trace", "GET", V3 + "/tr-nobody/assessments/a")
    call(
        "update feedback",
        "PATCH",
        one + "$feedback",
        {
            "assessment": {
                "assessment_name": "fine",
                "feedback": {"value": "no"},
                "rationale": "r2",
                "metadata": {"n": "2"},
            },
            "update_mask": "assessmentName,feedback,rationale,metadata",
        },
    )
    call(
        "update the wrong kind",
        "PATCH",
        one + "$expectation",
        {"assessment": {"feedback": {"value": 1}}, "update_mask": "feedback"},
    )
    call("update without a mask", "PATCH", one + "$feedback", {"assessment": {}})
    call(
        "update unknown assessment",
        "PATCH",
        one + "a-nobody",
        {"assessment": {"rationale": "x"}, "update_mask": "rationale"},
    )
    call("delete the overriding", "DELETE", one + "$overriding")
    call("delete it again", "DELETE", one + "$overriding")
    call("get the overridden", "GET", one + "$feedback")


trace_calls()
span_calls()
tag_calls()
assessment_calls()
