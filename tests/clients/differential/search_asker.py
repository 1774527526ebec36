# SPDX-License-Identifier: Apache-2.0
"""Asks a server all search_cases.py: ask(base) fills a fresh one and yields each case with the
status and the names of what was found. As a program it records what the original answers:

python search_asker.py http://127.0.0.1:5000 > search_reference.json     (a fresh `mlflow server`)
"""

import json
import sys

import requests
from search_cases import cases

API = "/api/2.0/mlflow/"

RUNS = [
    {
        "name": "r1",
        "start": 1000,
        "end": 5000,
        "metrics": {"m": 1, "n": 1, "a b": 1, "a.b": 1, "a-b": 1, "a/b": 1, "a_b": 1},
        "params": {"p": "a", "k k": "v", "k.k": "v", "k-k": "v"},
        "tags": {"t": "A1", "mlflow.user": "u"},
        "dataset": ("d1", "d1", "train"),
    },
    {"name": "r2", "start": 2000, "metrics": {"m": 2, "n": 1}, "params": {"p": "a"}},
    {"name": "r3", "start": 3000, "end": 3, "metrics": {"m": 2.5}, "tags": {"t": "a2"}},
    {"name": "r4", "start": 3000, "metrics": {"m": -1, "nan": "NaN"}, "params": {"p": "100%"}},
    {
        "name": "r5",
        "start": 4000,
        "end": 7000,
        "metrics": {"nan": 1, "inf": "Infinity"},
        "params": {"p": "it's", "u": "ünï"},
        "dataset": ("d2", "e2", "eval"),
    },
    {"name": "r6", "start": 5000, "metrics": {"m": 10, "inf": "-Infinity"}, "params": {"p": "b"}},
    {"name": "r7", "start": 6000, "end": 1, "params": {"p": "a"}, "tags": {"t": "B"}},
    {"name": "r8", "start": 7000, "params": {"p": "A"}},
]


class Asker:
    def __init__(self, base):
        self.base, self.session, self.known = base, requests.Session(), {}

    def post(self, path, body, method="POST"):
        answer = self.session.request(method, self.base + API + path, json=body, timeout=60)
        answer.raise_for_status()
        return answer.json()

    def fill(self):
        exp = self.post("experiments/create", {"name": "s-one"})["experiment_id"]
        self.known["exp"] = exp
        for name in ("s-two", "s-three"):
            self.post("experiments/create", {"name": name})
        tag = {"experiment_id": exp, "key": "team", "value": "x"}
        self.post("experiments/set-experiment-tag", tag)
        self.post("experiments/set-experiment-tag", tag | {"key": "a b", "value": "y"})
        for run in RUNS:
            self.add_run(exp, **run)
        self.add_models()
        self.add_logged_models(exp)

    def add_run(self, exp, name, start, end=None, metrics=(), params=(), tags=(), dataset=None):
        body = {"experiment_id": exp, "run_name": name, "start_time": start, "user_id": "u"}
        run = self.post("runs/create", body)["run"]["info"]["run_id"]
        self.known[name] = run
        pairs = [{"key": k, "value": v} for k, v in dict(params).items()]
        batch = {"run_id": run, "params": pairs}
        batch["metrics"] = [
            {"key": k, "value": v, "timestamp": 1} for k, v in dict(metrics).items()
        ]
        batch["tags"] = [{"key": k, "value": v} for k, v in dict(tags).items()]
        self.post("runs/log-batch", batch)
        if end is not None:
            self.post("runs/update", {"run_id": run, "status": "FINISHED", "end_time": end})
        if dataset:
            name, digest, context = dataset
            body = {"name": name, "digest": digest, "source_type": "local", "source": "{}"}
            tags = [{"key": "mlflow.data.context", "value": context}]
            self.post(
                "runs/log-inputs", {"run_id": run, "datasets": [{"dataset": body, "tags": tags}]}
            )

    def add_models(self):
        for name in ("m1", "m2", "m3"):
            self.post("registered-models/create", {"name": name})
        self.post("registered-models/set-tag", {"name": "m1", "key": "team", "value": "x"})
        self.post("registered-models/set-tag", {"name": "m2", "key": "a b", "value": "y"})
        for model, version, run in (
            ("m1", 1, "r1"),
            ("m1", 2, "r2"),
            ("m1", 3, ""),
            ("m2", 1, "r1"),
        ):
            body = {"name": model, "source": f"s3://b/{version}"}
            if run:
                body["run_id"] = self.known[run]
            self.post("model-versions/create", body)
        body = {"name": "m1", "version": "1", "key": "v", "value": "one"}
        self.post("model-versions/set-tag", body)

    def add_logged_models(self, exp):
        for name, param, tag, accuracy in (("lm1", "1", "A", 0.2), ("lm2", "2", "b", 0.9)):
            body = {
                "experiment_id": exp,
                "name": name,
                "source_run_id": self.known["r1"],
                "params": [{"key": "p", "value": param}],
                "tags": [{"key": "t", "value": tag}],
            }
            model = self.post("logged-models", body)["model"]["info"]["model_id"]
            metric = {"key": "acc", "value": accuracy, "timestamp": 1, "model_id": model}
            self.post("runs/log-batch", {"run_id": self.known["r1"], "metrics": [metric]})
        self.post("logged-models", {"experiment_id": exp, "name": "lm3", "model_type": "Agent"})

    def search(self, kind, filter_, order):
        for name, value in sorted(self.known.items(), reverse=True):
            filter_ = filter_.replace("$" + name, value)
        more = {"order_by": order} if order else {}
        if kind in ("models", "versions"):
            path = "registered-models/search" if kind == "models" else "model-versions/search"
            query = {"filter": filter_, "max_results": 100} | more
            answer = self.session.get(self.base + API + path, params=query, timeout=60)
        else:
            path = {"runs": "runs", "experiments": "experiments", "logged": "logged-models"}[kind]
            body = {"filter": filter_, "max_results": 100, "experiment_ids": [self.known["exp"]]}
            answer = self.session.post(
                self.base + API + path + "/search", json=body | more, timeout=60
            )
        return answer.status_code, names(kind, answer) if answer.ok else None


def names(kind, answer):
    body = answer.json()
    if kind == "runs":
        return [run["info"]["run_name"] for run in body.get("runs", [])]
    if kind == "experiments":
        return [experiment["name"] for experiment in body.get("experiments", [])]
    if kind == "models":
        return [model["name"] for model in body.get("registered_models", [])]
    if kind == "versions":
        found = body.get("model_versions", [])
        return [f"{version['name']}/{version['version']}" for version in found]
    return [model["info"]["name"] for model in body.get("models", [])]


def ask(base):
    asker = Asker(base)
    asker.fill()
    for kind, filter_, order in cases():
        status, found = asker.search(kind, filter_, order)
        yield (kind, filter_, order), status, found


def label(case):
    return json.dumps(case, ensure_ascii=False)


if __name__ == "__main__":
    record = {label(case): [status, found] for case, status, found in ask(sys.argv[1])}
    lines = (f"{json.dumps(k, ensure_ascii=False)}: {json.dumps(v)}" for k, v in record.items())
    print("{\n" + ",\n".join(lines) + "\n}")
