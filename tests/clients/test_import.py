# SPDX-License-Identifier: Apache-2.0
"""The history of a real MLflow store, brought over: everything is there, and nothing twice."""

import json
import math
import sqlite3
from types import SimpleNamespace

import pytest
import requests


def make_history(uri: str, artifacts=None):
    """Experiments, runs, points, models as the mlflow client itself writes them at `uri`."""
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param, RunTag

    client = MlflowClient(tracking_uri=uri, registry_uri=uri)
    location = artifacts.as_uri() if artifacts else None
    alpha = client.create_experiment("alpha", artifact_location=location, tags={"team": "blue"})
    gone = client.create_experiment("gone")
    client.delete_experiment(gone)
    runs = []
    for i in range(3):
        run = client.create_run(alpha, start_time=1_000_000 + i, run_name=f"run {i}")
        run_id = run.info.run_id
        client.log_batch(
            run_id,
            metrics=[Metric("loss", 1 / (s + 1), 5_000 + s, s) for s in range(300)]
            + [Metric("nan", math.nan, 1, 0), Metric("dir/acc", 0.5 + i, 7, -3)],
            params=[Param("lr", "0.1"), Param("text", "zwei\nZeilen é")],
            tags=[RunTag("mlflow.user", "ada"), RunTag("note", "x" * 3000)],
        )
        client.log_text(run_id, f"hello {i}", "notes/a b%c.txt")
        client.set_terminated(run_id, "FINISHED", end_time=2_000_000 + i)
        runs.append(run_id)
    client.delete_run(runs[2])
    client.create_registered_model("clf", {"mk": "mv"}, "describes itself")
    for i in range(3):
        client.create_model_version("clf", f"runs:/{runs[0]}/notes", runs[0], {"k": str(i)})
    client.delete_model_version("clf", "2")
    client.set_registered_model_alias("clf", "champ", "3")
    client.transition_model_version_stage("clf", "3", "Production")
    return SimpleNamespace(client=client, alpha=alpha, runs=runs)


def same_history(old, new, experiment: str) -> None:
    """What both clients tell about runs, points, files and models."""
    for run_id in old.runs:
        a, b = old.client.get_run(run_id), new.get_run(run_id)
        for field in ("run_name", "status", "start_time", "end_time", "lifecycle_stage", "user_id"):
            assert getattr(a.info, field) == getattr(b.info, field), field
        assert a.data.params == b.data.params
        assert a.data.tags == b.data.tags
        assert a.data.metrics.keys() == b.data.metrics.keys()
        for key in a.data.metrics:
            left = [
                (m.step, m.timestamp, repr(m.value))
                for m in old.client.get_metric_history(run_id, key)
            ]
            right = [
                (m.step, m.timestamp, repr(m.value)) for m in new.get_metric_history(run_id, key)
            ]
            assert sorted(left) == sorted(right), key
    assert new.get_experiment(experiment).tags["team"] == "blue"
    assert new.get_experiment_by_name("gone").lifecycle_stage == "deleted"
    versions = {v.version: v for v in new.search_model_versions("name = 'clf'")}
    assert sorted(versions) == [1, 3] or sorted(versions) == ["1", "3"]
    assert new.get_model_version_by_alias("clf", "champ").version in (3, "3")
    newest = new.get_model_version("clf", "3")
    assert newest.current_stage == "Production"
    assert newest.tags == {"k": "2"}
    assert newest.creation_timestamp == old.client.get_model_version("clf", "3").creation_timestamp
    model = new.get_registered_model("clf")
    assert (model.description, model.tags) == ("describes itself", {"mk": "mv"})


def client_of(server):
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=server.url, registry_uri=server.url)


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """A history in SQLite."""
    pytest.importorskip("sqlalchemy")
    folder = tmp_path_factory.mktemp("mlflow")
    history = make_history(f"sqlite:///{folder}/mlflow.db", folder / "files")
    history.file = folder / "mlflow.db"
    return history


def summary(done) -> dict:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_database_comes_over_whole_and_only_once(database, new_server, slipway, tmp_path):
    server = new_server().start()
    command = ("import", "mlflow", str(database.file), "--server", server.url, "--json", "-")
    first = summary(slipway(*command))
    assert first["copied"] == first["found"]
    assert (first["found"]["runs"], first["found"]["points"]) == (3, 3 * 302)
    assert first["found"]["files"] == 3 and first["verified_runs"] == 3
    same_history(database, client_of(server), database.alpha)
    search = {"experiment_ids": [database.alpha], "filter": "attributes.run_name = 'run 0'"}
    answer = requests.post(f"{server.url}/api/2.0/mlflow/runs/search", json=search, timeout=30)
    keys = [tag["key"] for tag in answer.json()["runs"][0]["data"]["tags"]]
    assert keys.count("mlflow.runName") == 1 and len(keys) == len(set(keys))

    second = summary(slipway(*command))
    assert set(second["copied"].values()) == {0}
    assert second["found"] == first["found"]

    client = client_of(server)
    path = client.download_artifacts(database.runs[0], "notes/a b%c.txt", str(tmp_path))
    assert open(path).read() == "hello 0"
    assert client.get_run(database.runs[0]).info.artifact_uri.startswith("mlflow-artifacts:/")
    # Numbers of versions go on after the gap.
    made = client.create_model_version("clf", f"runs:/{database.runs[0]}/notes", database.runs[0])
    assert int(made.version) == 4


def test_what_is_new_in_the_source_follows(tmp_path, new_server, slipway):
    uri = f"sqlite:///{tmp_path}/m.db"
    history = make_history(uri, tmp_path / "files")
    server = new_server().start()
    command = ("import", "mlflow", uri, "--server", server.url, "--json", "-")
    summary(slipway(*command))
    history.client.log_metric(history.runs[1], "loss", 9.0, 9_999, 999)
    history.client.set_tag(history.runs[1], "late", "yes")
    history.client.log_text(history.runs[0], "more", "notes/more.txt")
    again = summary(slipway(*command))["copied"]
    assert (again["runs"], again["files"], again["experiments"]) == (1, 1, 0)
    same_history(history, client_of(server), history.alpha)


def test_a_database_comes_into_a_data_folder(database, tmp_path, new_server, slipway):
    server = new_server()
    data = server.folder / "data"
    done = slipway("import", "mlflow", f"sqlite:///{database.file}", "--data", str(data))
    assert done.returncode == 0, done.stderr
    same_history(database, client_of(server.start()), database.alpha)


def test_a_folder_of_runs_comes_over(tmp_path, new_server, slipway, monkeypatch):
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    # The client's registry of folders asks the default store as well, and would make one here.
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"file://{tmp_path}/mlruns")
    try:
        history = make_history(f"file://{tmp_path}/mlruns")
    except Exception as error:  # newer clients have no file store any more
        pytest.skip(f"this mlflow writes no folders: {error}")
    server = new_server().start()
    done = slipway("import", "mlflow", str(tmp_path / "mlruns"), "--server", server.url)
    assert done.returncode == 0, done.stderr
    same_history(history, client_of(server), history.alpha)


def test_a_server_comes_over(new_server, slipway, tmp_path):
    source, target = new_server().start(), new_server().start()
    history = make_history(source.url)
    command = ("import", "mlflow", source.url, "--server", target.url, "--json", "-")
    first = summary(slipway(*command))
    assert first["copied"]["files"] == 3
    same_history(history, client_of(target), history.alpha)
    assert set(summary(slipway(*command))["copied"].values()) == {0}


def test_an_id_that_is_taken_is_mapped(database, new_server, slipway):
    server = new_server().start()
    client = client_of(server)
    mine = client.create_experiment("mine")
    assert mine == database.alpha  # the next free number on both sides
    done = slipway("import", "mlflow", str(database.file), "--server", server.url)
    assert done.returncode == 0, done.stderr
    moved = client.get_experiment_by_name("alpha")
    assert moved.experiment_id != mine
    assert client.get_run(database.runs[0]).info.experiment_id == moved.experiment_id
    assert client.get_experiment(mine).name == "mine"


def test_an_unknown_schema_is_refused(database, tmp_path, slipway):
    copy = tmp_path / "newer.db"
    copy.write_bytes(database.file.read_bytes())
    with sqlite3.connect(copy) as db:
        db.execute("UPDATE alembic_version SET version_num = 'ffffffffffff'")
    done = slipway("import", "mlflow", str(copy), "--data", str(tmp_path / "data"))
    assert done.returncode == 1
    assert "'ffffffffffff'" in done.stderr and "hint:" in done.stderr
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as db:
        db.execute("CREATE TABLE t (a)")
    done = slipway("import", "mlflow", str(other), "--data", str(tmp_path / "data"))
    assert done.returncode == 2 and "not an MLflow tracking database" in done.stderr
    done = slipway("import", "mlflow", str(tmp_path / "nothing"), "--data", str(tmp_path / "data"))
    assert done.returncode == 2 and "no MLflow store" in done.stderr
