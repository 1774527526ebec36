# SPDX-License-Identifier: Apache-2.0
"""A whole server copied call by call through the public client alone, as mlflow-export-import does:
read from one, written to another, and compared. The source is this server, and, where it can be
started from a store, what the client itself wrote."""

import math

import pytest
from mlflow import MlflowClient
from mlflow.entities import (
    Dataset,
    DatasetInput,
    InputTag,
    LoggedModelStatus,
    Metric,
    Param,
    RunTag,
    ViewType,
)

SYSTEM = ("mlflow.",)


def clients_of(uri: str) -> MlflowClient:
    return MlflowClient(tracking_uri=uri, registry_uri=uri)


def fill(client: MlflowClient) -> None:
    for number in range(2):
        tags = {"team": f"t{number}", "mlflow.note.content": "zwei\nZeilen"}
        experiment = client.create_experiment(f"exp/{number} é", tags=tags)
        for index in range(3):
            run = client.create_run(
                experiment, start_time=1_000_000 + index, run_name=f"r{index}", tags={"k": "v"}
            )
            run_id = run.info.run_id
            values = [Metric("loss", 1 / (s + 1), 5_000 + s, s) for s in range(1500)]
            values += [Metric("odd", x, 1, i) for i, x in enumerate((math.nan, math.inf, -1e-320))]
            for at in range(0, len(values), 1000):
                client.log_batch(run_id, metrics=values[at : at + 1000])
            client.log_batch(
                run_id,
                params=[Param("lr", "0.1"), Param("text", "x" * 5000), Param("empty", "")],
                tags=[RunTag("note", "größe"), RunTag("mlflow.user", "ada")],
            )
            source = Dataset("flights", f"d{index}", "local", "file:///a", "{}", '{"rows": 3}')
            client.log_inputs(
                run_id, [DatasetInput(source, [InputTag("mlflow.data.context", "training")])]
            )
            client.log_text(run_id, f"hello {index}", "deep/er/a b.txt")
            client.log_text(run_id, "", "empty.txt")
            client.log_dict(run_id, {"a": [1, 2]}, "d.json")
            model = client.create_logged_model(
                experiment, f"m{index}", run_id, {"mt": "1"}, {"mp": "2"}, "sklearn"
            )
            client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
            if index == 1:
                client.set_terminated(run_id, "FAILED", end_time=2_000_000)
            elif index == 2:
                client.set_terminated(run_id, "FINISHED", end_time=2_000_001)
                client.delete_run(run_id)
    gone = client.create_experiment("gone")
    client.create_run(gone)
    client.delete_experiment(gone)
    runs = client.search_runs([client.get_experiment_by_name("exp/0 é").experiment_id])
    client.create_registered_model("clf", {"mk": "mv"}, "describes")
    for number in range(3):
        run_id = runs[number % len(runs)].info.run_id
        client.create_model_version(
            "clf", f"runs:/{run_id}/deep", run_id, {"n": str(number)}, description=f"v{number}"
        )
    client.set_registered_model_alias("clf", "champion", "2")
    client.set_registered_model_alias("clf", "odd_one", "3")
    client.transition_model_version_stage("clf", "1", "Archived")
    client.transition_model_version_stage("clf", "2", "Production")
    client.create_registered_model("empty")


def every_run(client: MlflowClient, experiment: str) -> list:
    out, token = [], None
    while True:
        page = client.search_runs([experiment], "", ViewType.ALL, 2, page_token=token)
        out += page
        token = page.token
        if not token:
            return out


def every_experiment(client: MlflowClient) -> list:
    out, token = [], None
    while True:
        page = client.search_experiments(ViewType.ALL, 2, page_token=token)
        out += page
        token = page.token
        if not token:
            return sorted(out, key=lambda e: int(e.experiment_id))


def files_of(client: MlflowClient, run_id: str, path: str = "") -> list:
    out = []
    for item in client.list_artifacts(run_id, path or None):
        out += files_of(client, run_id, item.path) if item.is_dir else [item.path]
    return out


def copy(source: MlflowClient, target: MlflowClient, folder) -> dict:
    """Answers the ids there by the ids here."""
    runs = {}
    for experiment in every_experiment(source):
        there = target.get_experiment_by_name(experiment.name)
        to = there.experiment_id if there else target.create_experiment(experiment.name)
        for key, value in experiment.tags.items():
            target.set_experiment_tag(to, key, value)
        for run in every_run(source, experiment.experiment_id):
            runs[run.info.run_id] = copy_run(source, target, run, to, folder)
        if experiment.lifecycle_stage == "deleted":
            target.delete_experiment(to)
    for model in source.search_registered_models():
        target.create_registered_model(model.name, model.tags, model.description)
        versions = source.search_model_versions(f"name = '{model.name}'")
        for version in sorted(versions, key=lambda v: int(v.version)):
            run_id = runs.get(version.run_id)
            made = target.create_model_version(
                model.name,
                version.source.replace(version.run_id, run_id),
                run_id,
                version.tags,
                description=version.description,
            )
            if version.current_stage != "None":
                target.transition_model_version_stage(
                    model.name, made.version, version.current_stage
                )
        for alias, number in model.aliases.items():
            target.set_registered_model_alias(model.name, alias, number)
    return runs


def copy_run(source, target, run, experiment: str, folder) -> str:
    tags = {k: v for k, v in run.data.tags.items() if k != "mlflow.runName"}
    made = target.create_run(experiment, run.info.start_time, tags, run.info.run_name)
    to = made.info.run_id
    for key in run.data.metrics:
        points = source.get_metric_history(run.info.run_id, key)
        for at in range(0, len(points), 1000):
            target.log_batch(to, metrics=points[at : at + 1000])
    target.log_batch(to, params=[Param(k, v) for k, v in run.data.params.items()])
    if run.inputs.dataset_inputs:
        target.log_inputs(to, run.inputs.dataset_inputs)
    for path in files_of(source, run.info.run_id):
        local = source.download_artifacts(run.info.run_id, path, str(folder))
        target.log_artifact(to, local, path.rpartition("/")[0] or None)
    if run.info.end_time:
        target.set_terminated(to, run.info.status, run.info.end_time)
    if run.info.lifecycle_stage == "deleted":
        target.delete_run(to)
    return to


def told(client: MlflowClient, names: dict, folder) -> dict:
    """Everything that a client can tell, without what each server makes by itself. `names`: the ids
    of the copy by those of the original, or of each by itself."""
    own = {there: here for here, there in names.items()}
    out: dict = {"experiments": {}, "runs": {}, "models": {}}
    for experiment in every_experiment(client):
        out["experiments"][experiment.name] = (experiment.lifecycle_stage, experiment.tags)
        for run in every_run(client, experiment.experiment_id):
            info, run_id = run.info, run.info.run_id
            histories = {
                key: sorted(
                    (m.step, m.timestamp, repr(m.value))
                    for m in client.get_metric_history(run_id, key)
                )
                for key in run.data.metrics
            }
            out["runs"][own[run_id]] = (
                experiment.name,
                (info.run_name, info.status, info.start_time, info.end_time, info.lifecycle_stage),
                run.data.params,
                run.data.tags,
                {k: repr(v) for k, v in run.data.metrics.items()},
                histories,
                sorted(
                    (i.dataset.name, i.dataset.digest, i.dataset.schema, i.dataset.profile)
                    for i in run.inputs.dataset_inputs
                ),
                {
                    path: open(client.download_artifacts(run_id, path, str(folder)), "rb").read()
                    for path in sorted(files_of(client, run_id))
                },
            )
    for model in client.search_registered_models():
        versions = client.search_model_versions(f"name = '{model.name}'")
        out["models"][model.name] = (
            model.description or "",
            model.tags,
            {alias: str(version) for alias, version in model.aliases.items()},
            {
                str(v.version): (
                    v.description or "",
                    v.tags,
                    v.current_stage,
                    own[v.run_id],
                    v.source.replace(v.run_id, ""),
                )
                for v in versions
            },
        )
    return out


def compare(source: MlflowClient, target: MlflowClient, tmp_path) -> None:
    names = copy(source, target, tmp_path)
    ours = told(source, {run_id: run_id for run_id in names}, tmp_path)
    theirs = told(target, names, tmp_path)
    assert ours["experiments"] == theirs["experiments"]
    assert ours["runs"].keys() == theirs["runs"].keys()
    for run_id in ours["runs"]:
        assert ours["runs"][run_id] == theirs["runs"][run_id]
    assert ours["models"] == theirs["models"]
    assert len(names) == 7 and len(ours["models"]) == 2


def test_a_whole_server_is_copied_by_the_client_alone(new_server, tmp_path):
    first, second = new_server().start(), new_server().start()
    source, target = clients_of(first.url), clients_of(second.url)
    fill(source)
    compare(source, target, tmp_path)


def test_a_store_of_the_original_is_copied_to_us_and_back(new_server, tmp_path, monkeypatch):
    pytest.importorskip("sqlalchemy")
    monkeypatch.chdir(tmp_path)
    original = clients_of(f"sqlite:///{tmp_path}/one.db")
    fill(original)
    server = new_server().start()
    ours = clients_of(server.url)
    compare(original, ours, tmp_path)
    back = clients_of(f"sqlite:///{tmp_path}/two.db")
    compare(ours, back, tmp_path)
