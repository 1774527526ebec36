# SPDX-License-Identifier: Apache-2.0
"""Batch predictions from and to S3, into PostgreSQL, and as a step of a pipeline: one row of
answers for each row, also when the server is killed on the way."""

import io
import json
import os
import time

import numpy as np
import pandas as pd
import pytest
import requests
import s3_server
from conftest import Server
from serving_models import endpoint
from test_batch import over

ROWS = 150_000
POSTGRES = os.environ.get("SLIPWAY_TEST_POSTGRES")


@pytest.fixture(scope="module")
def s3(tmp_path_factory):
    folder = tmp_path_factory.mktemp("s3")
    url, stop = s3_server.start(folder)
    client = s3_server.client_of(url)
    client.create_bucket(Bucket="batch")
    client.url = url
    yield client
    stop()


@pytest.fixture(scope="module")
def settings(s3):
    before = dict(os.environ)
    os.environ |= {
        "AWS_ACCESS_KEY_ID": s3_server.KEY,
        "AWS_SECRET_ACCESS_KEY": s3_server.SECRET,
        "AWS_ENDPOINT_URL_S3": s3.url,
    }
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="module")
def server(tmp_path_factory, settings):
    running = Server(tmp_path_factory.mktemp("server")).start()
    yield running
    assert running.stop() == 0


def fit(server):
    import lightgbm as lgb
    import mlflow
    from mlflow.models import infer_signature

    mlflow.set_tracking_uri(server.url)
    mlflow.set_registry_uri(server.url)
    random = np.random.default_rng(2)
    table = pd.DataFrame(random.normal(size=(ROWS, 4)), columns=list("abcd"))
    target = table["a"] * 2 + table["b"] ** 2
    model = lgb.train({"verbose": -1}, lgb.Dataset(table[:20_000], target[:20_000]), 20)
    with mlflow.start_run():
        mlflow.lightgbm.log_model(
            model,
            name="model",
            signature=infer_signature(table, target),
            registered_model_name="scores",
            pip_requirements=["mlflow"],
        )
    endpoint(server, "scores", [{"model": "scores", "version": "1"}])
    table.insert(0, "id", np.arange(ROWS))
    table["note"] = [None if i % 7 == 0 else f'a "quoted"\tline\\{i}\n' for i in range(ROWS)]
    return model, table


@pytest.fixture(scope="module")
def fitted(server):
    return fit(server)


def put(s3, key, table):
    data = io.BytesIO()
    table.to_parquet(data) if key.endswith("parquet") else table.to_csv(data, index=False)
    s3.put_object(Bucket="batch", Key=key, Body=data.getvalue())


def get(s3, key):
    data = io.BytesIO(s3.get_object(Bucket="batch", Key=key)["Body"].read())
    return pd.read_parquet(data) if key.endswith("parquet") else pd.read_csv(data)


def submit(server, **body):
    answer = requests.post(f"{server.url}/api/v1/batch", json={"target": "scores"} | body)
    assert answer.status_code == 202, answer.text
    return answer.json()["id"]


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_objects_go_in_and_out(server, s3, fitted, slipway, ending):
    model, table = fitted
    put(s3, f"in/flights 1.{ending}", table)

    done = slipway(
        "predict", "scores", "--input", f"s3://batch/in/flights 1.{ending}",
        "--output", f"s3://batch/out/said.{ending}", "--server", server.url,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    got = get(s3, f"out/said.{ending}")
    assert got["id"].tolist() == table["id"].tolist()
    np.testing.assert_allclose(got["prediction"], model.predict(table[list("abcd")]), 1e-6, 1e-9)
    assert not list((server.folder / "data/batch-spool").iterdir())


def test_what_s3_refuses_is_said_and_costs_nothing(server, s3, fitted):
    body = {"target": "scores", "output": "s3://batch/out/x.csv"}
    missing = requests.post(
        f"{server.url}/api/v1/batch", json=body | {"input": "s3://batch/in/none.csv"}
    )
    assert missing.status_code == 404 and "none.csv" in missing.text
    put(s3, "in/small.csv", fitted[1][:10])
    job = over(server, submit(server, input="s3://batch/in/small.csv", output="s3://nobody/x.csv"))
    assert job["status"] == "failed" and "s3://nobody/x.csv" in job["error"]
    for wrong in ("s3://batch", "s3://batch/../x.csv", "s3://BATCH/x.csv"):
        answer = requests.post(f"{server.url}/api/v1/batch", json=body | {"input": wrong})
        assert answer.status_code == 400, answer.text


def test_a_wrong_key_is_said(new_server, s3, settings, monkeypatch, tmp_path):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    server = new_server().start()
    body = {"target": "x", "input": "s3://batch/in/none.csv", "output": str(tmp_path / "x.csv")}
    answer = requests.post(f"{server.url}/api/v1/batch", json=body)
    assert answer.status_code == 403, answer.text


def test_a_server_for_others_reads_and_writes_named_places_only(new_server, s3, settings):
    server = new_server("--host", "0.0.0.0", "--batch-places", "s3://batch/open").start()
    body = {"target": "x", "output": "s3://batch/open/y.csv"}
    for place, status in (("s3://batch/openly/x.csv", 403), ("s3://batch/open/x.csv", 404)):
        answer = requests.post(f"{server.url}/api/v1/batch", json=body | {"input": place})
        assert answer.status_code == status, answer.text
    body = {"target": "x", "input": "s3://batch/open/x.csv", "output": "postgresql://h/n"}
    answer = requests.post(f"{server.url}/api/v1/batch", json=body | {"table": "t"})
    assert answer.status_code == 403, answer.text


def kill_on_the_way(server, job, times=3):
    """Kills the server each time that the job has come further."""
    seen = set()
    for _ in range(times):
        before = requests.get(f"{server.url}/api/v1/batch/{job}").json()["rows_done"]
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            now = requests.get(f"{server.url}/api/v1/batch/{job}").json()
            if now["rows_done"] > before or now["status"] == "succeeded":
                break
            time.sleep(0.005)
        seen.add(now["rows_done"])
        server.kill()
        server.start()
    return seen


def test_a_killed_server_goes_on_with_objects(new_server, s3, settings, tmp_path):
    server = new_server().start()
    model, table = fit(server)
    table = pd.concat([table.drop(columns="note")] * 3, ignore_index=True)
    table["id"] = range(len(table))
    put(s3, "in/long.csv", table)
    job = submit(server, input="s3://batch/in/long.csv", output="s3://batch/out/long.csv")

    kill_on_the_way(server, job)

    done = over(server, job, 120)
    assert done["status"] == "succeeded", done
    got = get(s3, "out/long.csv")
    assert got["id"].tolist() == list(range(len(table)))
    np.testing.assert_allclose(got["prediction"], model.predict(table[list("abcd")]), 1e-6, 1e-9)


@pytest.fixture
def database():
    if POSTGRES is None:
        pytest.skip("no PostgreSQL: SLIPWAY_TEST_POSTGRES names a server")
    import psycopg

    name = f"batch_{os.getpid()}_{time.monotonic_ns()}"
    with psycopg.connect(f"{POSTGRES}/postgres", autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
    url = f"{POSTGRES}/{name}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.url = url
        yield connection
    with psycopg.connect(f"{POSTGRES}/postgres", autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_a_table_has_every_row_with_its_values(server, fitted, database, slipway, tmp_path):
    model, table = fitted
    source = tmp_path / "in.parquet"
    table[:20_000].to_parquet(source)

    done = slipway(
        "predict", "scores", "--input", str(source), "--output", database.url,
        "--table", "public.said", "--key", "id", "--server", server.url, "--json", "-",
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    job = json.loads(done.stdout)["id"]
    rows = database.execute("SELECT * FROM said ORDER BY slipway_row")
    names = [column.name for column in rows.description]
    got = pd.DataFrame(rows.fetchall(), columns=names)
    assert got["slipway_row"].tolist() == got["id"].tolist() == list(range(20_000))
    assert set(got["slipway_job"]) == {job} and set(got["slipway_version"]) == {"1"}
    wanted = model.predict(table[:20_000][list("abcd")])
    np.testing.assert_allclose(got["prediction"], wanted, 1e-6, 1e-9)
    np.testing.assert_array_equal(got["a"], table["a"][:20_000])
    assert got["note"].tolist() == table["note"][:20_000].tolist()
    types = dict(
        database.execute(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_name='said'"
        ).fetchall()
    )
    assert types["id"] == "bigint" and types["prediction"] == "double precision"
    # Another job adds its own rows.
    again = over(
        server, submit(server, input=str(source), output=database.url, table="public.said")
    )
    assert again["status"] == "succeeded", again
    assert database.execute("SELECT count(*) FROM said").fetchone() == (40_000,)


def test_a_table_of_another_shape_and_a_password_are_refused(server, fitted, database, tmp_path):
    source = tmp_path / "in.csv"
    fitted[1][:10].drop(columns="note").to_csv(source, index=False)
    database.execute("CREATE TABLE mine (a TEXT)")
    job = over(server, submit(server, input=str(source), output=database.url, table="mine"))
    assert job["status"] == "failed" and "slipway_job" in job["error"], job
    body = {"target": "scores", "input": str(source), "output": "postgresql://u:secret@h/n"}
    for wrong in (
        body | {"table": "t"},
        body | {"output": "postgresql://u@h/n?password=x", "table": "t"},
        body | {"output": database.url},
        body | {"output": database.url, "table": "a.b.c"},
    ):
        answer = requests.post(f"{server.url}/api/v1/batch", json=wrong)
        assert answer.status_code == 400, answer.text
        assert "secret" not in answer.text


def test_a_killed_server_leaves_every_row_once_in_the_table(new_server, database, tmp_path):
    server = new_server().start()
    model, table = fit(server)
    table = pd.concat([table.drop(columns="note")] * 3, ignore_index=True)
    table["id"] = range(len(table))
    source = tmp_path / "in.parquet"
    table.to_parquet(source)
    job = submit(server, input=str(source), output=database.url, table="said", keep=["id"])

    seen = kill_on_the_way(server, job)

    done = over(server, job, 120)
    assert done["status"] == "succeeded", done
    assert len(seen) > 1
    rows = database.execute("SELECT id, prediction FROM said ORDER BY slipway_row").fetchall()
    assert [row[0] for row in rows] == list(range(len(table)))
    wanted = model.predict(table[list("abcd")])
    np.testing.assert_allclose([row[1] for row in rows], wanted, 1e-6, 1e-9)


PIPELINE = """
name: nightly
schedule: "0 4 * * *"
steps:
  - name: score
    run: slipway predict scores --input {source} --output {output} --key id
"""


def test_a_pipeline_scores_and_the_answers_are_found_by_key(server, fitted, slipway, tmp_path):
    model, table = fitted
    source, output = tmp_path / "in.csv", tmp_path / "out.parquet"
    table[:3000].drop(columns="note").to_csv(source, index=False)
    (tmp_path / "pipeline.yaml").write_text(PIPELINE.format(source=source, output=output))
    added = slipway("pipeline", "add", str(tmp_path / "pipeline.yaml"), "--server", server.url)
    assert added.returncode == 0, added.stderr

    run = requests.post(f"{server.url}/api/v1/executions", json={"pipeline": "nightly"}).json()

    deadline = time.monotonic() + 60
    while True:
        now = requests.get(f"{server.url}/api/v1/executions/{run['run_id']}").json()
        if now["status"] not in ("queued", "pending", "running"):
            break
        assert time.monotonic() < deadline, now
        time.sleep(0.1)
    logs = requests.get(f"{server.url}/api/v1/executions/{run['run_id']}/logs/score").text
    assert now["status"] == "succeeded", logs
    assert len(pd.read_parquet(output)) == 3000
    found = requests.get(
        f"{server.url}/api/v1/predictions", params={"target": "scores", "key": "2999"}
    ).json()
    wanted = model.predict(table[2999:3000][list("abcd")])[0]
    assert found["prediction"]["prediction"] == pytest.approx(wanted, rel=1e-6)
    assert 0 <= found["age_seconds"] < 120
