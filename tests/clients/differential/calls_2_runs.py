# SPDX-License-Identifier: Apache-2.0
"""Runs, and what they report."""

from script import BAD, RUN, call, get, post

post(
    "create run",
    "runs/create",
    {
        "experiment_id": "$exp",
        "user_id": "me",
        "run_name": "first",
        "start_time": 1000,
        "tags": [{"key": "t", "value": "v"}],
    },
    save={"run": "run.info.run_id"},
)
post("create run in an unknown experiment", "runs/create", {"experiment_id": "987654"})
post(
    "create run with two names",
    "runs/create",
    {"experiment_id": "$exp", "run_name": "a", "tags": [{"key": "mlflow.runName", "value": "b"}]},
)
post(
    "create run, time as text",
    "runs/create",
    {"experiment_id": "$exp", "run_name": "second", "start_time": "2000"},
    save={"run2": "run.info.run_id"},
)
post("create run, time as word", "runs/create", {"experiment_id": "$exp", "start_time": "soon"})
# Takes what the original half accepts, so that it shows up nowhere else.
post(
    "create a run for oddities",
    "runs/create",
    {"experiment_id": "0", "run_name": "odd"},
    save={"odd": "run.info.run_id"},
    ours=(200, None),
)
ODD = {"run_id": "$odd"}
post("log metric", "runs/log-metric", RUN | {"key": "m", "value": 1.5, "timestamp": 10, "step": 1})
post(
    "log metric again",
    "runs/log-metric",
    RUN | {"key": "m", "value": 1.5, "timestamp": 10, "step": 1},
)
post(
    "log later step", "runs/log-metric", RUN | {"key": "m", "value": 0.5, "timestamp": 5, "step": 2}
)
post(
    "log earlier step",
    "runs/log-metric",
    RUN | {"key": "m", "value": 9, "timestamp": 99, "step": -3},
)
post("log NaN", "runs/log-metric", RUN | {"key": "nan", "value": "NaN", "timestamp": 1})
post("log infinity", "runs/log-metric", RUN | {"key": "inf", "value": "Infinity", "timestamp": 1})
post(
    "log -infinity", "runs/log-metric", RUN | {"key": "ninf", "value": "-Infinity", "timestamp": 1}
)
post("log value as text", "runs/log-metric", RUN | {"key": "txt", "value": "2.5", "timestamp": "7"})
post(
    "log metric by run_uuid",
    "runs/log-metric",
    {"run_uuid": "$run", "key": "u", "value": 1, "timestamp": 1},
)
for label, change in {
    "without value": {"key": "m", "timestamp": 1},
    "without key": {"value": 1, "timestamp": 1},
    "without time": {"key": "m", "value": 1},
    "with a word": {"key": "m", "value": "x", "timestamp": 1},
    "before 1970": {"key": "m", "value": 1, "timestamp": -1},
    "with a bad name": {"key": "m#", "value": 1, "timestamp": 1},
    "with a path name": {"key": "../m", "value": 1, "timestamp": 1},
    "with a doubled slash": {"key": "a//m", "value": 1, "timestamp": 1},
    "with a long name": {"key": "m" * 251, "value": 1, "timestamp": 1},
}.items():
    post("log metric " + label, "runs/log-metric", RUN | change)
post(
    "log metric of true",
    "runs/log-metric",
    ODD | {"key": "yes", "value": True, "timestamp": 1},
    ours=BAD,
)
post(
    "log metric, list for a value",
    "runs/log-metric",
    ODD | {"key": "m", "value": [1], "timestamp": 1},
    ours=BAD,
)
post(
    "log metric, half a step",
    "runs/log-metric",
    ODD | {"key": "m", "value": 1, "timestamp": 1, "step": 1.5},
    ours=BAD,
)
post(
    "log metric, huge step",
    "runs/log-metric",
    ODD | {"key": "m", "value": 1, "timestamp": 1, "step": 2**63},
    ours=BAD,
)
post(
    "log metric to nobody",
    "runs/log-metric",
    {"run_id": "f" * 32, "key": "m", "value": 1, "timestamp": 1},
)
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
post(
    "log batch",
    "runs/log-batch",
    RUN
    | {
        "metrics": [M, M | {"step": 1, "value": 2}, M],
        "params": [{"key": "q", "value": "1"}],
        "tags": [{"key": "x", "value": "1"}, {"key": "x", "value": "2"}],
    },
)
post("log empty batch", "runs/log-batch", RUN)
post("log batch without run", "runs/log-batch", {"metrics": [M]})
post("log batch to nobody", "runs/log-batch", {"run_id": "f" * 32, "metrics": [M]})
post("log batch, bad run id", "runs/log-batch", {"run_id": "a b", "metrics": [M]})
post(
    "log batch, same param twice",
    "runs/log-batch",
    RUN | {"params": [{"key": "z", "value": "1"}, {"key": "z", "value": "1"}]},
)
post(
    "log batch, param changed",
    "runs/log-batch",
    RUN
    | {
        "params": [{"key": "zz", "value": "1"}, {"key": "p", "value": "2"}],
        "tags": [{"key": "never", "value": "1"}],
    },
)
post(
    "log batch, 1001 metrics",
    "runs/log-batch",
    RUN | {"metrics": [M | {"step": i} for i in range(1001)]},
)
post(
    "log batch, 101 params",
    "runs/log-batch",
    RUN | {"params": [{"key": f"k{i}", "value": "1"} for i in range(101)]},
)
post(
    "log batch, 101 tags",
    "runs/log-batch",
    RUN | {"tags": [{"key": f"k{i}", "value": "1"} for i in range(101)]},
)
post(
    "log batch, 1001 together",
    "runs/log-batch",
    RUN | {"metrics": [M | {"step": i} for i in range(1000)], "tags": [{"key": "k", "value": "1"}]},
)
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
post(
    "log to a deleted run",
    "runs/log-metric",
    {"run_id": "$run2", "key": "m", "value": 1, "timestamp": 1},
)
post("update a deleted run", "runs/update", {"run_id": "$run2", "status": "FINISHED"})
post("restore run", "runs/restore", {"run_id": "$run2"})
post("delete nobody", "runs/delete", {"run_id": "nobody"})
call("no content type", "POST", "runs/get", raw="{}", headers={})
call("wrong content type", "POST", "runs/create", raw="{}", headers={"Content-Type": "text/plain"})
call("null body", "POST", "runs/update", raw="null")
call("double encoded", "POST", "runs/update", raw='"{\\"run_id\\": \\"nobody\\"}"')
