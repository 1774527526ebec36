# SPDX-License-Identifier: Apache-2.0
"""One call that records on a run what it takes to do it again."""

import json
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from . import facts

FOLDER = "reproduce"  # of the run's artifacts
_TAG_LIMIT = 5000


@dataclass
class Recorded:
    """What `record` wrote. A part that could not be found out is told in `problems`; it never ends
    the training."""

    run_id: str
    tags: dict = field(default_factory=dict)
    files: list = field(default_factory=list)
    inputs: list = field(default_factory=list)
    problems: list = field(default_factory=list)


def record(
    run_id=None,
    *,
    client=None,
    git: bool = True,
    packages: bool = True,
    hardware: bool = True,
    seeds: bool = True,
    command: bool = True,
    environment: bool = True,
    data: bool = True,
) -> Recorded:
    """Records on the active run (or the one named): git commit, branch and diff, installed packages
    and lock files, hardware, random seeds, the command line, environment variables without secrets,
    and the versions of the data in a DVC repository. May be called again: later values win."""
    try:
        import mlflow
    except ModuleNotFoundError as missing:
        raise RuntimeError(
            "record() writes through the MLflow client, which is not installed here: "
            "pip install mlflow-skinny"
        ) from missing

    if run_id is None:
        active = mlflow.active_run()
        if active is None:
            raise RuntimeError(
                "there is no active run: call record() inside mlflow.start_run(), "
                "or name the run: record(run_id)"
            )
        run_id = active.info.run_id
    client = client or mlflow.MlflowClient()
    out = Recorded(run_id)
    with tempfile.TemporaryDirectory() as folder:
        parts = _Parts(out, Path(folder))
        for wanted, part in (
            (git, parts.git),
            (packages, parts.packages),
            (hardware, parts.hardware),
            (seeds, parts.seeds),
            (command, parts.command),
            (environment, parts.environment),
            (data, parts.data),
        ):
            if wanted:
                _try(out, part.__name__, part)
        _try(out, "files", lambda: parts.send(client))
    _try(out, "inputs", lambda: _send_inputs(client, out))
    if out.problems:
        out.tags["slipway.record.problems"] = "; ".join(out.problems)[:_TAG_LIMIT]
    _try(out, "tags", lambda: _send_tags(client, out))
    return out


def _try(out: Recorded, what: str, action) -> None:
    try:
        action()
    except Exception as error:  # recording must never cost anybody a training
        out.problems.append(f"{what}: {error}")


class _Parts:
    def __init__(self, out: Recorded, folder: Path):
        self.out, self.folder = out, folder
        self.root = None

    def write(self, name: str, content) -> None:
        text = content if isinstance(content, str) else json.dumps(content, indent=2) + "\n"
        (self.folder / name).write_text(text, encoding="utf-8")
        self.out.files.append(f"{FOLDER}/{name}")

    def send(self, client) -> None:
        if self.out.files:
            client.log_artifacts(self.out.run_id, str(self.folder), FOLDER)

    def git(self) -> None:
        found = facts.git()
        if not found:
            return
        self.root = found["root"]
        tags = self.out.tags
        tags["slipway.git.commit"] = found["commit"]
        tags["slipway.git.branch"] = found["branch"]
        tags["slipway.git.dirty"] = "true" if found["dirty"] else "false"
        if found["remote"]:
            tags["slipway.git.remote"] = found["remote"]
        if found["commit"]:
            tags["mlflow.source.git.commit"] = found["commit"]
            tags["mlflow.source.git.branch"] = found["branch"]
        if found["diff"]:
            self.write("git.diff", found["diff"])
            if len(found["diff"]) >= facts.DIFF_LIMIT:
                self.out.problems.append(f"git: the diff was cut at {facts.DIFF_LIMIT} bytes")
        if found["untracked"]:
            self.write("untracked.txt", "\n".join(found["untracked"]) + "\n")

    def packages(self) -> None:
        lines = facts.packages()
        self.write("packages.txt", "\n".join(lines) + "\n")
        self.out.tags["slipway.packages"] = str(len(lines))
        for path in facts.lock_files(os.getcwd(), self.root or os.getcwd()):
            self.write(path.name, path.read_text(encoding="utf-8"))

    def hardware(self) -> None:
        found = facts.hardware()
        self.write("hardware.json", found)
        tags = self.out.tags
        tags["slipway.hardware.cpu"] = f"{found['cpus']} x {found['cpu'] or found['machine']}"
        if found["memory_bytes"]:
            tags["slipway.hardware.memory_bytes"] = str(found["memory_bytes"])
        tags["slipway.hardware.gpu"] = ", ".join(g["name"] for g in found["gpus"]) or "none"
        tags["slipway.python"] = found["python"]

    def seeds(self) -> None:
        found = facts.seeds()
        self.write("seeds.json", found)
        self.out.tags.update({f"slipway.seed.{name}": str(v) for name, v in found.items()})

    def command(self) -> None:
        found = facts.command()
        self.write("command.json", found)
        self.out.tags["slipway.command"] = " ".join(found["arguments"])[:_TAG_LIMIT]

    def environment(self) -> None:
        self.write("environment.json", facts.environment())

    def data(self) -> None:
        self.out.inputs = facts.data_versions()


def _send_inputs(client, out: Recorded) -> None:
    if not out.inputs:
        return
    from mlflow.entities import Dataset, DatasetInput, InputTag

    client.log_inputs(
        out.run_id,
        datasets=[
            DatasetInput(
                Dataset(item["path"][-500:], item["digest"][:36], "dvc", json.dumps(item)),
                [InputTag("mlflow.data.context", "data version")],
            )
            for item in out.inputs
        ],
    )


def _send_tags(client, out: Recorded) -> None:
    from mlflow.entities import RunTag

    tags = [RunTag(key, str(value)) for key, value in out.tags.items()]
    for at in range(0, len(tags), 100):
        client.log_batch(out.run_id, tags=tags[at : at + 100])
