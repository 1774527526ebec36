# SPDX-License-Identifier: Apache-2.0
"""`slipway run` and the pipeline API, through the real executable."""

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
from conftest import binary


def slipway(folder: Path, *arguments: str, env: dict | None = None, timeout: float = 60):
    return subprocess.run(
        [binary(), *arguments],
        cwd=folder,
        env={k: v for k, v in os.environ.items() if not k.startswith("SLIPWAY_")} | (env or {}),
        capture_output=True,
        text=True,
        timeout=timeout,
    )


def write(folder: Path, steps: str, head: str = "name: test\n") -> Path:
    path = folder / "pipeline.yaml"
    path.write_text(head + "steps:\n" + steps)
    return path


def run(folder: Path, *arguments: str, **options):
    """The process and its report."""
    done = slipway(folder, "run", "pipeline.yaml", "--json", "out.json", *arguments, **options)
    report = folder / "out.json"
    return done, json.loads(report.read_text()) if report.exists() else None


def statuses(report) -> dict:
    return {(s["name"], s["index"]): s["status"] for s in report["steps"]}


def log(folder: Path, run_id: str, step: str, *arguments: str) -> str:
    return slipway(folder, "logs", run_id, step, *arguments).stdout


def wait_for(condition, seconds: float = 15):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.02)
    pytest.fail("it did not happen in time")


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def test_steps_run_in_the_order_of_their_needs_and_the_report_has_its_shape(tmp_path):
    write(
        tmp_path,
        """
  - {name: last, needs: [left, right], run: echo last >> order}
  - {name: right, needs: [first], run: echo middle >> order}
  - {name: left, needs: [first], run: echo middle >> order}
  - {name: first, run: echo first >> order}
""",
    )
    done, report = run(tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "order").read_text().split() == ["first", "middle", "middle", "last"]
    assert report["status"] == "succeeded"
    assert re.search(r"^run_id: (\S+)$", done.stdout, re.M)[1] == report["run_id"]
    assert [s["name"] for s in report["steps"]] == ["last", "right", "left", "first"]
    step = report["steps"][0]
    assert {"name", "index", "status", "attempts", "started", "ended", "exit_code", "error"} == set(
        step
    )
    assert (step["index"], step["attempts"], step["exit_code"], step["error"]) == (None, 1, 0, None)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", step["started"])
    assert slipway(tmp_path, "run", "pipeline.yaml", "--json", "-").stdout.startswith("{")


def test_parameters_arrive_quoted_typed_and_in_the_environment(tmp_path):
    head = 'params: {text: "a b", rows: 3}\n'
    write(
        tmp_path,
        """
  - name: show
    run: printf '%s|' {{ params.text }} {{ params.rows }} "$SLIPWAY_PARAM_TEXT" "$SLIPWAY_ATTEMPT"
""",
        head,
    )
    done, report = run(tmp_path, "-p", "text=it's; echo $(id) `x`", "-p", "rows=5")
    assert done.returncode == 0
    assert (
        log(tmp_path, report["run_id"], "show") == "it's; echo $(id) `x`|5|it's; echo $(id) `x`|1|"
    )
    wrong, _ = run(tmp_path, "-p", "rows=many")
    assert wrong.returncode == 2 and "'rows' must be an integer" in wrong.stderr
    wrong, _ = run(tmp_path, "-p", "row=1")
    assert wrong.returncode == 2 and "did you mean 'rows'" in wrong.stderr


def test_foreach_over_a_list_and_over_what_a_step_wrote(tmp_path):
    write(
        tmp_path,
        """
  - {name: list, run: 'echo "[1, \\"two words\\", {\\"rate\\": 0.5}]" > items.json'}
  - name: each
    needs: [list]
    foreach: "@items.json"
    run: 'echo {{ index }} {{ item }} "$SLIPWAY_ITEM"'
  - {name: fixed, foreach: [0.01, 1.0], run: 'echo {{ item }}; exit {{ index }}'}
""",
    )
    done, report = run(tmp_path)
    assert done.returncode == 1
    assert statuses(report) == {
        ("list", None): "succeeded",
        ("each", 0): "succeeded",
        ("each", 1): "succeeded",
        ("each", 2): "succeeded",
        ("fixed", 0): "succeeded",
        ("fixed", 1): "failed",
    }
    assert log(tmp_path, report["run_id"], "each[1]") == "1 two words two words\n"
    assert log(tmp_path, report["run_id"], "each[2]") == '2 {"rate":0.5} {"rate":0.5}\n'
    assert log(tmp_path, report["run_id"], "fixed[1]") == "1.0\n"


def test_a_failed_step_is_tried_again_with_growing_pauses_and_keeps_each_log(tmp_path):
    write(
        tmp_path,
        """
  - name: flaky
    retries: 2
    backoff: 0.3
    run: echo try $SLIPWAY_ATTEMPT; test $SLIPWAY_ATTEMPT = 3
""",
    )
    began = time.monotonic()
    done, report = run(tmp_path)
    assert done.returncode == 0
    assert time.monotonic() - began >= 0.3 + 0.6
    assert report["steps"][0]["attempts"] == 3
    assert log(tmp_path, report["run_id"], "flaky", "--attempt", "1") == "try 1\n"
    assert log(tmp_path, report["run_id"], "flaky") == "try 3\n"


def test_what_depends_on_a_failure_is_skipped_and_the_rest_runs(tmp_path):
    write(
        tmp_path,
        """
  - {name: bad, run: exit 3}
  - {name: after, needs: [bad], run: touch never}
  - {name: beyond, needs: [after], run: touch never}
  - {name: other, run: touch other}
""",
    )
    done, report = run(tmp_path)
    assert done.returncode == 1
    assert [s["status"] for s in report["steps"]] == ["failed", "skipped", "skipped", "succeeded"]
    assert report["steps"][0]["exit_code"] == 3
    assert (tmp_path / "other").exists() and not (tmp_path / "never").exists()


def test_a_timeout_ends_the_whole_tree(tmp_path):
    write(
        tmp_path,
        """
  - name: slow
    timeout: 1
    run: |
      sleep 300 & echo $! >> pids
      setsid sh -c 'trap "" TERM; echo $$ >> pids; while true; do sleep 1; done' &
      wait
""",
    )
    began = time.monotonic()
    done, report = run(tmp_path)
    assert time.monotonic() - began < 15
    step = report["steps"][0]
    assert (done.returncode, step["status"], step["exit_code"]) == (1, "timed_out", None)
    pids = [int(p) for p in (tmp_path / "pids").read_text().split()]
    assert len(pids) == 2 and not any(alive(p) for p in pids)


def test_resume_runs_only_what_did_not_succeed(tmp_path):
    write(
        tmp_path,
        """
  - {name: one, run: echo x >> one}
  - {name: two, needs: [one], run: 'echo x >> two; test -e mended'}
  - {name: three, needs: [two], run: touch three}
""",
    )
    done, report = run(tmp_path)
    assert done.returncode == 1
    (tmp_path / "mended").touch()
    again, second = run(tmp_path, "--resume", report["run_id"])
    assert again.returncode == 0, again.stderr
    assert second["run_id"] == report["run_id"]
    assert [s["status"] for s in second["steps"]] == ["succeeded"] * 3
    assert (tmp_path / "one").read_text() == "x\n"
    assert (tmp_path / "two").read_text() == "x\nx\n"
    assert second["steps"][1]["attempts"] == 2
    assert (tmp_path / "three").exists()


def test_after_kill_9_nothing_that_finished_runs_again_and_no_orphan_stays(tmp_path):
    write(
        tmp_path,
        """
  - {name: done, run: echo x >> done}
  - {name: items, needs: [done], foreach: [0, 1, 2, 3], run: 'echo {{ item }} >> items'}
  - name: long
    needs: [items]
    run: echo $$ >> pids; test -e go || sleep 300; touch finished
""",
    )
    process = subprocess.Popen(
        [binary(), "run", "pipeline.yaml", "--jobs", "2"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    run_id = process.stdout.readline().removeprefix("run_id: ").strip()
    wait_for(lambda: (tmp_path / "pids").exists() and (tmp_path / "pids").read_text().strip())
    process.send_signal(signal.SIGKILL)
    process.wait()
    (tmp_path / "go").touch()
    done, report = run(tmp_path, "--resume", run_id)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "done").read_text() == "x\n"
    assert sorted((tmp_path / "items").read_text().split()) == ["0", "1", "2", "3"]
    pids = [int(p) for p in (tmp_path / "pids").read_text().split()]
    assert len(pids) == 2 and not any(alive(p) for p in pids)
    assert (tmp_path / "finished").exists()
    assert {s["status"] for s in report["steps"]} == {"succeeded"}


def test_the_cache_knows_inputs_command_params_and_environment(tmp_path):
    (tmp_path / "in.txt").write_text("1")
    head = "params: {p: 1}\nenv: {MODE: a}\n"
    steps = """
  - name: make
    run: echo x >> runs; cat in.txt > out.txt
    inputs: [in.txt]
    outputs: [out.txt]
    cache: true
"""
    write(tmp_path, steps, head)

    def status(*arguments):
        return run(tmp_path, *arguments)[1]["steps"][0]["status"]

    assert status() == "succeeded"
    assert status() == "cached"
    (tmp_path / "out.txt").unlink()
    assert status() == "cached" and (tmp_path / "out.txt").read_text() == "1"
    assert status("-p", "p=2") == "succeeded"
    (tmp_path / "in.txt").write_text("2")
    assert status() == "succeeded" and (tmp_path / "out.txt").read_text() == "2"
    write(tmp_path, steps, head.replace("MODE: a", "MODE: b"))
    assert status() == "succeeded"
    write(tmp_path, steps.replace("cat in.txt", "cat  in.txt"), head)
    assert status() == "succeeded"
    assert status("--no-cache") == "succeeded"
    (tmp_path / "in.txt").write_text("1")
    assert status() == "succeeded"  # this command was never run on that input
    assert (tmp_path / "runs").read_text().count("x") == 7


def test_a_missing_input_and_a_missing_output_fail_the_step(tmp_path):
    write(
        tmp_path,
        """
  - {name: reads, run: touch never, inputs: [nowhere.csv]}
  - {name: writes, run: "true", outputs: [nothing.csv]}
""",
    )
    done, report = run(tmp_path)
    assert done.returncode == 1
    assert "'nowhere.csv' does not exist" in report["steps"][0]["error"]
    assert "'nothing.csv' was not made" in report["steps"][1]["error"]
    assert not (tmp_path / "never").exists()


def test_secrets_reach_the_steps_that_ask_and_no_log(tmp_path):
    write(
        tmp_path,
        """
  - name: asks
    secrets: [TOKEN]
    run: |
      printf 's3cr'; sleep 0.2; printf '3t-value\\n'
      echo "got $TOKEN"
  - {name: does_not, run: 'echo "[$TOKEN]"'}
""",
    )
    env = {"TOKEN": "s3cr3t-value"}
    done, report = run(tmp_path, "--secret-env", "TOKEN", "--verbose", env=env)
    assert done.returncode == 0, done.stderr
    assert log(tmp_path, report["run_id"], "asks") == "***\ngot ***\n"
    assert log(tmp_path, report["run_id"], "does_not") == "[]\n"
    assert "s3cr3t-value" not in done.stdout + done.stderr
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert b"s3cr3t-value" not in path.read_bytes(), path
    missing, _ = run(tmp_path)
    assert missing.returncode != 0 and "--secret-env TOKEN" in missing.stderr


def test_interrupted_it_ends_its_steps_and_answers_130(tmp_path):
    write(
        tmp_path,
        """
  - {name: long, run: 'echo $$ > pid; sleep 300'}
  - {name: next, needs: [long], run: touch never}
""",
    )
    process = subprocess.Popen(
        [binary(), "run", "pipeline.yaml", "--json", "out.json"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip())
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 130
    report = json.loads((tmp_path / "out.json").read_text())
    assert report["status"] == "cancelled"
    assert [s["status"] for s in report["steps"]] == ["cancelled", "cancelled"]
    assert not alive(int((tmp_path / "pid").read_text()))


def test_jobs_bounds_what_runs_at_once(tmp_path):
    write(
        tmp_path,
        """
  - name: each
    foreach: [0, 1, 2, 3, 4, 5]
    run: mkdir lock.{{ index }}; ls -d lock.* | wc -l >> counts; sleep 0.05; rmdir lock.{{ index }}
""",
    )
    done, _ = run(tmp_path, "--jobs", "2")
    assert done.returncode == 0
    assert max(int(n) for n in (tmp_path / "counts").read_text().split()) == 2


@pytest.mark.parametrize(
    "text, message",
    [
        ("steps: [{name: a, run: x, needs: [b]}, {name: b, run: x, needs: [a]}]\n", "a -> b -> a"),
        (
            "steps:\n  - name: a\n    run: x\n    timout: 3\n",
            "pipeline.yaml:4: unknown key 'timout'",
        ),
        ("steps: [\n", "malformed YAML"),
        ("steps: [{name: ../up, run: x}]\n", "is not a name"),
        ("a: &a [x,x]\nb: &b [*a,*a]\nsteps: []\n", "unknown key 'a'"),
    ],
)
def test_mistakes_in_the_file_are_named_and_nothing_starts(tmp_path, text, message):
    (tmp_path / "pipeline.yaml").write_text(text)
    for arguments in (["run", "pipeline.yaml"], ["pipeline", "check", "pipeline.yaml"]):
        done = slipway(tmp_path, *arguments)
        assert done.returncode == 2
        assert message in done.stderr


def test_a_flood_of_output_is_bounded_and_its_end_is_kept(tmp_path):
    write(
        tmp_path,
        """
  - {name: flood, run: 'head -c 150000000 /dev/zero | tr "\\\\0" "x"; echo; echo the end'}
""",
    )
    done, report = run(tmp_path)
    assert done.returncode == 0
    size = sum(p.stat().st_size for p in (tmp_path / "slipway-data/runs").rglob("*.log"))
    assert size < 70_000_000
    path = next((tmp_path / "slipway-data/runs").rglob("*.log"))
    assert path.read_bytes().endswith(b"\nthe end\n")
    assert b"bytes left out" in path.read_bytes()[-200_000:]


def test_cron_next_prints_the_times(tmp_path):
    done = slipway(
        tmp_path,
        "cron",
        "next",
        "30 2 * * *",
        "--from",
        "2024-03-09T12:00:00Z",
        "--tz",
        "America/New_York",
        "-n",
        "2",
    )
    assert done.stdout.split() == ["2024-03-10T07:00:00.000Z", "2024-03-11T06:30:00.000Z"]
    assert slipway(tmp_path, "cron", "next", "61 * * * *").returncode == 2
