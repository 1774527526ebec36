# SPDX-License-Identifier: Apache-2.0
"""Experiments."""

from script import BAD, get, post

get("default experiment", "experiments/get", {"experiment_id": "0"})
post(
    "create experiment",
    "experiments/create",
    {"name": "one", "tags": [{"key": "team", "value": "a"}]},
    save={"exp": "experiment_id"},
)
post("create the same again", "experiments/create", {"name": "one"})
post("create without a name", "experiments/create", {})
post("create with an empty name", "experiments/create", {"name": ""})
post("create with a number for a name", "experiments/create", {"name": 5})
post("create with a long name", "experiments/create", {"name": "n" * 501})
post(
    "create with a bad tag key",
    "experiments/create",
    {"name": "x", "tags": [{"key": "a/../b", "value": "v"}]},
)
post(
    "create camelCase",
    "experiments/create",
    {"name": "two", "artifactLocation": "s3://b/p"},
    save={"exp2": "experiment_id"},
)
post(
    "create with both spellings",
    "experiments/create",
    {"name": "three", "artifact_location": "s3://b", "artifactLocation": "s3://c"},
)
get("get experiment", "experiments/get", {"experiment_id": "$exp"})
get("get second experiment", "experiments/get", {"experiment_id": "$exp2"})
get("get by name", "experiments/get-by-name", {"experiment_name": "one"})
get("get by unknown name", "experiments/get-by-name", {"experiment_name": "nobody"})
get("get unknown experiment", "experiments/get", {"experiment_id": "987654"})
get("get experiment with a word for an id", "experiments/get", {"experiment_id": "abc"})
get("get experiment without id", "experiments/get")
post(
    "set experiment tag",
    "experiments/set-experiment-tag",
    {"experiment_id": "$exp", "key": "k", "value": "v"},
)
post(
    "set long experiment tag",
    "experiments/set-experiment-tag",
    {"experiment_id": "$exp", "key": "k", "value": "v" * 20001},
)
post(
    "delete experiment tag",
    "experiments/delete-experiment-tag",
    {"experiment_id": "$exp", "key": "k"},
)
post(
    "delete unknown experiment tag",
    "experiments/delete-experiment-tag",
    {"experiment_id": "$exp", "key": "k"},
)
post("rename", "experiments/update", {"experiment_id": "$exp2", "new_name": "second"})
post("rename to a taken name", "experiments/update", {"experiment_id": "$exp2", "new_name": "one"})
post("rename without a name", "experiments/update", {"experiment_id": "$exp2"})
post("delete experiment", "experiments/delete", {"experiment_id": "$exp2"})
post("delete it twice", "experiments/delete", {"experiment_id": "$exp2"})
post(
    "rename a deleted one",
    "experiments/update",
    {"experiment_id": "$exp2", "new_name": "third"},
    ours=BAD,
)
post("create under a deleted name", "experiments/create", {"name": "second"})
post(
    "tag a deleted one",
    "experiments/set-experiment-tag",
    {"experiment_id": "$exp2", "key": "k", "value": "v"},
)
post("run in a deleted one", "runs/create", {"experiment_id": "$exp2"})
post("restore experiment", "experiments/restore", {"experiment_id": "$exp2"})
post("restore an active one", "experiments/restore", {"experiment_id": "$exp2"})
for label, filter_ in {
    "by name": "name = 'one'",
    "by like": "name LIKE 'o%'",
    "by ilike": "name ILIKE 'ON_'",
    "by unequal": "name != 'one'",
    "by tag": "tags.team = 'a'",
    "by tag is null": "tag.team IS NULL",
    "by tag is not null": "tags.team IS NOT NULL",
    "by id": "experiment_id = '0'",
    "by ids": "experiment_id IN ('0', '1')",
    "by time": "creation_time > 0 AND name = 'one'",
    "by unknown key": "color = 'red'",
    "by order of name": "name > 'a'",
    "by metric": "metrics.m = 1",
    "with or": "name = 'one' OR name = 'two'",
    "with blanks": "  ",
    "unclosed": "name = 'one",
    "by float time": "creation_time > 1.5",
    "by text time": "creation_time > 'x'",
}.items():
    post(
        "search experiments " + label,
        "experiments/search",
        {"max_results": 10, "filter": filter_, "order_by": ["name"]},
        ours=(200, None) if " OR " in filter_ else None,
    )
post("search experiments without size", "experiments/search", {})
post("search experiments of size 0", "experiments/search", {"max_results": 0})
post(
    "search experiments page 1",
    "experiments/search",
    {"max_results": "1", "order_by": ["name DESC"]},
    save={"token": "next_page_token"},
)
post(
    "search experiments page 2",
    "experiments/search",
    {"max_results": 1, "order_by": ["name DESC"], "page_token": "$token"},
)
post(
    "search experiments bad token",
    "experiments/search",
    {"max_results": 1, "page_token": "garbage"},
)
post(
    "search experiments bad order", "experiments/search", {"max_results": 1, "order_by": ["color"]}
)
get(
    "search experiments by GET",
    "experiments/search",
    {"max_results": 5, "filter": "name = 'one'", "view_type": "ALL"},
)
