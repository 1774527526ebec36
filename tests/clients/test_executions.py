# SPDX-License-Identifier: Apache-2.0
"""Pipelines on a server: the API, schedules, and what a killed server goes on with."""

import json
import sqlite3
import urllib.error
import urllib.request

import pytest
from test_pipeline import alive, run, wait_for, write


def call(server, method: str, path: str, body=None):
    request = urllib.request.Request(
        server.url + "/api/v1" + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        text = answer.read()
        return json.loads(text) if text else None


def finished(server, execution_id: str):
    return wait_for(
        lambda: (
            (e := call(server, "GET", f"/executions/{execution_id}"))["status"]
            not in ("queued", "running")
            and e
        )
    )


def test_a_server_runs_registered_pipelines_and_shows_those_of_the_command_line(
    tmp_path, new_server
):
    server = new_server().start()
    yaml = """
name: hello
params: {who: world}
steps:
  - {name: greet, run: 'echo hello {{ params.who }}, $MLFLOW_TRACKING_URI'}
"""
    made = call(server, "POST", "/pipelines", {"yaml": yaml, "folder": str(tmp_path)})
    assert made["name"] == "hello"
    started = call(server, "POST", "/executions", {"pipeline": "hello", "params": {"who": "you"}})
    done = finished(server, started["id"])
    assert done["status"] == "succeeded" and done["trigger"]["kind"] == "api"
    with urllib.request.urlopen(
        f"{server.url}/api/v1/executions/{done['id']}/logs/greet"
    ) as answer:
        text = answer.read().decode()
        assert answer.headers["X-Slipway-Complete"] == "true"
    assert text == f"hello you, {server.url}\n"
    with urllib.request.urlopen(
        f"{server.url}/api/v1/executions/{done['id']}/logs/greet?offset=6"
    ) as answer:
        assert answer.read().decode() == text[6:]

    write(tmp_path, "  - {name: here, run: 'true'}\n")
    ran, report = run(tmp_path, "--data", str(server.folder / "data"))
    assert ran.returncode == 0, ran.stderr
    listed = call(server, "GET", "/executions")["items"]
    assert [e["id"] for e in listed] == [report["run_id"], done["id"]]

    with pytest.raises(urllib.error.HTTPError) as refused:
        call(server, "POST", "/executions", {"pipeline": "nobody"})
    assert refused.value.code == 404
    with pytest.raises(urllib.error.HTTPError) as refused:
        call(server, "POST", "/executions", {"pipeline": "hello", "params": {"whom": "x"}})
    assert refused.value.code == 400


def test_a_killed_server_goes_on_with_its_executions(tmp_path, new_server):
    server = new_server().start()
    yaml = """
name: survivor
steps:
  - {name: first, run: echo x >> first}
  - name: second
    needs: [first]
    run: echo $$ >> pids; test -e go || sleep 300; touch finished
"""
    call(server, "POST", "/pipelines", {"yaml": yaml, "folder": str(tmp_path)})
    started = call(server, "POST", "/executions", {"pipeline": "survivor"})
    wait_for(lambda: (tmp_path / "pids").exists() and (tmp_path / "pids").read_text().strip())
    server.kill()
    (tmp_path / "go").touch()
    server.start()
    done = finished(server, started["id"])
    assert done["status"] == "succeeded"
    assert (tmp_path / "first").read_text() == "x\n"
    pids = [int(p) for p in (tmp_path / "pids").read_text().split()]
    assert len(pids) == 2 and not any(alive(p) for p in pids)


def test_cancel_ends_the_steps_and_resume_goes_on(tmp_path, new_server):
    server = new_server().start()
    yaml = "name: c\nsteps:\n- {name: s, run: 'echo $$ > pid; test -e go || sleep 300'}\n"
    call(server, "POST", "/pipelines", {"yaml": yaml, "folder": str(tmp_path)})
    started = call(server, "POST", "/executions", {"pipeline": "c"})
    wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip())
    call(server, "POST", f"/executions/{started['id']}/cancel", {})
    assert finished(server, started["id"])["status"] == "cancelled"
    assert not alive(int((tmp_path / "pid").read_text()))
    (tmp_path / "go").touch()
    call(server, "POST", f"/executions/{started['id']}/resume", {})
    assert finished(server, started["id"])["status"] == "succeeded"


def test_a_schedule_starts_executions(tmp_path, new_server):
    server = new_server().start()
    yaml = "name: each-minute\nschedule: '* * * * *'\nsteps: [{name: s, run: 'true'}]\n"
    made = call(server, "POST", "/pipelines", {"yaml": yaml, "folder": str(tmp_path)})
    assert made["next"] is not None
    server.stop()
    with sqlite3.connect(server.folder / "data/slipway.db") as database:
        database.execute("UPDATE pipelines SET next_fire = next_fire - 600000")
    server.start()
    wait_for(
        lambda: any(
            e["status"] == "succeeded" and e["trigger"]["kind"] == "cron"
            for e in call(server, "GET", "/executions?pipeline=each-minute")["items"]
        )
    )
    assert len(call(server, "GET", "/executions?pipeline=each-minute")["items"]) <= 2
