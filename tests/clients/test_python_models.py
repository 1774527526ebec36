# SPDX-License-Identifier: Apache-2.0
"""Models that only Python can run, logged by the unmodified mlflow client: answers equal those of
MLflow's own scoring server, and what a bad model does stays in its process."""

import os
import sys
import threading
import time
from pathlib import Path

import cloudpickle
import mlflow.pyfunc
import numpy as np
import pandas as pd
import pytest
import requests
from conftest import Server
from serving_models import endpoint, invoke, mlflow_answer

LIMIT_MIB = 1500
# The server's processes do not have this file.
cloudpickle.register_pickle_by_value(sys.modules[__name__])


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    arguments = ["--python", sys.executable, "--python-timeout", "4"]
    arguments += ["--python-memory", str(LIMIT_MIB)]
    running = Server(tmp_path_factory.mktemp("server"), *arguments).start()
    yield running
    assert running.stop() == 0


class Bad(mlflow.pyfunc.PythonModel):
    """Does what its first column says."""

    def predict(self, context, model_input, params=None):
        what = str(model_input["what"].iloc[0])
        rows = len(model_input)
        if what == "crash":
            os.kill(os.getpid(), 11)
        if what == "exit":
            os._exit(3)
        if what == "hang":
            time.sleep(3600)
        if what == "raise":
            raise ValueError("no such luck")
        if what == "nan":
            return np.full(rows, np.nan)
        if what == "short":
            return np.arange(rows + 5)
        if what == "nothing":
            return None
        if what == "huge":
            return np.zeros(2 << 25, "float64")  # 512 MiB
        if what == "memory":
            return [bytearray(3 << 30)]
        if what == "leak":
            self.kept = getattr(self, "kept", []) + [np.ones(30 << 20)]
        if what == "print":
            print("a word from the model")
        if what == "pid":
            return np.full(rows, os.getpid())
        if what == "slow":
            time.sleep(0.4)
        if what == "objects":
            return [{"a": 1, "b": [1, 2]} for _ in range(rows)]
        if what == "dict":
            return {"mean": np.float32(0.5), "all": np.arange(3)}
        if what == "texts":
            return np.array([f"row {i}" for i in range(rows)])
        if what == "table":
            return pd.DataFrame({"label": ["x"] * rows, "score": np.linspace(0, 1, rows)})
        if what == "matrix":
            return np.arange(rows * 3, dtype="float32").reshape(rows, 3)
        if what == "params":
            return [float((params or {}).get("factor", 1.0))] * rows
        return model_input["x"].to_numpy() * 2


def log(client, name, model, example=None, signature=None):
    from mlflow.models import infer_signature

    with client.start_run():
        client.pyfunc.log_model(
            name="model",
            python_model=model,
            signature=signature or (infer_signature(example) if example is not None else None),
            registered_model_name=name,
            pip_requirements=["mlflow"],
        )


@pytest.fixture(scope="module")
def bad(server):
    import mlflow
    from mlflow.models import infer_signature

    mlflow.set_tracking_uri(server.url)
    mlflow.set_registry_uri(server.url)
    example = pd.DataFrame({"what": ["ok"], "x": [1.5]})
    log(mlflow, "bad", Bad(), signature=infer_signature(example, params={"factor": 2.0}))
    endpoint(server, "bad", [{"model": "bad", "version": "1"}])
    return "bad"


def ask(server, what, rows=1, **more):
    body = {"dataframe_records": [{"what": what, "x": float(i)} for i in range(rows)]} | more
    return invoke(server, "bad", body)


@pytest.mark.parametrize("what", ["ok", "objects", "dict", "texts", "table", "matrix", "params"])
def test_every_kind_of_answer_reads_as_mlflow_writes_it(server, bad, what):
    records = [{"what": what, "x": float(i)} for i in range(3)]
    split = {"columns": ["what", "x"], "data": [[what, float(i)] for i in range(3)]}
    for body in (
        {"dataframe_records": records},
        {"dataframe_split": split},
        {"inputs": {"what": [what] * 3, "x": [0.0, 1.0, 2.0]}},
        {"instances": records},
        {"dataframe_records": records, "params": {"factor": 3.5}},
    ):
        answer = invoke(server, "bad", body)
        assert answer.status_code == 200, (body, answer.text)
        assert answer.json() == mlflow_answer("models:/bad/1", body), body


def test_csv_is_a_table_too(server, bad):
    answer = invoke(server, "bad", "what,x\nok,1.5\nok,2\n", **{"content-type": "text/csv"})
    assert answer.json() == {"predictions": [3.0, 4.0]}


def test_tensors_reach_a_model_of_columns(server, bad):
    body = {
        "inputs": [
            {"name": "what", "datatype": "BYTES", "shape": [2], "data": ["ok", "ok"]},
            {"name": "x", "datatype": "FP64", "shape": [2], "data": [1.0, 2.5]},
        ]
    }
    answer = requests.post(f"{server.url}/v2/models/bad/infer", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["outputs"] == [
        {"name": "predictions", "datatype": "FP64", "shape": [2], "data": [2.0, 5.0]}
    ]


@pytest.mark.parametrize(
    "what, status, says",
    [
        ("raise", 400, "no such luck"),
        ("crash", 503, "signal 11"),
        ("exit", 503, "exit code 3"),
        ("hang", 504, "killed"),
        ("memory", 429, "memory"),
        ("huge", 429, "MiB"),
    ],
)
def test_what_a_bad_model_does_is_an_error_and_the_next_request_is_answered(
    server, bad, what, status, says
):
    answer = ask(server, what)
    assert answer.status_code == status, answer.text
    assert says in answer.text
    assert ask(server, "ok", 2).json() == {"predictions": [0.0, 2.0]}


def test_nan_and_another_number_of_rows_are_passed_on(server, bad):
    assert ask(server, "nan", 2).json() == {"predictions": [None, None]}
    assert ask(server, "short", 2).json() == {"predictions": list(range(7))}
    assert ask(server, "nothing").status_code in (200, 400, 409)


def test_a_leak_ends_with_the_process_that_leaked(server, bad):
    before = ask(server, "pid").json()["predictions"][0]
    for _ in range(12):  # 240 MiB each
        ask(server, "leak")
        if not Path(f"/proc/{before}").exists():
            break
    assert ask(server, "ok", 2).json() == {"predictions": [0.0, 2.0]}
    assert not Path(f"/proc/{before}").exists()


def test_what_a_model_prints_is_in_the_log(server, bad):
    assert ask(server, "print").status_code == 200
    wait_for(lambda: "a word from the model" in server.log.read_text())


def test_more_processes_come_when_all_are_busy(server, bad):
    answers = []
    work = lambda: answers.append(ask(server, "slow"))  # noqa: E731
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [a.status_code for a in answers] == [200] * 4
    assert server.log.read_text().count('"python.worker_ready"') >= 2


def test_hostile_bodies_are_refused_before_python_sees_them(server, bad):
    for body in ("[" * 200_000, '{"inputs": ' + "[" * 200_000, '{"inputs": [NaN]}', "{", ""):
        answer = invoke(server, "bad", body, **{"content-type": "application/json"})
        assert answer.status_code == 400, body[:40]
    assert ask(server, "ok").status_code == 200


class Free(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return [str(type(model_input).__name__)]


def test_a_model_without_a_signature_gets_what_mlflow_would_give_it(server, mlflow):
    log(mlflow, "free", Free())
    endpoint(server, "free", [{"model": "free", "version": "1"}])
    for body in (
        {"inputs": [1, 2, 3]},
        {"inputs": {"a": [1, 2]}},
        {"dataframe_split": {"columns": ["a"], "data": [[1]]}},
    ):
        assert invoke(server, "free", body).json() == mlflow_answer("models:/free/1", body)


def test_a_scikit_learn_pipeline_of_texts_and_numbers(server, mlflow):
    from mlflow.models import infer_signature
    from sklearn.compose import ColumnTransformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    random = np.random.default_rng(5)
    features = pd.DataFrame(
        {"carrier": random.choice(["AA", "UA", "DL"], 200), "delay": random.normal(size=200)}
    )
    late = features["delay"] + (features["carrier"] == "UA") > 0.3
    target = late.map({True: "late", False: "ok"})
    columns = ColumnTransformer(
        [("c", OneHotEncoder(handle_unknown="ignore"), ["carrier"])], remainder="passthrough"
    )
    model = make_pipeline(columns, LogisticRegression()).fit(features, target)
    with mlflow.start_run():
        mlflow.sklearn.log_model(
            model,
            name="model",
            signature=infer_signature(features, target),
            registered_model_name="pipeline",
            pip_requirements=["mlflow"],
            serialization_format="cloudpickle",
        )
    endpoint(server, "pipeline", [{"model": "pipeline", "version": "1"}])
    body = {"dataframe_split": features[:20].to_dict(orient="split")}

    assert invoke(server, "pipeline", body).json() == mlflow_answer("models:/pipeline/1", body)


def test_a_model_that_cannot_be_loaded_says_why(server, mlflow):
    class Broken(mlflow.pyfunc.PythonModel):
        def load_context(self, context):
            raise RuntimeError("the weights are not here")

        def predict(self, context, model_input, params=None):
            return model_input

    log(mlflow, "broken", Broken())
    answer = endpoint(server, "broken", [{"model": "broken", "version": "1"}], status=422)
    assert "the weights are not here" in str(answer)


def test_processes_end_with_the_server(new_server, tmp_path):
    import mlflow

    server = new_server("--python", sys.executable)
    server.start()
    mlflow.set_tracking_uri(server.url)
    mlflow.set_registry_uri(server.url)
    log(mlflow, "mine", Bad(), example=pd.DataFrame({"what": ["ok"], "x": [1.5]}))
    endpoint(server, "mine", [{"model": "mine", "version": "1"}])
    body = {"dataframe_records": [{"what": "pid", "x": 1.0}]}
    pid = invoke(server, "mine", body).json()["predictions"][0]

    assert server.stop() == 0

    wait_for(lambda: not Path(f"/proc/{pid}").exists())


def wait_for(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
