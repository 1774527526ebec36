# SPDX-License-Identifier: Apache-2.0
"""A disk that fills up: writes are refused with a reason, nothing acknowledged is lost, and the
server goes on by itself once there is room. Needs the right to mount a small file system."""

import os
import subprocess

import pytest
import requests
from conftest import Server

SIZE_MIB = 24


@pytest.fixture
def small_disk(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MIB}m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("mounting a file system is not allowed here")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def fill(disk) -> None:
    with open(disk / "ballast", "wb", buffering=0) as ballast:
        while True:
            try:
                ballast.write(bytes(4096))
            except OSError:
                return


def api(server, path, body):
    return requests.post(f"{server.url}/api/2.0/mlflow/{path}", json=body, timeout=30)


def test_a_full_disk_refuses_writes_and_loses_nothing(small_disk):
    server = Server(small_disk).start()
    try:
        experiment = api(server, "experiments/create", {"name": "disk"}).json()["experiment_id"]
        run = api(server, "runs/create", {"experiment_id": experiment}).json()["run"]["info"][
            "run_id"
        ]
        metrics = [{"key": "m", "value": i, "timestamp": i, "step": i} for i in range(1000)]
        kept = 0
        for batch in range(40):
            if batch == 3:
                fill(small_disk)
            for metric in metrics:
                metric["key"] = f"m{batch}"
            answer = api(server, "runs/log-batch", {"run_id": run, "metrics": metrics})
            if answer.status_code != 200:
                break
            kept += 1
        else:
            pytest.fail("the disk never filled up")
        error = answer.json()
        assert answer.status_code == 503, error
        assert "full" in error["message"] or "space" in error["message"], error

        put = requests.put(
            f"{server.url}/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run}/artifacts/big",
            data=os.urandom(SIZE_MIB << 20),
            timeout=30,
        )
        assert put.status_code == 503, put.text
        assert requests.get(server.url + "/health", timeout=5).status_code == 200

        (small_disk / "ballast").unlink()
        assert (
            api(server, "runs/set-tag", {"run_id": run, "key": "after", "value": "1"}).status_code
            == 200
        )
        assert server.stop() == 0
        server.start()
        info = requests.get(
            f"{server.url}/api/2.0/mlflow/runs/get", params={"run_id": run}, timeout=10
        ).json()["run"]
        assert {m["key"] for m in info["data"]["metrics"]} == {f"m{i}" for i in range(kept)}
        assert {"key": "after", "value": "1"} in info["data"]["tags"]
        listing = requests.get(
            f"{server.url}/api/2.0/mlflow/artifacts/list", params={"run_id": run}, timeout=10
        ).json()
        assert not listing.get("files"), "half an artifact is visible"
    finally:
        server.kill()
