# SPDX-License-Identifier: Apache-2.0
"""Pipelines as Python functions: `@step` and `@flow` write the same plan that a pipeline file is.

    from slipway import flow, step

    @step(cache=True)
    def prepare(month):
        return {"rows": 1000, "parts": ["a", "b"]}

    @step(retries=2, memory="2GiB")
    def train(part, rate):
        return {"auc": 0.9, "rate": rate}

    @flow(schedule="0 3 * * *")
    def retrain(month: str = "2013-04"):
        data = prepare(month)
        models = train.map(data["parts"], rate=0.1)
        publish(models).when(data["rows"] > 100)

    if __name__ == "__main__":
        retrain.main()

`python file.py` runs it (`slipway run` with its arguments), `python file.py plan` prints the file.
The function of a flow is called once, with references in place of values; the functions of steps
are called when their step runs, each in a process of its own. Called outside of a flow, they are
what they were: functions.
"""

import contextlib
import functools
import inspect
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

_plan = None  # the flow whose function is being called
_KINDS = {str: "text", int: "integer", float: "number", bool: "boolean", list: "list", dict: "map"}
_OPTIONS = (
    "inputs outputs artifacts cache may_fail retries backoff timeout priority pool env secrets"
).split()


class FlowError(Exception):
    """What was written cannot be made a plan of."""


class Condition:
    """What `when` takes: made by comparing references, `&`, `|` and `~`."""

    def __init__(self, text: str):
        self.text = text

    def __and__(self, other):
        return Condition(f"({self.text}) and ({_condition(other)})")

    def __or__(self, other):
        return Condition(f"({self.text}) or ({_condition(other)})")

    def __invert__(self):
        return Condition(f"not ({self.text})")

    def __bool__(self):
        raise FlowError(
            "a flow is planned before its values are known: write "
            ".when(condition) instead of if, & instead of and"
        )


class Reference:
    """A value that is known when the flow runs: of a parameter, of a step, of an element."""

    def __init__(self, text: str):
        self._text = text

    def __getitem__(self, key):
        word = str(key)
        if not re.fullmatch(r"[A-Za-z0-9_-]+", word):
            raise FlowError(f"{key!r} cannot be asked for: letters, digits, '_' and '-'")
        return Reference(f"{self._text}.{word}")

    def __eq__(self, other):
        return self._compared("==", other)

    def __ne__(self, other):
        return self._compared("!=", other)

    def __lt__(self, other):
        return self._compared("<", other)

    def __le__(self, other):
        return self._compared("<=", other)

    def __gt__(self, other):
        return self._compared(">", other)

    def __ge__(self, other):
        return self._compared(">=", other)

    __hash__ = None

    def _compared(self, sign, other):
        return Condition(f"{self._text} {sign} {_condition(other)}")

    def __bool__(self):
        raise FlowError(f"{self._text} is not known before the flow runs: write .when(..)")

    def __iter__(self):
        raise FlowError(f"{self._text} is not known before the flow runs: write step.map(..)")


def _condition(value) -> str:
    if isinstance(value, Condition):
        return value.text
    if isinstance(value, Reference):
        return value._text
    if isinstance(value, str):
        quote = '"' if "'" in value else "'"
        if quote in value:
            raise FlowError(f"{value!r} holds both kinds of quotes")
        return f"{quote}{value}{quote}"
    if value is None:
        return "null"
    return json.dumps(value)


def _literal(text: str) -> str:
    return text.replace("{{", "{{ '{{' }}")


def _dump(value) -> str:
    """JSON with references in it, as a text of a pipeline file."""
    if isinstance(value, Reference):
        return "{{ " + value._text + " | json }}"
    if isinstance(value, dict):
        members = (f"{_literal(json.dumps(str(k)))}: {_dump(v)}" for k, v in value.items())
        return "{" + ", ".join(members) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_dump, value)) + "]"
    try:
        return _literal(json.dumps(value))
    except TypeError as error:
        raise FlowError(f"{value!r} cannot go from step to step: {error}") from None


class Call(Reference):
    """A step of a flow. As a value it is what the step returns."""

    def __init__(self, node: dict):
        super().__init__(f"steps.{node['name']}.result")
        self._node = node

    def when(self, condition) -> "Call":
        """A condition, "always" or "on-failure"."""
        plain = isinstance(condition, str)
        self._node["when"] = condition if plain else _condition(condition)
        return self

    def after(self, *others: "Call") -> "Call":
        """Also waits for these."""
        needs = self._node.setdefault("needs", [])
        needs += [other._node["name"] for other in others]
        return self

    def artifact(self, name: str) -> Reference:
        """The path of what the step lists under `artifacts`."""
        return Reference(f"artifacts.{self._node['name']}.{name}")

    @property
    def status(self) -> Reference:
        return Reference(f"steps.{self._node['name']}.status")


class Step:
    def __init__(self, function, options: dict):
        functools.update_wrapper(self, function)
        self.function, self.options = function, options
        self.name = options.pop("name", None) or function.__name__

    def __call__(self, *args, **kwargs):
        if _plan is None:
            return self.function(*args, **kwargs)
        inspect.signature(self.function).bind(*args, **kwargs)
        return self._add(args, kwargs, {})

    def map(self, over, *args, at_once=None, **kwargs):
        """Once for each element of `over`, which is the first argument. A list of results."""
        if _plan is None:
            return [self.function(one, *args, **kwargs) for one in over]
        item = Reference("item")
        inspect.signature(self.function).bind(item, *args, **kwargs)
        over = "{{ " + over._text + " }}" if isinstance(over, Reference) else list(over)
        if at_once:
            over = {"in": over, "at_once": at_once}
        return self._add((item, *args), kwargs, {"foreach": over})

    def _add(self, args, kwargs, more: dict) -> Call:
        node = {"name": _plan.free_name(self.name)} | more
        node["run"] = (
            f"{_quoted(sys.executable)} -m slipway.run_step {_quoted(_plan.file)} {self.name}"
        )
        node |= self.options
        call = {"args": list(args), "kwargs": kwargs}
        node["env"] = dict(self.options.get("env", {})) | {"SLIPWAY_CALL": _dump(call)}
        _plan.steps.append(node)
        return Call(node)


def _quoted(text) -> str:
    return _literal(shlex.quote(str(text)))


def step(function=None, *, cpu=None, memory=None, gpu=None, **options):
    """A function that is a step. The options are those of a step in a pipeline file."""
    unknown = set(options) - set(_OPTIONS) - {"name"}
    if unknown:
        raise FlowError(
            f"a step has no option {sorted(unknown)[0]!r}; known: {', '.join(_OPTIONS)}"
        )
    resources = {"cpu": cpu, "memory": memory, "gpu": gpu}
    resources = {key: value for key, value in resources.items() if value is not None}
    if resources:
        options["resources"] = resources
    if function is None:
        return lambda inner: Step(inner, dict(options))
    return Step(function, dict(options))


class Flow:
    def __init__(self, function, options: dict):
        functools.update_wrapper(self, function)
        self.function, self.options = function, options
        self.name = options.pop("name", None) or function.__name__.replace("_", "-")
        self.file = str(Path(inspect.getsourcefile(function)).resolve())
        self.steps: list[dict] = []

    def __call__(self, *args, **kwargs):
        """Here and now, without Slipway: the steps are functions."""
        return self.function(*args, **kwargs)

    def free_name(self, name: str) -> str:
        taken = {node["name"] for node in self.steps}
        out, n = name, 2
        while out in taken:
            out, n = f"{name}-{n}", n + 1
        return out

    def _params(self) -> dict:
        out = {}
        for name, parameter in inspect.signature(self.function).parameters.items():
            empty = parameter.default is inspect.Parameter.empty
            kind = _KINDS.get(parameter.annotation)
            if kind is None:
                kind = "text" if empty else _KINDS.get(type(parameter.default), "text")
            out[name] = {"type": kind}
            if not empty:
                out[name]["default"] = parameter.default
        return out

    def plan(self) -> dict:
        """What a pipeline file would say."""
        global _plan
        if _plan is not None:
            raise FlowError("a flow cannot be called in a flow")
        self.steps, params = [], self._params()
        _plan = self
        try:
            self.function(**{name: Reference(f"params.{name}") for name in params})
        finally:
            _plan = None
        if not self.steps:
            raise FlowError(f"the flow {self.name!r} calls no step")
        return {"name": self.name, "params": params} | self.options | {"steps": self.steps}

    def yaml(self) -> str:
        """The pipeline file. (JSON is YAML too.)"""
        return json.dumps(self.plan(), indent=1, ensure_ascii=False) + "\n"

    def main(self, arguments=None) -> None:
        """`plan` prints the file, `check` checks it, anything else goes to `slipway run`."""
        words = list(sys.argv[1:] if arguments is None else arguments)
        text = self.yaml()
        if words[:1] == ["plan"]:
            sys.stdout.write(text)
            return
        folder = Path(self.file).parent
        handle, path = tempfile.mkstemp(prefix=f".{self.name}-", suffix=".yaml", dir=folder)
        try:
            with open(handle, "w", encoding="utf-8") as file:
                file.write(text)
            command = ["pipeline", "check", path] if words[:1] == ["check"] else ["run", path]
            rest = words[1:] if words[:1] in (["check"], ["run"]) else words
            program = os.environ.get("SLIPWAY_BIN", "slipway")
            sys.exit(subprocess.call([program, *command, *rest]))
        finally:
            with contextlib.suppress(OSError):
                os.unlink(path)


def flow(function=None, **options):
    """A function that calls steps. The options are those of a pipeline file: schedule, timezone,
    catchup, concurrency, priority, pools, env, on."""
    if function is None:
        return lambda inner: Flow(inner, dict(options))
    return Flow(function, dict(options))
