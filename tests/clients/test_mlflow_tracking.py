# SPDX-License-Identifier: Apache-2.0
"""The unmodified mlflow client does what a data scientist does with it."""

import json
import math
import os
import subprocess
import sys
import threading
import time

import pytest
import requests


def test_experiments_live_and_die(mlflow):
    client = mlflow.MlflowClient()
    made = client.create_experiment("life", tags={"team": "ops"})
    assert mlflow.get_experiment_by_name("life").experiment_id == made
    client.rename_experiment(made, "afterlife")
    client.set_experiment_tag(made, "k", "v")
    found = client.search_experiments(filter_string="name LIKE 'after%' AND tags.k = 'v'")
    assert [e.name for e in found] == ["afterlife"]
    client.delete_experiment(made)
    assert client.get_experiment(made).lifecycle_stage == "deleted"
    with pytest.raises(mlflow.MlflowException, match="already exists"):
        client.create_experiment("afterlife")
    client.restore_experiment(made)
    assert client.get_experiment(made).lifecycle_stage == "active"


def test_a_run_reports_everything(mlflow, tmp_path):
    mlflow.set_experiment("reports")
    with mlflow.start_run(run_name="parent", tags={"t": "1"}) as run:
        mlflow.log_param("lr", 0.1)
        mlflow.log_params({f"p{i}": i for i in range(150)})
        for step in range(5):
            mlflow.log_metric("loss", 1 / (step + 1), step=step)
        mlflow.log_metrics({"nan": math.nan, "inf": math.inf, "ninf": -math.inf})
        mlflow.set_tag("note", "größer 🙂")
        mlflow.log_text("hello", "texts/a b.txt")
        (tmp_path / "folder").mkdir()
        (tmp_path / "folder" / "x.json").write_text("{}")
        mlflow.log_artifacts(str(tmp_path / "folder"), "folder")
        with mlflow.start_run(nested=True) as child:
            mlflow.log_metric("m", 1)
        with pytest.raises(mlflow.MlflowException, match="(?i)changing param values"):
            mlflow.log_param("lr", 0.2)
    client = mlflow.MlflowClient()
    got = client.get_run(run.info.run_id)
    assert got.info.status == "FINISHED"
    assert got.info.run_name == got.data.tags["mlflow.runName"] == "parent"
    assert got.data.params["lr"] == "0.1" and len(got.data.params) == 151
    assert got.data.metrics["loss"] == 0.2 and math.isnan(got.data.metrics["nan"])
    assert got.data.metrics["inf"] == sys.float_info.max == -got.data.metrics["ninf"]
    assert got.data.tags["note"] == "größer 🙂"
    assert [m.value for m in client.get_metric_history(run.info.run_id, "loss")] == [
        1 / (step + 1) for step in range(5)
    ]
    files = {f.path for f in client.list_artifacts(run.info.run_id)}
    assert files == {"texts", "folder"}
    local = client.download_artifacts(run.info.run_id, "texts/a b.txt", str(tmp_path))
    assert open(local).read() == "hello"
    assert client.get_run(child.info.run_id).data.tags["mlflow.parentRunId"] == run.info.run_id
    client.delete_run(child.info.run_id)
    assert child.info.run_id not in [
        r.info.run_id for r in client.search_runs([got.info.experiment_id])
    ]


def test_a_run_is_resumed_and_a_late_report_kept(mlflow):
    with mlflow.start_run() as run:
        mlflow.log_metric("m", 1)
    with mlflow.start_run(run_id=run.info.run_id):
        mlflow.log_metric("m", 2, step=1)
    mlflow.MlflowClient().log_metric(run.info.run_id, "late", 3)
    got = mlflow.get_run(run.info.run_id)
    assert got.data.metrics == {"m": 2, "late": 3}


def test_searching_filters_orders_and_pages(mlflow):
    client = mlflow.MlflowClient()
    experiment = client.create_experiment("search")
    for i in range(30):
        run = client.create_run(experiment, run_name=f"run-{i:02}", start_time=i + 1)
        client.log_metric(run.info.run_id, "auc", i / 10)
        client.log_param(run.info.run_id, "kind", "even" if i % 2 == 0 else "odd")
    found = mlflow.search_runs(
        [experiment],
        filter_string="metrics.auc >= 1 and params.kind = 'even' and run_name LIKE 'run-1%'",
        order_by=["metrics.auc DESC"],
    )
    assert list(found["tags.mlflow.runName"]) == ["run-18", "run-16", "run-14", "run-12", "run-10"]
    names, token = [], None
    while True:
        page = client.search_runs([experiment], max_results=7, page_token=token)
        names += [r.info.run_name for r in page]
        token = page.token
        if not token:
            break
    assert names == [f"run-{i:02}" for i in reversed(range(30))]


def test_autolog_records_a_scikit_learn_training(mlflow):
    datasets = pytest.importorskip("sklearn.datasets")
    from sklearn.linear_model import LogisticRegression

    mlflow.set_experiment("autolog")
    mlflow.sklearn.autolog()
    try:
        x, y = datasets.load_iris(return_X_y=True, as_frame=True)
        with mlflow.start_run() as run:
            model = LogisticRegression(max_iter=300).fit(x, y)
    finally:
        mlflow.sklearn.autolog(disable=True)
    got = mlflow.get_run(run.info.run_id)
    assert got.data.params["max_iter"] == "300"
    assert got.data.metrics["training_accuracy_score"] > 0.9
    assert got.inputs.dataset_inputs[0].dataset.schema
    logged = got.outputs.model_outputs[0].model_id
    assert mlflow.get_logged_model(logged).status == "READY"
    back = mlflow.pyfunc.load_model(f"models:/{logged}")
    assert list(back.predict(x[:5])) == list(model.predict(x[:5]))
    assert mlflow.get_logged_model(logged).source_run_id == run.info.run_id


def test_models_come_back_by_run_and_by_id(mlflow):
    datasets = pytest.importorskip("sklearn.datasets")
    onnx = pytest.importorskip("skl2onnx")
    import numpy
    from sklearn.linear_model import LogisticRegression

    mlflow.set_experiment("models")
    x, y = datasets.load_iris(return_X_y=True)
    model = LogisticRegression(max_iter=300).fit(x, y)
    with mlflow.start_run() as run:
        info = mlflow.sklearn.log_model(model, name="plain", params={"depth": 3})
        graph = mlflow.onnx.log_model(
            onnx.to_onnx(model, x[:1].astype(numpy.float32)), name="graph"
        )
        mlflow.log_metric("auc", 0.9, model_id=info.model_id)
    for uri in (info.model_uri, f"runs:/{run.info.run_id}/plain"):
        assert list(mlflow.sklearn.load_model(uri).predict(x[:9])) == list(model.predict(x[:9]))
    labels = mlflow.pyfunc.load_model(graph.model_uri).predict(x[:9].astype(numpy.float32))
    assert list(labels["output_label"]) == list(model.predict(x[:9]))
    found = mlflow.search_logged_models(
        experiment_ids=[run.info.experiment_id],
        filter_string="metrics.auc > 0.8",
        output_format="list",
    )
    assert [m.model_id for m in found] == [info.model_id]
    assert found[0].params["depth"] == "3" and found[0].metrics[0].value == 0.9


def test_datasets_and_their_searches(mlflow):
    pandas = pytest.importorskip("pandas")
    experiment = mlflow.set_experiment("data")
    frame = pandas.DataFrame({"a": [1.0, 2.0], "b": [0.0, 1.0]})
    with mlflow.start_run():
        mlflow.log_input(mlflow.data.from_pandas(frame, name="frame"), context="training")
    found = mlflow.search_runs(
        [experiment.experiment_id],
        filter_string="datasets.name = 'frame' AND dataset.context = 'training'",
    )
    assert len(found) == 1


def test_git_commit_and_source_are_recorded(mlflow, server, tmp_path):
    script = tmp_path / "train.py"
    script.write_text(
        "import mlflow\nmlflow.set_experiment('git')\n"
        "with mlflow.start_run(): mlflow.log_metric('m', 1)\n"
    )
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@localhost"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
        subprocess.run(git + words, cwd=tmp_path, check=True)
    environment = os.environ | {"MLFLOW_TRACKING_URI": server.url, "GIT_PYTHON_REFRESH": "quiet"}
    subprocess.run([sys.executable, str(script)], cwd=tmp_path, env=environment, check=True)
    run = mlflow.search_runs(experiment_names=["git"], output_format="list")[0]
    head = subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=tmp_path, text=True).strip()
    assert run.data.tags["mlflow.source.git.commit"] == head
    assert run.data.tags["mlflow.source.name"].endswith("train.py")


def test_large_artifacts_are_streamed(server, mlflow):
    """256 MiB up and down through the proxy while the server grows by far less than that."""

    def resident() -> int:
        with open(f"/proc/{server.process.pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))

    with mlflow.start_run() as run:
        pass
    url = f"{server.url}/api/2.0/mlflow-artifacts/artifacts/0/{run.info.run_id}/artifacts/big"
    piece, before = os.urandom(1 << 20), resident()
    assert requests.put(url, data=(piece for _ in range(256)), timeout=120).ok
    with requests.get(url, stream=True, timeout=120) as answer:
        assert int(answer.headers["content-length"]) == 256 << 20
        assert all(part == piece for part in answer.iter_content(1 << 20))
    part = requests.get(url, headers={"range": "bytes=1048570-1048579"}, timeout=60)
    assert part.status_code == 206 and part.content == piece[-6:] + piece[:4]
    assert resident() - before < 64 << 10, "KiB more than before"
    assert requests.delete(url, timeout=60).ok


def test_an_upload_that_breaks_off_leaves_nothing(server, mlflow):
    with mlflow.start_run() as run:
        pass
    path = f"/api/2.0/mlflow-artifacts/artifacts/0/{run.info.run_id}/artifacts/half"

    def broken():
        yield b"x" * 100_000
        raise RuntimeError("the client dies")

    with pytest.raises((RuntimeError, requests.RequestException)):
        requests.put(server.url + path, data=broken(), timeout=20)
    time.sleep(0.3)
    assert requests.get(server.url + path, timeout=20).status_code == 404


def test_no_acknowledged_write_is_lost_by_kill_9(new_server):
    """Eight writers, a SIGKILL in the middle, a restart: everything answered with 200 is there."""
    server = new_server().start()
    api = server.url + "/api/2.0/mlflow/"
    runs = []
    for i in range(8):
        made = requests.post(api + "runs/create", json={"experiment_id": "0", "run_name": f"w{i}"})
        runs.append(made.json()["run"]["info"]["run_id"])
    acknowledged = {run: 0 for run in runs}
    stop = threading.Event()

    def write(run):
        session = requests.Session()
        for batch in range(100_000):
            body = {
                "run_id": run,
                "metrics": [
                    {"key": "m", "value": batch, "timestamp": 1, "step": batch * 10 + i}
                    for i in range(10)
                ],
                "tags": [{"key": "batch", "value": str(batch)}],
            }
            try:
                if session.post(api + "runs/log-batch", json=body, timeout=10).status_code != 200:
                    return
            except requests.RequestException:
                return
            acknowledged[run] = batch + 1
            if stop.is_set():
                return

    for _ in range(2):
        acknowledged.update({run: 0 for run in runs})
        writers = [threading.Thread(target=write, args=(run,)) for run in runs]
        for writer in writers:
            writer.start()
        time.sleep(1.0)
        server.kill()
        for writer in writers:
            writer.join()
        server.start()
        for run in runs:
            query = {"run_id": run, "metric_key": "m"}
            history = requests.get(api + "metrics/get-history", params=query, timeout=20).json()
            points = len(history.get("metrics", []))
            assert points >= acknowledged[run] * 10
            assert points % 10 == 0, "half of a batch is visible"
        assert sum(acknowledged.values()) > 0


def test_many_clients_at_once_meet_no_error(server):
    api = server.url + "/api/2.0/mlflow/"
    problems = []

    def work(number):
        session = requests.Session()
        made = session.post(api + "runs/create", json={"experiment_id": "0"}, timeout=60)
        run = made.json()["run"]["info"]["run_id"]
        for i in range(20):
            body = {"run_id": run, "metrics": [{"key": "m", "value": i, "timestamp": 1, "step": i}]}
            answer = session.post(api + "runs/log-batch", json=body, timeout=60)
            if answer.status_code != 200:
                problems.append((number, i, answer.status_code, answer.text))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems


@pytest.mark.parametrize(
    "body", ["", "null", "{", "[]", '"x"', "\x00", "1", '{"run_id": {}}', "[[" * 5000]
)
@pytest.mark.parametrize(
    "path",
    [
        "experiments/create",
        "runs/create",
        "runs/log-batch",
        "runs/log-metric",
        "runs/search",
        "runs/log-inputs",
        "runs/outputs",
        "logged-models",
        "logged-models/search",
        "runs/log-model",
    ],
)
def test_broken_bodies_are_never_a_server_error(server, path, body):
    answer = requests.post(
        f"{server.url}/api/2.0/mlflow/{path}",
        data=body.encode(),
        headers={"content-type": "application/json"},
        timeout=20,
    )
    assert answer.status_code < 500
    if answer.status_code != 200:
        assert set(json.loads(answer.text)) >= {"error_code", "message"}
