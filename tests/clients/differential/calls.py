# SPDX-License-Identifier: Apache-2.0
"""The calls that are replayed on a real `mlflow server` and on ours, in this order.

call(name, method, path, body): a body of a GET is its query. Texts like "$run" stand for what an
earlier call saved. `ours=(status, error_code)` marks a place where we answer otherwise on purpose:
where the original crashes with 500, or answers 200 though it stopped reading in the middle.
"""

CALLS = []
API = "/api/2.0/mlflow/"


def call(name, method, path, body=None, *, save=None, ours=None, raw=None, headers=None):
    path = path if path.startswith("/") else API + path
    CALLS.append(
        {"name": name, "method": method, "path": path, "body": body, "save": save or {}}
        | {"ours": ours, "raw": raw, "headers": headers}
    )


def post(name, path, body=None, **more):
    call(name, "POST", path, body if body is not None else {}, **more)


def get(name, path, query=None, **more):
    call(name, "GET", path, query or {}, **more)


BAD = (400, "INVALID_PARAMETER_VALUE")

# experiments
get("default experiment", "experiments/get", {"experiment_id": "0"})
post("create experiment", "experiments/create",
     {"name": "one", "tags": [{"key": "team", "value": "a"}]}, save={"exp": "experiment_id"})
post("create the same again", "experiments/create", {"name": "one"})
post("create without a name", "experiments/create", {})
post("create with an empty name", "experiments/create", {"name": ""})
post("create with a number for a name", "experiments/create", {"name": 5})
post("create with a long name", "experiments/create", {"name": "n" * 501})
post("create with a bad tag key", "experiments/create",
     {"name": "x", "tags": [{"key": "a/../b", "value": "v"}]})
post("create camelCase", "experiments/create", {"name": "two", "artifactLocation": "s3://b/p"},
     save={"exp2": "experiment_id"})
post("create with both spellings", "experiments/create",
     {"name": "three", "artifact_location": "s3://b", "artifactLocation": "s3://c"})
get("get experiment", "experiments/get", {"experiment_id": "$exp"})
get("get second experiment", "experiments/get", {"experiment_id": "$exp2"})
get("get by name", "experiments/get-by-name", {"experiment_name": "one"})
get("get by unknown name", "experiments/get-by-name", {"experiment_name": "nobody"})
get("get unknown experiment", "experiments/get", {"experiment_id": "987654"})
get("get experiment with a word for an id", "experiments/get", {"experiment_id": "abc"})
get("get experiment without id", "experiments/get")
post("set experiment tag", "experiments/set-experiment-tag",
     {"experiment_id": "$exp", "key": "k", "value": "v"})
post("set long experiment tag", "experiments/set-experiment-tag",
     {"experiment_id": "$exp", "key": "k", "value": "v" * 20001})
post("delete experiment tag", "experiments/delete-experiment-tag",
     {"experiment_id": "$exp", "key": "k"})
post("delete unknown experiment tag", "experiments/delete-experiment-tag",
     {"experiment_id": "$exp", "key": "k"})
post("rename", "experiments/update", {"experiment_id": "$exp2", "new_name": "second"})
post("rename to a taken name", "experiments/update", {"experiment_id": "$exp2", "new_name": "one"})
post("rename without a name", "experiments/update", {"experiment_id": "$exp2"})
post("delete experiment", "experiments/delete", {"experiment_id": "$exp2"})
post("delete it twice", "experiments/delete", {"experiment_id": "$exp2"})
post("rename a deleted one", "experiments/update",
     {"experiment_id": "$exp2", "new_name": "third"}, ours=BAD)
post("create under a deleted name", "experiments/create", {"name": "second"})
post("tag a deleted one", "experiments/set-experiment-tag",
     {"experiment_id": "$exp2", "key": "k", "value": "v"})
post("run in a deleted one", "runs/create", {"experiment_id": "$exp2"})
post("restore experiment", "experiments/restore", {"experiment_id": "$exp2"})
post("restore an active one", "experiments/restore", {"experiment_id": "$exp2"})
for label, filter_ in {
    "by name": "name = 'one'", "by like": "name LIKE 'o%'", "by ilike": "name ILIKE 'ON_'",
    "by unequal": "name != 'one'", "by tag": "tags.team = 'a'", "by tag is null": "tag.team IS NULL",
    "by tag is not null": "tags.team IS NOT NULL", "by id": "experiment_id = '0'",
    "by ids": "experiment_id IN ('0', '1')", "by time": "creation_time > 0 AND name = 'one'",
    "by unknown key": "color = 'red'", "by order of name": "name > 'a'",
    "by metric": "metrics.m = 1", "with or": "name = 'one' OR name = 'two'",
    "with blanks": "  ", "unclosed": "name = 'one", "by float time": "creation_time > 1.5",
    "by text time": "creation_time > 'x'",
}.items():
    post("search experiments " + label, "experiments/search",
         {"max_results": 10, "filter": filter_, "order_by": ["name"]})
post("search experiments without size", "experiments/search", {})
post("search experiments of size 0", "experiments/search", {"max_results": 0})
post("search experiments page 1", "experiments/search",
     {"max_results": "1", "order_by": ["name DESC"]}, save={"token": "next_page_token"})
post("search experiments page 2", "experiments/search",
     {"max_results": 1, "order_by": ["name DESC"], "page_token": "$token"})
post("search experiments bad token", "experiments/search",
     {"max_results": 1, "page_token": "garbage"})
post("search experiments bad order", "experiments/search",
     {"max_results": 1, "order_by": ["color"]})
get("search experiments by GET", "experiments/search",
    {"max_results": 5, "filter": "name = 'one'", "view_type": "ALL"})

# runs
RUN = {"run_id": "$run"}
post("create run", "runs/create",
     {"experiment_id": "$exp", "user_id": "me", "run_name": "first", "start_time": 1000,
      "tags": [{"key": "t", "value": "v"}]}, save={"run": "run.info.run_id"})
post("create run in an unknown experiment", "runs/create", {"experiment_id": "987654"})
post("create run with two names", "runs/create",
     {"experiment_id": "$exp", "run_name": "a", "tags": [{"key": "mlflow.runName", "value": "b"}]})
post("create run, time as text", "runs/create",
     {"experiment_id": "$exp", "run_name": "second", "start_time": "2000"},
     save={"run2": "run.info.run_id"})
post("create run, time as word", "runs/create", {"experiment_id": "$exp", "start_time": "soon"})
# Takes what the original half accepts, so that it shows up nowhere else.
post("create a run for oddities", "runs/create", {"experiment_id": "0", "run_name": "odd"},
     save={"odd": "run.info.run_id"}, ours=(200, None))
ODD = {"run_id": "$odd"}
post("log metric", "runs/log-metric", RUN | {"key": "m", "value": 1.5, "timestamp": 10, "step": 1})
post("log metric again", "runs/log-metric",
     RUN | {"key": "m", "value": 1.5, "timestamp": 10, "step": 1})
post("log later step", "runs/log-metric", RUN | {"key": "m", "value": 0.5, "timestamp": 5, "step": 2})
post("log earlier step", "runs/log-metric",
     RUN | {"key": "m", "value": 9, "timestamp": 99, "step": -3})
post("log NaN", "runs/log-metric", RUN | {"key": "nan", "value": "NaN", "timestamp": 1})
post("log infinity", "runs/log-metric", RUN | {"key": "inf", "value": "Infinity", "timestamp": 1})
post("log -infinity", "runs/log-metric", RUN | {"key": "ninf", "value": "-Infinity", "timestamp": 1})
post("log value as text", "runs/log-metric", RUN | {"key": "txt", "value": "2.5", "timestamp": "7"})
post("log metric by run_uuid", "runs/log-metric",
     {"run_uuid": "$run", "key": "u", "value": 1, "timestamp": 1})
for label, change in {
    "without value": {"key": "m", "timestamp": 1}, "without key": {"value": 1, "timestamp": 1},
    "without time": {"key": "m", "value": 1}, "with a word": {"key": "m", "value": "x", "timestamp": 1},
    "before 1970": {"key": "m", "value": 1, "timestamp": -1},
    "with a bad name": {"key": "m#", "value": 1, "timestamp": 1},
    "with a path name": {"key": "../m", "value": 1, "timestamp": 1},
    "with a doubled slash": {"key": "a//m", "value": 1, "timestamp": 1},
    "with a long name": {"key": "m" * 251, "value": 1, "timestamp": 1},
}.items():
    post("log metric " + label, "runs/log-metric", RUN | change)
post("log metric of true", "runs/log-metric",
     ODD | {"key": "yes", "value": True, "timestamp": 1}, ours=BAD)
post("log metric, list for a value", "runs/log-metric",
     ODD | {"key": "m", "value": [1], "timestamp": 1}, ours=BAD)
post("log metric, half a step", "runs/log-metric",
     ODD | {"key": "m", "value": 1, "timestamp": 1, "step": 1.5}, ours=BAD)
post("log metric, huge step", "runs/log-metric",
     ODD | {"key": "m", "value": 1, "timestamp": 1, "step": 2**63}, ours=BAD)
post("log metric to nobody", "runs/log-metric",
     {"run_id": "f" * 32, "key": "m", "value": 1, "timestamp": 1})
post("log param", "runs/log-parameter", RUN | {"key": "p", "value": "1"})
post("log param again", "runs/log-parameter", RUN | {"key": "p", "value": "1"})
post("log param otherwise", "runs/log-parameter", RUN | {"key": "p", "value": "2"})
post("log empty param", "runs/log-parameter", RUN | {"key": "empty", "value": ""})
post("log long param", "runs/log-parameter", RUN | {"key": "long", "value": "é" * 6001})
post("log param as number", "runs/log-parameter", RUN | {"key": "n", "value": 5})
post("log param without key", "runs/log-parameter", RUN | {"value": "1"})
post("set tag", "runs/set-tag", RUN | {"key": "t", "value": "w"})
post("set long tag", "runs/set-tag", RUN | {"key": "long", "value": "x" * 8001})
post("set tag without key", "runs/set-tag", RUN | {"value": "w"})
post("set unicode tag", "runs/set-tag", RUN | {"key": "schlüssel", "value": "größe"})
post("set emoji tag key", "runs/set-tag", RUN | {"key": "🙂", "value": "x"})
post("delete tag", "runs/delete-tag", RUN | {"key": "t"})
post("delete tag twice", "runs/delete-tag", RUN | {"key": "t"})
post("rename by tag", "runs/set-tag", RUN | {"key": "mlflow.runName", "value": "renamed"})
get("get run", "runs/get", RUN)
get("get run by uuid", "runs/get", {"run_uuid": "$run"})
get("get unknown run", "runs/get", {"run_id": "nobody"})
get("get no run", "runs/get")
M = {"key": "b", "value": 1, "timestamp": 1, "step": 0}
post("log batch", "runs/log-batch", RUN | {
    "metrics": [M, M | {"step": 1, "value": 2}, M], "params": [{"key": "q", "value": "1"}],
    "tags": [{"key": "x", "value": "1"}, {"key": "x", "value": "2"}]})
post("log empty batch", "runs/log-batch", RUN)
post("log batch without run", "runs/log-batch", {"metrics": [M]})
post("log batch to nobody", "runs/log-batch", {"run_id": "f" * 32, "metrics": [M]})
post("log batch, bad run id", "runs/log-batch", {"run_id": "a b", "metrics": [M]})
post("log batch, same param twice", "runs/log-batch",
     RUN | {"params": [{"key": "z", "value": "1"}, {"key": "z", "value": "1"}]})
post("log batch, param changed", "runs/log-batch",
     RUN | {"params": [{"key": "zz", "value": "1"}, {"key": "p", "value": "2"}],
            "tags": [{"key": "never", "value": "1"}]})
post("log batch, 1001 metrics", "runs/log-batch",
     RUN | {"metrics": [M | {"step": i} for i in range(1001)]})
post("log batch, 101 params", "runs/log-batch",
     RUN | {"params": [{"key": f"k{i}", "value": "1"} for i in range(101)]})
post("log batch, 101 tags", "runs/log-batch",
     RUN | {"tags": [{"key": f"k{i}", "value": "1"} for i in range(101)]})
post("log batch, 1001 together", "runs/log-batch",
     RUN | {"metrics": [M | {"step": i} for i in range(1000)], "tags": [{"key": "k", "value": "1"}]})
post("log batch, no value", "runs/log-batch", RUN | {"metrics": [{"key": "b", "timestamp": 1}]})
post("log batch, null metric", "runs/log-batch", ODD | {"metrics": [None]}, ours=BAD)
post("log batch, metrics no list", "runs/log-batch", ODD | {"metrics": 5}, ours=BAD)
call("log batch, no JSON", "POST", "runs/log-batch", raw="{", ours=BAD)
call("log batch, an array", "POST", "runs/log-batch", raw="[]", ours=BAD)
get("run after the batches", "runs/get", RUN)
post("update run", "runs/update", RUN | {"status": "FINISHED", "end_time": 5000})
post("update run by number", "runs/update", RUN | {"status": 4})
post("update run to a word", "runs/update", ODD | {"status": "DONE"}, ours=BAD)
post("update name", "runs/update", RUN | {"run_name": "third", "status": "FINISHED"})
post("update unknown run", "runs/update", {"run_id": "nobody", "status": "FINISHED"})
post("log to a finished run", "runs/log-metric", RUN | {"key": "late", "value": 1, "timestamp": 1})
post("delete run", "runs/delete", {"run_id": "$run2"})
post("delete run twice", "runs/delete", {"run_id": "$run2"})
post("log to a deleted run", "runs/log-metric",
     {"run_id": "$run2", "key": "m", "value": 1, "timestamp": 1})
post("update a deleted run", "runs/update", {"run_id": "$run2", "status": "FINISHED"})
post("restore run", "runs/restore", {"run_id": "$run2"})
post("delete nobody", "runs/delete", {"run_id": "nobody"})
call("no content type", "POST", "runs/get", raw="{}", headers={})
call("wrong content type", "POST", "runs/create", raw="{}", headers={"Content-Type": "text/plain"})
call("null body", "POST", "runs/update", raw="null")
call("double encoded", "POST", "runs/update", raw='"{\\"run_id\\": \\"nobody\\"}"')

# searching runs
post("log params of second", "runs/log-batch", {
    "run_id": "$run2", "metrics": [{"key": "b", "value": 5, "timestamp": 1}],
    "params": [{"key": "p", "value": "3"}, {"key": "Q", "value": "1"}]})
EXPS = {"experiment_ids": ["$exp"]}
for filter_ in [
    "", "metrics.b > 1", "metrics.b > 2 AND params.p = '3'", "metric.b = 5", "metrics.b != 5",
    "metrics.b <= 5 and metrics.b >= 2", "metrics.nan = 0", "metrics.nan != 0", "metrics.inf > 1",
    "metrics.absent < 1", "params.p != '1'", "params.p LIKE '%'", "params.p = '1'",
    "param.`q` = '1'", 'params."Q" = "1"', "params.q IS NULL", "parameters.q IS NOT NULL",
    "tags.x = '2'", "tags.x ILIKE '2'", "tag.x LIKE '%2%'", "tags.absent != 'a'",
    "tags.mlflow.runName = 'third'", "status = 'FINISHED'", "status LIKE 'FIN%'",
    "status != 'FINISHED'", "status = 'finished'", "attributes.status IN ('RUNNING')",
    "run_name = 'third'", "attr.run_name LIKE 'th%'", "run.`Run name` ILIKE 'THIRD'",
    "start_time > 1500", "created <= 1000", "end_time = 5000", "end_time > 1", "user_id = 'me'",
    "run_id = '$run'", "run_id IN ('$run', 'b')", "run_id NOT IN ('$run')",
    "artifact_uri LIKE '%$run%'", "metrics.b > 1 AND ", "METRICS.b > 1", "metrics.b > '1'",
    "params.p = 3", "status = FINISHED", "start_time = 'x'", "color = 'red'", "metrics.b",
    "metrics.b >", "metrics.b > 1 OR metrics.b < 1", "(metrics.b > 1)", "NOT metrics.b > 1",
    "metrics.b LIKE '1'", "params.p > '1'", "metrics.b IS NULL", "foo.b = 1", "params.p = 'x",
    "params.p = 'a' 'b'", "= 1", "AND", "metrics.b > 1; metrics.b > 2", "dataset.name = 'd'",
    "dataset.color = 'x'", "params.p IN ('3')", "1 = 1", "'a' = 'a'", "metrics.b = nan",
    "metrics.b = 1e309",
]:
    post("search runs: " + (filter_ or "all"), "runs/search", EXPS | {"filter": filter_},
         ours=BAD if filter_ in ("AND", "metrics.b = 1e309") else None)
for order in [
    ["metrics.b"], ["metrics.b DESC"], ["metrics.nan DESC"], ["params.Q"], ["tags.x asc"],
    ["start_time ASC"], ["attributes.end_time DESC"], ["run_name"], ["metrics.absent", "user_id"],
    ["metrics.`b` DESC", "start_time"], ["metrics.b DESC NULLS"], ["color"], ["metrics.b sideways"],
    ["dataset.name"],
]:
    post("order runs: " + ", ".join(order), "runs/search", EXPS | {"order_by": order})
post("order by the same twice", "runs/search",
     EXPS | {"order_by": ["metrics.b", "metrics.b"]}, ours=BAD)
post("search runs page 1", "runs/search", EXPS | {"max_results": 1}, save={"page": "next_page_token"})
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
get("history page 1", "metrics/get-history", HISTORY | {"max_results": 2}, save={"h": "next_page_token"})
get("history page 2", "metrics/get-history", HISTORY | {"max_results": 2, "page_token": "$h"})
get("history of size 0", "metrics/get-history", HISTORY | {"max_results": 0})
get("history of nobody", "metrics/get-history", {"run_id": "nobody", "metric_key": "m"})
get("history without key", "metrics/get-history", RUN)
get("history of NaN", "metrics/get-history", RUN | {"metric_key": "nan"})
AJAX = "/ajax-api/2.0/mlflow/metrics/"
get("sampled", AJAX + "get-history-bulk-interval",
    {"run_ids": ["$run", "$run2"], "metric_key": "b", "max_results": 2})
get("sampled to one", AJAX + "get-history-bulk-interval", {"run_ids": "$run", "metric_key": "m", "max_results": 1})
get("sampled between steps", AJAX + "get-history-bulk-interval",
    {"run_ids": ["$run"], "metric_key": "m", "start_step": -5, "end_step": 1})
get("sampled from a step", AJAX + "get-history-bulk-interval",
    {"run_ids": ["$run"], "metric_key": "m", "start_step": 1})
get("sampled backwards", AJAX + "get-history-bulk-interval",
    {"run_ids": ["$run"], "metric_key": "m", "start_step": 2, "end_step": 1})
get("sampled too finely", AJAX + "get-history-bulk-interval",
    {"run_ids": ["$run"], "metric_key": "m", "max_results": 2501})
get("bulk", AJAX + "get-history-bulk", {"run_id": ["$run", "$run2"], "metric_key": "b"})
get("bulk without runs", AJAX + "get-history-bulk", {"metric_key": "b"})
get("bulk without key", AJAX + "get-history-bulk", {"run_id": ["$run"]})

# inputs, outputs, logged models
DATASET = {"name": "d", "digest": "abc", "source_type": "local", "source": "{}", "schema": "{}"}
CONTEXT = [{"key": "mlflow.data.context", "value": "training"}]
post("log inputs", "runs/log-inputs", RUN | {"datasets": [{"tags": CONTEXT, "dataset": DATASET}]})
post("log the same input", "runs/log-inputs", RUN | {"datasets": [{"dataset": DATASET}]})
post("log a long digest", "runs/log-inputs",
     RUN | {"datasets": [{"dataset": DATASET | {"digest": "d" * 37}}]})
post("log inputs to nobody", "runs/log-inputs", {"run_id": "nobody", "datasets": [{"dataset": DATASET}]})
post("search datasets", "/ajax-api/2.0/mlflow/experiments/search-datasets", EXPS)
post("search datasets nowhere", "/ajax-api/2.0/mlflow/experiments/search-datasets", {"experiment_ids": []})
post("runs by dataset", "runs/search", EXPS | {"filter": "dataset.name = 'd' AND datasets.context = 'training'"})
post("runs by digests", "runs/search", EXPS | {"filter": "dataset.digest IN ('abc', 'x')"})
MODELS = "logged-models"
post("create logged model", MODELS, {
    "experiment_id": "$exp", "name": "mod", "model_type": "t", "source_run_id": "$run",
    "params": [{"key": "a", "value": "1"}], "tags": [{"key": "k", "value": "v"}]},
    save={"model": "model.info.model_id"})
post("create logged model in nothing", MODELS, {"experiment_id": "987654", "name": "mod"})
post("create logged model, bad name", MODELS, {"experiment_id": "$exp", "name": "a/b"})
post("create logged model without experiment", MODELS, {"name": "mod"})
get("get logged model", MODELS + "/$model")
get("get no logged model", MODELS + "/m-nothing")
call("finalize", "PATCH", MODELS + "/$model", {"model_id": "$model", "status": "LOGGED_MODEL_READY"})
call("finalize without id", "PATCH", MODELS + "/$model", {"status": "LOGGED_MODEL_READY"})
call("set model tags", "PATCH", MODELS + "/$model/tags", {"tags": [{"key": "k2", "value": "v2"}]})
call("delete model tag", "DELETE", MODELS + "/$model/tags/k2")
call("delete model tag twice", "DELETE", MODELS + "/$model/tags/k2")
post("log model params", MODELS + "/$model/params",
     {"model_id": "$model", "params": [{"key": "b", "value": "2"}]})
post("log model params without id", MODELS + "/$model/params", {"params": [{"key": "b", "value": "2"}]})
post("log outputs", "runs/outputs", RUN | {"models": [{"model_id": "$model", "step": 3}]})
post("log no outputs", "runs/outputs", RUN)
post("model input", "runs/log-inputs", RUN | {"models": [{"model_id": "$model"}]})
post("metric of a model", "runs/log-metric", RUN | {
    "key": "acc", "value": 0.5, "timestamp": 9, "step": 1, "model_id": "$model",
    "dataset_name": "d", "dataset_digest": "abc"})
get("get measured model", MODELS + "/$model")
get("run with inputs and outputs", "runs/get", RUN)
for filter_ in [
    "", "name = 'mod'", "metrics.acc > 0.4", "metrics.acc > 0.6", "params.a = '1'", "tags.k = 'v'",
    "model_id = '$model'", "creation_timestamp > 0", "status = 'READY'", "foo.a = '1'",
    "metrics.acc LIKE 'x'", "name > 'a'",
]:
    post("search models: " + (filter_ or "all"), MODELS + "/search", EXPS | {"filter": filter_},
         **({"ours": (200, None)} if "status" in filter_ else {}))
post("order models by metric", MODELS + "/search",
     EXPS | {"order_by": [{"field_name": "metrics.acc", "ascending": False, "dataset_name": "d"}]})
post("order models by params", MODELS + "/search", EXPS | {"order_by": [{"field_name": "params.a"}]})
post("search models on a dataset", MODELS + "/search", EXPS | {"datasets": [{"dataset_name": "d"}]},
     ours=(200, None))
post("search models bad token", MODELS + "/search", EXPS | {"page_token": "garbage"}, ours=BAD)
post("search models nowhere", MODELS + "/search", {"experiment_ids": []})
call("delete model", "DELETE", MODELS + "/$model")
get("get deleted model", MODELS + "/$model")
post("log model", "runs/log-model", RUN | {"model_json":
     '{"artifact_path": "m", "flavors": {"f": {"config": 1, "x": 2}}, "utc_time_created": "t", "run_id": "r"}'})
post("log half a model", "runs/log-model", RUN | {"model_json": '{"artifact_path": "m"}'})
post("log no model", "runs/log-model", RUN | {"model_json": "x"})

# artifacts
ART = "/api/2.0/mlflow-artifacts/artifacts"
call("upload", "PUT", ART + "/$exp/$run/artifacts/dir/a.txt", raw="hello", headers={})
get("download", ART + "/$exp/$run/artifacts/dir/a.txt")
get("list proxied", ART, {"path": "$exp/$run/artifacts"})
get("list of run", "artifacts/list", RUN)
get("list of folder", "artifacts/list", RUN | {"path": "dir"})
get("list of nothing", "artifacts/list", RUN | {"path": "nothing"})
get("list upwards", "artifacts/list", RUN | {"path": "../.."})
get("list upwards, encoded", "artifacts/list", RUN | {"path": "%2e%2e/x"})
get("list absolute", "artifacts/list", RUN | {"path": "/etc"})
get("download a folder", ART + "/$exp/$run/artifacts/dir")
for path in ["%2e%2e/%2e%2e/etc/passwd", "%252e%252e/x", "a/%2e%2e/%2e%2e/b", "%2Fetc/passwd", "a%23b"]:
    get("download " + path, ART + "/" + path)
    call("upload " + path, "PUT", ART + "/" + path, raw="x", headers={})
call("delete artifact", "DELETE", ART + "/$exp/$run/artifacts/dir/a.txt")
call("delete upwards", "DELETE", ART + "/a/%2e%2e/%2e%2e/b")
post("multipart", "/api/2.0/mlflow-artifacts/mpu/create/a", {"path": "a", "num_parts": 1})
get("presigned", "/api/2.0/mlflow-artifacts/presigned/a")
get("get-artifact upwards", "/get-artifact", RUN | {"path": "../x"})
