# SPDX-License-Identifier: Apache-2.0
"""Replays calls.py on a server; run as a program it records what the original answers.

python replay_calls.py http://127.0.0.1:5000 > reference.json     (a fresh `mlflow server`)
"""

import hashlib
import json
import re
import sys

import requests
from calls import CALLS

TIMES = {"creation_time", "last_update_time", "creation_timestamp_ms", "last_updated_timestamp_ms"}
TIMES |= {"created_time", "created_timestamp", "last_updated_timestamp", "creation_timestamp"}
TIMES |= {"created_at", "last_updated_at", "creation_time_ms", "last_update_time_ms"}
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# What only the original has: nothing reads these on our side.
IGNORED = {"workspace", "effective_trace_archival_retention", "message", "sqlstate", "error_class"}
UNORDERED = {"metrics", "params", "tags", "request_metadata", "attributes", "latest_versions"}
UNORDERED |= {"access_endpoints", "mcp_access_endpoints"}  # by their ids, which are random


def fill(value, known):
    if isinstance(value, str):
        for name in sorted(known, key=len, reverse=True):
            value = value.replace("$" + name, known[name])
        return value
    if isinstance(value, list):
        return [fill(item, known) for item in value]
    if isinstance(value, dict):
        return {key: fill(item, known) for key, item in value.items()}
    return value


def normal(value, known, key=""):
    """The answer with ids and times replaced, so that two servers can be compared."""
    if isinstance(value, dict):
        return {k: normal(v, known, k) for k, v in sorted(value.items()) if k not in IGNORED}
    if isinstance(value, list):
        out = [normal(item, known) for item in value]
        keyed = key in UNORDERED and all(isinstance(item, dict) for item in out)
        return sorted(out, key=lambda item: json.dumps(item, sort_keys=True)) if keyed else out
    if key in TIMES:
        return 0
    if key == "next_page_token":
        return "token"
    if isinstance(value, str):
        if key == "tags" and value.startswith("{"):  # of a dataset: JSON as text, in no order
            value = json.dumps(json.loads(value), sort_keys=True)
        for name, text in known.items():
            if len(text) > 8:
                value = value.replace(text, "$" + name)
        value = re.sub(r"[0-9a-f]{32}", "<id>", UUID.sub("<id>", value))
        if key == "digest" and re.fullmatch(r"[0-9a-f]{8}", value):  # made of a time
            return "<digest>"
        digest = hashlib.sha256(value.encode()).hexdigest()[:12]
        return value if len(value) < 300 else f"<{len(value)} characters, {digest}>"
    return (
        float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value
    )


def send(base, call, known):
    url = base + fill(call["path"], known)
    body = fill(call["body"], known)
    headers = call["headers"]
    if call["method"] == "GET":
        return requests.get(url, params=body, timeout=60)
    if call["raw"] is not None:
        headers = {"Content-Type": "application/json"} if headers is None else headers
        return requests.request(call["method"], url, data=call["raw"], headers=headers, timeout=60)
    return requests.request(call["method"], url, json=body, timeout=60)


def at(answer, path):
    for step in path.split("."):
        answer = answer[step]
    return answer


def replay(base):
    """Yields (call, status, normalised body): text where it is no JSON, None where it is HTML."""
    known = {}
    for call in CALLS:
        answer = send(base, call, known)
        try:
            body = json.loads(answer.text.replace(": NaN", ': "NaN"') or "{}")
        except ValueError:
            body = None if "<html" in answer.text.lower() else answer.text
        if answer.ok:
            for name, path in call["save"].items():
                known[name] = str(at(body, path))
        yield call, answer.status_code, normal(body, known)


if __name__ == "__main__":
    record = {c["name"]: {"status": s, "body": b} for c, s, b in replay(sys.argv[1])}
    json.dump(record, sys.stdout, indent=0, sort_keys=True, ensure_ascii=True)
    print()
