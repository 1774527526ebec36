# SPDX-License-Identifier: Apache-2.0
"""Orders and forms of calls in which clients differ from each other: each is answered as by the
original."""

import json
import os
import uuid

import requests


def post(server, path, body):
    answer = requests.post(f"{server.url}/api/{path}", json=body, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.json()


def start_trace(server, trace: str) -> None:
    location = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}}
    info = {"trace_id": trace, "trace_location": location, "state": "OK"}
    info["request_time"] = "2026-01-01T00:00:00Z"
    post(server, "3.0/mlflow/traces", {"trace": {"trace_info": info}})


def test_a_trace_is_linked_before_it_arrives(server, mlflow):
    """The client sends traces in the background, and links at once."""
    client = mlflow.MlflowClient()
    run = client.create_run("0").info.run_id
    trace = "tr-" + uuid.uuid4().hex
    client.link_traces_to_run([trace], run)
    assert client.search_traces(["0"], filter_string=f"attributes.run_id = '{run}'") == []
    start_trace(server, trace)
    found = client.search_traces(
        ["0"], filter_string=f"attributes.run_id = '{run}'", include_spans=False
    )
    assert [t.info.trace_id for t in found] == [trace]


def test_a_deleted_trace_leaves_the_queues(server, mlflow):
    client = mlflow.MlflowClient()
    traces = ["tr-" + uuid.uuid4().hex for _ in range(2)]
    for trace in traces:
        start_trace(server, trace)
    queue = post(
        server,
        "3.0/mlflow/review-queues/create",
        {"experiment_id": "0", "name": "to see", "queue_type": "CUSTOM"},
    )["review_queue"]["queue_id"]
    items = {"queue_id": queue, "item_type": "TRACE", "item_ids": traces}
    post(server, "3.0/mlflow/review-queues/items/add", items)
    client.delete_traces(experiment_id="0", trace_ids=traces[:1])
    listed = requests.get(
        server.url + "/api/3.0/mlflow/review-queues/items/list", {"queue_id": queue}, timeout=30
    ).json()["items"]
    assert [item["item_id"] for item in listed] == traces[1:]


def test_a_relative_location_starts_where_the_server_does(server, mlflow):
    client = mlflow.MlflowClient()
    near = client.create_experiment("near", artifact_location="my_location")
    far = client.create_experiment("far", artifact_location="/tmp/somewhere")
    own = client.get_experiment(near).artifact_location
    assert own == os.path.join(os.path.realpath(server.folder), "my_location")
    assert client.get_experiment(far).artifact_location == "/tmp/somewhere"
    run = client.create_run(near).info
    assert run.artifact_uri == f"{own}/{run.run_id}/artifacts"


def test_the_files_of_a_copy_are_those_of_the_version(server, mlflow):
    client = mlflow.MlflowClient()
    for name in ("from", "to"):
        client.create_registered_model(name)
    client.create_model_version("from", "s3://bucket/model")
    client.copy_model_version("models:/from/1", "to")
    assert client.get_model_version_download_uri("to", "1") == "s3://bucket/model"


def test_the_tag_of_the_name_can_be_deleted_and_many_inputs_logged(server, mlflow):
    client = mlflow.MlflowClient()
    run = client.create_run("0", run_name="named").info.run_id
    client.delete_tag(run, "mlflow.runName")
    assert client.get_run(run).info.run_name == "named"
    datasets = [
        {"dataset": {"name": f"d{i}", "digest": "x", "source_type": "t", "source": "s"}}
        for i in range(1010)
    ]
    post(server, "2.0/mlflow/runs/log-inputs", {"run_id": run, "datasets": datasets})
    assert len(client.get_run(run).inputs.dataset_inputs) == 1010


def test_a_judge_has_a_model_with_a_name(server):
    scorer = {"instructions_judge_pydantic_data": {"model": "  "}}
    body = {"experiment_id": "0", "name": "j", "serialized_scorer": json.dumps(scorer)}
    answer = requests.post(server.url + "/api/3.0/mlflow/scorers/register", json=body, timeout=30)
    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
