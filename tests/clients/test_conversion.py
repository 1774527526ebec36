# SPDX-License-Identifier: Apache-2.0
"""scikit-learn models become ONNX graphs while they are registered: every answer is compared with
that of the logged model's own pyfunc, and registration waits for nothing."""

import sys
import threading
import time
import warnings

import numpy as np
import pandas as pd
import pytest
import requests
from conftest import Server
from serving_models import endpoint, invoke, verdict
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import BaggingClassifier, RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler
from sklearn.svm import SVC

warnings.filterwarnings("ignore")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("server"), "--python", sys.executable).start()
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="module")
def client(server):
    import mlflow

    mlflow.set_tracking_uri(server.url)
    mlflow.set_registry_uri(server.url)
    return mlflow


def flights():
    """Texts, numbers with gaps and whole numbers."""
    random = np.random.default_rng(5)
    table = pd.DataFrame(
        {
            "carrier": random.choice(["AA", "UA", "DL"], 300),
            "delay": random.normal(size=300),
            "stops": random.integers(0, 4, 300),
        }
    )
    late = table["delay"] + (table["carrier"] == "UA") - 0.2 * table["stops"] > 0.3
    return table, late.map({True: "late", False: "ok"})


def prepared(last):
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    parts = [
        ("texts", OneHotEncoder(handle_unknown="ignore"), ["carrier"]),
        ("numbers", numbers, ["delay", "stops"]),
    ]
    return make_pipeline(ColumnTransformer(parts), last)


def cases():
    iris = load_iris(return_X_y=True, as_frame=True)
    cancer = load_breast_cancer(return_X_y=True, as_frame=True)
    diabetes = load_diabetes(return_X_y=True, as_frame=True)
    logistic = LogisticRegression(max_iter=2000)
    return {
        "linear": (LinearRegression(), *diabetes),
        "two-targets": (LinearRegression(), diabetes[0], np.c_[diabetes[1], diabetes[1] * 2]),
        "ridge": (Ridge(), *diabetes),
        "logistic": (logistic, *iris),
        "components": (make_pipeline(StandardScaler(), PCA(5), logistic), *cancer),
        "svc": (make_pipeline(StandardScaler(), SVC()), *iris),
        "neighbours": (KNeighborsClassifier(), *iris),
        "network": (make_pipeline(MinMaxScaler(), MLPClassifier(max_iter=150)), *iris),
        "naive-bayes": (GaussianNB(), *iris),
        "discriminant": (LinearDiscriminantAnalysis(), *iris),
        "clusters": (KMeans(3, n_init=3, random_state=0), iris[0], None),
        "bagging": (BaggingClassifier(LogisticRegression(max_iter=500)), *iris),
        "grid": (GridSearchCV(make_pipeline(StandardScaler(), logistic), {
            "logisticregression__C": [0.1, 1]}), *iris),
        "texts-logistic": (prepared(logistic), *flights()),
        "scaled-forest": (make_pipeline(StandardScaler(), RandomForestRegressor(20)), *diabetes),
    }  # fmt: skip


# What skl2onnx or ONNX Runtime cannot do, or not equally, stays in Python; which of them may change
# with their versions. These have to work.
MUST = {
    "linear", "two-targets", "ridge", "logistic", "components", "svc", "neighbours", "network",
    "naive-bayes", "discriminant", "clusters", "bagging", "grid", "texts-logistic",
}  # fmt: skip


def register(client, name, model, features, example=True):
    from mlflow.models import infer_signature

    with client.start_run():
        client.sklearn.log_model(
            model,
            name="model",
            signature=infer_signature(features, model.predict(features)),
            input_example=features[:20] if example else None,
            registered_model_name=name,
            pip_requirements=["mlflow"],
            serialization_format="cloudpickle",
        )


@pytest.fixture(scope="module")
def registered(server, client):
    """All of them at once: they are converted one after the other, while others are registered."""
    made = {}
    for name, (model, features, target) in cases().items():
        fitted = model.fit(features, target)
        began = time.monotonic()
        register(client, name, fitted, features, example=name != "components")
        made[name] = (fitted, features, time.monotonic() - began)
    return made


@pytest.mark.parametrize("name", list(cases()))
def test_answers_equal_those_of_the_model(server, client, registered, name):
    model, features, _ = registered[name]
    words = verdict(server, name)
    if name in MUST:
        assert words.startswith("converted to ONNX, equal on "), words
    endpoint(server, name, [{"model": name, "version": "1"}])
    rows = features.sample(60, random_state=1).reset_index(drop=True)
    wanted = client.pyfunc.load_model(f"models:/{name}/1").predict(rows)

    for body in (
        {"dataframe_split": rows.to_dict(orient="split")},
        {"dataframe_records": rows.to_dict(orient="records")},
    ):
        answer = invoke(server, name, body)
        assert answer.status_code == 200, answer.text
        got = np.asarray(answer.json()["predictions"])
        assert got.shape == np.asarray(wanted).shape
        if np.asarray(wanted).dtype.kind in "OUib":
            assert got.tolist() == np.asarray(wanted).tolist()
        else:
            np.testing.assert_allclose(got, wanted, 1e-5, 1e-5)
    platform = requests.get(f"{server.url}/v2/models/{name}").json()["platform"]
    assert platform == ("mlflow_converted" if words.startswith("converted") else "mlflow_pyfunc")


def test_gaps_and_unknown_texts_are_answered_as_the_model_does(server, client, registered):
    _, features, _ = registered["texts-logistic"]
    rows = features[:30].copy()
    rows.loc[::3, "delay"] = np.nan
    rows.loc[1::3, "carrier"] = "ZZ"
    wanted = client.pyfunc.load_model("models:/texts-logistic/1").predict(rows)
    plain = rows.astype(object).where(rows.notna(), None)

    endpoint(server, "gaps", [{"model": "texts-logistic", "version": "1"}])
    answer = invoke(server, "gaps", {"dataframe_split": plain.to_dict(orient="split")})

    assert answer.status_code == 200, answer.text
    assert answer.json()["predictions"] == list(wanted)


def test_what_has_no_graph_says_why_and_is_answered_by_python(server, client):
    class Odd(LinearRegression):
        def predict(self, X):
            return super().predict(X) + 1

    features, target = load_diabetes(return_X_y=True, as_frame=True)
    register(client, "odd", Odd().fit(features, target), features)

    words = verdict(server, "odd")

    assert words.startswith("python: not converted, ") and "Odd" in words
    endpoint(server, "odd", [{"model": "odd", "version": "1"}])
    body = {"dataframe_split": features[:3].to_dict(orient="split")}
    wanted = client.pyfunc.load_model("models:/odd/1").predict(features[:3])
    np.testing.assert_allclose(invoke(server, "odd", body).json()["predictions"], wanted, 1e-9)


def test_a_graph_that_answers_otherwise_is_not_used(server, client):
    """skl2onnx knows the class; that this one's answers were bent, only the comparison tells."""
    features, target = load_diabetes(return_X_y=True, as_frame=True)
    model = LinearRegression().fit(features, target)
    model.predict = bent(model)
    register(client, "bent", model, features)

    assert "differ" in verdict(server, "bent")


def bent(model):
    coefficients, intercept = model.coef_, model.intercept_
    return lambda rows: np.asarray(rows) @ coefficients + intercept + 0.01


def test_registration_and_requests_wait_for_nothing(server, client, registered):
    """An endpoint of a model that is still in the queue is answered by Python, then changes over
    without a failed request."""
    features, target = load_iris(return_X_y=True, as_frame=True)
    for i in range(2):  # so that the last one waits
        register(
            client, f"busy{i}", LogisticRegression(max_iter=500).fit(features, target), features
        )
    endpoint(server, "busy1", [{"model": "busy1", "version": "1"}])
    body = {"dataframe_split": features[:5].to_dict(orient="split")}
    wanted = target[:5].tolist()
    stop, bad = threading.Event(), []

    def ask():
        while not stop.is_set():
            answer = invoke(server, "busy1", body)
            if answer.status_code != 200 or answer.json()["predictions"] != wanted:
                bad.append(answer.text)

    thread = threading.Thread(target=ask)
    thread.start()
    verdict(server, "busy1")
    deadline = time.monotonic() + 60
    while (
        requests.get(f"{server.url}/v2/models/busy1").json()["platform"] != "mlflow_converted"
        and time.monotonic() < deadline
    ):
        time.sleep(0.1)
    stop.set()
    thread.join()
    assert not bad
    metadata = requests.get(f"{server.url}/v2/models/busy1").json()
    assert metadata["platform"] == "mlflow_converted"


def test_a_server_that_was_killed_or_stopped_goes_on_with_what_was_not_converted(new_server):
    import mlflow

    server = new_server("--python", sys.executable).start()
    mlflow.set_tracking_uri(server.url)
    mlflow.set_registry_uri(server.url)
    features, target = load_iris(return_X_y=True, as_frame=True)
    for name in ("one", "two"):
        register(mlflow, name, LogisticRegression(max_iter=500).fit(features, target), features)
    server.kill()
    server.start()
    time.sleep(1)  # it has begun with one again
    assert server.stop() == 0
    server.start()
    for name in ("one", "two"):
        assert verdict(server, name).startswith("converted to ONNX")


def test_it_can_be_switched_off(new_server):
    import mlflow

    server = new_server("--python", sys.executable, "--convert", "no").start()
    mlflow.set_tracking_uri(server.url)
    mlflow.set_registry_uri(server.url)
    features, target = load_iris(return_X_y=True, as_frame=True)
    register(mlflow, "plain", LogisticRegression(max_iter=500).fit(features, target), features)
    endpoint(server, "plain", [{"model": "plain", "version": "1"}])
    facts = requests.get(f"{server.url}/api/v1/models/plain/versions/1").json()
    assert "slipway.serving" not in facts["tags"]
    assert requests.get(f"{server.url}/v2/models/plain").json()["platform"] == "mlflow_pyfunc"
