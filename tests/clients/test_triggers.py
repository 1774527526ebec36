# SPDX-License-Identifier: Apache-2.0
"""What starts a pipeline on a server: changed data, with and without a pointer, and commits."""

import subprocess
import time

import pytest
from conftest import binary
from test_executions import call
from test_pipeline import wait_for


def executions(server, name: str):
    return call(server, "GET", f"/executions?pipeline={name}")["items"][::-1]


def until_started(server, name: str, count: int):
    wait_for(lambda: len(executions(server, name)) >= count)
    wait_for(
        lambda: all(e["status"] not in ("queued", "running") for e in executions(server, name))
    )
    return executions(server, name)


def settle(server, name: str, count: int):
    """Long enough for several looks: nothing more may start."""
    time.sleep(2.5)
    found = executions(server, name)
    assert len(found) == count, found
    return found


def add(server, folder, name: str, on: str):
    file = folder / f"{name}.yaml"
    file.write_text(
        f"name: {name}\non: {on}\nsteps: [{{name: copy, run: cp flights.csv used.csv}}]\n"
    )
    subprocess.run([binary(), "pipeline", "add", file, "--server", server.url], check=True)


def git(folder, *words) -> str:
    who = ["-c", "user.name=ada", "-c", "user.email=ada@localhost", "-c", "commit.gpgsign=false"]
    done = subprocess.run(
        ["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def test_changed_data_starts_one_execution_also_when_the_server_was_away(tmp_path, new_server):
    server = new_server().start()
    data = tmp_path / "flights.csv"
    data.write_text("month\n1\n")
    add(server, tmp_path, "retrain", "{data: {path: flights.csv}}")
    shown = call(server, "GET", "/pipelines/retrain")
    assert shown["data_path"] == "flights.csv" and shown["push_branch"] is None

    data.write_text("month\n2\n")  # at once, of the same size
    (first,) = until_started(server, "retrain", 1)
    assert first["status"] == "succeeded" and first["trigger"]["kind"] == "data"
    assert first["trigger"]["detail"].startswith("flights.csv: ")
    assert (tmp_path / "used.csv").read_text() == "month\n2\n"

    data.touch()  # the same content is no change
    settle(server, "retrain", 1)

    server.kill()
    data.write_text("month\n3\n")
    server.start()
    second = until_started(server, "retrain", 2)[1]
    assert second["trigger"]["kind"] == "data"
    # From what the first was started for to something new.
    assert second["trigger"]["detail"].split()[1] == first["trigger"]["detail"].split()[-1]
    server.kill()
    server.start()
    settle(server, "retrain", 2)

    subprocess.run([binary(), "pipeline", "remove", "retrain", "--server", server.url], check=True)
    data.write_text("month\n4\n")
    settle(server, "retrain", 2)


def test_a_new_version_of_tracked_data_counts_once(tmp_path, new_server):
    server = new_server().start()
    data = tmp_path / "flights.csv"
    data.write_text("month\n1\n")

    def dvc(*words):
        subprocess.run([binary(), "data", *words], cwd=tmp_path, check=True, capture_output=True)

    dvc("init", "--no-scm")
    dvc("add", "flights.csv")
    old = (tmp_path / "flights.csv.dvc").read_text()
    add(server, tmp_path, "retrain", "{data: {path: flights.csv}}")
    add(server, tmp_path, "pointed", "{data: {path: flights.csv.dvc}}")

    data.write_text("month\n1\n2\n")
    until_started(server, "retrain", 1)
    assert executions(server, "pointed") == []
    dvc("add", "flights.csv")
    until_started(server, "pointed", 1)
    (first,) = settle(server, "retrain", 1)
    new = [line for line in (tmp_path / "flights.csv.dvc").read_text().split() if len(line) == 32]
    assert first["trigger"]["detail"].endswith(new[0])

    (tmp_path / "flights.csv.dvc").write_text(old)  # as a pull would
    until_started(server, "retrain", 2)
    dvc("checkout")
    assert data.read_text() == "month\n1\n"
    settle(server, "retrain", 2)


def test_a_commit_on_the_branch_starts_one_execution(tmp_path, new_server):
    server = new_server().start()
    (tmp_path / "flights.csv").write_text("month\n1\n")
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", "flights.csv")
    git(tmp_path, "commit", "-qm", "one")
    add(server, tmp_path, "build", "{push: {branch: main}}")
    add(server, tmp_path, "later", "{push: {branch: release/1}}")

    git(tmp_path, "checkout", "-qb", "other")
    git(tmp_path, "commit", "-qm", "elsewhere", "--allow-empty")
    settle(server, "build", 0)

    # As others do it: a push of somebody's clone into this repository.
    git(tmp_path.parent, "clone", "-q", "-b", "main", tmp_path, "clone")
    clone = tmp_path.parent / "clone"
    git(clone, "commit", "-qm", "two", "--allow-empty")
    git(clone, "push", "-q", "origin", "main")
    commit = git(clone, "rev-parse", "HEAD")
    (first,) = until_started(server, "build", 1)
    assert first["trigger"]["kind"] == "push"
    assert first["trigger"]["detail"].endswith(f" -> {commit}")

    git(tmp_path, "gc", "-q")  # the reference moves into another file, not to another commit
    server.kill()
    server.start()
    settle(server, "build", 1)
    assert executions(server, "later") == []
    git(tmp_path, "branch", "release/1")
    until_started(server, "later", 1)


@pytest.mark.parametrize(
    ("on", "message"),
    [("{push: {branch: main}}", "no git repository"), ("{push: {branch: ../x}}", "no branch")],
)
def test_a_trigger_that_can_never_start_is_refused(tmp_path, new_server, on, message):
    server = new_server().start()
    file = tmp_path / "p.yaml"
    file.write_text(f"name: p\non: {on}\nsteps: [{{name: s, run: 'true'}}]\n")
    done = subprocess.run(
        [binary(), "pipeline", "add", file, "--server", server.url],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0 and message in done.stderr
