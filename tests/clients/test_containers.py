# SPDX-License-Identifier: Apache-2.0
"""The contracts of SageMaker's and Vertex AI's containers, boto3's runtime client, and typed JSON
with its OpenAPI document."""

import json

import numpy as np
import pytest
import requests
from serving_models import (  # noqa: F401 (fixtures are found by name)
    COLUMNS,
    echo_model,
    endpoint,
    iris,
    models,
    run,
)


@pytest.fixture(scope="module")
def served(server, models, iris):
    endpoint(server, "mixed", [{"model": "mixed", "version": 1}])
    return models


def test_boto3_invokes_an_endpoint(server, served):
    import boto3

    runtime = boto3.client(
        "sagemaker-runtime",
        endpoint_url=server.url,
        region_name="eu-west-1",
        aws_access_key_id="none",
        aws_secret_access_key="none",
    )
    rows = served.features[:2]
    wanted = run(served, "iris", 1, {"X": rows.to_numpy()})["label"].tolist()
    bodies = {
        "application/json": json.dumps({"dataframe_split": rows.to_dict(orient="split")}),
        "text/csv": rows.to_csv(index=False),
    }
    for content_type, body in bodies.items():
        answer = runtime.invoke_endpoint(
            EndpointName="iris", ContentType=content_type, Accept="application/json", Body=body
        )
        assert answer["InvokedProductionVariant"] == "1"
        predictions = json.loads(answer["Body"].read())["predictions"]
        assert [p["label"] for p in predictions] == wanted
    with pytest.raises(runtime.exceptions.ClientError) as missing:
        runtime.invoke_endpoint(
            EndpointName="iris", TargetVariant="77", ContentType="text/csv", Body="a\n1\n"
        )
    assert missing.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_vertex_chooses_port_and_paths(new_server, monkeypatch):
    import mlflow

    monkeypatch.setenv("AIP_HEALTH_ROUTE", "/v1/endpoints/7/healthz")
    monkeypatch.setenv("AIP_PREDICT_ROUTE", "/v1/endpoints/7:predict")
    server = new_server().start()
    mlflow.set_tracking_uri(server.url)
    mlflow.set_registry_uri(server.url)
    with mlflow.start_run():
        mlflow.onnx.log_model(
            echo_model({"X": "FLOAT"}),
            name="model",
            registered_model_name="one",
            pip_requirements=["onnxruntime"],
        )
    endpoint(server, "one", [{"model": "one", "version": 1}])
    assert requests.get(f"{server.url}/v1/endpoints/7/healthz").status_code == 200
    answer = requests.post(
        f"{server.url}/v1/endpoints/7:predict",
        json={"instances": [[1, 2], [3, 4]], "parameters": {}},
    )
    assert answer.json() == {"predictions": [{"out_X": [1, 2]}, {"out_X": [3, 4]}]}, answer.text


def predict(server, name, body):
    return requests.post(f"{server.url}/endpoints/{name}/predict", json=body)


def test_typed_json_has_the_shape_of_the_question(server, served):
    row = {"carrier": "AA", "delay": 1.5}
    assert predict(server, "mixed", row).json() == {"score": 2.5}
    assert predict(server, "mixed", [row, row]).json() == [{"score": 2.5}, {"score": 2.5}]
    columns = {"carrier": ["AA", "UA"], "delay": [1.5, 2]}
    assert np.array(predict(server, "mixed", columns).json()["score"]).flatten().tolist() == [
        2.5,
        4,
    ]
    flowers = served.features[:3].to_dict(orient="records")
    wanted = run(served, "iris", 1, {"X": served.features[:3].to_numpy()})["label"].tolist()
    assert [p["label"] for p in predict(server, "iris", flowers).json()] == wanted


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"3",
        b"{}",
        b"[",
        b'{"carrier": "AA"}',
        b'{"carrier": "AA", "delay": "x"}',
        b'[{"carrier": "AA", "delay": 1}, 3]',
        b'{"carrier": ["AA"], "delay": [1, 2]}',
        b'[{"carrier": "AA", "delay": 1}], "params": {}',
        b'{"carrier": "AA", "delay": NaN}',
    ],
)
def test_typed_json_that_is_wrong_is_400(server, served, body):
    answer = requests.post(f"{server.url}/endpoints/mixed/predict", data=body)
    assert answer.status_code == 400, answer.text
    assert len(answer.text) > 20


def test_the_openapi_document_follows_the_signature(server, served):
    document = requests.get(f"{server.url}/endpoints/mixed/openapi.json").json()
    assert document["openapi"].startswith("3.1") and document["info"]["title"] == "mixed"
    operation = document["paths"]["/endpoints/mixed/predict"]["post"]
    forms = operation["requestBody"]["content"]["application/json"]["schema"]["oneOf"]
    assert forms[0]["properties"] == {"carrier": {"type": "string"}, "delay": {"type": "number"}}
    assert forms[0]["required"] == ["carrier", "delay"]
    assert set(operation["responses"]) >= {"200", "400", "404", "429"}
    table = requests.get(f"{server.url}/endpoints/iris/openapi.json").json()
    forms = table["paths"]["/endpoints/iris/predict"]["post"]["requestBody"]
    assert list(forms["content"]["application/json"]["schema"]["oneOf"][0]["properties"]) == COLUMNS
    assert requests.get(f"{server.url}/endpoints/none/openapi.json").status_code == 404
