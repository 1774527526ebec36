# SPDX-License-Identifier: Apache-2.0
"""Models logged by the unmodified mlflow client, served to tritonclient and MLflow's payloads.

Every prediction is compared with onnxruntime in Python, every answer to /invocations with what
MLflow's scoring server makes of the same body where it can."""

import json
import threading
import time

import numpy as np
import pytest
import requests
from serving_models import (  # noqa: F401 (fixtures are found by name)
    COLUMNS,
    change,
    endpoint,
    invoke,
    iris,
    mlflow_answer,
    models,
    run,
)


def test_a_new_endpoint_is_ready_and_says_what_it_serves(server, iris):
    assert iris["routes"][0]["state"] == "ready"
    assert iris["routes"][0]["version"] == "1"
    assert requests.get(f"{server.url}/endpoints/iris/ping").status_code == 200
    assert requests.get(f"{server.url}/v2/health/ready").status_code == 200
    assert [e["name"] for e in requests.get(f"{server.url}/api/v1/endpoints").json()["items"]]


def test_every_payload_form_gives_the_predictions_of_onnxruntime(server, models, iris):
    rows = models.features[:5]
    wanted = run(models, "iris", 1, {"X": rows.to_numpy()})
    shuffled = rows[COLUMNS[::-1]]
    bodies = {
        "split": {"dataframe_split": rows.to_dict(orient="split")},
        "split, data first": {
            "dataframe_split": {"data": rows.values.tolist(), "columns": COLUMNS}
        },
        "split, other order": {"dataframe_split": shuffled.to_dict(orient="split")},
        "records": {"dataframe_records": rows.to_dict(orient="records")},
        "records, other order": {"dataframe_records": shuffled.to_dict(orient="records")},
        "inputs": {"inputs": rows.values.tolist()},
        "inputs by column": {"inputs": rows.to_dict(orient="list")},
        "instances": {"instances": rows.values.tolist()},
        "instances by column": {"instances": rows.to_dict(orient="records")},
    }
    answers = {k: invoke(server, "iris", body) for k, body in bodies.items()}
    csv = rows.to_csv(index=False)
    answers["csv"] = invoke(server, "iris", csv, **{"content-type": "text/csv"})
    for form, answer in answers.items():
        assert answer.status_code == 200, (form, answer.text)
        predictions = answer.json()["predictions"]
        assert [p["label"] for p in predictions] == wanted["label"].tolist(), form
        assert [p["probabilities"] for p in predictions] == wanted["probabilities"].tolist(), form


def test_answers_equal_those_of_mlflows_own_scoring_server(server, models, iris):
    endpoint(server, "zipmap", [{"model": "zipmap", "version": 1}])
    endpoint(server, "mixed", [{"model": "mixed", "version": "1"}])
    rows = models.features[48:53]
    for body in (
        {"dataframe_split": rows.to_dict(orient="split")},
        {"dataframe_records": rows.to_dict(orient="records")},
    ):
        assert invoke(server, "zipmap", body).json() == mlflow_answer("models:/zipmap/1", body)
    csv = rows.to_csv(index=False)
    assert invoke(server, "zipmap", csv, **{"content-type": "text/csv"}).json() == mlflow_answer(
        "models:/zipmap/1", csv, "text/csv"
    )


def test_texts_and_numbers_in_columns_of_their_own(server, models):
    if requests.get(f"{server.url}/api/v1/endpoints/mixed").status_code == 404:
        endpoint(server, "mixed", [{"model": "mixed", "version": "1"}])
    rows = [{"carrier": "UA", "delay": 0.5}, {"delay": 3, "carrier": "??"}]
    wanted = [{"score": 2.5}, {"score": 3.0}]

    assert invoke(server, "mixed", {"dataframe_records": rows}).json()["predictions"] == wanted
    assert (
        invoke(
            server,
            "mixed",
            'carrier,delay\n"UA",0.5\r\n??,3\n',
            **{"content-type": "text/csv; charset=utf-8"},
        ).json()["predictions"]
        == wanted
    )
    by_name = {"inputs": {"carrier": ["UA", "??"], "delay": [0.5, 3]}}
    assert invoke(server, "mixed", by_name).json()["predictions"] == wanted


@pytest.mark.parametrize(
    "body, says",
    [
        (
            {"dataframe_split": {"columns": COLUMNS[:3], "data": [[1, 2, 3]]}},
            "'petal width (cm)' is missing",
        ),
        (
            {"dataframe_split": {"columns": COLUMNS + ["colour"], "data": [[1, 2, 3, 4, 5]]}},
            "'colour'",
        ),
        (
            {"dataframe_split": {"columns": COLUMNS, "data": [[1, 2, 3]]}},
            "'petal width (cm)' is missing in row 0",
        ),
        (
            {"dataframe_split": {"columns": COLUMNS, "data": [[1, 2, "wide", 4]]}},
            "'petal length (cm)' takes FP32",
        ),
        ({"dataframe_split": {"columns": COLUMNS, "data": []}}, "no rows"),
        ({"dataframe_split": {"columns": COLUMNS, "rows": []}}, "'rows'"),
        ({"dataframe_records": [{c: 1 for c in COLUMNS}, {"colour": 2}]}, "'colour' in row 1"),
        ({"dataframe_records": {}}, "array of records"),
        ({"inputs": [[1, 2, 3]]}, "[-1,4]"),
        ({"inputs": [[1, 2, 3, 4], [1]]}, "differ in length"),
        ({"inputs": [[1, 2, 3, "4"]]}, "a text"),
        ({"rows": [[1, 2, 3, 4]]}, "'rows'"),
        ({"inputs": [[1, 2, 3, 4]], "instances": [[1, 2, 3, 4]]}, "instances"),
        ({}, "no data"),
        ([[1, 2, 3, 4]], "not a JSON object"),
        ('{"inputs": [[1, 2, 3, NaN]]}', "NaN"),
        ('{"inputs": [[1, 2, 3, 4]}', "malformed JSON"),
        ("[" * 200_000, "not a JSON object"),
        ('{"inputs": ' + "[" * 200_000, "deeper"),
    ],
)
def test_a_bad_body_is_400_and_says_why(server, iris, body, says):
    answer = invoke(server, "iris", body, **{"content-type": "application/json"})
    assert answer.status_code == 400, answer.text
    assert says in answer.json()["message"]
    assert answer.json()["error_code"] == "BAD_REQUEST"


def test_other_refusals(server, iris):
    body = json.dumps({"inputs": [[1, 2, 3, 4]]})
    for content_type in ("application/xml", "application/json; charset=latin-1", ""):
        answer = invoke(server, "iris", body, **{"content-type": content_type})
        assert answer.status_code == 415, content_type
    assert invoke(server, "nobody", {"inputs": [[1, 2, 3, 4]]}).status_code == 404
    assert requests.get(f"{server.url}/endpoints/nobody/ping").status_code == 404


def test_sagemaker_names_the_endpoint_in_a_header(server, models, iris):
    head = {"X-Amzn-SageMaker-Target-Model": "iris"}
    body = {"inputs": [[5, 3, 1, 0.2]]}
    answer = requests.post(f"{server.url}/invocations", json=body, headers=head)
    assert answer.status_code == 200
    assert requests.get(f"{server.url}/ping", headers=head).status_code == 200


def test_tritonclient_reads_metadata_and_infers(server, models, iris):
    import tritonclient.http as triton

    client = triton.InferenceServerClient(server.url.removeprefix("http://"))
    assert client.is_server_live() and client.is_server_ready()
    assert client.is_model_ready("iris") and client.is_model_ready("iris", "1")
    assert client.get_server_metadata()["name"] == "slipway"
    about = client.get_model_metadata("iris")
    assert about["versions"] == ["1"]
    assert about["inputs"] == [{"name": "X", "datatype": "FP32", "shape": [-1, 4]}]
    index = client.get_model_repository_index()
    assert {"name": "iris", "version": "1", "state": "READY", "reason": ""} in index

    rows = models.features.to_numpy()[:7]
    wanted = run(models, "iris", 1, {"X": rows})
    for binary_in in (True, False):
        for binary_out in (True, False):
            tensor = triton.InferInput("X", list(rows.shape), "FP32")
            tensor.set_data_from_numpy(rows, binary_data=binary_in)
            asked = [triton.InferRequestedOutput(n, binary_data=binary_out) for n in wanted]
            answer = client.infer("iris", [tensor], outputs=asked, request_id="r-1")
            assert answer.get_response()["id"] == "r-1"
            for name, values in wanted.items():
                np.testing.assert_array_equal(answer.as_numpy(name), values)
    answer = client.infer("iris", [tensor], model_version="1")
    np.testing.assert_array_equal(answer.as_numpy("label"), wanted["label"])
    top = triton.InferRequestedOutput("probabilities", class_count=1)
    best = client.infer("iris", [tensor], outputs=[top]).as_numpy("probabilities")
    assert [b[0].decode().split(":")[1] for b in best] == [str(v) for v in wanted["label"]]
    for compression in ("gzip", "deflate"):
        answer = client.infer(
            "iris",
            [tensor],
            request_compression_algorithm=compression,
            response_compression_algorithm=compression,
        )
        np.testing.assert_array_equal(answer.as_numpy("label"), wanted["label"])


def test_tritonclient_sends_texts(server, models):
    import tritonclient.http as triton

    if requests.get(f"{server.url}/api/v1/endpoints/mixed").status_code == 404:
        endpoint(server, "mixed", [{"model": "mixed", "version": "1"}])
    client = triton.InferenceServerClient(server.url.removeprefix("http://"))
    for binary in (True, False):
        carrier = triton.InferInput("carrier", [2, 1], "BYTES")
        carrier.set_data_from_numpy(np.array([["UA"], ["é"]], dtype=object), binary_data=binary)
        delay = triton.InferInput("delay", [2, 1], "FP32")
        delay.set_data_from_numpy(np.array([[1], [2]], "float32"), binary_data=binary)
        answer = client.infer("mixed", [delay, carrier])
        np.testing.assert_array_equal(answer.as_numpy("score"), [[3], [2]])


X = {"name": "X", "shape": [1, 4], "datatype": "FP32", "data": [1, 2, 3, 4]}


@pytest.mark.parametrize(
    "body, says",
    [
        ({"inputs": []}, "'X' is missing"),
        ({}, "'inputs' is missing"),
        ({"inputs": [X | {"name": "Y"}]}, "unknown input 'Y'"),
        ({"inputs": [X, X]}, "twice"),
        ({"inputs": [X | {"datatype": "FP64"}]}, "takes FP32"),
        ({"inputs": [X | {"datatype": "FP33"}]}, "FP33"),
        ({"inputs": [X | {"shape": [1, 5]}]}, "takes 5 elements"),
        ({"inputs": [X | {"shape": [4]}]}, "[-1,4]"),
        ({"inputs": [X | {"shape": [-1, 4]}]}, "negative"),
        ({"inputs": [X | {"shape": [2**62, 2**62]}]}, "not possible"),
        ({"inputs": [X | {"shape": [1, 4, 0], "data": []}]}, "[-1,4]"),
        ({"inputs": [X | {"data": [1, 2, 3, "4"]}]}, "a text"),
        ({"inputs": [X | {"data": [1, 2, 3, 1e300]}]}, "cannot hold"),
        ({"inputs": [X | {"data": [[1, 2], [3, 4]]}]}, "[2,2]"),
        ({"inputs": [X], "outputs": [{"name": "score"}]}, "unknown output 'score'"),
        (
            {
                "inputs": [
                    {
                        "name": "X",
                        "shape": [1, 4],
                        "datatype": "FP32",
                        "parameters": {"binary_data_size": 16},
                    }
                ]
            },
            "16 bytes",
        ),
        ('{"inputs": [{"name":"X","shape":[1,4],"datatype":"FP32","data":[1,2,3,NaN]}]}', "NaN"),
        ("[" * 200_000, "not a JSON object"),
        ("", "not a JSON object"),
    ],
)
def test_a_bad_inference_request_is_400(server, iris, body, says):
    text = body if isinstance(body, str) else json.dumps(body)
    answer = requests.post(f"{server.url}/v2/models/iris/infer", data=text)
    assert answer.status_code == 400, answer.text
    assert says in answer.json()["error"]


def test_unknown_models_and_versions_are_404(server, iris):
    for path in ("nobody/infer", "iris/versions/9/infer"):
        answer = requests.post(f"{server.url}/v2/models/{path}", json={"inputs": [X]})
        assert answer.status_code == 404 and "error" in answer.json()
    assert requests.get(f"{server.url}/v2/models/nobody/ready").status_code == 404


def test_predictions_are_recorded_with_the_request_id(server, models, iris):
    row = models.features[:1]
    body = {"dataframe_split": row.to_dict(orient="split")}
    answer = invoke(server, "iris", body, **{"x-request-id": "trip-7"})
    assert answer.headers["x-request-id"] == "trip-7"
    deadline = time.monotonic() + 5
    found = []
    while not found and time.monotonic() < deadline:
        page = requests.get(f"{server.url}/api/v1/endpoints/iris/predictions?limit=20").json()
        found = [p for p in page["items"] if p["request_id"] == "trip-7"]
    prediction = found[0]
    assert prediction["model"] == "iris" and prediction["version"] == "1"
    assert prediction["features"] == {c: float(row[c].iloc[0]) for c in COLUMNS}
    assert prediction["outputs"]["label"] == answer.json()["predictions"][0]["label"]
    assert 0 < prediction["latency_ms"] < 5000


def test_traffic_follows_the_weights(server, models):
    endpoint(
        server,
        "split",
        [
            {"model": "iris", "version": "1", "weight": 95},
            {"model": "iris", "version": "2", "weight": 5},
        ],
    )
    for _ in range(100):
        assert invoke(server, "split", {"inputs": [[5, 3, 1, 0.2]]}).status_code == 200
    stats = requests.get(f"{server.url}/api/v1/endpoints/split").json()["stats"]
    assert stats["requests"] == 100 and stats["errors"] == 0
    share = {v["version"]: v["requests"] for v in stats["per_version"]}
    assert 3 <= share["2"] <= 7 and share["1"] == 100 - share["2"]
    answer = requests.post(f"{server.url}/v2/models/split/versions/2/infer", json={"inputs": [X]})
    assert answer.json()["model_version"] == "2"


def test_a_shadow_gets_copies_and_changes_no_answer(server, models):
    endpoint(
        server,
        "shadowed",
        [{"model": "iris", "version": "1"}, {"model": "iris", "version": "2", "shadow": True}],
    )
    for _ in range(20):
        answer = requests.post(f"{server.url}/v2/models/shadowed/infer", json={"inputs": [X]})
        assert answer.json()["model_version"] == "1"
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        stats = requests.get(f"{server.url}/api/v1/endpoints/shadowed").json()["stats"]
        if {v["version"]: v["shadowed"] for v in stats["per_version"]} == {"1": 0, "2": 20}:
            return
    pytest.fail(str(stats))


def test_an_alias_moves_under_load_without_a_failed_request(server, models, mlflow):
    client = mlflow.MlflowClient()
    client.set_registered_model_alias("iris", "champion", "1")
    endpoint(server, "swap", [{"model": "iris", "alias": "champion"}])
    stop, bad, seen = threading.Event(), [], set()

    def hammer():
        with requests.Session() as session:
            while not stop.is_set():
                answer = session.post(f"{server.url}/v2/models/swap/infer", json={"inputs": [X]})
                if answer.status_code != 200:
                    bad.append(answer.text)
                seen.add(answer.json().get("model_version"))

    threads = [threading.Thread(target=hammer) for _ in range(4)]
    for thread in threads:
        thread.start()
    for turn in range(10):
        version = str(turn % 2 + 1)
        client.set_registered_model_alias("iris", "champion", version)
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            view = requests.get(f"{server.url}/api/v1/endpoints/swap").json()
            if view["routes"][0]["version"] == version:
                break
        assert view["routes"][0]["version"] == version
    stop.set()
    for thread in threads:
        thread.join()
    assert not bad and seen == {"1", "2"}


def broken_version(mlflow, models, tmp_path, keep):
    """A version whose graph file was cut off after `keep` bytes."""
    import mlflow.onnx as flavour

    folder = tmp_path / f"cut-{keep}"
    session = models.sessions[("iris", 1)]
    model = session._model_bytes
    import onnx

    flavour.save_model(
        onnx.load_from_string(model),
        folder,
        signature=models.signature,
        pip_requirements=["onnxruntime"],
    )
    file = folder / "model.onnx"
    file.write_bytes(file.read_bytes()[:keep])
    with mlflow.start_run() as run:
        mlflow.log_artifacts(str(folder), "model")
    client = mlflow.MlflowClient()
    source = f"runs:/{run.info.run_id}/model"
    return client.create_model_version("iris", source, run.info.run_id).version


@pytest.mark.parametrize("keep", [0, 10, 200, 400, -1])
def test_a_truncated_model_is_refused_and_the_old_one_goes_on(
    server, models, iris, mlflow, tmp_path, keep
):
    version = str(broken_version(mlflow, models, tmp_path, keep))
    answer = change(server, "iris", [{"model": "iris", "version": version}])
    assert answer.status_code == 422, answer.text
    assert "ONNX" in answer.json()["detail"] and f"version {version}" in answer.json()["detail"]
    assert invoke(server, "iris", {"inputs": [[5, 3, 1, 0.2]]}).status_code == 200
    view = requests.get(f"{server.url}/api/v1/endpoints/iris").json()
    assert [r["version"] for r in view["routes"]] == ["1"]


@pytest.mark.parametrize(
    "body, field",
    [
        ({"routes": [{"model": "iris", "version": "1"}]}, "name"),
        ({"name": "a b", "routes": [{"model": "iris", "version": "1"}]}, "name"),
        ({"name": "bad", "routes": []}, "routes"),
        ({"name": "bad", "routes": [{"model": "iris"}]}, "routes[0]"),
        ({"name": "bad", "routes": [{"model": "iris", "version": "1", "alias": "a"}]}, "routes[0]"),
        ({"name": "bad", "routes": [{"model": "iris", "version": "1", "weight": -1}]}, "weight"),
        ({"name": "bad", "routes": [{"model": "iris", "version": "one"}]}, "version"),
        ({"name": "bad", "routes": [{"model": "iris", "version": "1", "wieght": 1}]}, "wieght"),
        ({"name": "bad", "routes": [{"model": "iris", "version": "1", "weight": 0}]}, "weight"),
        ({"name": "bad", "routes": "iris"}, "routes"),
    ],
)
def test_a_bad_endpoint_is_400_and_names_the_field(server, models, body, field):
    answer = requests.post(f"{server.url}/api/v1/endpoints", json=body)
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert field in answer.json()["detail"]


def test_what_does_not_exist_is_404_and_a_taken_name_409(server, models, iris):
    for route in (
        {"model": "nobody", "version": "1"},
        {"model": "iris", "version": "999"},
        {"model": "iris", "alias": "nobody"},
    ):
        endpoint(server, "missing", [route], status=404)
    endpoint(server, "iris", [{"model": "iris", "version": "1"}], status=409)
    assert change(server, "missing", [{"model": "iris", "version": "1"}]).status_code == 404
    assert requests.delete(f"{server.url}/api/v1/endpoints/missing").status_code == 404


def test_endpoints_come_back_after_kill_9(models, server):
    endpoint(server, "durable", [{"model": "iris", "version": "2"}])
    server.kill()
    server.start()
    answer = requests.post(f"{server.url}/v2/models/durable/infer", json={"inputs": [X]})
    assert answer.status_code == 200 and answer.json()["model_version"] == "2"


def test_the_command_line(server, models, slipway):
    def endpoint_command(*words, code=0):
        done = slipway("endpoint", *words, "--server", server.url)
        assert done.returncode == code, done.stderr
        return done

    endpoint_command("create", "shell", "--route", "iris/1=95", "--route", "iris/2=5")
    assert "shell" in endpoint_command("list").stdout
    view = json.loads(endpoint_command("show", "shell", "--json", "-").stdout)
    assert [r["weight"] for r in view["routes"]] == [95, 5]
    endpoint_command("update", "shell", "--route", "iris/2")
    assert invoke(server, "shell", {"inputs": [[5, 3, 1, 0.2]]}).status_code == 200
    endpoint_command("delete", "shell")
    gone = endpoint_command("show", "shell", code=2)
    assert "shell" in gone.stderr and "hint" in gone.stderr
    assert endpoint_command("create", "shell", "--route", "iris", code=2).stderr
