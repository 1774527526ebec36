# SPDX-License-Identifier: Apache-2.0
"""Evaluation datasets, scorers, issues, label schemas, review queues, webhooks and GraphQL."""

import json

from script import BAD, call, get, post

API3 = "/api/3.0/mlflow/"


def ask(name, method, path, body=None, **more):
    call(name, method, API3 + path, body if body is not None else {}, **more)


post("evaluation: experiment", "experiments/create", {"name": "eval"}, save={"ev": "experiment_id"})
EV = {"experiment_id": "$ev"}

ask(
    "dataset: create",
    "POST",
    "datasets/create",
    {"name": "birds", "experiment_ids": ["$ev"], "tags": json.dumps({"mlflow.user": "ada"})},
    save={"ds": "dataset.dataset_id"},
)
ask("dataset: create without a name", "POST", "datasets/create", {})
ask(
    "dataset: create, tags no JSON", "POST", "datasets/create", {"name": "x", "tags": "{"}, ours=BAD
)
ask("dataset: get", "GET", "datasets/$ds")
ask("dataset: get unknown", "GET", "datasets/d-nobody")
RECORDS = [
    {"inputs": {"q": "a", "n": 1}, "expectations": {"x": "y"}},
    {"inputs": {"q": "b"}, "outputs": {"text": "hi"}, "tags": {"t": "u"}},
    {"inputs": {"q": "a", "n": 1}, "outputs": "plain", "expectations": {"z": 1}},
    {
        "inputs": {"q": "c"},
        "source": {"source_type": "trace", "source_data": {"trace_id": "tr-1"}},
        "tags": {"mlflow.user": "bob"},
    },
]
ask("records: upsert", "POST", "datasets/$ds/records", {"records": json.dumps(RECORDS)})
ask("records: upsert again", "POST", "datasets/$ds/records", {"records": json.dumps(RECORDS[:1])})
for label, records in {
    "no JSON": "[",
    "an object": "{}",
    "a list in it": "[[1]]",
    "inputs a list": '[{"inputs": [1]}]',
    "a source of an unknown kind": '[{"inputs": {}, "source": {"source_type": "moon"}}]',
}.items():
    ask(f"records: {label}", "POST", "datasets/$ds/records", {"records": records}, ours=BAD)
ask("records: none", "POST", "datasets/$ds/records", {})
ask("records: of nobody", "POST", "datasets/d-nobody/records", {"records": "[]"}, ours=(404, None))
ask("records: get of nobody", "GET", "datasets/d-nobody/records", ours=(404, None))
ask("dataset: with records", "GET", "datasets/$ds")
ask("dataset: experiments", "GET", "datasets/$ds/experiment-ids")
ask("dataset: to an experiment", "POST", "datasets/$ds/add-experiments", {"experiment_ids": ["0"]})
ask("dataset: to nowhere", "POST", "datasets/$ds/add-experiments", {"experiment_ids": ["98765"]})
ask("dataset: two experiments", "GET", "datasets/$ds/experiment-ids")
ask(
    "dataset: from an experiment",
    "POST",
    "datasets/$ds/remove-experiments",
    {"experiment_ids": ["0", "5"]},
)
ask("dataset: set tags", "PATCH", "datasets/$ds/tags", {"tags": json.dumps({"k": "v", "n": 1})})
ask("dataset: set tags of nobody", "PATCH", "datasets/d-no/tags", {"tags": "{}"})
ask("dataset: delete a tag", "DELETE", "datasets/$ds/tags/n")
ask("dataset: delete it again", "DELETE", "datasets/$ds/tags/n")
for filter_ in [
    "name = 'birds'",
    "name LIKE 'b%'",
    "name ILIKE 'BI%'",
    "name != 'birds'",
    "name IN ('birds', 'x')",
    "tags.k = 'v'",
    "tags.k != 'w'",
    "created_time > 0",
    "created_by = 'ada'",
    "color = 'red'",
    "name > 'a'",
    "created_time = 'x'",
    "tags.k = 5",
    "name NOT IN ('x')",
]:
    body = {"filter_string": filter_, "experiment_ids": ["$ev"], "max_results": 10}
    ask("datasets: " + filter_, "POST", "datasets/search", body)
ask("datasets: bad order", "POST", "datasets/search", {"order_by": ["color"], "max_results": 5})
ask("datasets: bad token", "POST", "datasets/search", {"page_token": "!", "max_results": 5})
ask("datasets: too many", "POST", "datasets/search", {"max_results": 50001})
ask("records: delete none", "DELETE", "datasets/$ds/records", {"dataset_record_ids": ["dr-x"]})
ask("dataset: delete", "DELETE", "datasets/$ds")
ask("dataset: delete again", "DELETE", "datasets/$ds")

SCORER = EV | {"name": "tone", "serialized_scorer": '{"name": "tone", "builtin_scorer_class": "x"}'}
ask("scorer: register", "POST", "scorers/register", SCORER)
ask("scorer: register again", "POST", "scorers/register", SCORER)
ask("scorer: no JSON", "POST", "scorers/register", SCORER | {"serialized_scorer": "{"})
ask("scorer: no name", "POST", "scorers/register", EV | {"serialized_scorer": "{}"})
ask("scorer: blank name", "POST", "scorers/register", SCORER | {"name": " "})
ask("scorer: nowhere", "POST", "scorers/register", SCORER | {"experiment_id": "98765"})
ask("scorers: list", "GET", "scorers/list", EV)
ask("scorers: versions", "GET", "scorers/versions", EV | {"name": "tone"})
ask("scorers: versions of nobody", "GET", "scorers/versions", EV | {"name": "no"})
ask("scorer: get", "GET", "scorers/get", EV | {"name": "tone"})
ask("scorer: get a version", "GET", "scorers/get", EV | {"name": "tone", "version": 1})
ask("scorer: get no version", "GET", "scorers/get", EV | {"name": "tone", "version": 7})
ask("scorer: delete a version", "DELETE", "scorers/delete", EV | {"name": "tone", "version": 1})
ask("scorer: delete", "DELETE", "scorers/delete", EV | {"name": "tone"})
ask("scorer: delete again", "DELETE", "scorers/delete", EV | {"name": "tone"})

ISSUE = EV | {"name": "slow", "description": "it is slow"}
ask("issue: create", "POST", "issues", ISSUE, save={"issue": "issue.issue_id"})
ask(
    "issue: create whole",
    "POST",
    "issues",
    ISSUE | {"severity": "high", "root_causes": ["a"], "categories": ["b"], "created_by": "me"},
)
ask("issue: create without a description", "POST", "issues", EV | {"name": "x"})
ask("issue: bad severity", "POST", "issues", ISSUE | {"severity": "x"}, ours=BAD)
ask("issue: get", "GET", "issues/$issue")
ask("issue: get unknown", "GET", "issues/iss-x")
ask("issue: update", "PATCH", "issues/$issue", {"issue_id": "$issue", "status": "resolved"})
ask("issues: all", "POST", "issues/search", EV)
ask("issues: pending", "POST", "issues/search", EV | {"filter_string": "status = 'pending'"})
ask("issues: bad key", "POST", "issues/search", EV | {"filter_string": "color = 'x'"})

LABEL = EV | {"name": "tone", "type": "FEEDBACK"}
CHOICE = {"categorical": {"options": ["kind", "rude"], "multi_select": False}}
ask(
    "label: create",
    "POST",
    "label-schemas/create",
    LABEL | {"input": CHOICE, "instruction": "how?"},
    save={"label": "label_schema.schema_id"},
)
ask("label: create again", "POST", "label-schemas/create", LABEL | {"input": CHOICE})
ask(
    "label: reserved", "POST", "label-schemas/create", LABEL | {"input": CHOICE, "name": "feedback"}
)
for label, input_ in {
    "pass or fail": {"pass_fail": {"positive_label": "yes", "negative_label": "no"}},
    "the same labels": {"pass_fail": {"positive_label": "yes", "negative_label": "yes"}},
    "no options": {"categorical": {"options": []}},
    "options twice": {"categorical": {"options": ["a", "a"]}},
    "a range": {"numeric": {"min_value": 0, "max_value": 5}},
    "no range": {"numeric": {"min_value": 5, "max_value": 5}},
    "a text": {"text": {"max_length": 10}},
    "no text": {"text": {"max_length": 0}},
}.items():
    body = EV | {"name": label, "type": "EXPECTATION", "input": input_}
    ask("label: " + label, "POST", "label-schemas/create", body)
ask("label: get", "GET", "label-schemas/get", {"schema_id": "$label"})
ask("label: get unknown", "GET", "label-schemas/get", {"schema_id": "ls-x"})
ask("label: by name", "GET", "label-schemas/get-by-name", EV | {"name": "tone"})
ask("label: update", "PATCH", "label-schemas/update", {"schema_id": "$label", "name": "manner"})
ask(
    "label: update to another form",
    "PATCH",
    "label-schemas/update",
    {"schema_id": "$label", "input": {"text": {}}},
)
ask("label: delete unknown", "DELETE", "label-schemas/delete", {"schema_id": "ls-x"})

QUEUE = EV | {"name": "Night shift", "queue_type": "CUSTOM"}
ask(
    "queue: create",
    "POST",
    "review-queues/create",
    QUEUE | {"users": [" Ada "], "schema_ids": ["$label"]},
    save={"queue": "review_queue.queue_id"},
)
ask("queue: create again", "POST", "review-queues/create", QUEUE | {"name": "night SHIFT"})
ask("queue: reserved", "POST", "review-queues/create", QUEUE | {"name": "Default"})
ask("queue: bad schema", "POST", "review-queues/create", QUEUE | {"name": "q", "schema_ids": ["x"]})
ask("queue: of a user", "POST", "review-queues/get-or-create-user", EV | {"user": "Bob"})
ask("queue: of the user again", "POST", "review-queues/get-or-create-user", EV | {"user": "bob"})
ask("queue: get", "GET", "review-queues/get", {"queue_id": "$queue"})
ask("queue: get unknown", "GET", "review-queues/get", {"queue_id": "rq-x"})
ask("queue: by name", "GET", "review-queues/get-by-name", EV | {"name": "NIGHT shift"})
ask("queues: of ada", "GET", "review-queues/list", EV | {"user": "ADA"})
ask("queue: add nothing", "POST", "review-queues/items/add", {"queue_id": "$queue"})
ask(
    "queue: add a ghost",
    "POST",
    "review-queues/items/add",
    {"queue_id": "$queue", "item_ids": ["t"]},
)
ask("queue: items", "GET", "review-queues/items/list", {"queue_id": "$queue"})
ask(
    "queue: done with a ghost",
    "POST",
    "review-queues/items/set-status",
    {"queue_id": "$queue", "item_id": "t", "status": "COMPLETE", "completed_by": "ada"},
)
ask("queue: update", "POST", "review-queues/update", {"queue_id": "$queue", "new_owner": " Ada "})
ask("queue: delete", "POST", "review-queues/delete", {"queue_id": "$queue"})

HOOK = {
    "name": "w",
    "url": "http://127.0.0.1/x",
    "events": [{"entity": "PROMPT", "action": "CREATED"}],
}
post("webhook: by http", "webhooks", HOOK)
post("webhook: to ourselves", "webhooks", HOOK | {"url": "https://127.0.0.1/x"})
post("webhook: without a name", "webhooks", {"url": "https://8.8.8.8/x"})
post("webhook: with a bad name", "webhooks", HOOK | {"name": "-w"})
HOOK |= {"url": "https://8.8.8.8/in"}
post("webhook: without events", "webhooks", HOOK | {"events": []})
post(
    "webhook: with an unknown event",
    "webhooks",
    HOOK | {"events": [{"entity": "PROMPT", "action": "SET"}]},
)
post(
    "webhook: create",
    "webhooks",
    HOOK | {"secret": "hush", "description": "d"},
    save={"hook": "webhook.webhook_id"},
)
get("webhook: get", "webhooks/$hook")
get("webhook: get unknown", "webhooks/nobody")
get("webhooks: list", "webhooks")
get("webhooks: too many", "webhooks", {"max_results": 1001})
call("webhook: update", "PATCH", "webhooks/$hook", {"status": "DISABLED", "name": "v"})
call("webhook: delete", "DELETE", "webhooks/$hook", {})
call("webhook: delete again", "DELETE", "webhooks/$hook", {})

for label, query in {
    "an experiment": '{ mlflowGetExperiment(input: {experimentId: "$ev"}) { apiError { code } '
    "experiment { name lifecycleStage artifactLocation tags { key value } } } }",
    "a run": '{ mlflowGetRun(input: {runId: "$run"}) { run { info { runName status endTime userId '
    "lifecycleStage } data { params { key value } } inputs { modelInputs { modelId } } "
    "outputs { modelOutputs { modelId } } modelVersions { name version status } "
    "experiment { name } } } }",
    "runs": 'query Q($ids: [String]) { mlflowSearchRuns(input: {experimentIds: $ids, filter: "", '
    "maxResults: 2}) { runs { info { runName __typename } } nextPageToken } }",
    "a history": '{ mlflowGetMetricHistoryBulkInterval(input: {runIds: ["$run"], metricKey: "b", '
    "maxResults: 10}) { metrics { key value step timestamp } } }",
    "artifacts": '{ mlflowListArtifacts(input: {runId: "$run"}) { files { path isDir } } }',
    "versions": "{ mlflowSearchModelVersions(input: {maxResults: 3}) { nextPageToken } }",
}.items():
    body = {"query": query, "variables": {"ids": ["$ev"]}}
    call(f"graphql: {label}", "POST", "/graphql", body)
