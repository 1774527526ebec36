# SPDX-License-Identifier: Apache-2.0
"""What a pipeline file can say: conditions, elements, results, artifacts, answers, sub-pipelines;
and what a server does with executions: policies, back-fills, hand-over."""

import json
import os
import signal
import subprocess
import urllib.error

import pytest
from conftest import binary
from test_executions import call, finished
from test_pipeline import alive, log, run, slipway, statuses, wait_for, write


def test_results_conditions_and_handlers(tmp_path):
    write(
        tmp_path,
        """
  - {name: train, run: 'echo "{\\"auc\\": 0.93, \\"parts\\": [1, 2]}" > $SLIPWAY_RESULT'}
  - {name: good, when: steps.train.result.auc > 0.9, run: 'echo {{ steps.train.result.auc }}'}
  - {name: poor, when: steps.train.result.auc <= 0.9, run: touch never}
  - {name: join, needs: [good, poor], run: touch joined}
  - {name: parts, foreach: '{{ steps.train.result.parts }}', run: 'echo {{ item }}'}
  - {name: breaks, run: exit 1}
  - {name: tell, when: on-failure, run: touch told}
  - {name: clean, when: always, run: touch cleaned}
""",
    )
    done, report = run(tmp_path)
    assert done.returncode == 1
    got = statuses(report)
    assert got[("poor", None)] == "skipped" and got[("join", None)] == "succeeded"
    assert log(tmp_path, report["run_id"], "good") == "0.93\n"
    assert got[("parts", 1)] == "succeeded"
    assert (tmp_path / "told").exists() and (tmp_path / "cleaned").exists()
    assert not (tmp_path / "never").exists()


def test_typed_parameters(tmp_path):
    head = """
params:
  month: {type: text, description: which month}
  rows: {type: integer, default: 10, min: 1, max: 100}
  mode: {type: text, default: fast, choices: [fast, full]}
"""
    write(tmp_path, "  - {name: a, run: 'echo {{ params.rows }} {{ params.mode }}'}\n", head)
    for words, message in [
        ([], "parameter 'month' is not given"),
        (["-p", "month=x", "-p", "rows=0"], "must be at least 1, not 0"),
        (["-p", "month=x", "-p", "rows=many"], "must be an integer"),
        (["-p", "month=x", "-p", "mode=slow"], "must be one of fast, full, not 'slow'"),
    ]:
        done, _ = run(tmp_path, *words)
        assert done.returncode == 2 and message in done.stderr, done.stderr
    done, report = run(tmp_path, "-p", "month=2013-04", "-p", "rows=7")
    assert done.returncode == 0 and log(tmp_path, report["run_id"], "a") == "7 fast\n"


def test_artifacts_go_from_step_to_step_by_their_content(tmp_path):
    write(
        tmp_path,
        """
  - name: make
    foreach: [a, b]
    run: mkdir -p out; echo {{ item }} > out/{{ index }}.txt
    artifacts: {part: 'out/{{ index }}.txt'}
  - name: train
    run: mkdir -p m; echo weights > m/w; echo x > m/v
    artifacts: {model: m}
  - name: spoil
    needs: [make, train]
    run: rm -r out m
  - name: use
    needs: [spoil]
    cache: true
    run: |
      cat {{ artifacts.train.model }}/w
      echo {{ artifacts.make.part }} | tr -d '[]"' | tr , ' ' | xargs cat
""",
    )
    done, report = run(tmp_path)
    assert done.returncode == 0, done.stderr
    assert log(tmp_path, report["run_id"], "use") == "weights\na\nb\n"
    done, report = run(tmp_path)
    assert statuses(report)[("use", None)] == "cached"


def test_elements_of_elements_and_a_matrix(tmp_path):
    write(
        tmp_path,
        """
  - name: split
    foreach: [2, 3]
    run: seq -s, {{ item }} | sed 's/.*/[&]/' > part-{{ index }}.json
  - name: each
    foreach: {each: split, in: '@part-{{ outer_index }}.json'}
    run: echo {{ outer }}:{{ item }} >> seen
  - name: grid
    needs: [each]
    matrix: {a: [x, y], b: [1, 2], exclude: [{a: y, b: 2}]}
    run: echo {{ matrix.a }}{{ matrix.b }} >> grid
""",
    )
    done, _ = run(tmp_path)
    assert done.returncode == 0, done.stderr
    assert sorted((tmp_path / "seen").read_text().split()) == ["2:1", "2:2", "3:1", "3:2", "3:3"]
    assert sorted((tmp_path / "grid").read_text().split()) == ["x1", "x2", "y1"]


def test_a_pipeline_as_a_step_goes_on_where_it_failed(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/inner.yaml").write_text("""
name: inner
params: {n: 0}
steps:
  - {name: one, run: 'echo {{ params.n }} >> ones; echo {{ params.n }} > $SLIPWAY_RESULT'}
  - {name: two, needs: [one], run: test -e mended}
""")
    write(
        tmp_path,
        """
  - name: sub
    foreach: [1, 2]
    pipeline: {file: sub/inner.yaml, params: {n: '{{ item }}'}}
  - {name: after, run: 'echo {{ steps.sub.result }}'}
""",
    )
    done, report = run(tmp_path, "--jobs", "1")
    assert done.returncode == 1
    assert statuses(report)[("sub", 0)] == "failed"
    (tmp_path / "sub/mended").touch()
    again, second = run(tmp_path, "--resume", report["run_id"])
    assert again.returncode == 0, again.stderr
    assert sorted((tmp_path / "sub/ones").read_text().split()) == ["1", "2"]
    assert log(tmp_path, report["run_id"], "after") == '[{"one":1},{"one":2}]\n'

    (tmp_path / "pipeline.yaml").write_text("steps: [{name: me, pipeline: pipeline.yaml}]\n")
    endless, _ = run(tmp_path)
    assert endless.returncode == 1


def test_a_step_and_what_comes_after_it_run_again(tmp_path):
    write(
        tmp_path,
        """
  - {name: a, run: echo a >> ran}
  - {name: b, needs: [a], run: echo b >> ran}
  - {name: c, needs: [b], run: echo c >> ran}
  - {name: d, needs: [a], run: echo d >> ran}
""",
    )
    done, report = run(tmp_path, "--jobs", "1")
    again, second = run(tmp_path, "--resume", report["run_id"], "--from", "b")
    assert again.returncode == 0, again.stderr
    ran = (tmp_path / "ran").read_text().split()
    assert sorted(ran[:4]) == ["a", "b", "c", "d"] and ran[4:] == ["b", "c"]
    assert [s["attempts"] for s in second["steps"]] == [1, 2, 2, 1]
    wrong, _ = run(tmp_path, "--resume", report["run_id"], "--from", "bb")
    assert "did you mean 'b'?" in wrong.stderr or "no step 'bb'" in wrong.stderr


def test_a_person_is_asked_without_a_server(tmp_path):
    write(
        tmp_path,
        """
  - {name: ask, approval: 'go on with {{ run_id }}?'}
  - {name: go, needs: [ask], run: 'echo {{ steps.ask.result.comment }}'}
""",
    )
    process = subprocess.Popen(
        [binary(), "run", "pipeline.yaml"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    run_id = process.stdout.readline().removeprefix("run_id: ").strip()
    while "slipway pipeline approve" not in (line := process.stderr.readline()):
        assert line
    told = slipway(
        tmp_path, "pipeline", "approve", run_id, "ask", "-m", "fine", "--data", "slipway-data"
    )
    assert told.returncode == 0, told.stderr
    process.communicate(timeout=20)
    assert process.returncode == 0
    assert log(tmp_path, run_id, "go") == "fine\n"


def test_limits_hold_for_what_a_step_starts(tmp_path):
    write(
        tmp_path,
        """
  - name: small
    resources: {memory: 64MiB, cpu: 1}
    run: nproc; sh -c 'ulimit -d'
""",
    )
    done, report = run(tmp_path)
    assert done.returncode == 0, done.stderr
    assert log(tmp_path, report["run_id"], "small") == "1\n65536\n"


def waiting(server, execution: str, step: str):
    return wait_for(
        lambda: any(
            s["name"] == step and s["status"] == "approval"
            for s in call(server, "GET", f"/executions/{execution}")["steps"]
        )
    )


def test_a_server_asks_and_survives_while_it_waits(tmp_path, new_server):
    server = new_server().start()
    yaml = """
name: careful
steps:
  - {name: before, run: echo x >> before}
  - {name: ask, needs: [before], approval: 'ship it?'}
  - {name: ship, needs: [ask], run: touch shipped}
"""
    call(server, "POST", "/pipelines", {"yaml": yaml, "folder": str(tmp_path)})
    one = call(server, "POST", "/executions", {"pipeline": "careful"})["id"]
    waiting(server, one, "ask")
    with pytest.raises(urllib.error.HTTPError) as refused:
        call(server, "POST", f"/executions/{one}/decisions", {"step": "ship", "approved": True})
    assert refused.value.code == 422
    server.kill()
    server.start()
    waiting(server, one, "ask")
    call(server, "POST", f"/executions/{one}/decisions", {"step": "ask", "approved": True})
    assert finished(server, one)["status"] == "succeeded"
    assert (tmp_path / "shipped").exists() and (tmp_path / "before").read_text() == "x\n"

    two = call(server, "POST", "/executions", {"pipeline": "careful"})["id"]
    waiting(server, two, "ask")
    call(
        server,
        "POST",
        f"/executions/{two}/decisions",
        {"step": "ask", "approved": False, "comment": "too early"},
    )
    done = finished(server, two)
    assert done["status"] == "failed"
    assert done["steps"][1]["error"].endswith("too early")
    again = call(server, "POST", f"/executions/{two}/resume", {"from": "before"})
    waiting(server, again["id"], "ask")
    call(server, "POST", f"/executions/{two}/cancel")
    assert finished(server, two)["status"] == "cancelled"


def test_policies_for_executions_of_one_pipeline(tmp_path, new_server):
    server = new_server().start()
    for policy in ("forbid", "queue", "replace"):
        yaml = f"""
name: {policy}
concurrency: {policy}
steps: [{{name: hold, run: 'test -e {policy}.go || {{ echo $$ >> {policy}.pids; sleep 60; }}'}}]
"""
        call(server, "POST", "/pipelines", {"yaml": yaml, "folder": str(tmp_path)})

    def start(name):
        return call(server, "POST", "/executions", {"pipeline": name})["id"]

    def status(one):
        return call(server, "GET", f"/executions/{one}")["status"]

    first = start("forbid")
    with pytest.raises(urllib.error.HTTPError) as refused:
        start("forbid")
    assert "at work already" in refused.value.read().decode()
    call(server, "POST", f"/executions/{first}/cancel")

    first = start("replace")
    wait_for((tmp_path / "replace.pids").exists)
    (tmp_path / "replace.go").touch()
    second = start("replace")
    assert finished(server, first)["status"] == "cancelled"
    assert finished(server, second)["status"] == "succeeded"

    first = start("queue")
    wait_for((tmp_path / "queue.pids").exists)
    second = start("queue")
    assert status(second) == "queued"
    (tmp_path / "queue.go").touch()
    call(server, "POST", f"/executions/{first}/cancel")
    assert finished(server, second)["status"] == "succeeded"


def test_a_back_fill_makes_up_for_times_once(tmp_path, new_server):
    server = new_server().start()
    yaml = """
name: nightly
schedule: "0 1 * * *"
timezone: Europe/Berlin
steps: [{name: day, run: 'echo {{ scheduled.date }} >> days'}]
"""
    (tmp_path / "nightly.yaml").write_text(yaml)
    url = {"SLIPWAY_URL": server.url}
    assert slipway(tmp_path, "pipeline", "add", "nightly.yaml", env=url).returncode == 0
    days = ["01-30", "01-31", "02-01", "02-02"]
    words = ["pipeline", "backfill", "nightly", "--from", "2026-01-30", "--to", "2026-02-02"]
    done = slipway(tmp_path, *words, env=url)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("2026-") == 4
    seen = tmp_path / "days"
    wait_for(lambda: seen.exists() and seen.read_text().count("\n") == 4)
    assert seen.read_text().split() == [f"2026-{d}" for d in days]
    assert slipway(tmp_path, *words, env=url).stdout.count("2026-") == 0


def test_another_server_of_the_store_takes_over(tmp_path, new_server):
    first = new_server().start()
    data = first.folder / "data"
    second = new_server("--store", f"sqlite:///{data}/slipway.db", "--role", "serve").start()
    yaml = """
name: long
steps:
  - {name: once, run: echo x >> once}
  - {name: wait, needs: [once], run: 'echo $$ >> pids; test -e go || sleep 300'}
"""
    call(first, "POST", "/pipelines", {"yaml": yaml, "folder": str(tmp_path)})
    one = call(second, "POST", "/executions", {"pipeline": "long"})["id"]
    wait_for(lambda: (tmp_path / "pids").exists() and (tmp_path / "pids").read_text().strip())
    (tmp_path / "go").touch()
    first.kill()
    done = finished(second, one)
    assert done["status"] == "succeeded"
    assert (tmp_path / "once").read_text() == "x\n"
    pids = [int(p) for p in (tmp_path / "pids").read_text().split()]
    assert len(pids) == 2 and not any(alive(p) for p in pids)


def test_one_pipeline_after_another(tmp_path, new_server):
    server = new_server().start()
    for name, on, script in [
        ("first", "", "test -e good"),
        ("second", "on: {pipeline: {name: first}}", "echo x >> second"),
        ("sorry", "on: {pipeline: {name: first, status: failed}}", "echo x >> sorry"),
    ]:
        yaml = f"name: {name}\n{on}\nsteps: [{{name: a, run: {script}}}]\n"
        call(server, "POST", "/pipelines", {"yaml": yaml, "folder": str(tmp_path)})
    call(server, "POST", "/executions", {"pipeline": "first"})
    wait_for((tmp_path / "sorry").exists)
    (tmp_path / "good").touch()
    good = call(server, "POST", "/executions", {"pipeline": "first"})["id"]
    wait_for((tmp_path / "second").exists)
    started = wait_for(lambda: call(server, "GET", "/executions?pipeline=second")["items"])
    assert started[0]["trigger"]["kind"] == "after" and good in started[0]["trigger"]["detail"]
    server.kill()
    server.start()
    assert len(call(server, "GET", "/executions?pipeline=second")["items"]) == 1
    assert (tmp_path / "sorry").read_text() == "x\n"


def test_killed_again_and_again_it_loses_and_repeats_nothing(tmp_path):
    """kill -9 at any moment: what finished does not run again, what did not is done."""
    write(
        tmp_path,
        """
  - {name: first, run: echo first >> ran}
  - name: each
    needs: [first]
    foreach: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]
    run: sleep 0.02; echo {{ item }} >> ran
  - {name: last, needs: [each], run: echo last >> ran}
""",
    )
    run_id = None
    for turn in range(8):
        words = ["--resume", run_id] if run_id else []
        process = subprocess.Popen(
            [binary(), "run", "pipeline.yaml", *words],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        line = process.stdout.readline()
        run_id = line.removeprefix("run_id: ").strip() or run_id
        try:
            process.wait(timeout=0.05 + 0.02 * turn)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
    done, report = run(tmp_path, "--resume", run_id)
    if report is None:  # one of the turns reached the end
        assert "nothing left" in done.stderr or done.returncode == 0
        return
    assert report["status"] == "succeeded"
    finished_before = [s for s in report["steps"] if s["attempts"] == 1]
    ran = (tmp_path / "ran").read_text().split()
    assert ran[0] == "first" and ran[-1] == "last"
    for step in finished_before:
        word = step["name"] if step["index"] is None else str(step["index"])
        assert ran.count(word) == 1, (word, json.dumps(report["steps"]))
    assert {str(i) for i in range(20)} <= set(ran)
