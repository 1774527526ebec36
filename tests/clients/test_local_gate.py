# SPDX-License-Identifier: Apache-2.0
"""Gate steps of `slipway run` without a server: measured here, or refused; never passed unseen."""

import json

import pytest
from test_pipeline import slipway, statuses
from test_rollout import Loop

POLICY = "name: production\nrules:\n  - {metric: roc_auc, min: 0.6}\n"
PIPELINE = """name: release
steps:
  - {name: train, run: 'true'}
  - name: gate
    needs: [train]
    gate: {policy: policy.yaml, model: chances%s}
  - {name: ship, needs: [gate], run: touch shipped}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A data folder with the versions of test_rollout, its server stopped: 1 and 2 score well, 3
    the wrong way round; an endpoint answers with 1 by its number, the champion is 2."""
    from conftest import Server

    server = Server(tmp_path_factory.mktemp("server")).start()
    loop = Loop(server)
    routes = [{"model": "chances", "version": "1", "weight": 100}]
    loop.api("POST", "/endpoints", {"name": "fixed", "routes": routes})
    loop.api("PUT", "/models/chances/aliases/champion", {"version": "2"})
    server.stop()
    return server.folder / "data"


def gate(folder, tmp_path, policy: str, more: str):
    (tmp_path / "policy.yaml").write_text(policy)
    (tmp_path / "pipeline.yaml").write_text(PIPELINE % more)
    words = ("run", "pipeline.yaml", "--json", "out.json")
    done = slipway(
        tmp_path, *words, env={"SLIPWAY_DATA": str(folder), "SLIPWAY_URL": "http://127.0.0.1:9"}
    )
    report = json.loads((tmp_path / "out.json").read_text())
    shown = slipway(tmp_path, "logs", report["run_id"], "gate", env={"SLIPWAY_DATA": str(folder)})
    return (
        done.returncode,
        statuses(report)[("gate", None)],
        shown.stdout,
        (tmp_path / "shipped").exists(),
    )


def test_a_version_that_meets_the_policy_passes(folder, tmp_path):
    policy = POLICY + (
        "  - {fairness: demographic_parity_difference, group: kind, max: 0.9}\n"
        "  - {latency: p99_ms, max: 1000}\n"
        "  - {latency: p50_ms, min: 0.0001}\n"
    )
    code, status, text, shipped = gate(folder, tmp_path, policy, ", version: '2'")
    assert (code, status, shipped) == (0, "succeeded", True), text
    assert "passed  p99_ms" in text and "found nothing" not in text
    assert "measured on 400 rows" in text


def test_the_newest_version_is_refused_with_the_reason(folder, tmp_path):
    code, status, text, shipped = gate(folder, tmp_path, POLICY, "")
    assert (code, status, shipped) == (1, "failed", False)
    assert "failed  roc_auc: wanted >= 0.6, found 0.1" in text or "roc_auc: 0." in text, text


def test_a_version_that_is_too_slow_is_refused_by_its_own_time(folder, tmp_path):
    policy = POLICY + "  - {latency: p99_ms, max: 0.000001}\n"
    code, status, text, shipped = gate(folder, tmp_path, policy, ", version: '2'")
    assert (code, status, shipped) == (1, "failed", False)
    assert "failed  p99_ms" in text and "is above" in text, text


def test_the_champion_is_the_one_of_the_endpoint(folder, tmp_path):
    policy = POLICY + "  - {metric: roc_auc, compare: champion, min_delta: -0.5}\n"
    words = ", version: '3', endpoint: %s"
    code, _, text, _ = gate(folder, tmp_path, policy, words % "fixed")
    assert code == 1 and "(champion 0." in text, text
    code, _, text, _ = gate(folder, tmp_path, policy, words % "nowhere")
    assert code == 1 and "nowhere" in text, text
    # Version 1 answers there: it has no champion beside itself; the alias would name version 2.
    code, _, text, _ = gate(folder, tmp_path, policy, ", version: '1', endpoint: fixed")
    assert code == 0 and "no champion to compare with" in text, text


def test_what_cannot_be_measured_is_refused_with_the_way_out(folder, tmp_path):
    # Not only the number: the model itself is gone from the folder.
    policy = "name: p\nrules: [{latency: p99_ms, max: 1000}]\n"
    code, _, text, shipped = gate(folder, tmp_path, policy, ", version: '9'")
    assert code == 1 and not shipped and "9" in text
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    for path in (copy / "blobs").rglob("model.onnx"):
        path.write_bytes(b"not a model")
    code, _, text, shipped = gate(copy, tmp_path, policy, ", version: '2'")
    assert code == 1 and not shipped
    assert "failed  p99_ms" in text and "not measured" in text, text
