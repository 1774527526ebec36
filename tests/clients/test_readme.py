# SPDX-License-Identifier: Apache-2.0
"""The README's sixty seconds, as they stand there: its commands against the real binary."""

import os
import re
import subprocess
import sys

from conftest import ROOT, binary


def script_of(heading: str) -> str:
    readme = (ROOT / "README.md").read_text()
    section = readme.split("## " + heading, 1)[1].split("\n## ", 1)[0]
    lines = [line[4:] for line in section.splitlines() if line.startswith("    ") or not line]
    return "\n".join(lines)


def commands(port: int) -> str:
    script = script_of("Sixty seconds")
    start = re.search(r"^\./dev build && build/slipway up &.*$", script, re.M)
    assert start, "the tour no longer starts the platform in its first line"
    script = script.replace(start.group(0), "")
    assert "5800" in script
    return script.replace("5800", str(port)).replace("build/slipway", binary())


def test_the_sixty_seconds_of_the_readme(new_server):
    server = new_server().start()
    python = os.path.dirname(sys.executable)
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", commands(server.port)],
        cwd=server.folder,
        env=os.environ | {"SLIPWAY_URL": server.url, "PATH": f"{python}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"label":[0]' in done.stdout.replace(" ", ""), done.stdout  # a setosa is a setosa
    assert "champion=1" in done.stdout.rsplit("}", 1)[1], "`slipway model list` names the alias"


def test_coming_from_mlflow_as_the_readme_says(new_server):
    """The old server is one of ours here: it speaks the same."""
    from mlflow import MlflowClient

    old, new = new_server().start(), new_server().start()
    client = MlflowClient(old.url)
    run = client.create_run(client.create_experiment("history"), run_name="old").info.run_id
    client.log_metric(run, "m", 0.5)
    script = script_of("Coming from MLflow")
    for what, instead in (
        ("http://old-server:5000", old.url),
        ("http://host:5800", new.url),
        ("slipway ", binary() + " "),
    ):
        assert what in script
        script = script.replace(what, instead)
    script += "\n" + (
        "python -c \"import mlflow; mlflow.set_experiment('history'); "
        "run = mlflow.start_run(run_name='new'); mlflow.log_metric('m', 1); mlflow.end_run()\"\n"
    )
    python = os.path.dirname(sys.executable)
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", script],
        cwd=new.folder,
        env=os.environ | {"SLIPWAY_URL": new.url, "PATH": f"{python}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    there = MlflowClient(new.url)
    assert there.get_run(run).data.metrics == {"m": 0.5}
    experiment = there.get_experiment_by_name("history").experiment_id
    assert {r.info.run_name for r in there.search_runs([experiment])} == {"old", "new"}
