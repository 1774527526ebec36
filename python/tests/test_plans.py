# SPDX-License-Identifier: Apache-2.0
"""Flows of decorated functions: the plan they make, and that they run as it says."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PACKAGE))

from slipway import FlowError, flow, step  # noqa: E402


@step(cache=True, inputs=["in.txt"])
def prepare(month):
    return {"rows": 10, "parts": ["a", "1", 2], "month": month}


@step(retries=2, memory="1GiB", cpu=1)
def train(part, rate):
    return {"part": part, "auc": 0.9 * rate}


@step
def publish(models, note):
    return [m["part"] for m in models] + [note]


def steps_of(made) -> dict:
    return {node["name"]: node for node in made.plan()["steps"]}


def test_a_flow_is_the_plan_that_a_file_would_be():
    @flow(schedule="0 3 * * *", pools={"db": 2})
    def retrain(month: str, limit: float = 0.5):
        data = prepare(month)
        models = train.map(data["parts"], rate=0.1, at_once=2)
        publish(models, "it's {{ odd }}").when((data["rows"] > limit) & ~(data["month"] == "x"))
        publish([], None).after(models).when("always")

    plan = retrain.plan()
    assert plan["schedule"] == "0 3 * * *" and plan["pools"] == {"db": 2}
    assert plan["params"] == {
        "month": {"type": "text"},
        "limit": {"type": "number", "default": 0.5},
    }
    made = steps_of(retrain)
    assert list(made) == ["prepare", "train", "publish", "publish-2"]
    assert made["prepare"]["cache"] is True
    assert made["train"]["foreach"] == {"in": "{{ steps.prepare.result.parts }}", "at_once": 2}
    assert made["train"]["resources"] == {"memory": "1GiB", "cpu": 1}
    assert json.loads(made["train"]["env"]["SLIPWAY_CALL"].replace("{{ item | json }}", "7")) == {
        "args": [7],
        "kwargs": {"rate": 0.1},
    }
    assert "it's {{ '{{' }} odd" in made["publish"]["env"]["SLIPWAY_CALL"]
    assert made["publish"]["when"] == (
        "(steps.prepare.result.rows > params.limit) and (not (steps.prepare.result.month == 'x'))"
    )
    assert made["publish-2"]["needs"] == ["train"] and made["publish-2"]["when"] == "always"


def test_what_cannot_be_planned_is_told():
    @flow
    def branches(n: int = 1):
        if prepare(n)["rows"] > 3:
            prepare(n)

    @flow
    def loops(n: list):
        for one in n:
            prepare(one)

    @flow
    def objects():
        prepare(object())

    @flow
    def empty():
        pass

    for made, message in [
        (branches, "when"),
        (loops, "map"),
        (objects, "cannot go"),
        (empty, "no step"),
    ]:
        with pytest.raises(FlowError, match=message):
            made.plan()
    with pytest.raises(FlowError, match="no option 'retrys'"):
        step(retrys=3)
    with pytest.raises(TypeError):

        @flow
        def wrong():
            prepare()

        wrong.plan()


def test_outside_of_a_flow_steps_are_functions():
    assert prepare("m")["month"] == "m"
    assert train.map(["a"], rate=1) == [{"part": "a", "auc": 0.9}]

    @flow
    def whole(month: str = "m"):
        return publish(train.map(prepare(month)["parts"], rate=1), "end")

    assert whole() == ["a", "1", 2, "end"]


def test_importing_it_imports_nothing_heavy():
    code = (
        "import sys, slipway.flows; "
        "print([m for m in ('yaml', 'numpy', 'mlflow') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(PACKAGE)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"
