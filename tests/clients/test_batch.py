# SPDX-License-Identifier: Apache-2.0
"""Files through a version: one row of answers for each row, in order, whatever happens between."""

import json
import time

import numpy as np
import pandas as pd
import pytest
import requests
from serving_models import endpoint

ROWS = 120_000


@pytest.fixture(scope="module")
def fitted(server):
    """A LightGBM model, its endpoint, and a large table with an id and gaps."""
    import lightgbm as lgb
    import mlflow
    from mlflow.models import infer_signature

    mlflow.set_tracking_uri(server.url)
    mlflow.set_registry_uri(server.url)
    random = np.random.default_rng(2)
    table = pd.DataFrame(random.normal(size=(ROWS, 4)), columns=list("abcd"))
    table = table.mask(random.random(table.shape) < 0.02)
    target = table["a"].fillna(0) * 2 + table["b"].fillna(0) ** 2
    model = lgb.train(
        {"verbose": -1, "num_leaves": 31}, lgb.Dataset(table[:20_000], target[:20_000]), 30
    )
    with mlflow.start_run():
        mlflow.lightgbm.log_model(
            model,
            name="model",
            signature=infer_signature(table, target),
            registered_model_name="scores",
            pip_requirements=["mlflow"],
        )
    endpoint(server, "scores", [{"model": "scores", "version": "1"}])
    table.insert(0, "id", [f"row-{i}" for i in range(ROWS)])
    return model, table


def predict(slipway, server, target, input, output, *more):
    return slipway(
        "predict",
        target,
        "--input",
        str(input),
        "--output",
        str(output),
        "--server",
        server.url,
        "--json",
        "-",
        *more,
    )


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_one_row_for_each_row_in_every_format(server, fitted, slipway, tmp_path, form, suffix):
    model, table = fitted
    table = table[:5000] if form == "jsonl" else table
    source, output = tmp_path / f"in.{form}", tmp_path / f"out{suffix}"
    if form == "csv":
        table.to_csv(source, index=False)
    else:
        table.to_json(source, orient="records", lines=True, double_precision=15)

    done = predict(slipway, server, "scores", source, output)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rows_done"] == len(table)
    got = read(output)
    assert got["id"].tolist() == table["id"].tolist()
    wanted = model.predict(table[list("abcd")])
    np.testing.assert_allclose(got["prediction"].astype(float), wanted, 1e-6, 1e-9)
    np.testing.assert_allclose(got["a"].astype(float), table["a"], 1e-9, equal_nan=True)
    assert not list(tmp_path.glob("*.part*"))


def read(path):
    if path.suffix == ".csv":
        return pd.read_csv(path)
    if path.suffix == ".jsonl":
        return pd.read_json(path, orient="records", lines=True)
    return pd.read_parquet(path)


def test_answers_only_and_a_version_by_its_uri(server, fitted, slipway, tmp_path):
    model, table = fitted
    source, output = tmp_path / "in.csv", tmp_path / "out.csv"
    table[:3000].to_csv(source, index=False)

    done = predict(slipway, server, "models:/scores/1", source, output, "--answers-only")

    assert done.returncode == 0, done.stderr
    got = pd.read_csv(output)
    assert list(got.columns) == ["prediction"]
    np.testing.assert_allclose(got["prediction"], model.predict(table[:3000][list("abcd")]), 1e-6)


def test_answers_are_looked_up_by_their_key_with_their_age(server, fitted, tmp_path):
    model, table = fitted
    source = tmp_path / "in.csv"
    table[:2500].to_csv(source, index=False)
    body = {"target": "scores", "input": str(source), "key": "id"}
    job = requests.post(f"{server.url}/api/v1/batch", json=body)
    assert job.status_code == 202, job.text
    job = over(server, job.json()["id"])
    assert job["status"] == "succeeded", job

    found = requests.get(
        f"{server.url}/api/v1/predictions", params={"target": "scores", "key": "row-2000"}
    ).json()

    wanted = model.predict(table[2000:2001][list("abcd")])[0]
    assert found["prediction"]["prediction"] == pytest.approx(wanted, rel=1e-6)
    assert found["model"] == "scores" and found["version"] == "1" and found["job"] == job["id"]
    assert 0 <= found["age_seconds"] < 600
    missing = {"target": "scores", "key": "row-9"}
    assert requests.get(f"{server.url}/api/v1/predictions", params=missing).status_code == 200
    missing["key"] = "nobody"
    assert requests.get(f"{server.url}/api/v1/predictions", params=missing).status_code == 404


def over(server, job, seconds=60):
    deadline = time.monotonic() + seconds
    while True:
        answer = requests.get(f"{server.url}/api/v1/batch/{job}").json()
        if answer["status"] not in ("queued", "running"):
            return answer
        assert time.monotonic() < deadline, answer
        time.sleep(0.05)


@pytest.mark.parametrize(
    "change, says",
    [
        ({"input": "/nowhere/x.csv"}, "/nowhere/x.csv"),
        ({"input": "relative.csv"}, "absolute"),
        ({"target": "nobody"}, "nobody"),
        ({"target": "models:/scores/99"}, "99"),
        ({"output": "/tmp/out.xlsx"}, "no format"),
        ({"output": None}, "output"),
        ({"keep": "a"}, "keep"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(server, fitted, tmp_path, change, says):
    source = tmp_path / "in.csv"
    fitted[1][:10].to_csv(source, index=False)
    body = {"target": "scores", "input": str(source), "output": str(tmp_path / "out.csv")} | change
    answer = requests.post(f"{server.url}/api/v1/batch", json=body)
    if answer.status_code == 202:  # only the job itself can know
        job = over(server, answer.json()["id"])
        assert job["status"] == "failed" and says in job["error"], job
    else:
        assert 400 <= answer.status_code < 500 and says in answer.text, answer.text


def test_a_column_that_the_model_needs_is_missed_by_name(server, fitted, slipway, tmp_path):
    source = tmp_path / "in.csv"
    fitted[1][:10].drop(columns="c").to_csv(source, index=False)
    done = predict(slipway, server, "scores", source, tmp_path / "out.csv")
    assert done.returncode == 1 and "'c'" in done.stderr
    assert not (tmp_path / "out.csv").exists()


def test_a_job_goes_on_after_the_server_was_killed(new_server, fitted, server, tmp_path):
    """Many kills, and still every row once and in order."""
    import mlflow

    model, table = fitted
    source, output = tmp_path / "in.csv", tmp_path / "out.csv"
    repeated = pd.concat([table] * 5, ignore_index=True)
    repeated["id"] = range(len(repeated))
    repeated.to_csv(source, index=False)
    mine = new_server()
    mine.start()
    mlflow.set_tracking_uri(mine.url)
    mlflow.set_registry_uri(mine.url)
    with mlflow.start_run():
        mlflow.lightgbm.log_model(
            model, name="model", registered_model_name="scores", pip_requirements=["mlflow"]
        )
    body = {"target": "models:/scores/1", "input": str(source), "output": str(output)}
    body["keep"] = ["id"]
    job = requests.post(f"{mine.url}/api/v1/batch", json=body).json()["id"]
    seen = set()
    for _ in range(4):
        deadline = time.monotonic() + 30
        before = requests.get(f"{mine.url}/api/v1/batch/{job}").json()["rows_done"]
        while time.monotonic() < deadline:
            now = requests.get(f"{mine.url}/api/v1/batch/{job}").json()
            if now["rows_done"] > before or now["status"] == "succeeded":
                break
            time.sleep(0.01)
        seen.add(now["rows_done"])
        mine.kill()
        mine.start()

    job = over(mine, job)

    assert job["status"] == "succeeded", job
    assert len(seen) > 1
    got = pd.read_csv(output)
    assert got["id"].tolist() == list(range(len(repeated)))
    np.testing.assert_allclose(got["prediction"], model.predict(repeated[list("abcd")]), 1e-6, 1e-9)
