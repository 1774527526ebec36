# SPDX-License-Identifier: Apache-2.0
"""After `slipway gc` nothing is left of a deleted experiment: every row of every table and every
file is counted before it was made and after it was collected."""

import os
import sqlite3
import time
from pathlib import Path

import pytest
import requests
from test_import import client_of

# Names of metrics are shared by all runs; a dataset stands by itself and only loses its link.
STAY = {"metric_keys": 204, "evaluation_dataset": 1, "evaluation_record": 1}


def rows(server) -> dict:
    with sqlite3.connect(f"file:{server.folder}/data/slipway.db?mode=ro", uri=True) as db:
        names = [n for (n,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {n: db.execute(f'SELECT COUNT(*) FROM "{n}"').fetchone()[0] for n in names}


def files(server, below: str) -> set:
    root = server.folder / "data/blobs" / below
    return {str(p.relative_to(root)) for p in root.rglob("*") if p.is_file()}


def post(server, path: str, body: dict) -> dict:
    answer = requests.post(server.url + path, json=body, timeout=30)
    assert answer.status_code < 300, (path, answer.text)
    return answer.json() if answer.content else {}


def fill(server, mlflow, folder: Path) -> str:
    """An experiment with one of everything that may hang on one."""
    from mlflow.entities import (
        AssessmentSource,
        Dataset,
        DatasetInput,
        InputTag,
        LoggedModelOutput,
        Metric,
        Param,
    )

    client = client_of(server)
    experiment = client.create_experiment("everything", tags={"a": "b"})
    run = client.create_run(experiment).info.run_id
    for at in range(0, 20_000, 1000):
        points = [Metric(f"m{i % 3}", i, i, i) for i in range(at, at + 1000)]
        client.log_batch(run, metrics=points, params=[Param(f"p{at}", "v")])
    client.log_batch(run, metrics=[Metric(f"wide{i}", i, 1, 0) for i in range(200)])
    client.set_tag(run, "t", "v")
    source = Dataset("d", "digest", "local", "file:///a")
    client.log_inputs(run, [DatasetInput(source, [InputTag("mlflow.data.context", "training")])])
    client.log_text(run, "kept for now", "deep/er/text.txt")
    model = client.create_logged_model(experiment, "m", run, {"t": "1"}, {"p": "2"})
    client.log_metric(run, "of_model", 1.0, model_id=model.model_id)
    client.log_outputs(run, [LoggedModelOutput(model.model_id, 0)])
    (folder / "weights.bin").write_bytes(b"weights")
    client.log_model_artifact(model.model_id, str(folder / "weights.bin"))
    own = f"/api/v1/runs/{run}"
    entry = {"key": "note", "kind": "text", "content": "x"}
    post(server, f"{own}/series", {"entries": [entry | {"step": i} for i in range(10)]})
    requests.put(f"{server.url}{own}/series/pic?kind=image", data=b"png", timeout=30)
    post(server, f"{own}/console", {"lines": [{"text": "a"}, {"text": "b"}]})
    mlflow.set_experiment(experiment_id=experiment)
    with mlflow.start_run(run_id=run), mlflow.start_span("root") as span:
        span.set_inputs({"q": 1})
    trace = mlflow.get_last_active_trace_id()
    mlflow.flush_trace_async_logging()
    mlflow.set_trace_tag(trace, "k", "v")
    mlflow.log_feedback(trace_id=trace, name="f", value=1.0, source=AssessmentSource("CODE", "x"))
    client.link_traces_to_run([trace], run)
    root = "/api/3.0/mlflow"
    scorer = {"experiment_id": experiment, "name": "s", "serialized_scorer": '{"name": "s"}'}
    post(server, f"{root}/scorers/register", scorer)
    issue = {"experiment_id": experiment, "name": "i", "description": "d", "status": "pending"}
    post(server, f"{root}/issues", issue)
    schema = {"experiment_id": experiment, "name": "l", "type": "FEEDBACK"}
    schema |= {"instruction": "say", "input": {"pass_fail": {}}}
    requests.post(f"{server.url}{root}/label-schemas/create", json=schema, timeout=30)
    queue = {"experiment_id": experiment, "name": "q", "queue_type": "CUSTOM"}
    requests.post(f"{server.url}{root}/review-queues/create", json=queue, timeout=30)
    golden = post(server, f"{root}/datasets/create", {"name": "g", "experiment_ids": [experiment]})
    records = '[{"inputs": {"q": 1}}]'
    post(
        server,
        f"{root}/datasets/{golden['dataset']['dataset_id']}/records",
        {"records": records},
    )
    return experiment


@pytest.fixture
def mlflow_of(monkeypatch):
    import mlflow

    def pointed(server):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", server.url)
        mlflow.set_tracking_uri(server.url)
        return mlflow

    yield pointed
    while mlflow.active_run():
        mlflow.end_run()


def test_no_row_and_no_file_is_left(new_server, slipway, mlflow_of, tmp_path):
    server = new_server().start()
    rows_before, files_before = rows(server), files(server, "names")
    experiment = fill(server, mlflow_of(server), tmp_path)
    full = rows(server)
    for table in (
        *("experiments", "experiment_tags", "runs", "run_params", "run_tags", "latest_metrics"),
        "latest_blocks",
        *("metric_chunks", "metric_tail", "run_datasets", "run_inputs", "run_input_tags"),
        *("run_models", "logged_models", "logged_model_params", "logged_model_tags"),
        *("logged_model_metrics", "run_series", "run_series_entries", "run_console"),
        *("traces", "spans", "trace_tags", "trace_metadata", "trace_links", "assessments"),
        *("evaluation_scorer", "evaluation_scorer_version", "evaluation_issue"),
        "evaluation_dataset_experiment",
    ):
        assert full[table] > rows_before[table], f"the test makes no row in {table}"
    assert len(files(server, "names")) >= len(files_before) + 3
    for path in (server.folder / "data/blobs/objects").rglob("*"):
        os.utime(path, (0, 0))  # contents of the last hour are left, since somebody may come back
    client_of(server).delete_experiment(experiment)
    time.sleep(0.01)
    planned = slipway("gc", "--server", server.url, "--dry-run")
    assert planned.returncode == 0 and "1 traces" in planned.stderr, planned.stderr
    assert rows(server)["traces"] == full["traces"]
    done = slipway("gc", "--server", server.url)
    assert done.returncode == 0, done.stderr
    after = rows(server)
    left = {t: n - rows_before[t] for t, n in after.items() if n != rows_before[t]}
    assert left == STAY
    assert files(server, "names") == files_before
    assert files(server, "objects") == set()


def test_what_was_collected_can_be_imported_again(new_server, slipway, tmp_path):
    source, target = new_server().start(), new_server().start()
    client = client_of(source)
    experiment = client.create_experiment("again")
    run = client.create_run(experiment).info.run_id
    client.log_metric(run, "m", 1.0)
    client.log_text(run, "hello", "a.txt")
    command = ("import", "mlflow", source.url, "--server", target.url)
    assert slipway(*command).returncode == 0
    there = client_of(target)
    there.delete_experiment(there.get_experiment_by_name("again").experiment_id)
    time.sleep(0.01)
    assert slipway("gc", "--server", target.url).returncode == 0
    again = slipway(*command)
    assert again.returncode == 0, again.stderr
    assert there.get_run(run).data.metrics == {"m": 1.0}
    local = there.download_artifacts(run, "a.txt", str(tmp_path))
    assert Path(local).read_text() == "hello"
