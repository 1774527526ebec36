# SPDX-License-Identifier: Apache-2.0
"""The registry through the unmodified mlflow client: names, versions, aliases, stages, search."""

import pytest
import requests


@pytest.fixture(scope="module")
def client(server):
    import mlflow

    mlflow.set_tracking_uri(server.url)
    return mlflow.MlflowClient(tracking_uri=server.url, registry_uri=server.url)


@pytest.fixture(scope="module")
def run(client):
    made = client.create_run("0")
    client.log_metric(made.info.run_id, "auc", 0.75)
    client.set_tag(made.info.run_id, "mlflow.source.git.commit", "c0ffee")
    return made


def register(client, run, name):
    return client.create_model_version(name, f"runs:/{run.info.run_id}/model", run.info.run_id)


def refused(call, code):
    from mlflow.exceptions import RestException

    with pytest.raises(RestException) as error:
        call()
    assert error.value.error_code == code
    return str(error.value)


def test_a_models_life(client, run):
    client.create_registered_model("life", tags={"team": "a"}, description="first")
    refused(lambda: client.create_registered_model("life"), "RESOURCE_ALREADY_EXISTS")
    assert register(client, run, "life").version == "1"
    assert register(client, run, "life").version == "2"
    client.rename_registered_model("life", "lives")
    refused(lambda: client.get_registered_model("life"), "RESOURCE_DOES_NOT_EXIST")
    model = client.get_registered_model("lives")
    assert model.description == "first" and model.tags == {"team": "a"}
    client.delete_model_version("lives", "2")
    assert register(client, run, "lives").version == "3"
    client.delete_registered_model("lives")
    refused(lambda: client.get_model_version("lives", "1"), "RESOURCE_DOES_NOT_EXIST")


def test_aliases_move_and_reserved_words_are_refused(client, run):
    client.create_registered_model("aliased")
    for _ in range(2):
        register(client, run, "aliased")
    client.set_registered_model_alias("aliased", "champion", "1")
    client.set_registered_model_alias("aliased", "champion", "2")
    assert client.get_model_version_by_alias("aliased", "champion").version == "2"
    assert client.get_model_version("aliased", "1").aliases == []
    for bad in ("latest", "v1"):
        refused(
            lambda bad=bad: client.set_registered_model_alias("aliased", bad, "1"),
            "INVALID_PARAMETER_VALUE",
        )
    refused(lambda: client.get_model_version_by_alias("aliased", "none"), "INVALID_PARAMETER_VALUE")
    client.delete_registered_model_alias("aliased", "champion")
    client.delete_registered_model_alias("aliased", "champion")


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_stages_archive_those_before(client, run):
    client.create_registered_model("staged")
    for _ in range(2):
        register(client, run, "staged")
    client.transition_model_version_stage("staged", "1", "production")
    client.transition_model_version_stage(
        "staged", "2", "Production", archive_existing_versions=True
    )
    assert client.get_model_version("staged", "1").current_stage == "Archived"
    latest = client.get_latest_versions("staged", ["Production"])
    assert [version.version for version in latest] == ["2"]
    refused(
        lambda: client.transition_model_version_stage("staged", "1", "Best"),
        "INVALID_PARAMETER_VALUE",
    )


def test_search_by_name_tag_and_run_in_pages(client, run):
    for name in ("find-a", "find-b", "Find-c"):
        client.create_registered_model(name, tags={"kind": "x"})
        register(client, run, name)
    client.set_model_version_tag("find-b", "1", "gate", "passed")

    def models(text, **more):
        return [m.name for m in client.search_registered_models(text, **more)]

    assert models("name LIKE 'find-%'") == ["find-a", "find-b"]
    assert models("name ILIKE 'find-%'", order_by=["name DESC"]) == ["find-b", "find-a", "Find-c"]
    assert models("tags.kind = 'x' AND name != 'find-a'") == ["Find-c", "find-b"]
    first = client.search_registered_models("tags.kind = 'x'", max_results=2)
    rest = client.search_registered_models("tags.kind = 'x'", max_results=2, page_token=first.token)
    assert len(first) == 2 and len(rest) == 1 and not rest.token
    found = client.search_model_versions(f"run_id = '{run.info.run_id}' AND tags.gate = 'passed'")
    assert [version.name for version in found] == ["find-b"]
    for bad in ("name ~ 'a'", "owner = 'a'", "name = 'a", "version_number LIKE '1'"):
        refused(lambda bad=bad: client.search_model_versions(bad), "INVALID_PARAMETER_VALUE")


def test_sources_must_belong_to_what_is_named(client, run):
    client.create_registered_model("sourced")
    ours = run.info.run_id
    for source, run_id in (
        ("/etc/passwd", ours),
        ("file:///etc", ours),
        (f"runs:/{ours}/m", None),
        ("mlflow-artifacts:/0/../../x", ours),
        ("models:/m-unknown", None),
    ):
        refused(
            lambda s=source, r=run_id: client.create_model_version("sourced", s, r),
            "INVALID_PARAMETER_VALUE",
        )
    version = client.create_model_version("sourced", run.info.artifact_uri + "/m", ours)
    assert client.get_model_version_download_uri("sourced", version.version).endswith("/m")


def test_prompts_are_not_among_the_models(client):
    import mlflow

    mlflow.genai.register_prompt(name="greet", template="Hello {{name}}")
    assert mlflow.genai.load_prompt("prompts:/greet/1").template == "Hello {{name}}"
    assert "greet" not in [m.name for m in client.search_registered_models()]


def test_a_version_knows_its_lineage_and_who_moved_it(server, client, run):
    client.create_registered_model("traced")
    register(client, run, "traced")
    api = server.url + "/api/v1/models/traced"
    moved = requests.put(
        api + "/aliases/champion",
        json={"version": 1, "reason": "best so far"},
        headers={"x-slipway-actor": "ada"},
        timeout=10,
    )
    assert moved.status_code == 200
    version = requests.get(api + "/versions/1", timeout=10).json()
    assert version["lineage"]["git_commit"] == "c0ffee"
    assert version["lineage"]["metrics"] == {"auc": 0.75}
    newest = requests.get(api + "/history", timeout=10).json()["items"][0]
    assert (newest["actor"], newest["reason"], newest["to"]) == ("ada", "best so far", "champion=1")
    why = requests.get(api + "/versions/1/why", timeout=10).json()["items"]
    assert [item["kind"] for item in why] == ["version.created", "stage.set", "alias.set"]
    assert requests.get(server.url + "/api/v1/audit/verify", timeout=10).json()["valid"]
