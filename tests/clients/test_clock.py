# SPDX-License-Identifier: Apache-2.0
"""The machine's clock goes back by a day while the server works: nothing is lost, mixed up or held
up by it."""

import shutil
import subprocess
import threading
from types import SimpleNamespace

import pytest
import requests
from mlflow import MlflowClient
from mlflow.entities import Metric
from test_mlflow_webhooks import OPEN, Receiver

DAY = 86_400
# Adds the seconds in a file to what the wall clock says; the monotonic one goes on as it is.
SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
static long offset(void) {
  long out = 0;
  FILE* file = fopen(getenv("SHIM_CLOCK"), "r");
  if (file) { if (fscanf(file, "%ld", &out) != 1) out = 0; fclose(file); }
  return out;
}
int clock_gettime(clockid_t id, struct timespec* at) {
  static int (*real)(clockid_t, struct timespec*);
  if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
  int done = real(id, at);
  if (!done && id == CLOCK_REALTIME) at->tv_sec += offset();
  return done;
}
"""


@pytest.fixture
def clock(tmp_path, monkeypatch):
    """Sets the clock of the servers that are started after it, by an offset in seconds."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler")
    source, library, file = tmp_path / "clock.c", tmp_path / "clock.so", tmp_path / "offset"
    source.write_text(SHIM)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    monkeypatch.setenv("LD_PRELOAD", str(library))
    monkeypatch.setenv("SHIM_CLOCK", str(file))

    def shift(seconds: int) -> None:
        (tmp_path / "next").write_text(str(seconds))
        (tmp_path / "next").rename(file)

    shift(0)
    return shift


def new_run(server) -> SimpleNamespace:
    """The client would give its own time."""
    answer = requests.post(
        server.url + "/api/2.0/mlflow/runs/create", json={"experiment_id": "0"}, timeout=30
    )
    return SimpleNamespace(**answer.json()["run"]["info"])


def test_a_clock_that_goes_back_mixes_nothing_up(new_server, slipway, clock, monkeypatch):
    clock(DAY)
    server = new_server(*OPEN).start()
    client = MlflowClient(server.url, server.url)
    receiver = Receiver(statuses=[503])
    client.create_webhook("hook", receiver.url, ["registered_model.created"])
    early = new_run(server)
    client.log_metric(early.run_id, "m", 1.0, timestamp=2_000, step=5)
    client.create_registered_model("ahead")  # its first delivery fails and is put off
    assert receiver.next()[1]["data"]["name"] == "ahead"

    clock(0)
    late = new_run(server)
    assert late.start_time < early.start_time, "the shim works"
    # The latest metric goes by step and time as reported, not by when it came.
    client.log_metric(early.run_id, "m", 2.0, timestamp=1_000, step=4)
    client.log_metric(early.run_id, "m", 3.0, timestamp=1_000, step=6)
    assert client.get_run(early.run_id).data.metrics == {"m": 3.0}
    assert [m.value for m in client.get_metric_history(early.run_id, "m")] == [2.0, 3.0, 1.0]
    # Ids are all different, and orders are those of the times that were given.
    made = [new_run(server).run_id for _ in range(20)]
    assert len({early.run_id, late.run_id, *made}) == 22
    newest = client.search_runs(["0"], order_by=["start_time DESC"], max_results=1)
    assert newest[0].info.run_id == early.run_id
    client.set_terminated(early.run_id)
    assert client.get_run(early.run_id).info.status == "FINISHED"
    # What was put off until tomorrow comes now, and so does what is new.
    assert receiver.next()[1]["data"]["name"] == "ahead"
    client.create_registered_model("behind")
    assert receiver.next()[1]["data"]["name"] == "behind"
    receiver.close()
    # Deleted "tomorrow", it is not collected as long ago, nor does it stay for ever.
    client.delete_run(late.run_id)
    assert slipway("gc", "--server", server.url, "--older-than", "1h").returncode == 0
    assert client.get_run(late.run_id).info.lifecycle_stage == "deleted"
    assert slipway("gc", "--server", server.url).returncode == 0
    server.kill()
    monkeypatch.delenv("LD_PRELOAD")
    server.start()
    assert client.get_run(early.run_id).data.metrics == {"m": 3.0}
    audit = slipway("audit", "verify", "--server", server.url)
    assert audit.returncode == 0, audit.stderr


def test_writers_share_commits_while_the_clock_jumps(new_server, clock):
    server = new_server().start()
    client = MlflowClient(server.url, server.url)
    run = client.create_run("0").info.run_id
    problems = []

    def write(key: str) -> None:
        try:
            for step in range(40):
                client.log_batch(run, metrics=[Metric(key, step, 1_000 + step, step)])
        except Exception as error:  # noqa: BLE001
            problems.append(error)

    writers = [threading.Thread(target=write, args=(f"m{n}",)) for n in range(4)]
    for writer in writers:
        writer.start()
    for seconds in (-DAY, DAY, -3 * DAY, 0, -60, 60, 0):
        clock(seconds)
    for writer in writers:
        writer.join()
    assert not problems
    for n in range(4):
        assert [m.step for m in client.get_metric_history(run, f"m{n}")] == list(range(40))
    server.kill()
    server.start()
    assert client.get_run(run).data.metrics == {f"m{n}": 39.0 for n in range(4)}
