# SPDX-License-Identifier: Apache-2.0
"""A version as a folder that serves by itself, with nothing of where it came from."""

import json
import os
import shutil
import subprocess
import time
import urllib.request

import numpy as np
import pandas as pd
import pytest
import requests
from conftest import free_port


@pytest.fixture(scope="module")
def model(server):
    import lightgbm as lgb
    import mlflow
    from mlflow.models import infer_signature

    mlflow.set_tracking_uri(server.url)
    mlflow.set_registry_uri(server.url)
    random = np.random.default_rng(1)
    table = pd.DataFrame(random.normal(size=(500, 3)), columns=list("abc"))
    fitted = lgb.train({"verbose": -1}, lgb.Dataset(table, table["a"] - table["b"]), 10)
    with mlflow.start_run():
        mlflow.lightgbm.log_model(
            fitted,
            name="model",
            signature=infer_signature(table, fitted.predict(table)),
            registered_model_name="small",
            pip_requirements=["mlflow"],
        )
    return fitted, table


def export(slipway, server, folder, name="small/1"):
    return slipway(
        "export",
        name,
        "--target",
        "edge",
        "--output",
        str(folder),
        "--data",
        str(server.folder / "data"),
    )


def test_the_folder_serves_offline_and_its_sums_hold(server, model, slipway, tmp_path):
    fitted, table = model
    done = export(slipway, server, tmp_path / "bundle")
    assert done.returncode == 0, done.stderr
    moved = tmp_path / "elsewhere"
    shutil.move(tmp_path / "bundle", moved)
    subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=moved, check=True)
    manifest = json.loads((moved / "manifest.json").read_text())
    assert manifest["model"] == "small" and manifest["version"] == "1"

    port = free_port()
    process = subprocess.Popen(
        [moved / "serve", "--port", str(port), "--grpc-port", str(free_port())],
        env={"PATH": os.environ["PATH"]},
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until_healthy(port)
        answer = requests.post(
            f"http://127.0.0.1:{port}/endpoints/small/invocations",
            json={"dataframe_split": table[:7].to_dict(orient="split")},
        )
        assert answer.status_code == 200, answer.text
        np.testing.assert_allclose(answer.json()["predictions"], fitted.predict(table[:7]), 1e-6)
    finally:
        process.terminate()
        assert process.wait(20) == 0


def wait_until_healthy(port):
    deadline = time.monotonic() + 20
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2):
                return
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_what_is_there_is_not_overwritten(server, model, slipway, tmp_path):
    (tmp_path / "bundle").mkdir()
    done = export(slipway, server, tmp_path / "bundle")
    assert done.returncode == 1 and "there already" in done.stderr
    assert export(slipway, server, tmp_path / "other", "small/9").returncode == 2
