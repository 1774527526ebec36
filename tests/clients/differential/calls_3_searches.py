# SPDX-License-Identifier: Apache-2.0
"""Searching runs, and metric history."""

from script import BAD, EXPS, RUN, get, post

post(
    "log params of second",
    "runs/log-batch",
    {
        "run_id": "$run2",
        "metrics": [{"key": "b", "value": 5, "timestamp": 1}],
        "params": [{"key": "p", "value": "3"}, {"key": "Q", "value": "1"}],
    },
)
# OR, NOT and parentheses are ours alone.
EXTENDED = ["metrics.b > 1 OR metrics.b < 1", "(metrics.b > 1)", "NOT metrics.b > 1"]
for filter_ in [
    "",
    "metrics.b > 1",
    "metrics.b > 2 AND params.p = '3'",
    "metric.b = 5",
    "metrics.b != 5",
    "metrics.b <= 5 and metrics.b >= 2",
    "metrics.nan = 0",
    "metrics.nan != 0",
    "metrics.inf > 1",
    "metrics.absent < 1",
    "params.p != '1'",
    "params.p LIKE '%'",
    "params.p = '1'",
    "param.`q` = '1'",
    'params."Q" = "1"',
    "params.q IS NULL",
    "parameters.q IS NOT NULL",
    "tags.x = '2'",
    "tags.x ILIKE '2'",
    "tag.x LIKE '%2%'",
    "tags.absent != 'a'",
    "tags.mlflow.runName = 'third'",
    "status = 'FINISHED'",
    "status LIKE 'FIN%'",
    "status != 'FINISHED'",
    "status = 'finished'",
    "attributes.status IN ('RUNNING')",
    "run_name = 'third'",
    "attr.run_name LIKE 'th%'",
    "run.`Run name` ILIKE 'THIRD'",
    "start_time > 1500",
    "created <= 1000",
    "end_time = 5000",
    "end_time > 1",
    "user_id = 'me'",
    "run_id = '$run'",
    "run_id IN ('$run', 'b')",
    "run_id NOT IN ('$run')",
    "artifact_uri LIKE '%$run%'",
    "metrics.b > 1 AND ",
    "METRICS.b > 1",
    "metrics.b > '1'",
    "params.p = 3",
    "status = FINISHED",
    "start_time = 'x'",
    "color = 'red'",
    "metrics.b",
    "metrics.b >",
    *EXTENDED,
    "metrics.b LIKE '1'",
    "params.p > '1'",
    "metrics.b IS NULL",
    "foo.b = 1",
    "params.p = 'x",
    "params.p = 'a' 'b'",
    "= 1",
    "AND",
    "metrics.b > 1; metrics.b > 2",
    "dataset.name = 'd'",
    "dataset.color = 'x'",
    "params.p IN ('3')",
    "1 = 1",
    "'a' = 'a'",
    "metrics.b = nan",
    "metrics.b = 1e309",
]:
    post(
        "search runs: " + (filter_ or "all"),
        "runs/search",
        EXPS | {"filter": filter_},
        ours=(200, None)
        if filter_ in EXTENDED
        else BAD
        if filter_ in ("AND", "metrics.b = 1e309")
        else None,
    )
for order in [
    ["metrics.b"],
    ["metrics.b DESC"],
    ["metrics.nan DESC"],
    ["params.Q"],
    ["tags.x asc"],
    ["start_time ASC"],
    ["attributes.end_time DESC"],
    ["run_name"],
    ["metrics.absent", "user_id"],
    ["metrics.`b` DESC", "start_time"],
    ["metrics.b DESC NULLS"],
    ["color"],
    ["metrics.b sideways"],
    ["dataset.name"],
]:
    post("order runs: " + ", ".join(order), "runs/search", EXPS | {"order_by": order})
post(
    "order by the same twice",
    "runs/search",
    EXPS | {"order_by": ["metrics.b", "metrics.b"]},
    ours=BAD,
)
post(
    "search runs page 1", "runs/search", EXPS | {"max_results": 1}, save={"page": "next_page_token"}
)
post("search runs page 2", "runs/search", EXPS | {"max_results": 1, "page_token": "$page"})
post("search runs bad token", "runs/search", EXPS | {"page_token": "garbage"})
post("search runs too many", "runs/search", EXPS | {"max_results": 50001})
post("search runs none", "runs/search", EXPS | {"max_results": 0})
post("search runs nowhere", "runs/search", {"experiment_ids": []})
post("search runs in a word", "runs/search", {"experiment_ids": ["abc"]})
post("search deleted runs", "runs/search", EXPS | {"run_view_type": "DELETED_ONLY"})
post("search all runs", "runs/search", EXPS | {"run_view_type": 3})
post("search runs, experiments no list", "runs/search", {"experiment_ids": "$exp"}, ours=BAD)

# history
HISTORY = RUN | {"metric_key": "m"}
get("history", "metrics/get-history", HISTORY)
get(
    "history page 1",
    "metrics/get-history",
    HISTORY | {"max_results": 2},
    save={"h": "next_page_token"},
)
get("history page 2", "metrics/get-history", HISTORY | {"max_results": 2, "page_token": "$h"})
get("history of size 0", "metrics/get-history", HISTORY | {"max_results": 0})
get("history of nobody", "metrics/get-history", {"run_id": "nobody", "metric_key": "m"})
get("history without key", "metrics/get-history", RUN)
get("history of NaN", "metrics/get-history", RUN | {"metric_key": "nan"})
AJAX = "/ajax-api/2.0/mlflow/metrics/"
get(
    "sampled",
    AJAX + "get-history-bulk-interval",
    {"run_ids": ["$run", "$run2"], "metric_key": "b", "max_results": 2},
)
get(
    "sampled to one",
    AJAX + "get-history-bulk-interval",
    {"run_ids": "$run", "metric_key": "m", "max_results": 1},
)
get(
    "sampled between steps",
    AJAX + "get-history-bulk-interval",
    {"run_ids": ["$run"], "metric_key": "m", "start_step": -5, "end_step": 1},
)
get(
    "sampled from a step",
    AJAX + "get-history-bulk-interval",
    {"run_ids": ["$run"], "metric_key": "m", "start_step": 1},
)
get(
    "sampled backwards",
    AJAX + "get-history-bulk-interval",
    {"run_ids": ["$run"], "metric_key": "m", "start_step": 2, "end_step": 1},
)
get(
    "sampled too finely",
    AJAX + "get-history-bulk-interval",
    {"run_ids": ["$run"], "metric_key": "m", "max_results": 2501},
)
get("bulk", AJAX + "get-history-bulk", {"run_id": ["$run", "$run2"], "metric_key": "b"})
get("bulk without runs", AJAX + "get-history-bulk", {"metric_key": "b"})
get("bulk without key", AJAX + "get-history-bulk", {"run_id": ["$run"]})
