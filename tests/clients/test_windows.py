# SPDX-License-Identifier: Apache-2.0
"""What windows of live traffic keep and tell: merged profiles, expected quality, detectors."""

import numpy as np
import pytest
import requests
from test_monitoring import ENDPOINT, Watched, traffic


@pytest.fixture
def watched(new_server, tmp_path, monkeypatch):
    return Watched(new_server().start(), tmp_path, monkeypatch)


def test_profiles_estimates_and_detectors(watched):
    # A reference with outcomes: they are 1 half as often as the score says.
    random = np.random.default_rng(1)
    x, kind = traffic(3000, seed=1)
    score = np.clip(np.array(x) / 200 + 0.5 * (np.array(kind) == "late"), 0, 1)
    label = (random.random(3000) < score / 2).astype(int)
    rows = zip(x, kind, score, label, strict=True)
    lines = ["x,kind,prediction,label", *(f"{a},{b},{p},{y}" for a, b, p, y in rows)]
    path = f"{watched.url}/api/v1/models/flights/versions/1/reference"
    assert requests.put(path, data="\n".join(lines) + "\n", timeout=30).status_code == 200
    detectors = [{"kind": "e_detector", "average_run_length": 1e5}, {"kind": "adwin"}]
    settings = watched.watch(
        window_rows=500, min_rows=100, detectors=detectors, multivariate=True, stakes="business"
    )
    assert settings["detectors"][1]["kind"] == "adwin"

    sent = [traffic(500, seed=10 + n) for n in range(4)]
    drift = f"/endpoints/{ENDPOINT}/drift"
    for n, (x, kind) in enumerate(sent):
        watched.predict(x, kind, f"calm-{n}")
        reports = watched.wait("a report", lambda n=n: len(r := watched.items(drift)) > n and r)
    assert watched.items("/alerts") == []
    estimated = reports[-1]["estimated"]
    assert reports[-1]["estimate_calibrated"] is True and "realised" not in reports[-1]
    assert reports[-1]["multivariate"]["roc_auc_p_value"] > 1e-4

    # What is expected of the first window is what its outcomes say later.
    x, kind = sent[0]
    score = np.clip(np.array(x) / 200 + 0.5 * (np.array(kind) == "late"), 0, 1)
    truth = (random.random(500) < score / 2).astype(int)
    assert watched.label({f"calm-0/{i}": int(y) for i, y in enumerate(truth)})["accepted"] == 500
    realised = watched.items(drift)[-1]["realised"]
    assert realised["labelled"] == 500
    assert realised["accuracy"] == pytest.approx(((score >= 0.5) == truth).mean(), abs=1e-9)
    assert estimated["accuracy"] == pytest.approx(realised["accuracy"], abs=0.07)

    everything = np.concatenate([np.float32(x) for x, _ in sent]).astype(float)
    kinds = [k for _, kind in sent for k in kind]
    path = f"/endpoints/{ENDPOINT}/profiles"
    merged = watched.call("GET", path)
    assert (merged["rows"], merged["windows"]) == (2000, 4)
    columns = {c["name"]: c for c in merged["columns"]}
    found = columns["x"]
    assert (found["present"], found["missing"]) == (2000, 0)
    assert found["mean"] == pytest.approx(everything.mean(), rel=1e-9)
    assert found["std"] == pytest.approx(everything.std(ddof=1), rel=1e-9)
    assert (found["min"], found["max"]) == (everything.min(), everything.max())
    assert found["distinct"] == pytest.approx(len(np.unique(everything)), rel=0.07)
    for share, value in found["quantiles"].items():
        assert (everything <= value).mean() == pytest.approx(float(share), abs=0.015)
    assert sum(found["histogram"]["shares"]) == pytest.approx(1)
    want = sorted(((k, kinds.count(k)) for k in set(kinds)), key=lambda e: -e[1])
    assert [tuple(e) for e in columns["kind"]["most_common"]] == want
    assert columns["kind"]["most_common_error"] == 0

    first, second = reports[-1]["window_start"], reports[-2]["window_start"]
    assert watched.call("GET", f"{path}?from={first}&to={second}")["rows"] == 500
    assert watched.call("GET", f"{path}?to=2001-01-01T00:00:00Z")["rows"] == 0
    assert watched.call("GET", f"{path}?version=7")["windows"] == 0
    watched.call("GET", f"{path}?from=yesterday", status=400)

    for n in range(3):
        watched.predict(*traffic(500, shift=12, seed=20 + n), f"warm-{n}")
    alert = watched.wait("an alert", lambda: watched.items("/alerts?state=open"))[0]
    assert alert["kind"] == "change" and "predictions of version 1" in alert["message"]
    metrics = requests.get(f"{watched.url}/metrics", timeout=10).text
    assert 'slipway_alerts_open{endpoint="delays",kind="change"} 1' in metrics
    assert 'slipway_estimated_quality{endpoint="delays",metric="accuracy"' in metrics
