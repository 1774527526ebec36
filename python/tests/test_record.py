# SPDX-License-Identifier: Apache-2.0
"""The recorder, with the real mlflow client on a store of its own."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import slipway
from slipway import context, facts


def git(folder, *words):
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A repository with a change, a lock file and data under DVC."""
    folder = tmp_path / "project"
    (folder / "data").mkdir(parents=True)
    (folder / ".dvc").mkdir()
    (folder / "train.py").write_text("print(1)\n")
    (folder / "uv.lock").write_text("version = 1\n")
    (folder / "data/flights.csv.dvc").write_text(
        "outs:\n- md5: 0123456789abcdef0123456789abcdef\n  size: 12\n  path: flights.csv\n"
    )
    (folder / "dvc.lock").write_text(
        "schema: '2.0'\nstages:\n  prepare:\n    cmd: x\n    outs:\n    - path: out\n"
        "      md5: fedcba9876543210fedcba9876543210.dir\n      size: 3\n"
    )
    git(folder, "init", "-b", "topic")
    git(folder, "remote", "add", "origin", "https://me:hunter2@example.org/p.git")
    git(folder, "add", ".")
    git(folder, "commit", "-m", "first")
    (folder / "train.py").write_text("print(2)\n")
    (folder / "new.txt").write_text("untracked\n")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def mlflow(tmp_path, monkeypatch):
    client = pytest.importorskip("mlflow")
    pytest.importorskip("sqlalchemy")
    uri = f"sqlite:///{tmp_path}/m.db"
    client.set_tracking_uri(uri)
    client.create_experiment("e", artifact_location=(tmp_path / "files").as_uri())
    client.set_experiment("e")
    yield client
    while client.active_run():
        client.end_run()


def test_one_call_records_all_of_it(project, mlflow, tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setenv("CUDA_API_TOKEN", "hunter2")
    with mlflow.start_run() as run:
        done = slipway.record()
    assert done.problems == []
    found = mlflow.get_run(run.info.run_id)
    commit = subprocess.check_output(["git", "rev-parse", "HEAD"], text=True).strip()
    tags = found.data.tags
    assert tags["slipway.git.commit"] == tags["mlflow.source.git.commit"] == commit
    assert (tags["slipway.git.branch"], tags["slipway.git.dirty"]) == ("topic", "true")
    assert tags["slipway.git.remote"] == "https://***@example.org/p.git"
    assert int(tags["slipway.hardware.memory_bytes"]) > 0
    files = Path(mlflow.artifacts.download_artifacts(run_id=run.info.run_id))
    diff = (files / "reproduce/git.diff").read_text()
    assert "-print(1)" in diff and "+print(2)" in diff
    assert (files / "reproduce/untracked.txt").read_text() == "new.txt\n"
    assert (files / "reproduce/uv.lock").read_text() == "version = 1\n"
    assert any(
        line.startswith("mlflow")
        for line in (files / "reproduce/packages.txt").read_text().splitlines()
    )
    environment = json.loads((files / "reproduce/environment.json").read_text())
    assert environment["OMP_NUM_THREADS"] == "3"
    everything = "".join(p.read_text() for p in (files / "reproduce").iterdir()) + str(tags)
    assert "hunter2" not in everything
    inputs = {i.dataset.name: i.dataset for i in found.inputs.dataset_inputs}
    assert inputs["data/flights.csv"].digest == "0123456789abcdef0123456789abcdef"
    assert inputs["out"].digest == "fedcba9876543210fedcba9876543210.dir"
    assert inputs["out"].source_type == "dvc"


def test_the_environment_variable_needs_no_code(project, mlflow, monkeypatch):
    monkeypatch.setenv("SLIPWAY_RECORD", "1")
    monkeypatch.setattr(mlflow.MlflowClient, "create_run", mlflow.MlflowClient.create_run)
    provider = context.SlipwayRunContext()
    assert provider.in_context()
    provider.tags()
    with mlflow.start_run() as run:
        pass
    assert "slipway.git.commit" in mlflow.get_run(run.info.run_id).data.tags
    monkeypatch.setenv("SLIPWAY_RECORD", "0")
    assert not provider.in_context()
    with mlflow.start_run() as run:
        pass
    assert "slipway.git.commit" not in mlflow.get_run(run.info.run_id).data.tags


def test_without_a_run_it_says_so(mlflow):
    with pytest.raises(RuntimeError, match="no active run"):
        slipway.record()


def test_outside_a_repository_the_rest_is_recorded(tmp_path, mlflow, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with mlflow.start_run():
        done = slipway.record(packages=False)
    assert done.problems == [] and "slipway.git.commit" not in done.tags
    assert "reproduce/packages.txt" not in done.files


def test_what_fails_is_told_and_costs_nothing(project, mlflow, monkeypatch):
    def broken():
        raise OSError("no such thing")

    monkeypatch.setattr(facts, "hardware", broken)
    with mlflow.start_run() as run:
        done = slipway.record()
    assert done.problems == ["hardware: no such thing"]
    assert "no such thing" in mlflow.get_run(run.info.run_id).data.tags["slipway.record.problems"]


def test_secrets_on_the_command_line_are_masked(monkeypatch):
    monkeypatch.setattr(
        sys,
        "orig_argv",
        ["python", "t.py", "--api-key", "s3", "--token=t4", "--rate", "0.1", "http://u:p@h/x"],
        raising=False,
    )
    words = " ".join(facts.command()["arguments"])
    assert words == "python t.py --api-key *** --token=*** --rate 0.1 http://***@h/x"


def test_seeds_that_were_set_are_known():
    numpy = pytest.importorskip("numpy")
    numpy.random.seed(4711)
    random.seed(1)
    first = facts.seeds()
    assert first["numpy_seed"] == 4711
    random.seed(1)
    assert facts.seeds()["random_state"] == first["random_state"]
    random.seed(2)
    assert facts.seeds()["random_state"] != first["random_state"]
    numpy.random.rand()
    assert "numpy_seed" not in facts.seeds()


def test_importing_it_is_light():
    code = "import sys, slipway; print(sorted({'mlflow', 'numpy', 'yaml'} & set(sys.modules)))"
    folder = str(Path(__file__).resolve().parents[1])
    out = subprocess.check_output(
        [sys.executable, "-c", code], text=True, env=os.environ | {"PYTHONPATH": folder}
    )
    assert out.strip() == "[]"
