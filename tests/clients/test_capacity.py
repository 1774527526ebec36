# SPDX-License-Identifier: Apache-2.0
"""`slipway capacity` on a registered model: real servers, a table, settings that a server takes."""

import json
import tomllib

import pytest
from serving_models import echo_model


@pytest.fixture(scope="module")
def folder(server):
    import mlflow

    mlflow.set_tracking_uri(server.url)
    mlflow.set_registry_uri(server.url)
    with mlflow.start_run():
        mlflow.onnx.log_model(
            echo_model({"X": "FLOAT", "S": "STRING", "B": "BOOL"}),
            name="model",
            registered_model_name="echo",
            pip_requirements=["onnxruntime"],
        )
    return server.folder / "data"


SHORT = ("--threads", "1", "--instances", "1,2", "--batch-rows", "32", "--seconds", "0.2")


def test_measures_and_prints_what_to_use(folder, slipway, tmp_path):
    out = tmp_path / "capacity.json"
    done = slipway(
        "capacity", "echo", "--slo", "p99=5s", "--data", str(folder), *SHORT,
        "--connections", "1,4", "--rows", "3", "--json", str(out),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "IO THREADS" in done.stdout and "WITHIN" in done.stdout
    document = json.loads(out.read_text())
    assert (document["model"], document["version"], document["rows"]) == ("echo", "1", 3)
    assert document["goal"] == {"name": "p99", "ms": 5000}
    points = document["points"]
    assert [(p["model_instances"], p["connections"]) for p in points] == [
        (1, 1), (1, 4), (2, 1), (2, 4),
    ]  # fmt: skip
    for point in points:
        assert point["within"] and point["answers"] > 0 and point["refused"] == 0
        assert 0 < point["p50_ms"] <= point["p99_ms"] <= point["max_ms"]
        assert point["server_cpu_us_per_request"] > 0
    best = document["best"]
    most = max(point["requests_per_second"] for point in points)
    assert best["requests_per_second"] >= 0.97 * most
    line = "slipway up " + " ".join(best["flags"])
    assert line in done.stdout
    checked = slipway(*line.split()[1:], "--check", cwd=tmp_path)
    assert checked.returncode == 0, checked.stderr
    settings = tomllib.loads(done.stdout[done.stdout.index("# or in") :])
    (tmp_path / "slipway.toml").write_text(done.stdout[done.stdout.index("# or in") :])
    shown = slipway("config", cwd=tmp_path).stdout
    for name, value in settings.items():
        line = next(line for line in shown.splitlines() if name in line)
        assert str(value) in line and "file" in line


def test_a_goal_that_nothing_keeps_is_a_failure(folder, slipway):
    done = slipway(
        "capacity", "echo/1", "--slo", "p50=1us", "--data", str(folder), *SHORT,
        "--connections", "1", "--json", "-",
    )  # fmt: skip
    assert done.returncode == 1
    assert "no combination keeps p50" in done.stderr
    document = json.loads(done.stdout)
    assert document["best"] is None and len(document["points"]) == 2


def test_requests_that_the_model_refuses_are_told(folder, slipway, tmp_path):
    body = tmp_path / "body.json"
    body.write_text('{"inputs": [{"name": "Y", "datatype": "FP32", "shape": [1], "data": [1]}]}')
    done = slipway("capacity", "echo", "--data", str(folder), *SHORT, "--body", str(body))
    assert done.returncode == 1
    assert "unknown input 'Y'" in done.stderr and "--body" in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("--slo", "p99"),
        ("--slo", "p42=1ms"),
        ("--slo", "p99=-1ms"),
        ("--threads", "0"),
        ("--threads", "2,1"),
        ("--instances", "a"),
        ("--batch-rows", ""),
        ("--connections", "1,1"),
        ("--rows", "0"),
        ("--seconds", "0"),
        ("--body", "/nowhere/body.json"),
    ],
)
def test_wrong_flags_are_named(folder, slipway, words):
    done = slipway("capacity", "echo", "--data", str(folder), *words)
    assert done.returncode != 0
    assert words[0] in done.stderr or words[1] in done.stderr


def test_an_unknown_model_is_not_found(folder, slipway):
    done = slipway("capacity", "nothing", "--data", str(folder))
    assert done.returncode != 0 and "nothing" in done.stderr


def test_help_has_an_example(slipway):
    text = slipway("capacity", "--help").stdout
    assert "slipway capacity flights --slo p99=50ms" in text
