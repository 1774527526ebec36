# SPDX-License-Identifier: Apache-2.0
"""Boosted trees and forests, logged by the unmodified mlflow client and served without their
libraries: every prediction is compared with what the logged model's own pyfunc answers."""

import sys

import numpy as np
import pytest
import requests
from serving_models import endpoint, invoke, mlflow_answer, verdict
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Pickles are opened by the interpreter of the tests, which has all the libraries."""
    from conftest import Server

    running = Server(tmp_path_factory.mktemp("server"), "--python", sys.executable).start()
    yield running
    assert running.stop() == 0


def table(kind, gaps=True):
    load = {"two": load_breast_cancer, "three": load_iris, "one": load_diabetes}[kind]
    features, target = load(return_X_y=True, as_frame=True)
    features.columns = [c.replace(" ", "_").strip("()") for c in features.columns]
    if gaps:
        features = features.mask(np.random.default_rng(3).random(features.shape) < 0.1)
    return features, target


def register(client, flavor, model, name, features):
    from mlflow.models import infer_signature

    answers = model.predict(features) if hasattr(model, "fit") else None
    pickled = flavor == "sklearn" or type(model).__name__.startswith("LGBM")
    more = {"serialization_format": "cloudpickle"} if pickled else {}
    with client.start_run():
        getattr(client, flavor).log_model(
            model,
            name="model",
            signature=infer_signature(features, answers),
            registered_model_name=name,
            pip_requirements=["mlflow"],
            **more,
        )
    return f"models:/{name}/1"


def agree(server, client, name, uri, features):
    """Every payload form, and both forms of tensors, against the pyfunc."""
    wanted = np.asarray(client.pyfunc.load_model(uri).predict(features))
    rows = features.astype(object).where(features.notna(), None)
    bodies = {
        "split": {"dataframe_split": rows.to_dict(orient="split")},
        "records": {"dataframe_records": rows.to_dict(orient="records")},
        "inputs": {"inputs": rows.to_dict(orient="list")},
        "rows": {"inputs": rows.to_numpy().tolist()},
        "instances": {"instances": rows.to_dict(orient="records")},
    }
    for form, body in bodies.items():
        answer = invoke(server, name, body)
        assert answer.status_code == 200, (form, answer.text)
        same(answer.json()["predictions"], wanted, form)
    csv = invoke(server, name, features.to_csv(index=False), **{"content-type": "text/csv"})
    assert csv.status_code == 200, csv.text
    same(csv.json()["predictions"], wanted, "csv")
    whole = {
        "name": "input",
        "datatype": "FP64",
        "shape": list(features.shape),
        "data": rows.to_numpy().ravel().tolist(),
    }
    if not features.isna().any().any():
        answer = infer(server, name, [whole])
        same(answer["predictions"], wanted, "v2")
    by_column = [
        {"name": c, "datatype": "FP64", "shape": [5], "data": features[c][:5].fillna(1).tolist()}
        for c in features.columns
    ]
    filled = client.pyfunc.load_model(uri).predict(features[:5].fillna(1.0))
    same(infer(server, name, by_column)["predictions"], np.asarray(filled), "v2 by column")


def same(got, wanted, form):
    got = np.asarray(got)
    assert got.size == wanted.size, form
    if wanted.dtype.kind in "OU":
        assert got.ravel().tolist() == wanted.ravel().tolist(), form
    else:
        np.testing.assert_allclose(
            got.ravel().astype(float), wanted.ravel().astype(float), 1e-6, 1e-6, err_msg=form
        )


def infer(server, name, inputs):
    answer = requests.post(f"{server.url}/v2/models/{name}/infer", json={"inputs": inputs})
    assert answer.status_code == 200, answer.text
    return {each["name"]: each["data"] for each in answer.json()["outputs"]}


def xgboost_models():
    import xgboost as xgb

    def booster(kind, **settings):
        features, target = table(kind)
        data = xgb.DMatrix(features, target)
        return xgb.train({"max_depth": 5} | settings, data, num_boost_round=30), features

    def estimator(cls, kind, **settings):
        features, target = table(kind)
        return cls(n_estimators=20, **settings).fit(features, target), features

    return {
        "xgb-logistic": lambda: booster("two", objective="binary:logistic"),
        "xgb-softprob": lambda: booster("three", objective="multi:softprob", num_class=3),
        "xgb-softmax": lambda: booster("three", objective="multi:softmax", num_class=3),
        "xgb-squared": lambda: booster("one"),
        "xgb-dart": lambda: booster("one", booster="dart", rate_drop=0.3),
        "xgb-poisson": lambda: booster("one", objective="count:poisson"),
        "xgb-classifier": lambda: estimator(xgb.XGBClassifier, "two"),
        "xgb-three-classes": lambda: estimator(xgb.XGBClassifier, "three"),
        "xgb-regressor": lambda: estimator(xgb.XGBRegressor, "one"),
        "xgb-forest": lambda: estimator(xgb.XGBRFClassifier, "two"),
    }


def lightgbm_models():
    import lightgbm as lgb

    def booster(kind, **settings):
        features, target = table(kind)
        settings |= {"verbose": -1, "num_threads": 1}
        return lgb.train(settings, lgb.Dataset(features, target), num_boost_round=25), features

    return {
        "lgb-binary": lambda: booster("two", objective="binary"),
        "lgb-classes": lambda: booster("three", objective="multiclass", num_class=3),
        "lgb-regression": lambda: booster("one", objective="regression"),
        "lgb-tweedie": lambda: booster("one", objective="tweedie"),
        "lgb-rf": lambda: booster(
            "two", objective="binary", boosting="rf", bagging_freq=1, bagging_fraction=0.7
        ),
    }


@pytest.mark.parametrize("name", xgboost_models())
def test_xgboost_is_served_as_its_pyfunc_answers(server, mlflow, name):
    model, features = xgboost_models()[name]()
    uri = register(mlflow, "xgboost", model, name, features)
    endpoint(server, name, [{"model": name, "version": "1"}])
    agree(server, mlflow, name, uri, features)


@pytest.mark.parametrize("name", lightgbm_models())
def test_lightgbm_is_served_as_its_pyfunc_answers(server, mlflow, name):
    model, features = lightgbm_models()[name]()
    uri = register(mlflow, "lightgbm", model, name, features)
    endpoint(server, name, [{"model": name, "version": "1"}])
    agree(server, mlflow, name, uri, features)


def pickled_models():
    import lightgbm as lgb
    from sklearn import ensemble, tree

    def fit(model, kind, words=None):
        features, target = table(kind, gaps=False)
        if words:
            target = target.map(dict(enumerate(words)))
        return model.fit(features, target), features

    small = {"n_estimators": 15, "random_state": 1}
    return {
        "rf": lambda: fit(ensemble.RandomForestClassifier(**small), "three", ["a", "b", "c"]),
        "rf-regression": lambda: fit(ensemble.RandomForestRegressor(**small), "one"),
        "extra": lambda: fit(ensemble.ExtraTreesClassifier(**small), "two"),
        "tree": lambda: fit(tree.DecisionTreeRegressor(max_depth=6), "one"),
        "gb": lambda: fit(ensemble.GradientBoostingClassifier(**small), "two"),
        "gb-three": lambda: fit(ensemble.GradientBoostingClassifier(**small), "three"),
        "gb-regression": lambda: fit(ensemble.GradientBoostingRegressor(**small), "one"),
        "hist": lambda: fit(ensemble.HistGradientBoostingClassifier(max_iter=15), "three"),
        "hist-two": lambda: fit(ensemble.HistGradientBoostingClassifier(max_iter=15), "two"),
        "hist-poisson": lambda: fit(
            ensemble.HistGradientBoostingRegressor(max_iter=15, loss="poisson"), "one"
        ),
        "lgbm": lambda: fit(lgb.LGBMClassifier(n_estimators=15, verbose=-1), "three", list("xyz")),
    }


@pytest.mark.parametrize("name", pickled_models())
def test_forests_that_are_pickles_become_trees_that_answer_the_same(server, mlflow, name):
    model, features = pickled_models()[name]()
    uri = register(mlflow, "lightgbm" if name == "lgbm" else "sklearn", model, name, features)
    assert verdict(server, name).startswith("converted to trees, equal on")
    endpoint(server, name, [{"model": name, "version": "1"}])

    agree(server, mlflow, name, uri, features)

    ready = requests.get(f"{server.url}/v2/models/{name}").json()
    assert ready["platform"] == "mlflow_converted"


def test_the_metadata_tells_what_is_taken_and_answered(server, mlflow):
    import xgboost as xgb

    features, target = table("two")
    model = xgb.XGBClassifier(n_estimators=3).fit(features, target)
    register(mlflow, "xgboost", model, "described", features)
    endpoint(server, "described", [{"model": "described", "version": "1"}])

    facts = requests.get(f"{server.url}/v2/models/described").json()

    assert facts["platform"] == "slipway_trees"
    assert facts["inputs"] == [{"name": "input", "datatype": "FP32", "shape": [-1, 30]}]
    assert [o["name"] for o in facts["outputs"]] == ["predictions", "probabilities"]
    body = {"dataframe_records": features[:2].fillna(0).to_dict(orient="records")}
    del body["dataframe_records"][1]["mean_radius"]
    refused = invoke(server, "described", body)
    assert refused.status_code == 400 and "mean_radius" in refused.text


def test_answers_read_like_those_of_mlflows_own_scoring_server(server, mlflow):
    if not requests.get(f"{server.url}/v2/models/rf").ok:
        model, features = pickled_models()["rf"]()
        register(mlflow, "sklearn", model, "rf", features)
        endpoint(server, "rf", [{"model": "rf", "version": "1"}])
    features, _ = table("three", gaps=False)
    body = {"dataframe_split": features[48:55].to_dict(orient="split")}
    assert invoke(server, "rf", body).json() == mlflow_answer("models:/rf/1", body)


def test_a_damaged_file_is_refused_and_the_server_goes_on(server, mlflow, tmp_path):
    import xgboost as xgb

    features, target = table("two")
    booster = xgb.train({"max_depth": 3}, xgb.DMatrix(features, target), num_boost_round=5)
    mlflow.xgboost.save_model(booster, tmp_path / "model", pip_requirements=["mlflow"])
    file = tmp_path / "model" / "model.ubj"
    file.write_bytes(file.read_bytes()[:-3000])
    with mlflow.start_run() as run:
        mlflow.log_artifacts(str(tmp_path / "model"), "model")
    client = mlflow.MlflowClient()
    client.create_registered_model("damaged")
    source = f"runs:/{run.info.run_id}/model"
    client.create_model_version("damaged", source, run_id=run.info.run_id)

    answer = endpoint(server, "damaged", [{"model": "damaged", "version": "1"}], status=422)

    assert "damaged" in str(answer)
    assert requests.get(f"{server.url}/v2/health/ready").status_code == 200


def test_pandas_is_not_needed_to_ask(server, mlflow):
    """A name that is spelled in another order is still the same column."""
    features, target = table("one", gaps=False)
    import lightgbm as lgb

    model = lgb.train({"verbose": -1}, lgb.Dataset(features, target), num_boost_round=5)
    register(mlflow, "lightgbm", model, "ordered", features)
    endpoint(server, "ordered", [{"model": "ordered", "version": "1"}])
    shuffled = features[features.columns[::-1]]
    body = {"dataframe_split": shuffled[:4].to_dict(orient="split")}
    same(
        invoke(server, "ordered", body).json()["predictions"],
        model.predict(features[:4]),
        "other order",
    )


@pytest.mark.parametrize("name", ["xgb-logistic", "xgb-softprob", "lgb-binary", "lgb-classes"])
def test_explanations_equal_those_of_the_library(server, mlflow, name):
    """XGBoost's pred_contribs and LightGBM's pred_contrib: features, then the average."""
    flavor = "xgboost" if name.startswith("xgb") else "lightgbm"
    model, features = (xgboost_models() | lightgbm_models())[name]()
    if not requests.get(f"{server.url}/v2/models/{name}").ok:
        register(mlflow, flavor, model, name, features)
        endpoint(server, name, [{"model": name, "version": "1"}])
    rows = features[:20]
    if flavor == "xgboost":
        import xgboost as xgb

        wanted = model.predict(xgb.DMatrix(rows), pred_contribs=True)
    else:
        wanted = model.predict(rows, pred_contrib=True)
    wanted = np.asarray(wanted, "float64").reshape(len(rows), -1, features.shape[1] + 1)
    plain = rows.astype(object).where(rows.notna(), None)

    answer = requests.post(
        f"{server.url}/endpoints/{name}/explain",
        json={"dataframe_split": plain.to_dict(orient="split")},
    )

    assert answer.status_code == 200, answer.text
    answer = answer.json()
    assert answer["columns"] == list(features.columns)
    got = np.asarray(answer["contributions"]).reshape(len(rows), -1, features.shape[1])
    np.testing.assert_allclose(got, wanted[:, :, :-1], atol=2e-5)
    base = np.asarray(answer["base"]).reshape(-1)
    np.testing.assert_allclose(base, wanted[0, :, -1], atol=2e-5)
