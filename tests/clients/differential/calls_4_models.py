# SPDX-License-Identifier: Apache-2.0
"""Inputs, outputs, logged models and artifacts."""

from script import BAD, EXPS, RUN, call, get, post

DATASET = {"name": "d", "digest": "abc", "source_type": "local", "source": "{}", "schema": "{}"}
CONTEXT = [{"key": "mlflow.data.context", "value": "training"}]
post("log inputs", "runs/log-inputs", RUN | {"datasets": [{"tags": CONTEXT, "dataset": DATASET}]})
post("log the same input", "runs/log-inputs", RUN | {"datasets": [{"dataset": DATASET}]})
post(
    "log a long digest",
    "runs/log-inputs",
    RUN | {"datasets": [{"dataset": DATASET | {"digest": "d" * 37}}]},
)
post(
    "log inputs to nobody",
    "runs/log-inputs",
    {"run_id": "nobody", "datasets": [{"dataset": DATASET}]},
)
post("search datasets", "/ajax-api/2.0/mlflow/experiments/search-datasets", EXPS)
post(
    "search datasets nowhere",
    "/ajax-api/2.0/mlflow/experiments/search-datasets",
    {"experiment_ids": []},
)
post(
    "runs by dataset",
    "runs/search",
    EXPS | {"filter": "dataset.name = 'd' AND datasets.context = 'training'"},
)
post("runs by digests", "runs/search", EXPS | {"filter": "dataset.digest IN ('abc', 'x')"})
MODELS = "logged-models"
post(
    "create logged model",
    MODELS,
    {
        "experiment_id": "$exp",
        "name": "mod",
        "model_type": "t",
        "source_run_id": "$run",
        "params": [{"key": "a", "value": "1"}],
        "tags": [{"key": "k", "value": "v"}],
    },
    save={"model": "model.info.model_id"},
)
post("create logged model in nothing", MODELS, {"experiment_id": "987654", "name": "mod"})
post("create logged model, bad name", MODELS, {"experiment_id": "$exp", "name": "a/b"})
post("create logged model without experiment", MODELS, {"name": "mod"})
get("get logged model", MODELS + "/$model")
get("get no logged model", MODELS + "/m-nothing")
call(
    "finalize", "PATCH", MODELS + "/$model", {"model_id": "$model", "status": "LOGGED_MODEL_READY"}
)
call("finalize without id", "PATCH", MODELS + "/$model", {"status": "LOGGED_MODEL_READY"})
call("set model tags", "PATCH", MODELS + "/$model/tags", {"tags": [{"key": "k2", "value": "v2"}]})
call("delete model tag", "DELETE", MODELS + "/$model/tags/k2")
call("delete model tag twice", "DELETE", MODELS + "/$model/tags/k2")
post(
    "log model params",
    MODELS + "/$model/params",
    {"model_id": "$model", "params": [{"key": "b", "value": "2"}]},
)
post(
    "log model params without id",
    MODELS + "/$model/params",
    {"params": [{"key": "b", "value": "2"}]},
)
post("log outputs", "runs/outputs", RUN | {"models": [{"model_id": "$model", "step": 3}]})
post("log no outputs", "runs/outputs", RUN)
post("model input", "runs/log-inputs", RUN | {"models": [{"model_id": "$model"}]})
post(
    "metric of a model",
    "runs/log-metric",
    RUN
    | {
        "key": "acc",
        "value": 0.5,
        "timestamp": 9,
        "step": 1,
        "model_id": "$model",
        "dataset_name": "d",
        "dataset_digest": "abc",
    },
)
get("get measured model", MODELS + "/$model")
get("run with inputs and outputs", "runs/get", RUN)
for filter_ in [
    "",
    "name = 'mod'",
    "metrics.acc > 0.4",
    "metrics.acc > 0.6",
    "params.a = '1'",
    "tags.k = 'v'",
    "model_id = '$model'",
    "creation_timestamp > 0",
    "status = 'READY'",
    "foo.a = '1'",
    "metrics.acc LIKE 'x'",
    "name > 'a'",
]:
    post(
        "search models: " + (filter_ or "all"),
        MODELS + "/search",
        EXPS | {"filter": filter_},
        **({"ours": (200, None)} if "status" in filter_ else {}),
    )
post(
    "order models by metric",
    MODELS + "/search",
    EXPS | {"order_by": [{"field_name": "metrics.acc", "ascending": False, "dataset_name": "d"}]},
)
post(
    "order models by params", MODELS + "/search", EXPS | {"order_by": [{"field_name": "params.a"}]}
)
post(
    "search models on a dataset",
    MODELS + "/search",
    EXPS | {"datasets": [{"dataset_name": "d"}]},
    ours=(200, None),
)
post("search models bad token", MODELS + "/search", EXPS | {"page_token": "garbage"}, ours=BAD)
post("search models nowhere", MODELS + "/search", {"experiment_ids": []})
call("delete model", "DELETE", MODELS + "/$model")
get("get deleted model", MODELS + "/$model")
post(
    "log model",
    "runs/log-model",
    RUN
    | {
        "model_json": '{"artifact_path": "m", "flavors": {"f": {"config": 1, "x": 2}}, '
        '"utc_time_created": "t", "run_id": "r"}'
    },
)
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
for path in [
    "%2e%2e/%2e%2e/etc/passwd",
    "%252e%252e/x",
    "a/%2e%2e/%2e%2e/b",
    "%2Fetc/passwd",
    "a%23b",
]:
    get("download " + path, ART + "/" + path)
    call("upload " + path, "PUT", ART + "/" + path, raw="x", headers={})
call("delete artifact", "DELETE", ART + "/$exp/$run/artifacts/dir/a.txt")
call("delete upwards", "DELETE", ART + "/a/%2e%2e/%2e%2e/b")
post("multipart", "/api/2.0/mlflow-artifacts/mpu/create/a", {"path": "a", "num_parts": 1})
get("presigned", "/api/2.0/mlflow-artifacts/presigned/a")
get("get-artifact upwards", "/get-artifact", RUN | {"path": "../x"})
