# SPDX-License-Identifier: Apache-2.0
"""`slipway routes`, and that no path of MLflow's services is unknown to the server."""

import json
import re

import pytest
import requests
from mlflow.protos import (
    databricks_pb2,
    mlflow_artifacts_pb2,
    model_registry_pb2,
    service_pb2,
    webhooks_pb2,
)

SERVICES = [
    service_pb2.MlflowService,
    model_registry_pb2.ModelRegistryService,
    mlflow_artifacts_pb2.MlflowArtifactsService,
    webhooks_pb2.WebhookService,
]


def endpoints():
    for service in SERVICES:
        for method in service.DESCRIPTOR.methods:
            for endpoint in method.GetOptions().Extensions[databricks_pb2.rpc].endpoints:
                path = re.sub(r"<[^>]*>|\{[^}]*\}", "nobody", endpoint.path.lstrip("/"))
                yield endpoint.method, f"/api/{endpoint.since.major}.0/{path}"


@pytest.mark.parametrize("root", ["/api", "/ajax-api"])
def test_every_path_of_mlflows_services_is_known(server, root):
    pairs = sorted(set(endpoints()))
    assert len(pairs) > 180
    unknown = []
    for method, path in pairs:
        url = server.url + path.replace("/api", root, 1)
        answer = requests.request(method, url, json=None if method == "GET" else {})
        body = answer.json() if "json" in answer.headers.get("content-type", "") else {}
        known = answer.status_code < 500 or answer.status_code in (501, 503)
        code = body.get("error_code", "ENDPOINT_NOT_FOUND")
        known = known and (answer.status_code != 404 or code != "ENDPOINT_NOT_FOUND")
        if answer.status_code == 405 or not known:
            unknown.append((method, path, answer.status_code, answer.text[:200]))
    assert not unknown, "\n".join(map(str, unknown))


def test_the_list_says_what_is_done_and_what_is_refused(slipway):
    listed = json.loads(slipway("routes", "--json", "-").stdout)
    state = {(r["method"], r["path"]): (r["state"], r["summary"]) for r in listed}
    assert state["POST", "/api/2.0/mlflow/runs/create"][0] == "done"
    assert state["GET", "/api/3.0/mlflow/gateway/{rest...}"] == (
        "refused",
        "the LLM gateway is not part of this server",
    )
    assert all(r["summary"] for r in listed if r["state"] == "refused")
