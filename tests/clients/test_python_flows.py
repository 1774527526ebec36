# SPDX-License-Identifier: Apache-2.0
"""Flows of decorated Python functions, run by the real executable."""

import json
import os
import subprocess
import sys
from pathlib import Path

from conftest import binary

PACKAGE = Path(__file__).resolve().parents[2] / "python"
FLOW = """
from slipway import flow, step


@step(cache=True, inputs=["in.txt"])
def prepare(month):
    return {"rows": 10, "parts": ["a", "1", 2, {"x": None}], "month": month}


@step(retries=1, backoff=0)
def train(part, rate):
    return [part, rate]


@step
def collect(models, text, limit):
    print(repr((models, text, limit)))
    return len(models)


@step(artifacts={"model": "model.bin"})
def save(count):
    open("model.bin", "w").write("m" * count)


@step
def size(path):
    print(len(open(path).read()))


@flow
def retrain(month: str = "2013-04", limit: float = 0.5):
    data = prepare(month)
    count = collect(train.map(data["parts"], rate=0.1), "it's {{ odd }} $HOME `id`", limit)
    saved = save(count).when(count > 3)
    size(saved.artifact("model")).after(saved)
    collect([], "never", None).when(count > 100)


if __name__ == "__main__":
    retrain.main()
"""


def python(folder: Path, *words: str):
    return subprocess.run(
        [sys.executable, "flow.py", *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(PACKAGE), "SLIPWAY_BIN": binary()},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_flow_runs_as_a_pipeline(tmp_path):
    (tmp_path / "flow.py").write_text(FLOW)
    (tmp_path / "in.txt").write_text("1")
    assert python(tmp_path, "check").returncode == 0
    done = python(tmp_path, "--json", "out.json", "-p", "month=1")
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "out.json").read_text())
    status = {(s["name"], s["index"]): s["status"] for s in report["steps"]}
    assert status[("train", 3)] == "succeeded" and status[("collect-2", None)] == "skipped"

    def log(step):
        words = [binary(), "logs", report["run_id"], step]
        return subprocess.run(words, cwd=tmp_path, capture_output=True, text=True).stdout

    models = [["a", 0.1], ["1", 0.1], [2, 0.1], [{"x": None}, 0.1]]
    assert log("collect") == repr((models, "it's {{ odd }} $HOME `id`", 0.5)) + "\n"
    assert log("size") == "4\n"
    again = python(tmp_path, "--json", "out.json", "-p", "month=1")
    assert again.returncode == 0, again.stderr
    report = json.loads((tmp_path / "out.json").read_text())
    assert report["steps"][0]["status"] == "cached"
    assert not list(tmp_path.glob(".retrain*")), "its file is gone"
    wrong = python(tmp_path, "-p", "limit=many")
    assert wrong.returncode == 2 and "'limit' must be a number" in wrong.stderr
