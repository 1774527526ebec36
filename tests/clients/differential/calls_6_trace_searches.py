# SPDX-License-Identifier: Apache-2.0
"""Searching traces, figures over them, the older shape, and removal."""

from calls_5_traces import BASE, HERE, V2, V3
from script import BAD, call


def search_calls():
    root = "tr-" + "a1" * 16
    for text in [
        "",
        "trace.status = 'OK'",
        "status = 'ERROR'",
        "attributes.status != 'OK'",
        "status IN ('ERROR', 'IN_PROGRESS')",
        "status = 'ok'",
        "status LIKE 'O%'",
        "timestamp_ms > 1700000001000",
        "timestamp < 1700000001000 AND timestamp >= 0",
        "execution_time_ms = 1250",
        "trace.execution_time > 1250",
        "end_time_ms > 1700000005000",
        "request_id = 'tr-one'",
        "request_id IN ('tr-one', 'tr-two')",
        "request_id NOT IN ('tr-one')",
        "client_request_id = 'c-1'",
        "client_request_id LIKE 'c%'",
        "name = 'renamed'",
        "name != 'renamed'",
        "trace.name ILIKE 'RENA%'",
        "name RLIKE '^re.*d$'",
        "name RLIKE 'AMED'",
        "tags.mlflow.traceName = 'renamed'",
        "tags.team = 'a'",
        "tag.team != 'a'",
        "tags.team LIKE '_'",
        "tags.team IS NULL",
        "tags.team IS NOT NULL",
        "tags.team RLIKE '[ab]'",
        "tags.`team` = 'b'",
        "metadata.mlflow.trace.session = 's-1'",
        "metadata.`mlflow.trace.session` IS NULL",
        "metadata.other LIKE 'x%'",
        "request_metadata.absent IS NULL AND request_id = 'tr-one'",
        "metadata.mlflow.trace.tokenUsage IS NOT NULL",
        """metadata.mlflow.trace.tokenUsage = '{"input_tokens": 3, "total_tokens": 7}'""",
        "run_id = '" + "0" * 32 + "'",
        "run_id = 'nobody'",
        "span.name = 'root'",
        "span.name = 'call a model' AND span.status = 'ERROR'",
        "span.name = 'root' AND span.status = 'ERROR'",
        "span.name LIKE 'call%'",
        "span.name ILIKE 'ROOT'",
        "span.name IN ('root', 'child')",
        "span.type = 'AGENT'",
        "span.status RLIKE 'ERR'",
        "span.content LIKE '%Paris%'",
        "span.content ILIKE '%PARIS%'",
        "trace.text LIKE '%spring%'",
        "trace.text ILIKE '%nowhere to be found%'",
        "span.attributes.text LIKE '%q%'",
        "span.attributes.mlflow.spanInputs LIKE '%Paris%'",
        "span.attributes.gen_ai.response.model RLIKE '^gpt'",
        "span.attributes.gen_ai.response.model RLIKE 'x$'",
        "span.attributes.gen_ai.response.model ILIKE '%GPT%'",
        "feedback.fine = 'no'",
        "feedback.word = 'good'",
        "feedback.word != 'good'",
        "feedback.word LIKE '%oo%'",
        "feedback.word RLIKE 'g..d'",
        "feedback.score > 4",
        "feedback.score <= 4.5",
        "feedback.score = '5.0'",
        "feedback.mood = 'happy'",
        "feedback.mood IS NULL",
        "feedback.word IS NOT NULL",
        "expectation.want = 'x'",
        """expectation.want = '{"a": 1}'""",
        "issue.id = 'iss-1'",
        "prompt = 'qa/1'",
        "prompt = 'qa'",
        "prompt LIKE 'qa%'",
        "feedback.score > '4'",
        "feedback.score = 4",
        "span.color = 'red'",
        "span.name > 'a'",
        "span.content = 'a'",
        "issue.name = 'a'",
        "issue.id LIKE 'a'",
        "color = 'red'",
        "foo.bar = '1'",
        "status > 'OK'",
        "status = 5",
        "tags.team > 'a'",
        "tags.team IN ('a')",
        "metadata.other IN ('a')",
        "timestamp_ms LIKE '1'",
        "execution_time_ms IN ('1')",
        "status IS NULL",
        "status = OK",
        "status =",
        "status",
        "=",
    ]:
        call(
            f"search traces: {text}",
            "POST",
            V3 + "/search",
            {"locations": [HERE], "filter": text, "order_by": ["timestamp_ms", "request_id"]},
        )
    for order in [
        ["timestamp_ms DESC"],
        ["execution_time_ms DESC", "request_id"],
        ["status", "request_id DESC"],
        ["name"],
        ["tags.team DESC"],
        ["metadata.other"],
        ["run_id"],
        ["metadata.mlflow.trace.session"],
        ["metadata.mlflow.trace.tokenUsage"],
        ["color"],
        ["span.name"],
        ["timestamp_ms sideways"],
    ]:
        call(
            f"search traces by {order}",
            "POST",
            V3 + "/search",
            {"locations": [HERE], "order_by": order},
        )
    call("search traces nowhere", "POST", V3 + "/search", {"locations": []})
    call("search a page", "POST", V3 + "/search", {"locations": [HERE], "max_results": 2})
    call("search page of 0", "POST", V3 + "/search", {"locations": [HERE], "max_results": 0})
    call("search page of 501", "POST", V3 + "/search", {"locations": [HERE], "max_results": 501})
    call(
        "search with a bad token",
        "POST",
        V3 + "/search",
        {"locations": [HERE], "page_token": "junk"},
        ours=BAD,
    )
    call("search old traces", "GET", V2, {"experiment_ids": ["0"], "max_results": 2})
    call("search old traces nowhere", "GET", V2)
    call(
        "link traces to nobody",
        "POST",
        V2 + "/link-to-run",
        {"trace_ids": ["tr-one"], "run_id": "f" * 32},
        ours=(404, "RESOURCE_DOES_NOT_EXIST"),
    )
    call(
        "link 101 traces", "POST", V2 + "/link-to-run", {"trace_ids": ["x"] * 101, "run_id": "$run"}
    )
    call(
        "link traces",
        "POST",
        V2 + "/link-to-run",
        {"trace_ids": [root, "tr-nobody"], "run_id": "$run"},
    )
    call("link no traces", "POST", V2 + "/link-to-run", {"trace_ids": [], "run_id": "$run"})
    call(
        "find the linked",
        "POST",
        V3 + "/search",
        {"locations": [HERE], "filter": "run_id = '$run'"},
    )
    call(
        "link prompts",
        "POST",
        V2 + "/link-prompts",
        {"trace_id": "tr-one", "prompt_versions": [{"name": "qa", "version": "1"}]},
    )
    call(
        "link prompts to nobody",
        "POST",
        V2 + "/link-prompts",
        {"trace_id": "tr-nobody", "prompt_versions": [{"name": "qa", "version": "1"}]},
    )
    call(
        "find by prompt", "POST", V3 + "/search", {"locations": [HERE], "filter": "prompt = 'qa/1'"}
    )
    for one, other, base in [
        ("status = 'OK'", "tags.team = 'a'", None),
        ("status = 'OK'", "status = 'ERROR'", None),
        ("status = 'OK'", "name = 'nobody'", None),
        ("status = 'OK'", "tags.team = 'a'", "timestamp_ms > 1700000001000"),
    ]:
        call(
            f"correlate {one} with {other} in {base}",
            "POST",
            V3 + "/calculate-filter-correlation",
            {"experiment_ids": ["0"], "filter_string1": one, "filter_string2": other}
            | ({"base_filter": base} if base else {}),
        )


def figure_calls():
    def figures(view, metric, kinds, **more):
        ours = more.pop("ours", None)
        body = {
            "experiment_ids": ["0"],
            "view_type": view,
            "metric_name": metric,
            "aggregations": [
                {"aggregation_type": kind}
                if isinstance(kind, str)
                else {"aggregation_type": "PERCENTILE", "percentile_value": kind}
                for kind in kinds
            ],
        } | more
        name = f"figures {view} {metric} {kinds} {more}"
        call(name, "POST", V3 + "/metrics", body, ours=ours)

    span = {"start_time_ms": BASE - 86_400_000, "end_time_ms": BASE + 86_400_000}
    figures("TRACES", "trace_count", ["COUNT"])
    figures("TRACES", "trace_count", ["COUNT"], dimensions=["trace_status"])
    figures("TRACES", "trace_count", ["COUNT"], dimensions=["trace_name"])
    figures("TRACES", "trace_count", ["COUNT"], time_interval_seconds=5, **span)
    figures("TRACES", "session_count", ["COUNT"])
    figures("TRACES", "latency", ["AVG", "MIN", "MAX", 50, 99.9])
    figures("TRACES", "total_tokens", ["SUM", "AVG", 25])
    figures("TRACES", "input_tokens", ["SUM"], filters=["trace.status = 'OK'"])
    figures("TRACES", "trace_count", ["COUNT"], filters=["trace.tag.team = 'a'"])
    figures(
        "TRACES",
        "trace_count",
        ["COUNT"],
        filters=["trace.metadata.`mlflow.trace.session` = 's-1'"],
    )
    figures("SPANS", "span_count", ["COUNT"], dimensions=["span_name", "span_status"])
    figures("SPANS", "span_count", ["COUNT"], filters=["span.name = 'root'"])
    figures("SPANS", "latency", ["AVG", 50], dimensions=["span_name"])
    figures("SPANS", "total_cost", ["SUM", "AVG"], dimensions=["span_model_name"])
    figures("SPANS", "input_cost", ["MAX"], time_interval_seconds=3600, **span)
    figures("ASSESSMENTS", "assessment_count", ["COUNT"], dimensions=["assessment_name"])
    figures(
        "ASSESSMENTS",
        "assessment_count",
        ["COUNT"],
        dimensions=["assessment_name", "assessment_value"],
    )
    figures("ASSESSMENTS", "assessment_value", ["AVG", 50], dimensions=["assessment_name"])
    figures("ASSESSMENTS", "assessment_count", ["COUNT"], filters=["assessment.type = 'feedback'"])
    # Each figure: every aggregation by itself, then all by each dimension and by time.
    spread = ["AVG", "MIN", "MAX", 0, 50, 97.5, 100]
    every = ["SUM", *spread]
    model = ["span_model_name", "span_model_provider"]
    name = ["trace_name"]
    # Not by span_type: spans of other conventions have one here, in the original only once read.
    span_words = ["span_name", "span_status", *model]
    judged = ["assessment_name", "assessment_value"]
    tokens = "input_tokens output_tokens total_tokens cache_read_input_tokens"
    tokens += " cache_creation_input_tokens"
    for view, metric, kinds, dimensions in [
        ("TRACES", "trace_count", ["COUNT"], ["trace_name", "trace_status"]),
        ("TRACES", "session_count", ["COUNT"], []),
        ("TRACES", "latency", spread, name),
        *(("TRACES", metric, every, name) for metric in tokens.split()),
        ("SPANS", "span_count", ["COUNT"], span_words),
        ("SPANS", "latency", spread, ["span_name", "span_status"]),
        *(("SPANS", metric, every, model) for metric in ("input_cost", "output_cost")),
        ("SPANS", "total_cost", every, model),
        ("ASSESSMENTS", "assessment_count", ["COUNT"], judged),
        ("ASSESSMENTS", "assessment_value", spread, ["assessment_name"]),
    ]:
        for kind in kinds:
            figures(view, metric, [kind], max_results=77)
        for dimension in dimensions:
            figures(view, metric, kinds, dimensions=[dimension], max_results=78)
        if metric != "span_count":
            figures(view, metric, kinds, dimensions=dimensions, time_interval_seconds=3, **span)
            figures(view, metric, kinds, dimensions=dimensions[::-1], max_results=2)
        alone = [50] if 50 in kinds else kinds
        figures(view, metric, alone, time_interval_seconds=1, **span)
        figures(view, metric, kinds, end_time_ms=BASE - 1)
        for wrong in ("SUM", "COUNT", "AVG", 50):
            if wrong not in kinds:
                figures(view, metric, [wrong], max_results=79)
    figures("TRACES", "latency", ["SUM"])
    figures("TRACES", "color", ["COUNT"])
    figures("TRACES", "trace_count", ["COUNT"], dimensions=["color"])
    figures("TRACES", "trace_count", ["COUNT"], time_interval_seconds=5)
    figures("TRACES", "trace_count", ["COUNT"], filters=["status = 'OK'"])
    figures("TRACES", "trace_count", ["COUNT"], filters=["span.name = 'root'"])
    figures("TRACES", "trace_count", ["COUNT"], filters=["trace.status != 'OK'"])
    figures("TRACES", "trace_count", [], ours=BAD)
    figures("COLORS", "trace_count", ["COUNT"], ours=BAD)
    figures("TRACES", "latency", [101], ours=BAD)


def old_calls():
    call(
        "start an old trace",
        "POST",
        V2,
        {
            "experiment_id": "0",
            "timestamp_ms": 5,
            "request_metadata": [{"key": "a", "value": "b"}],
            "tags": [{"key": "mlflow.traceName", "value": "old"}],
        },
        save={"old": "trace_info.request_id"},
    )
    call("start an old trace nowhere", "POST", V2, {"experiment_id": "987654", "timestamp_ms": 5})
    call(
        "end the old trace",
        "PATCH",
        V2 + "/$old",
        {
            "timestamp_ms": 25,
            "status": "OK",
            "request_metadata": [{"key": "c", "value": "d"}],
            "tags": [{"key": "t", "value": "u"}],
        },
    )
    call("end an unknown trace", "PATCH", V2 + "/nobody", {"timestamp_ms": 25, "status": "OK"})
    call(
        "get the old trace's spans",
        "GET",
        V3 + "/get",
        {"trace_id": "$old"},
        ours=(404, "RESOURCE_DOES_NOT_EXIST"),
    )
    absent = (501, "NOT_IMPLEMENTED")  # Databricks only: said at once
    call("unified traces", "GET", "/api/2.0/mlflow/unified-traces", ours=absent)
    call("online details", "GET", "/api/2.0/mlflow/get-online-trace-details", ours=absent)


def removal_calls():
    path = V3 + "/delete-traces"
    call("delete no traces", "POST", path, {"experiment_id": "0"})
    call(
        "delete by both",
        "POST",
        path,
        {"experiment_id": "0", "max_timestamp_millis": 1, "request_ids": ["a"]},
    )
    call(
        "delete ids with a maximum",
        "POST",
        path,
        {"experiment_id": "0", "max_traces": 1, "request_ids": ["a"]},
    )
    call(
        "delete at most 0",
        "POST",
        path,
        {"experiment_id": "0", "max_traces": 0, "max_timestamp_millis": 1},
    )
    call("delete without an experiment", "POST", path, {"request_ids": ["a"]})
    call(
        "delete unknown traces", "POST", path, {"experiment_id": "0", "request_ids": ["tr-nobody"]}
    )
    call(
        "delete the oldest",
        "POST",
        V2 + "/delete-traces",
        {"experiment_id": "0", "max_timestamp_millis": BASE + 10**9, "max_traces": 1},
    )
    call("delete one trace", "POST", path, {"experiment_id": "0", "request_ids": ["tr-one"]})
    call("info of the deleted", "GET", V3 + "/tr-one")
    call("the rest", "POST", V3 + "/search", {"locations": [HERE]})


search_calls()
figure_calls()
old_calls()
removal_calls()
