# SPDX-License-Identifier: Apache-2.0
"""A whole server goes to one that speaks MLflow's interface and comes back: to another one of ours,
and to a real `mlflow server` where that is installed."""

import json
import os
import subprocess
import sys
import time

import pytest
import requests
from conftest import free_port
from mlflow import MlflowClient
from test_import import client_of, make_history, summary
from test_import_traces import make_work, told

OWN = "slipway.source."
CATEGORICAL = {"categorical": {"options": ["good", "bad"], "multi_select": False}}


@pytest.fixture
def original(tmp_path):
    """The URL of a real server, with files served by itself."""
    pytest.importorskip("sqlalchemy")
    pytest.importorskip("uvicorn")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    folder = tmp_path / "original"
    folder.mkdir()
    command = [sys.executable, "-m", "mlflow", "server", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db"]
    command += ["--artifacts-destination", str(folder / "files")]
    environment = os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    environment.pop("MLFLOW_TRACKING_URI", None)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    deadline = time.monotonic() + 120
    while True:
        try:
            if requests.get(url + "/health", timeout=5).status_code == 200:
                break
        except requests.ConnectionError:
            pass
        if process.poll() is not None or time.monotonic() > deadline:
            os.killpg(process.pid, 9)
            pytest.fail((folder / "log").read_text()[-3000:])
        time.sleep(0.2)
    yield url
    os.killpg(process.pid, 15)
    process.wait()


@pytest.fixture
def mlflow_module():
    import mlflow

    yield mlflow
    while mlflow.active_run():
        mlflow.end_run()
    mlflow.set_tracking_uri(None)
    mlflow.set_registry_uri(None)


def post(url: str, path: str, body: dict) -> dict:
    answer = requests.post(f"{url}/api/{path}", json=body, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.json()


def make_settings(url: str, experiment: str) -> None:
    client = MlflowClient(url, url)
    client.create_webhook("deploys", "https://93.184.216.34/hook", ["model_version.created"], "why")
    for text in ("one", "two"):
        body = {"name": text, "builtin_scorer_class": "Safety", "builtin_scorer_pydantic_data": {}}
        scorer = {"experiment_id": experiment, "name": "safe"}
        scorer |= {"serialized_scorer": json.dumps(body)}
        post(url, "3.0/mlflow/scorers/register", scorer)
    schema = {"experiment_id": experiment, "name": "tone", "type": "FEEDBACK"}
    schema |= {"input": CATEGORICAL, "instruction": "how does it sound?", "enable_comment": True}
    post(url, "3.0/mlflow/label-schemas/create", schema)


def settings_of(url: str, experiment: str) -> tuple:
    hooks = [(w.name, w.url, w.description) for w in MlflowClient(url, url).list_webhooks()]
    scorers = requests.get(
        f"{url}/api/3.0/mlflow/scorers/versions",
        {"experiment_id": experiment, "name": "safe"},
        timeout=60,
    ).json()["scorers"]
    schemas = requests.get(
        f"{url}/api/3.0/mlflow/label-schemas/list", {"experiment_id": experiment}, timeout=60
    ).json()["label_schemas"]
    return (
        hooks,
        [json.loads(s["serialized_scorer"])["name"] for s in scorers],
        sorted((s["name"], s["type"], s.get("instruction"), str(s["input"])) for s in schemas),
    )


def make_all(mlflow, url: str) -> str:
    mlflow.set_registry_uri(url)
    experiment = make_work(mlflow, url)
    client = MlflowClient(url, url)
    traces = client.search_traces(locations=[experiment])
    linked = client.create_run(experiment, run_name="linked").info.run_id
    client.link_traces_to_run([t.info.trace_id for t in traces[:2]], linked)
    model = client.create_logged_model(experiment, "agent", linked, {"t": "1"}, {"p": "2"})
    client.finalize_logged_model(model.model_id, "READY")
    made = {"run_id": linked, "models": [{"model_id": model.model_id, "step": 3}]}
    post(url, "2.0/mlflow/runs/outputs", made)
    used = client.create_run(experiment, run_name="used").info.run_id
    inputs = {"run_id": used, "models": [{"model_id": model.model_id}]}
    post(url, "2.0/mlflow/runs/log-inputs", inputs)
    mlflow.genai.register_prompt("greet", "hello {{name}}", commit_message="first")
    mlflow.genai.register_prompt("greet", "hi {{name}}", tags={"tone": "short"})
    mlflow.genai.set_prompt_alias("greet", "now", 2)
    make_settings(url, experiment)
    return experiment


def all_of(mlflow, url: str, name: str = "llm") -> dict:
    """Everything that can be told, without ids that each server makes by itself."""
    client = MlflowClient(url, url)
    experiment = client.get_experiment_by_name(name).experiment_id
    runs = {r.info.run_id: r for r in client.search_runs([experiment])}
    models = {m.model_id: m for m in client.search_logged_models([experiment])}
    names = {i: f"run {r.info.run_name}" for i, r in runs.items()}
    names |= {i: f"model {m.name}" for i, m in models.items()}

    def plain(value):
        if isinstance(value, str):
            for ours, stands_for in names.items():
                value = value.replace(ours, stands_for)
            return value
        if isinstance(value, dict):
            return {k: plain(v) for k, v in value.items() if not k.startswith(OWN)}
        return type(value)(plain(v) for v in value) if isinstance(value, (list, tuple)) else value

    work = told(client, experiment)
    dataset, dataset_tag = work["dataset"][1:3]
    records = [(i, o, e, json.loads(tags)) for i, o, e, tags, _, _ in work["records"]]
    links = {
        names[run]: sorted(
            t.info.trace_id
            for t in client.search_traces(
                locations=[experiment], filter_string=f"attributes.run_id = '{run}'"
            )
        )
        for run in runs
    }
    prompts = [
        (p.version, p.template, p.commit_message, plain(p.tags))
        for p in (mlflow.genai.load_prompt("greet", version=v) for v in (1, 2))
    ]
    return {
        "traces": plain(work["traces"]),
        "dataset": (dataset, dataset_tag, plain(records)),
        "links": links,
        "outputs": sorted(
            (names[r.info.run_id], names[o.model_id], o.step)
            for r in runs.values()
            for o in (r.outputs.model_outputs if r.outputs else [])
        ),
        "inputs": sorted(
            (names[run], names[i.model_id])
            for run in runs
            # The original's search leaves them out.
            for i in (client.get_run(run).inputs.model_inputs or [])
        ),
        "logged": sorted((m.name, m.status, m.tags["t"], m.params["p"]) for m in models.values()),
        "prompts": prompts,
        "now": mlflow.genai.load_prompt("prompts:/greet@now").version,
        "settings": settings_of(url, experiment),
    }


def there_and_back(mlflow, source, through: str, back, slipway, original=False) -> None:
    make_all(mlflow, source.url)
    before = all_of(mlflow, source.url)
    assert sum(map(len, before["links"].values())) >= 5 and before["outputs"] and before["inputs"]
    away = ("export", "mlflow", through, "--server", source.url, "--json", "-")
    first = summary(slipway(*away))
    # Two schemas that each experiment has at once are there already.
    assert first["copied"] | {"label_schemas": 3} == first["found"]
    assert (first["copied"]["traces"], first["copied"]["examples"]) == (4, 4)
    assert [first["copied"][k] for k in ("webhooks", "scorers")] == [1, 2]
    assert "disabled" in first["notes"][0]
    mlflow.set_tracking_uri(through)
    mlflow.set_registry_uri(through)
    over_there = all_of(mlflow, through)
    for part in before:
        assert over_there[part] == before[part], part
    again = summary(slipway(*away))
    assert set(again["copied"].values()) == {0}, again["copied"]
    home = summary(slipway("import", "mlflow", through, "--server", back.url, "--json", "-"))
    assert home["copied"]["traces"] == 4 and not home["problems"]
    mlflow.set_tracking_uri(back.url)
    mlflow.set_registry_uri(back.url)
    returned = all_of(mlflow, back.url)
    lost = {"inputs"} if original else set()  # its search of runs does not tell of them
    for part in before.keys() - lost:
        assert returned[part] == before[part], part


def test_everything_goes_to_a_server_of_ours_and_back(mlflow_module, new_server, slipway):
    source, through, back = (new_server().start() for _ in range(3))
    there_and_back(mlflow_module, source, through.url, back, slipway)
    # What changed follows: a tag that went, an assessment that went, a record that came.
    client, there = client_of(source), client_of(through)
    experiment = client.get_experiment_by_name("llm").experiment_id
    tagged = next(t for t in client.search_traces(locations=[experiment]) if "team" in t.info.tags)
    trace = tagged.info.trace_id
    client.delete_trace_tag(trace, "team")
    client.set_trace_tag(trace, "later", "yes")
    gone = next(a for a in tagged.info.assessments if a.name == "flag")
    mlflow_module.set_tracking_uri(source.url)
    mlflow_module.delete_assessment(trace_id=trace, assessment_id=gone.assessment_id)
    (dataset,) = client.search_datasets(experiment_ids=[experiment])
    found = mlflow_module.genai.datasets.get_dataset(dataset_id=dataset.dataset_id)
    found.merge_records([{"inputs": {"q": "new"}, "outputs": {"o": 9}}])
    done = summary(slipway("export", "mlflow", through.url, "--server", source.url, "--json", "-"))
    assert (done["copied"]["traces"], done["copied"]["examples"]) == (1, 1)
    info = there.get_trace(trace).info
    assert "team" not in info.tags and info.tags["later"] == "yes"
    assert [a.name for a in info.assessments] == ["good"]


def test_everything_goes_to_the_original_and_back(mlflow_module, new_server, slipway, original):
    source, back = new_server().start(), new_server().start()
    there_and_back(mlflow_module, source, original, back, slipway, original=True)


def test_a_history_of_runs_goes_to_the_original_and_back(new_server, slipway, original):
    source, back = new_server().start(), new_server().start()
    ours = make_history(source.url)
    away = ("export", "mlflow", original, "--server", source.url, "--json", "-")
    first = summary(slipway(*away))
    assert (first["copied"]["runs"], first["copied"]["points"]) == (3, 3 * 302)
    assert set(summary(slipway(*away))["copied"].values()) == {0}
    home = summary(slipway("import", "mlflow", original, "--server", back.url, "--json", "-"))
    assert home["copied"]["runs"] == 3 and not home["problems"]
    client = client_of(back)
    alpha = client.get_experiment_by_name("alpha")
    for run in client.search_runs([alpha.experiment_id], run_view_type=3):
        here = ours.client.get_run(run.data.tags["slipway.source.id"])
        for field in ("run_name", "status", "start_time", "end_time", "lifecycle_stage"):
            assert getattr(run.info, field) == getattr(here.info, field), field
        assert run.data.params == here.data.params
        assert here.data.tags.items() <= run.data.tags.items()
        for key in here.data.metrics:
            assert [
                (m.step, m.timestamp, repr(m.value))
                for m in client.get_metric_history(run.info.run_id, key)
            ] == [
                (m.step, m.timestamp, repr(m.value))
                for m in ours.client.get_metric_history(here.info.run_id, key)
            ]
