# SPDX-License-Identifier: Apache-2.0
"""The registry as the truth about production: stage and alias in step, approvals, what stood when,
what a version is made of, and runs that versions stem from."""

import os
import time
from datetime import UTC, datetime

import pytest
import requests

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")


@pytest.fixture(scope="module")
def client(server):
    import mlflow

    mlflow.set_tracking_uri(server.url)
    return mlflow.MlflowClient(tracking_uri=server.url, registry_uri=server.url)


def make(client, name, versions=1):
    client.create_registered_model(name)
    run = client.create_run("0").info.run_id
    for _ in range(versions):
        client.create_model_version(name, f"runs:/{run}/model", run)
    return run


def api(server, method, path, body=None, actor=None, ok=True):
    headers = {"x-slipway-actor": actor} if actor else {}
    answer = requests.request(
        method, f"{server.url}/api/v1{path}", json=body, headers=headers, timeout=10
    )
    assert answer.ok == ok, answer.text
    return answer.json() if answer.text else None


def now():
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def stages(client, name):
    return {v.version: v.current_stage for v in client.search_model_versions(f"name = '{name}'")}


def test_a_stage_moves_the_alias_and_the_alias_moves_the_stage(client):
    make(client, "steps", 3)
    client.transition_model_version_stage("steps", "1", "Production")
    assert client.get_registered_model("steps").aliases == {"champion": "1"}
    client.set_registered_model_alias("steps", "champion", "2")
    assert stages(client, "steps") == {"1": "Archived", "2": "Production", "3": "None"}
    client.transition_model_version_stage("steps", "3", "Production")
    assert stages(client, "steps") == {"1": "Archived", "2": "Production", "3": "Production"}
    assert client.get_model_version_by_alias("steps", "champion").version == "3"
    client.transition_model_version_stage("steps", "3", "Archived")
    assert client.get_model_version_by_alias("steps", "champion").version == "2"
    client.delete_registered_model_alias("steps", "champion")
    assert stages(client, "steps") == {"1": "Archived", "2": "Archived", "3": "Archived"}


POLICY = "name: two-eyes\napproval: {count: 1, by: [grace, linus]}\n"


def test_a_promotion_waits_for_approval(client, server, slipway, tmp_path):
    make(client, "guarded", 2)
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY)

    def model(*words, user="ada"):
        return slipway("model", *words, "--server", server.url, env=os.environ | {"USER": user})

    done = model("protect", "guarded", "--policy", str(policy))
    assert done.returncode == 0 and "two-eyes" in done.stdout, done.stderr
    from mlflow.exceptions import RestException

    for bypass in (
        lambda: client.transition_model_version_stage("guarded", "1", "Production"),
        lambda: client.set_registered_model_alias("guarded", "champion", "1"),
    ):
        with pytest.raises(RestException, match="protected by policy 'two-eyes'.*model promote"):
            bypass()

    asked = model("promote", "guarded", "1", "--reason", "better")
    assert asked.returncode == 0 and "waits for 1 approvals" in asked.stdout, asked.stderr
    assert stages(client, "guarded")["1"] == "None"
    assert model("approve", "guarded", "1").returncode != 0
    assert model("approve", "guarded", "1", user="mallory").returncode != 0
    approved = model("approve", "guarded", "1", "--reason", "checked", user="grace")
    assert approved.returncode == 0 and "is done (1 of 1" in approved.stdout, approved.stderr
    assert stages(client, "guarded")["1"] == "Production"

    assert model("promote", "guarded", "2").returncode == 0
    rejected = model("reject", "guarded", "2", "--reason", "too slow", user="linus")
    assert rejected.returncode == 0 and "is rejected" in rejected.stdout, rejected.stderr
    assert stages(client, "guarded")["2"] == "None"
    told = model("why", "guarded", "2").stdout
    assert "promotion rejected (linus): too slow" in told
    kinds = [r["state"] for r in api(server, "GET", "/promotions?model=guarded")["items"]]
    assert kinds == ["rejected", "done"]
    assert model("unprotect", "guarded").returncode == 0
    assert model("promote", "guarded", "2").returncode == 0
    assert slipway("audit", "verify", "--server", server.url).returncode == 0


def test_a_policy_that_came_along_is_judged(client, server):
    make(client, "judged")
    policy = "name: strict\nrules:\n- {metric: auc, min: 0.9}\n"
    body = {"policy": policy, "reason": "try"}
    refused = api(server, "POST", "/models/judged/versions/1/promote", body, ok=False)
    assert "refused by strict" in refused["detail"]
    assert stages(client, "judged")["1"] == "None"
    bad = api(server, "POST", "/models/judged/versions/1/promote", {"policy": "x"}, ok=False)
    assert bad["status"] == 400


def test_what_stood_then(client, server, slipway):
    make(client, "dated", 2)
    before = now()
    time.sleep(0.01)
    client.set_registered_model_alias("dated", "champion", "1")
    first = now()
    time.sleep(0.01)
    client.set_registered_model_alias("dated", "champion", "2")
    second = now()

    def champions(at):
        past = api(server, "GET", f"/models/dated?at={at}")
        return [(a["name"], a["version"]) for a in past["aliases"]]

    assert champions(before) == []
    assert champions(first) == [("champion", "1")]
    assert champions(second) == [("champion", "2")]
    today = now()[:10]
    assert champions(today) == [("champion", "1"), ("champion", "2")]
    assert champions("2001-03-03") == []
    stood = {
        s["version"]: s["name"] for s in api(server, "GET", f"/models/dated?at={second}")["stages"]
    }
    assert stood == {"1": "Archived", "2": "Production"}
    shown = slipway("model", "history", "dated", "--at", first, "--server", server.url)
    assert shown.returncode == 0 and "champion" in shown.stdout, shown.stderr
    told = slipway("model", "why", "dated", "--at", first, "--server", server.url)
    assert told.returncode == 0 and "dated version 1" in told.stdout, told.stderr
    assert "lost" not in told.stdout
    wrong = slipway("model", "history", "--at", "March", "--server", server.url)
    assert wrong.returncode == 2 and "March" in wrong.stderr


def test_what_served_then(client, server, linear):
    version = linear("served")
    linear("served")
    api(
        server,
        "POST",
        "/endpoints",
        {"name": "line", "routes": [{"model": "served", "version": version}]},
    )
    pinned = now()
    time.sleep(0.01)
    client.set_registered_model_alias("served", "live", "2")
    api(server, "PUT", "/endpoints/line", {"routes": [{"model": "served", "alias": "live"}]})
    aliased = now()
    api(server, "DELETE", "/endpoints/line")
    time.sleep(0.01)

    def served(at):
        rows = api(server, "GET", f"/endpoints/line?at={at}")["endpoints"]
        return [(row["model"], row["version"], row["alias"], row["weight"]) for row in rows]

    assert served(pinned) == [("served", "1", None, 100)]
    assert served(aliased) == [("served", "2", "live", 100)]
    assert served(now()) == []
    assert api(server, "GET", f"/served?at={aliased}&model=served")["endpoints"] != []
    api(server, "GET", "/endpoints/never?at=2026-03-03", ok=False)


@pytest.fixture
def linear(client, mlflow):
    """Registers a small ONNX model under a name; answers its version."""
    import mlflow.onnx
    import numpy as np
    import onnx
    from onnx import TensorProto, helper

    def make_model(name):
        x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 1])
        y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 1])
        graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", [x], [y])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
        model.ir_version = 8
        onnx.checker.check_model(model)
        with mlflow.start_run():
            made = mlflow.onnx.log_model(
                model,
                name="model",
                registered_model_name=name,
                pip_requirements=["onnx==1.0"],
                signature=mlflow.models.infer_signature(
                    np.zeros((1, 1), np.float32), np.zeros((1, 1), np.float32)
                ),
            )
        return str(made.registered_model_version)

    return make_model


def test_a_version_says_all_that_it_is_made_of(client, server, mlflow, slipway, linear):
    import pandas

    data = mlflow.data.from_pandas(pandas.DataFrame({"x": [1.0, 2.0]}), name="rows")
    linear("known")
    version = client.get_model_version("known", "1")
    run = version.run_id
    with mlflow.start_run(run_id=run):
        mlflow.log_input(data, context="training")
        mlflow.log_param("depth", 3)
        mlflow.log_metric("auc", 0.75)
        mlflow.set_tag("mlflow.source.git.commit", "c0ffee")
        mlflow.set_tag("slipway.seed", "7")
    told = api(server, "GET", "/models/known/versions/1")
    lineage = told["lineage"]
    assert lineage["data_hash"] == data.digest
    assert lineage["git_commit"] == "c0ffee"
    assert lineage["params"]["depth"] == "3" and lineage["metrics"]["auc"] == 0.75
    assert lineage["training_seconds"] >= 0 and lineage["started"]
    assert lineage["recorded"] == {"slipway.seed": "7"}
    assert told["signature"]["inputs"][0]["type"] == "float32"
    assert told["environment"]["python"].count(".") == 2
    assert any(line.startswith("onnx") for line in told["environment"]["requirements"])
    assert told["registered_by"] and told["created"]
    shown = slipway("model", "show", "known", "1", "--server", server.url).stdout
    for text in (data.digest, "c0ffee", "metric auc", "param depth", "requires", "float32"):
        assert text in shown, shown


def test_a_run_behind_a_version_is_not_deleted_without_a_word(client):
    from mlflow.exceptions import RestException

    run = make(client, "rooted")
    client.transition_model_version_stage("rooted", "1", "Production")
    with pytest.raises(
        RestException, match=r"version 1 of model 'rooted' \(Production, champion\)"
    ):
        client.delete_run(run)
    with pytest.raises(RestException, match="delete the version first"):
        client.delete_experiment("0")
    assert client.get_run(run).info.lifecycle_stage == "active"
    client.set_tag(run, "slipway.delete", "anyway")
    client.delete_run(run)
    assert client.get_run(run).info.lifecycle_stage == "deleted"

    free = make(client, "free")
    client.delete_model_version("free", "1")
    client.delete_run(free)


def test_a_logged_model_behind_a_version_stays_too(client, linear):
    from mlflow.exceptions import RestException

    linear("logged")
    model_id = client.get_model_version("logged", "1").source.removeprefix("models:/")
    with pytest.raises(RestException, match="version 1 of model 'logged'"):
        client.delete_logged_model(model_id)
    client.delete_registered_model("logged")
    client.delete_logged_model(model_id)
