# SPDX-License-Identifier: Apache-2.0
"""Models through the unmodified client: autolog, loading by every kind of URI,
evaluation, copies; and what runs do around them."""

import time

import pytest

pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


@pytest.fixture(scope="module")
def data():
    from sklearn.datasets import make_classification

    x, y = make_classification(120, 4, random_state=0)
    import pandas

    return pandas.DataFrame(x, columns=list("abcd")), y


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Requirements are guessed from the imports of a fresh process, which takes seconds a model."""
    import mlflow.models

    def known(_uri, _flavor, fallback=None, **_more):
        return fallback or []

    monkeypatch.setattr(mlflow.models, "infer_pip_requirements", known)


def newest(mlflow, experiment):
    client = mlflow.MlflowClient()
    found = client.get_experiment_by_name(experiment).experiment_id
    return client.search_runs([found], max_results=1)[0]


def check_autolog(mlflow, name, param, metric):
    run = newest(mlflow, name)
    assert run.info.status == "FINISHED"
    assert param in run.data.params, run.data.params
    assert metric in run.data.metrics, run.data.metrics
    models = mlflow.MlflowClient().search_logged_models([run.info.experiment_id])
    assert models and models[0].source_run_id == run.info.run_id
    return models[0]


def test_autolog_of_xgboost(mlflow, data):
    xgboost = pytest.importorskip("xgboost")
    mlflow.set_experiment("xgboost")
    mlflow.xgboost.autolog()
    try:
        rows = xgboost.DMatrix(data[0], label=data[1])
        xgboost.train({"max_depth": 2}, rows, 5, evals=[(rows, "train")], verbose_eval=False)
    finally:
        mlflow.xgboost.autolog(disable=True)
    model = check_autolog(mlflow, "xgboost", "max_depth", "train-rmse")
    history = mlflow.MlflowClient().get_metric_history(model.source_run_id, "train-rmse")
    assert len(history) == 5
    loaded = mlflow.xgboost.load_model(f"models:/{model.model_id}")
    assert len(loaded.predict(rows)) == 120


def test_autolog_of_lightgbm(mlflow, data):
    lightgbm = pytest.importorskip("lightgbm")
    mlflow.set_experiment("lightgbm")
    mlflow.lightgbm.autolog()
    try:
        rows = lightgbm.Dataset(data[0], label=data[1])
        lightgbm.train(
            {"objective": "binary", "verbose": -1}, rows, 4, valid_sets=[rows], valid_names=["t"]
        )
    finally:
        mlflow.lightgbm.autolog(disable=True)
    model = check_autolog(mlflow, "lightgbm", "objective", "t-binary_logloss")
    loaded = mlflow.lightgbm.load_model(f"models:/{model.model_id}")
    assert len(loaded.predict(data[0])) == 120


def test_a_pytorch_model_comes_back(mlflow):
    torch = pytest.importorskip("torch", reason="its wheel is too large for every machine")
    model = torch.nn.Linear(2, 1)
    with mlflow.start_run():
        info = mlflow.pytorch.log_model(model, name="net")
    loaded = mlflow.pytorch.load_model(info.model_uri)
    assert torch.equal(loaded.weight, model.weight)


def test_a_model_is_loaded_by_every_uri_and_evaluated(mlflow, data):
    from sklearn.linear_model import LogisticRegression

    x, y = data
    mlflow.set_experiment("uris")
    fitted = LogisticRegression().fit(x, y)
    with mlflow.start_run() as run:
        info = mlflow.sklearn.log_model(
            fitted, name="model", registered_model_name="urim", input_example=x.head(2)
        )
    client = mlflow.MlflowClient()
    client.set_registered_model_alias("urim", "live", "1")
    uris = [
        f"runs:/{run.info.run_id}/model",
        "models:/urim/1",
        "models:/urim@live",
        "models:/urim/latest",
        f"models:/{info.model_id}",
    ]
    for uri in uris:
        loaded = mlflow.sklearn.load_model(uri)
        assert (loaded.predict(x) == fitted.predict(x)).all(), uri
        assert mlflow.models.get_model_info(uri).signature is not None
    copied = client.copy_model_version("models:/urim/1", "urim-copy")
    assert copied.version == "1"
    assert (mlflow.sklearn.load_model("models:/urim-copy/1").predict(x) == fitted.predict(x)).all()
    again = client.copy_model_version("models:/urim@live", "urim-copy")
    assert again.version == "2"

    frame = x.assign(label=y)
    with mlflow.start_run() as judged:
        result = mlflow.models.evaluate(
            "models:/urim@live",
            frame,
            targets="label",
            model_type="classifier",
            evaluator_config={"log_model_explainability": False, "log_explainer": False},
        )
    assert result.metrics["accuracy_score"] == pytest.approx(fitted.score(x, y))
    kept = client.get_run(judged.info.run_id)
    assert kept.data.metrics["accuracy_score"] == result.metrics["accuracy_score"]
    assert {f.path for f in client.list_artifacts(judged.info.run_id)} >= {"confusion_matrix.png"}
    assert kept.inputs.dataset_inputs


def test_nested_and_resumed_runs(mlflow):
    mlflow.set_experiment("nested")
    with mlflow.start_run() as parent:
        mlflow.log_metric("m", 1, step=0)
        children = []
        for i in range(2):
            with mlflow.start_run(nested=True, run_name=f"child-{i}") as child:
                children.append(child.info.run_id)
    with mlflow.start_run(run_id=parent.info.run_id) as resumed:
        assert resumed.info.status == "RUNNING"
        mlflow.log_metric("m", 2, step=1)
    client = mlflow.MlflowClient()
    run = client.get_run(parent.info.run_id)
    assert run.info.status == "FINISHED" and run.data.metrics["m"] == 2
    found = client.search_runs(
        [run.info.experiment_id], f"tags.mlflow.parentRunId = '{run.info.run_id}'"
    )
    assert {r.info.run_id for r in found} == set(children)


def test_metrics_of_the_system(mlflow):
    mlflow.set_experiment("system")
    mlflow.set_system_metrics_sampling_interval(0.2)
    mlflow.set_system_metrics_samples_before_logging(1)
    with mlflow.start_run(log_system_metrics=True) as run:
        client = mlflow.MlflowClient()
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            metrics = client.get_run(run.info.run_id).data.metrics
            if "system/cpu_utilization_percentage" in metrics:
                break
            time.sleep(0.1)
    metrics = client.get_run(run.info.run_id).data.metrics
    assert {"system/cpu_utilization_percentage", "system/system_memory_usage_megabytes"} <= set(
        metrics
    )


def test_asynchronous_logging_arrives(mlflow):
    mlflow.set_experiment("async")
    with mlflow.start_run() as run:
        for step in range(50):
            mlflow.log_metric("loss", step, step=step, synchronous=False)
        mlflow.log_params({"a": 1}, synchronous=False)
        mlflow.set_tag("t", "x", synchronous=False)
        mlflow.log_metrics({"x": 1.0}, synchronous=False).wait()
    mlflow.flush_async_logging()
    client = mlflow.MlflowClient()
    got = client.get_run(run.info.run_id).data
    assert got.metrics == {"loss": 49, "x": 1} and got.params == {"a": "1"}
    assert len(client.get_metric_history(run.info.run_id, "loss")) == 50
    mlflow.tracking.fluent._shut_down_async_logging()


def test_the_clients_command_line(mlflow, tmp_path):
    """In this process: the import alone takes seconds a command."""
    from click.testing import CliRunner
    from mlflow.cli import cli

    made = mlflow.set_experiment("by-command").experiment_id
    with mlflow.start_run(run_name="told") as run:
        mlflow.log_text("hello", "folder/hello.txt")

    def command(*words):
        done = CliRunner().invoke(cli, words)
        assert done.exit_code == 0, done.output
        return done.output

    assert "by-command" in command("experiments", "search")
    assert run.info.run_id in command("runs", "list", "--experiment-id", made)
    command(
        *("artifacts", "download", "--run-id", run.info.run_id),
        *("--artifact-path", "folder", "--dst-path", str(tmp_path)),
    )
    assert (tmp_path / "folder" / "hello.txt").read_text() == "hello"
