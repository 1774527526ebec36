# SPDX-License-Identifier: Apache-2.0
"""Evaluation datasets, scorers, label schemas and prompts through the unmodified client."""

import mlflow.genai.datasets as datasets
import pytest
import requests
from mlflow.exceptions import MlflowException


@pytest.fixture
def experiment(mlflow, request):
    return mlflow.set_experiment(request.node.name).experiment_id


RECORDS = [
    {"inputs": {"question": "what is a tern?"}, "expectations": {"answer": "a sea bird"}},
    {"inputs": {"question": "and a gull?"}, "tags": {"hard": "no"}},
]


def test_a_datasets_life(mlflow, experiment):
    made = datasets.create_dataset("birds", experiment_id=[experiment], tags={"team": "a"})
    assert made.experiment_ids == [experiment]
    made.merge_records(RECORDS)
    made.merge_records([RECORDS[0] | {"expectations": {"sure": True}}])
    found = datasets.get_dataset(dataset_id=made.dataset_id)
    frame = found.to_df()
    assert len(frame) == 2
    row = frame[frame.inputs == RECORDS[0]["inputs"]].iloc[0]
    assert row.expectations == {"answer": "a sea bird", "sure": True}
    assert found.profile.replace(" ", "") == '{"num_records":2}'
    assert '"question": "string"' in found.schema
    assert found.digest != made.digest or found.last_update_time == made.created_time
    datasets.set_dataset_tags(made.dataset_id, {"team": "b", "more": "c"})
    datasets.delete_dataset_tag(made.dataset_id, "more")
    assert datasets.get_dataset(dataset_id=made.dataset_id).tags["team"] == "b"
    assert found.delete_records([frame.iloc[0].dataset_record_id]) == 1
    assert len(datasets.get_dataset(dataset_id=made.dataset_id).to_df()) == 1
    datasets.delete_dataset(dataset_id=made.dataset_id)
    with pytest.raises(MlflowException, match="not found"):
        datasets.get_dataset(dataset_id=made.dataset_id)


def test_datasets_are_found(mlflow, experiment):
    other = mlflow.create_experiment("another place")
    for name in ("alpha", "beta", "gamma"):
        datasets.create_dataset(name, experiment_id=[experiment], tags={"first": name[0]})

    def found(**query):
        return [d.name for d in datasets.search_datasets(experiment_ids=[experiment], **query)]

    assert found(order_by=["name DESC"]) == ["gamma", "beta", "alpha"]
    assert found(filter_string="name LIKE '%a' AND tags.first = 'b'") == ["beta"]
    assert found(filter_string="created_time > 0", order_by=["name"], max_results=2)[:2] == [
        "alpha",
        "beta",
    ]
    [beta] = datasets.search_datasets(filter_string="name = 'beta'")
    datasets.add_dataset_to_experiments(beta.dataset_id, [other])
    again = datasets.get_dataset(dataset_id=beta.dataset_id)
    assert sorted(again.experiment_ids) == sorted([experiment, other])
    datasets.remove_dataset_from_experiments(beta.dataset_id, [experiment])
    assert found(order_by=["name"]) == ["alpha", "gamma"]


def test_scorers_have_versions(mlflow, experiment):
    from mlflow.genai.judges import make_judge
    from mlflow.genai.scorers import delete_scorer, get_scorer, list_scorers

    def judge(words):
        return make_judge("tone", instructions=words + " {{ outputs }}", model="openai:/gpt-4o")

    judge("is this kind:").register(experiment_id=experiment)
    judge("is this very kind:").register(experiment_id=experiment)
    assert [s.name for s in list_scorers(experiment_id=experiment)] == ["tone"]
    newest = get_scorer(name="tone", experiment_id=experiment)
    assert "very" in newest.instructions
    assert "very" not in get_scorer(name="tone", experiment_id=experiment, version=1).instructions
    delete_scorer(name="tone", experiment_id=experiment, version="all")
    assert list_scorers(experiment_id=experiment) == []


def test_label_schemas(mlflow, experiment):
    from mlflow.genai import label_schemas as ls

    store = mlflow.MlflowClient()._tracking_client.store
    schema = store.create_label_schema(
        experiment,
        name="tone",
        type=ls.LabelSchemaType.FEEDBACK,
        input=ls.InputCategorical(options=["kind", "rude"]),
    )
    assert store.get_label_schema(schema.schema_id).input.options == ["kind", "rude"]
    names = [s.name for s in store.list_label_schemas(experiment)]
    assert sorted(names) == ["Feedback", "tone"]
    store.delete_label_schema(schema.schema_id)
    assert [s.name for s in store.list_label_schemas(experiment)] == ["Feedback"]


def test_prompts(mlflow):
    first = mlflow.genai.register_prompt("greeting", "Hello {{name}}", tags={"lang": "en"})
    second = mlflow.genai.register_prompt(
        "greeting",
        [{"role": "user", "content": "Good day {{name}}"}],
        commit_message="politer",
        model_config={"model_name": "gpt-4", "temperature": 0.5},
    )
    assert (first.version, second.version) == (1, 2)
    assert mlflow.genai.load_prompt("greeting", version=1).format(name="Ada") == "Hello Ada"
    assert mlflow.genai.load_prompt("prompts:/greeting/2").commit_message == "politer"
    assert mlflow.genai.load_prompt("prompts:/greeting/2").model_config["temperature"] == 0.5
    mlflow.genai.set_prompt_alias("greeting", "live", 1)
    assert mlflow.genai.load_prompt("prompts:/greeting@live").version == 1
    assert mlflow.genai.load_prompt("prompts:/greeting@latest").version == 2
    client = mlflow.MlflowClient()
    client.set_prompt_tag("greeting", "team", "a")
    client.set_prompt_version_tag("greeting", "1", "good", "yes")
    assert client.get_prompt_version("greeting", "1").tags["good"] == "yes"
    assert [p.name for p in mlflow.genai.search_prompts("name = 'greeting'")] == ["greeting"]
    assert [m.name for m in client.search_registered_models("name = 'greeting'")] == []
    client.delete_prompt_tag("greeting", "team")
    client.delete_prompt_version_tag("greeting", "1", "good")
    mlflow.genai.delete_prompt_alias("greeting", "live")
    assert mlflow.genai.load_prompt("prompts:/greeting@live", allow_missing=True) is None
    client.delete_prompt_version("greeting", "1")
    client.delete_prompt_version("greeting", "2")
    client.delete_prompt("greeting")
    assert mlflow.genai.load_prompt("greeting", allow_missing=True) is None


def test_what_is_not_offered_says_so(server):
    for path in ("gateway/endpoints/list", "prompt-optimization/jobs/search"):
        answer = requests.get(f"{server.url}/api/3.0/mlflow/{path}")
        assert answer.status_code == 501
        assert answer.json()["error_code"] == "NOT_IMPLEMENTED"


HOSTILE = ["", "null", "[]", "5", '"x"', "{", '{"a":' * 200, "\x00", '{"name": {"a": [1]}}']


def test_hostile_bodies_are_never_our_fault(server):
    base = server.url + "/api/3.0/mlflow/"
    paths = [
        ("POST", "datasets/create"),
        ("POST", "datasets/search"),
        ("POST", "datasets/d-none/records"),
        ("PATCH", "datasets/d-none/tags"),
        ("POST", "datasets/d-none/add-experiments"),
        ("POST", "scorers/register"),
        ("POST", "issues"),
        ("POST", "issues/search"),
        ("POST", "label-schemas/create"),
        ("PATCH", "label-schemas/update"),
        ("POST", "review-queues/create"),
        ("POST", "review-queues/items/add"),
        ("POST", "review-queues/items/set-status"),
        ("POST", "/api/2.0/mlflow/webhooks"),
        ("POST", "/graphql"),
    ]
    for method, path in paths:
        url = server.url + path if path.startswith("/") else base + path
        for body in HOSTILE:
            headers = {"content-type": "application/json"}
            answer = requests.request(method, url, data=body.encode(), headers=headers)
            assert answer.status_code < 500, (method, url, body, answer.text)
