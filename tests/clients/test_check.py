# SPDX-License-Identifier: Apache-2.0
"""Suites of expectations: `slipway check`, suggested ones, steps of pipelines, live requests."""

import json
import subprocess

import numpy as np
import pandas as pd
import pytest
import requests
from conftest import binary
from test_monitoring import ENDPOINT, Watched

random = np.random.default_rng(11)


@pytest.fixture
def frame() -> pd.DataFrame:
    n = 2000
    return pd.DataFrame(
        {
            "id": np.arange(n),
            "amount": random.gamma(2, 30, n).round(2),
            "city": random.choice(["Köln", "NYC", "東京"], n),
            "code": [f"N{i % 900 + 100}XY" for i in range(n)],
            "holes": np.where(random.random(n) < 0.1, np.nan, random.normal(0, 1, n)),
            "when": pd.date_range("2026-03-01", periods=n, freq="1min"),
            "flag": random.random(n) < 0.5,
        }
    )


def write(frame: pd.DataFrame, folder, kind: str) -> str:
    path = folder / f"data.{kind}"
    if kind == "csv":
        frame.to_csv(path, index=False)
    elif kind == "parquet":
        frame.to_parquet(path, index=False)
    else:
        frame.to_json(path, orient="records", lines=True, date_format="iso")
    return str(path)


@pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl"])
def test_a_suggested_suite_passes_its_file_and_not_a_broken_one(slipway, frame, tmp_path, kind):
    path = write(frame, tmp_path, kind)
    suite = tmp_path / "suite.yaml"
    made = slipway("profile", path, "--suggest", str(suite))
    assert made.returncode == 0, made.stderr
    good = slipway("check", path, "--suite", str(suite), "--json", "-")
    assert good.returncode == 0, good.stdout
    report = json.loads(good.stdout)
    assert report["passed"] and report["rows"] == 2000 and report["failed"] == 0
    broken = frame.assign(
        amount=-frame["amount"],
        city=frame["city"].replace("NYC", "LAX"),
        holes=frame["holes"].where(frame["holes"] > 0),
    )
    bad = slipway("check", write(broken, tmp_path, kind), "--suite", str(suite), "--json", "-")
    assert bad.returncode == 1
    failed = {(c["column"], c["kind"]) for c in json.loads(bad.stdout)["checks"] if not c["passed"]}
    assert {("amount", "range"), ("city", "in"), ("holes", "nulls")} <= failed
    assert ("code", "matches") not in failed


def test_the_numbers_are_those_of_pandas(slipway, frame, tmp_path):
    suite = tmp_path / "suite.yaml"
    suite.write_text(
        """
rules:
  - {column: amount, max: 100, mostly: 0.5}
  - {column: amount, mean: {max: 0}}
  - {column: amount, std: {max: 0}}
  - {column: amount, quantiles: {0.9: {max: 0}}}
  - {column: city, in: [NYC]}
  - {column: city, length: {max: 3}}
  - {column: code, unique: true}
  - {column: holes, nulls: {max: 0}}
  - {column: holes, distinct: {max: 0}}
  - {compare: [amount, "<", id]}
  - {column: when, newest: 1h}
"""
    )
    path = write(frame, tmp_path, "parquet")
    done = slipway(
        "check", path, "--suite", str(suite), "--json", "-", "--now", "2026-03-03T00:00:00Z"
    )
    assert done.returncode == 1
    checks = {(c["column"], c["kind"]): c for c in json.loads(done.stdout)["checks"]}
    amount = frame["amount"]
    assert checks["amount", "range"]["unexpected"] == (amount > 100).sum()
    assert checks["amount", "range"]["passed"]
    assert checks["amount", "mean"]["observed"] == pytest.approx(amount.mean())
    assert checks["amount", "std"]["observed"] == pytest.approx(amount.std())
    assert checks["amount", "quantiles"]["observed"] == pytest.approx(amount.quantile(0.9))
    assert checks["city", "in"]["unexpected"] == (frame["city"] != "NYC").sum()
    assert checks["city", "length"]["unexpected"] == (frame["city"].str.len() > 3).sum()
    assert checks["code", "unique"]["unexpected"] == frame["code"].duplicated(keep=False).sum()
    assert checks["holes", "nulls"]["observed"] == pytest.approx(frame["holes"].isna().mean())
    assert checks["holes", "distinct"]["observed"] == frame["holes"].nunique()
    assert checks[None, "compare"]["unexpected"] == (~(amount < frame["id"])).sum()
    first = checks["city", "in"]["examples"][0]
    assert frame["city"][first["row"] - 1] == first["value"] != "NYC"
    age = (pd.Timestamp("2026-03-03") - frame["when"].max()).total_seconds()
    assert checks["when", "newest"]["observed"] == age


def test_people_read_a_table_and_mistakes_name_their_line(slipway, frame, tmp_path):
    path = write(frame, tmp_path, "csv")
    suite = tmp_path / "suite.yaml"
    suite.write_text("rules:\n  - {column: amount, max: 10}\n  - {column: id, min: 0}\n")
    done = slipway("check", path, "--suite", str(suite))
    assert done.returncode == 1
    assert "FAILED" in done.stdout and "amount: <= 10" in done.stdout
    assert "id: >= 0" not in done.stdout and "2 checks of 2000 rows: 1 failed" in done.stdout
    assert "id: >= 0" in slipway("check", path, "--suite", str(suite), "--all").stdout
    suite.write_text("rules:\n  - {column: amount, maxx: 10}\n")
    done = slipway("check", path, "--suite", str(suite))
    assert done.returncode == 2
    assert f"{suite}:2: unknown key 'maxx'" in done.stderr and "'max'" in done.stderr
    assert slipway("check", path, "--suite", str(tmp_path / "none.yaml")).returncode == 2
    assert slipway("check", str(tmp_path / "none.csv"), "--suite", str(suite)).returncode == 2
    empty = tmp_path / "empty.csv"
    empty.write_text("amount\n")
    suite.write_text("rules:\n  - {column: amount, not_null: true}\n")
    assert slipway("check", str(empty), "--suite", str(suite)).returncode == 1


def test_a_check_is_a_step_of_a_pipeline(tmp_path):
    (tmp_path / "suite.yaml").write_text("rules:\n  - {column: x, min: 0}\n")
    (tmp_path / "pipeline.yaml").write_text(
        """
name: feed
params: {value: 1}
steps:
  - name: train
    needs: [check]
    run: touch trained
  - name: check
    check: {data: data.csv, suite: suite.yaml}
  - name: fetch
    run: echo x > data.csv; echo {{ params.value }} >> data.csv
    outputs: [data.csv]
"""
    )

    def run(value: int) -> dict:
        words = ["run", "pipeline.yaml", "-p", f"value={value}", "--json", "out.json"]
        subprocess.run([binary(), *words], cwd=tmp_path, capture_output=True, timeout=60)
        return json.loads((tmp_path / "out.json").read_text())

    outcome = run(-3)
    steps = {step["name"]: step for step in outcome["steps"]}
    assert outcome["status"] == "failed"
    assert steps["check"]["error"].startswith("the check failed: 1 checks of 1 rows: 1 failed")
    assert "x: >= 0" in steps["check"]["error"]
    assert steps["train"]["status"] == "skipped" and not (tmp_path / "trained").exists()
    log = subprocess.run(
        [binary(), "logs", outcome["run_id"], "check"], cwd=tmp_path, capture_output=True, text=True
    )
    assert "failed  x: >= 0: 1 of 1 rows, first row 1: -3" in log.stdout
    assert run(3)["status"] == "succeeded" and (tmp_path / "trained").exists()


SUITE = """
name: live
rules:
  - {column: x, min: 0, max: 100}
  - {column: x, max: 1000, on_request: refuse}
  - {column: kind, in: [late, early], on_request: pass}
  - {column: label, in: [0, 1], on_request: refuse}
  - rows: {min: 10}
"""


def test_requests_are_refused_flagged_or_let_pass(new_server, tmp_path, monkeypatch):
    server = new_server().start()
    watched = Watched(server, tmp_path, monkeypatch)
    watched.watch(window_rows=20, min_rows=10, max_bad_share=0.2)
    path = f"{server.url}/api/v1/endpoints/{ENDPOINT}/expectations"
    assert requests.get(path, timeout=5).status_code == 404
    bad = requests.put(path, data="rules:\n - {column: x, mni: 3}\n", timeout=5)
    assert bad.status_code == 400 and "suite:2: unknown key 'mni'" in bad.json()["detail"]
    put = requests.put(path, data=SUITE, timeout=5)
    assert put.status_code == 200, put.text
    assert [r["on_request"] for r in put.json()["rules"]] == ["flag", "refuse", "pass", "refuse"]

    def ask(x, kind) -> requests.Response:
        rows = [[a, b] for a, b in zip(x, kind, strict=True)]
        return requests.post(
            f"{server.url}/endpoints/{ENDPOINT}/invocations",
            json={"dataframe_split": {"columns": ["x", "kind"], "data": rows}},
            timeout=10,
        )

    assert ask([50.0], ["late"]).status_code == 200
    assert ask([150.0], ["never"]).status_code == 200
    refused = ask([50.0, 5000.0], ["late", "late"])
    assert refused.status_code == 400
    assert "row 1: x: <= 1000, found 5000" in refused.text
    tensors = {
        "inputs": [
            {"name": "x", "shape": [1], "datatype": "FP32", "data": [1e9]},
            {"name": "kind", "shape": [1], "datatype": "BYTES", "data": ["late"]},
        ]
    }
    by_oip = requests.post(f"{server.url}/v2/models/{ENDPOINT}/infer", json=tensors, timeout=10)
    assert by_oip.status_code == 400 and "x: <= 1000" in by_oip.text
    seen = requests.get(path, timeout=5).json()
    assert (seen["rows"], seen["broken"], seen["refused"]) == (5, 3, 2)
    assert {r["rule"]: r["broken"] for r in seen["rules"]} == {
        "x: >= 0 and <= 100": 3,
        "x: <= 1000": 2,
        "kind: one of late, early": 1,
        "label: one of 0, 1": 0,
    }
    assert seen["recent"][0]["found"] == "1e+09"
    assert ask([150.0] * 20, ["late"] * 20).status_code == 200
    alert = watched.wait("an alert", lambda: watched.items("/alerts?state=open"))[0]
    assert alert["kind"] == "data" and "broke the endpoint's expectations" in alert["message"]

    def window() -> dict:
        return requests.get(path, timeout=5).json()["window"]

    assert ask([50.0] * 7, ["late"] * 7).status_code == 200
    watched.wait("stored rows", lambda: window()["since"])
    before = window()
    server.kill()
    server.start()  # the suite and what it saw outlive kill -9
    after = window()  # but for the last second of it
    assert after["since"] == before["since"] and 1 <= after["rows"] <= before["rows"]
    assert ask([5000.0], ["late"]).status_code == 400
    assert requests.delete(path, timeout=5).status_code == 200
    assert ask([5000.0], ["late"]).status_code == 200
    metrics = requests.get(f"{server.url}/metrics", timeout=5).text
    assert 'slipway_expectation_broken_total{action="refuse",endpoint="delays"} 1' in metrics
