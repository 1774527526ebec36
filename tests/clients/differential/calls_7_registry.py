# SPDX-License-Identifier: Apache-2.0
"""The registry: its life, and every field of every endpoint with a value of a wrong type."""

from script import BAD, CALLS, call, get, post

post(
    "registry run",
    "runs/create",
    {"experiment_id": "0", "run_name": "registry", "start_time": 7},
    save={"regrun": "run.info.run_id"},
)
REG, VER = "registered-models/", "model-versions/"
NAME = {"name": "reg-m"}
SOURCE = {"source": "runs:/$regrun/model", "run_id": "$regrun"}
post("create registered", REG + "create", NAME | {"tags": [{"key": "a", "value": "1"}]})
post("create registered twice", REG + "create", NAME)
for bad in ("", "a/b", "a:b"):
    post(f"create registered {bad!r}", REG + "create", {"name": bad})
post("create registered, long", REG + "create", {"name": "x" * 257}, ours=BAD)
for number in ("1", "2", "3"):
    post("version " + number, VER + "create", NAME | SOURCE)
post("version of nothing", VER + "create", {"name": "no-such"} | SOURCE)
for bad in ("", "/etc", "file:///etc", "runs:/other/x", "runs:/$regrun/../x", "models:/none/1"):
    post(f"version from {bad!r}", VER + "create", NAME | {"source": bad, "run_id": "$regrun"})
get("get version", VER + "get", NAME | {"version": "1"})
for bad in ("0", "-1", "9", "x", "1.5", ""):
    get(f"get version {bad!r}", VER + "get", NAME | {"version": bad})
get("get version 20 digits", VER + "get", NAME | {"version": "9" * 20}, ours=BAD)
post("stage", VER + "transition-stage", NAME | {"version": "1", "stage": "staging"})
post("stage nothing", VER + "transition-stage", NAME | {"version": "1", "stage": "Nowhere"})
post(
    "stage and archive",
    VER + "transition-stage",
    NAME | {"version": "2", "stage": "Staging", "archive_existing_versions": True},
)
get("archived by it", VER + "get", NAME | {"version": "1"})
post(
    "archive from none",
    VER + "transition-stage",
    NAME | {"version": "2", "stage": "None", "archive_existing_versions": True},
    ours=BAD,
)
post("alias", REG + "alias", NAME | {"alias": "live", "version": "3"})
get("by alias", REG + "alias", NAME | {"alias": "live"})
get("by no alias", REG + "alias", NAME | {"alias": "none"})
for bad in ("latest", "v1", "a b", "x" * 256, ""):
    post(f"alias {bad[:6]!r}", REG + "alias", NAME | {"alias": bad, "version": "1"})
post("alias of no version", REG + "alias", NAME | {"alias": "live", "version": "77"})
call("remove alias", "DELETE", REG + "alias", NAME | {"alias": "live"})
call("remove alias twice", "DELETE", REG + "alias", NAME | {"alias": "live"})
call("describe version", "PATCH", VER + "update", NAME | {"version": "1", "description": "text"})
call("describe model", "PATCH", REG + "update", NAME | {"description": "text"})
post("tag version", VER + "set-tag", NAME | {"version": "1", "key": "k", "value": "v"})
post("tag model", REG + "set-tag", NAME | {"key": "k", "value": "v"})
post("tag too long", REG + "set-tag", NAME | {"key": "k" * 251, "value": "v"})
for text in ("name='reg-m'", "run_id='$regrun'", "version_number > 1", "nonsense", "name = 5"):
    get("search versions " + text, VER + "search", {"filter": text})
for text in ("name LIKE 'reg-%'", "tags.k = 'v'", "name > 'a'", "x = 'y'"):
    get("search registered " + text, REG + "search", {"filter": text})
call("remove version", "DELETE", VER + "delete", NAME | {"version": "3"})
call("remove version twice", "DELETE", VER + "delete", NAME | {"version": "3"})
post("rename registered", REG + "rename", NAME | {"new_name": "reg-n"})
post("rename what is gone", REG + "rename", NAME | {"new_name": "reg-o"})

# Every field with something of another type.
post("fuzzed model", REG + "create", {"name": "fuzzed"})
post("fuzzed version", VER + "create", {"name": "fuzzed"} | SOURCE)
OF = {"name": "fuzzed"}
ONE = OF | {"version": "1"}
WRONG = {"list": [], "map": {}, "number": 5.5, "truth": True, "deep": [{"x": [1]}], "null": None}
ENDPOINTS = [
    ("POST", REG + "create", {"name": "f-new", "tags": [], "description": ""}),
    ("POST", REG + "rename", {"name": "no-such", "new_name": "other"}),
    ("PATCH", REG + "update", OF | {"description": "d"}),
    ("DELETE", REG + "delete", {"name": "no-such"}),
    ("POST", REG + "get-latest-versions", OF | {"stages": ["None"]}),
    ("POST", REG + "set-tag", OF | {"key": "k", "value": "v"}),
    ("DELETE", REG + "delete-tag", OF | {"key": "k"}),
    ("POST", REG + "alias", OF | {"alias": "a", "version": "1"}),
    ("DELETE", REG + "alias", OF | {"alias": "a"}),
    ("POST", VER + "create", OF | SOURCE | {"tags": [], "run_link": "", "description": ""}),
    ("PATCH", VER + "update", ONE | {"description": "d"}),
    ("POST", VER + "transition-stage", ONE | {"stage": "None", "archive_existing_versions": False}),
    ("DELETE", VER + "delete", OF | {"version": "99"}),
    ("POST", VER + "set-tag", ONE | {"key": "k", "value": "v"}),
    ("DELETE", VER + "delete-tag", ONE | {"key": "k"}),
]
for method, path, body in ENDPOINTS:
    for field in body:
        for kind, value in WRONG.items():
            name = f"fuzz {method} {path} {field}={kind}"
            call(name, method, path, body | {field: value})
            CALLS[-1]["fuzz"] = True
