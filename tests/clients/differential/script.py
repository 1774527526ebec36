# SPDX-License-Identifier: Apache-2.0
"""The calls that are replayed on a real `mlflow server` and on ours, in the order of calls.py.

call(name, method, path, body): a body of a GET is its query. Texts like "$run" stand for what an
earlier call saved. `ours=(status, error_code)` marks a place where we answer otherwise on purpose:
where the original crashes with 500, or answers 200 though it stopped reading in the middle.
"""

CALLS = []
API = "/api/2.0/mlflow/"


def call(name, method, path, body=None, *, save=None, ours=None, raw=None, headers=None):
    path = path if path.startswith("/") else API + path
    CALLS.append(
        {"name": name, "method": method, "path": path, "body": body, "save": save or {}}
        | {"ours": ours, "raw": raw, "headers": headers}
    )


def post(name, path, body=None, **more):
    call(name, "POST", path, body if body is not None else {}, **more)


def get(name, path, query=None, **more):
    call(name, "GET", path, query or {}, **more)


BAD = (400, "INVALID_PARAMETER_VALUE")
RUN = {"run_id": "$run"}
EXPS = {"experiment_ids": ["$exp"]}
