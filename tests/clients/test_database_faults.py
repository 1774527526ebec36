# SPDX-License-Identifier: Apache-2.0
"""The database goes away and comes back: requests are refused with 503, nothing acknowledged is
lost, and the server goes on by itself."""

import os
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest
import requests

API = "/api/2.0/mlflow/"

# Writes to the database's files fail with EROFS while a file exists, as on a disk that the kernel
# has made read-only.
SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static int broken(void) {
  const char* flag = getenv("SHIM_FLAG");
  return flag != NULL && access(flag, F_OK) == 0;
}

#define GUARD(result, name, parameters, arguments)            \
  result name parameters {                                    \
    static result (*real) parameters;                         \
    if (!real) real = (result(*) parameters)dlsym(RTLD_NEXT, #name); \
    if (broken()) { errno = EROFS; return -1; }               \
    return real arguments;                                    \
  }
GUARD(ssize_t, pwrite, (int f, const void* b, size_t n, off_t o), (f, b, n, o))
GUARD(ssize_t, pwrite64, (int f, const void* b, size_t n, off_t o), (f, b, n, o))
GUARD(int, fsync, (int f), (f))
GUARD(int, fdatasync, (int f), (f))
GUARD(int, ftruncate, (int f, off_t n), (f, n))
GUARD(int, ftruncate64, (int f, off_t n), (f, n))
"""


def post(server, path, body):
    return requests.post(server.url + API + path, json=body, timeout=60)


def new_run(server) -> str:
    return post(server, "runs/create", {"experiment_id": "0"}).json()["run"]["info"]["run_id"]


def log(server, run, step):
    body = {"run_id": run, "key": "m", "value": step, "timestamp": step, "step": step}
    return post(server, "runs/log-metric", body)


def steps(server, run) -> list[int]:
    parameters = {"run_id": run, "metric_key": "m"}
    answer = requests.get(server.url + API + "metrics/get-history", parameters, timeout=60)
    assert answer.status_code == 200, answer.text
    return [m["step"] for m in answer.json().get("metrics", [])]


def until_ok(server, run, step) -> None:
    for _ in range(600):
        if log(server, run, step).status_code == 200:
            return
        time.sleep(0.05)
    pytest.fail("the server never recovered")


# Whatever the machine's locale is.
ENCODING = ("-E", "UTF8", "--locale", "C")


class Postgres:
    """A cluster of its own, since it is stopped and started."""

    def __init__(self, folder: Path):
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        if not found:
            pytest.skip("PostgreSQL is not installed")
        self.bin, self.folder = found[-1].parent, folder
        self.user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        if self.user:
            shutil.chown(folder, "postgres")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.call("initdb", "-D", "data", "-U", "slipway", "-A", "trust", *ENCODING, "--no-sync")
        self.start()

    def call(self, name: str, *arguments: str) -> None:
        log = (self.folder / "log").open("ab")
        command = [*self.user, str(self.bin / name), *arguments]
        subprocess.run(command, cwd=self.folder, check=True, stdout=log, stderr=log)

    def start(self) -> None:
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        self.call("pg_ctl", "-D", "data", "-w", "-o", options, "start")

    def stop(self, mode: str) -> None:
        self.call("pg_ctl", "-D", "data", "-w", "-m", mode, "stop")

    def sql(self, statement: str) -> None:
        self.call("psql", "-q", "-h", "127.0.0.1", "-p", str(self.port), "-U", "slipway",
                  "-c", statement, "postgres")  # fmt: skip

    @property
    def url(self) -> str:
        return f"postgresql://slipway@127.0.0.1:{self.port}/postgres"


@pytest.fixture
def postgres():
    # Not below the temporary folder of the test: only its owner may enter that.
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="slipway-pg-"))
    folder.chmod(0o755)
    cluster = Postgres(folder)
    yield cluster
    subprocess.run(
        [*cluster.user, str(cluster.bin / "pg_ctl"), "-D", "data", "-m", "immediate", "stop"],
        cwd=folder, capture_output=True,
    )  # fmt: skip
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_postgresql_goes_and_comes_back(new_server, postgres, mode):
    server = new_server("--store", postgres.url).start()
    run = new_run(server)
    assert log(server, run, 1).status_code == 200
    postgres.stop(mode)
    refused = log(server, run, 2)
    assert refused.status_code == 503, refused.text
    assert refused.json()["error_code"] == "TEMPORARILY_UNAVAILABLE"
    answer = requests.get(server.url + API + "runs/get", {"run_id": run}, timeout=60)
    assert answer.status_code == 503, answer.text
    postgres.start()
    # The first that comes after is answered: stale connections are made anew, not reported.
    assert log(server, run, 3).status_code == 200
    assert steps(server, run) == [1, 3]
    assert server.process.poll() is None


def test_postgresql_restarts_under_load(new_server, postgres):
    """Writers go on while the database ends hard and comes back, twice: each is told 200 or 503,
    all that was acknowledged is there, and of a batch all or nothing."""
    server = new_server("--store", postgres.url).start()
    runs = [new_run(server) for _ in range(4)]
    acknowledged: dict[str, list[int]] = {run: [] for run in runs}
    refusals: list[int] = []
    wrong: list[str] = []
    going = True

    def write(run: str) -> None:
        batch = 0
        while going:
            batch += 1
            metrics = [
                {"key": f"m{k}", "value": k, "timestamp": batch, "step": batch} for k in range(20)
            ]
            answer = post(server, "runs/log-batch", {"run_id": run, "metrics": metrics})
            if answer.status_code == 200:
                acknowledged[run].append(batch)
            elif answer.status_code == 503:
                refusals.append(batch)
                time.sleep(0.01)
            else:
                wrong.append(f"{answer.status_code} {answer.text}")

    def until_more(than: int) -> None:
        for _ in range(1200):
            if min(map(len, acknowledged.values())) > than or wrong:
                return
            time.sleep(0.05)
        pytest.fail("the writers never went on")

    writers = [threading.Thread(target=write, args=(run,)) for run in runs]
    for writer in writers:
        writer.start()
    try:
        for mode in ("immediate", "fast"):
            until_more(min(map(len, acknowledged.values())) + 5)
            before = len(refusals)
            postgres.stop(mode)
            for _ in range(400):
                if len(refusals) > before:
                    break
                time.sleep(0.05)
            postgres.start()
        until_more(min(map(len, acknowledged.values())) + 5)
    finally:
        going = False
        for writer in writers:
            writer.join()
    assert not wrong, wrong[:3]
    assert refusals and server.process.poll() is None
    for run in runs:
        seen = []
        for key in range(20):
            parameters = {"run_id": run, "metric_key": f"m{key}"}
            answer = requests.get(server.url + API + "metrics/get-history", parameters, timeout=60)
            seen.append([m["step"] for m in answer.json()["metrics"]])
        assert all(each == seen[0] for each in seen), "half a batch is visible"
        assert set(acknowledged[run]) <= set(seen[0])


def test_postgresql_that_takes_no_writes(new_server, postgres):
    server = new_server("--store", postgres.url).start()
    run = new_run(server)
    assert log(server, run, 1).status_code == 200
    postgres.sql("ALTER SYSTEM SET default_transaction_read_only = on")
    postgres.sql("SELECT pg_reload_conf()")
    for _ in range(200):  # the reload reaches the sessions in its own time
        refused = log(server, run, 2)
        if refused.status_code != 200:
            break
        time.sleep(0.05)
    assert refused.status_code == 503, refused.text
    kept = steps(server, run)
    assert kept in ([1], [1, 2])
    postgres.sql("BEGIN READ WRITE; SET LOCAL transaction_read_only = off; COMMIT")
    postgres.call("psql", "-q", "-h", "127.0.0.1", "-p", str(postgres.port), "-U", "slipway",
                  "-c", "SET default_transaction_read_only = off",
                  "-c", "ALTER SYSTEM RESET default_transaction_read_only", "postgres")  # fmt: skip
    postgres.sql("SELECT pg_reload_conf()")
    until_ok(server, run, 3)
    assert steps(server, run) == [*kept, 3]


def test_a_read_only_disk_refuses_writes_and_recovers(new_server, tmp_path, monkeypatch):
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler")
    (tmp_path / "shim.c").write_text(SHIM)
    library, flag = tmp_path / "shim.so", tmp_path / "broken"
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-o", library, tmp_path / "shim.c", "-ldl"], check=True
    )
    monkeypatch.setenv("LD_PRELOAD", str(library))
    monkeypatch.setenv("SHIM_FLAG", str(flag))
    server = new_server().start()
    run = new_run(server)
    acknowledged = [step for step in range(20) if log(server, run, step).status_code == 200]
    assert len(acknowledged) == 20
    flag.touch()
    for step in range(20, 25):
        refused = log(server, run, step)
        assert refused.status_code == 503, refused.text
        assert refused.json()["error_code"] == "TEMPORARILY_UNAVAILABLE"
    assert steps(server, run) == acknowledged  # reading goes on
    flag.unlink()
    assert log(server, run, 30).status_code == 200
    assert steps(server, run) == [*acknowledged, 30]
    server.kill()
    server.start()
    assert steps(server, run) == [*acknowledged, 30]
