# SPDX-License-Identifier: Apache-2.0
"""The stages of the demo, in order. A stage returns only when it has seen what it is about."""

import json
import time

import numpy as np
import pandas as pd

import export
import flights
import ingest
import judge
from client import Refused
from replay import Replay
from story import NAMES, Story

MODEL, ENDPOINT = NAMES["model"], NAMES["endpoint"]
DAYS_WHILE_TRAINING = 10
MONITOR = {
    "window_rows": 25_000,
    "min_rows": 10_000,
    "windows": 3,  # in a row, before it is called drift: one odd month is weather
    "drift_threshold": 0.25,
    "sample_rate": 1.0,
}


def platform_up(story: Story) -> None:
    story.title("Platform")
    took = story.start()
    version = story.slipway.get("/version")
    story.tell(f"slipway {version['version']} is ready at {story.slipway.url} after {took:.0f} ms")


def data_versioned(story: Story) -> None:
    story.title("Data")
    story.run("git", "init", "-q")
    story.run("git", "add", "-A")
    story.run("git", "commit", "-qm", "flights: the pipeline and its policy")
    story.run("slipway", "data", "init")
    rows = flights.table()
    story.facts["rows"] = rows
    ingest.deliver(rows[rows.day <= "2013-03-31"], story.home / "data/flights")
    story.run("slipway", "data", "add", "data/flights")
    pointer = (story.home / "data/flights.dvc").read_text()
    story.see("md5:" in pointer and ".dir" in pointer, "a DVC pointer for data/flights")
    status = json.loads(story.run("slipway", "data", "status", "--json"))
    story.see(status == {}, f"a clean `slipway data status`, but it says {status}")
    version = next(line.split()[-1] for line in pointer.splitlines() if "md5:" in line)
    count = int((rows.day <= "2013-03-31").sum())
    story.tell(f"{count:,} flights of January to March are data version {version}", "2013-03-31")
    story.replay = Replay(story.slipway.url, ENDPOINT, rows[rows.day > "2013-03-31"])


def first_version(story: Story) -> None:
    story.title("First version: trained with the MLflow client, gated, put behind an endpoint")
    story.run("slipway", "run", "pipeline.yaml")
    version = trained_version(story, "1")
    story.see(story.champion() == "1", "version 1 has the alias champion")
    story.see(story.shares() == {"1": 100}, "the endpoint answers with version 1 alone")
    story.see(version["has_reference"], "a reference profile stored with version 1")


def trained_version(story: Story, number: str) -> dict:
    """What the MLflow client reported about a version, read back through the MLflow API."""
    import mlflow

    client = mlflow.MlflowClient(tracking_uri=story.slipway.url)
    registered = client.get_model_version(MODEL, number)
    run = client.get_run(registered.run_id)
    data = run.inputs.dataset_inputs[0].dataset
    commit = run.data.tags.get("mlflow.source.git.commit", "")
    story.see(run.info.status == "FINISHED", f"the run of version {number} is finished")
    story.see(run.data.params, "parameters that autolog reported")
    story.see(len(commit) == 40, "the git commit of the training run")
    files = {item.path for item in client.list_artifacts(run.info.run_id)}
    story.see({"reference.csv", "evaluation.csv"} <= files, "the run's files")
    story.tell(
        f"version {number} trained and tracked: ROC AUC {run.data.metrics['roc_auc']:.3f} on "
        f"held-out days, {run.data.metrics['rows']:,.0f} flights, {len(run.data.params)} params, "
        f"data {data.digest[:12]}, commit {commit[:12]}"
    )
    version = story.version(number)
    lineage = version["lineage"]
    story.see(lineage["run_id"] == run.info.run_id, "the version's lineage to its run")
    story.see(lineage["git_commit"] == commit, "the version's lineage to the commit")
    story.see(
        any(item["digest"] == data.digest for item in lineage["datasets"]),
        "the version's lineage to its data",
    )
    decision = story.decisions(number)[0]
    story.see(decision["allowed"], f"the gate allows version {number}")
    story.tell(f"the gate let version {number} through: {rules(decision)}")
    return version


def rules(decision: dict) -> str:
    def one(rule: dict) -> str:
        actual = rule["actual"]
        number = f"{actual:.3f}" if isinstance(actual, (int, float)) else str(actual)
        return f"{rule['rule']} {number} ({'passed' if rule['passed'] else 'failed'})"

    return ", ".join(one(rule) for rule in decision["rules"])


def served(story: Story) -> None:
    story.title("Serving")
    import mlflow

    mlflow.set_tracking_uri(story.slipway.url)
    model = mlflow.onnx.load_model(f"models:/{MODEL}@champion")
    rows = story.replay.rows.head(100)
    expected = export.run(model, rows)
    values = rows[flights.FEATURES].to_numpy(dtype=object).tolist()
    body = {"dataframe_split": {"columns": flights.FEATURES, "data": values}}
    answer = story.slipway.call("POST", f"/endpoints/{ENDPOINT}/invocations", body)
    story.see(
        np.allclose(judge.scores(answer), expected, atol=1e-5), "equal scores on /invocations"
    )
    inputs = [
        {
            "name": name,
            "shape": [len(rows)],
            "datatype": "BYTES" if name in flights.CATEGORICAL else "FP32",
            "data": rows[name].tolist(),
        }
        for name in flights.FEATURES
    ]
    answer = story.slipway.call("POST", f"/v2/models/{ENDPOINT}/infer", {"inputs": inputs})
    story.see(
        np.allclose(answer["outputs"][0]["data"], expected, atol=1e-5),
        "equal scores on the Open Inference Protocol",
    )
    story.tell("MLflow scoring and Open Inference Protocol v2 answer what the ONNX file answers")


def drift_found(story: Story) -> None:
    story.title("Monitoring: April onwards in the order of departure, outcomes one day later")
    retrain = {"pipeline": str(story.home / "pipeline.yaml"), "params": {}, "cooldown_s": 3600}
    settings = MONITOR | {"retrain": retrain, "webhooks": [story.webhook.url]}
    story.slipway.api("PUT", f"/endpoints/{ENDPOINT}/monitor", settings)
    alert, month = None, ""
    for day in story.replay.between("2013-04-01", "2013-08-31"):
        play(story, day)
        if day[:7] != month:
            month = day[:7]
            story.tell(f"{month}: version {story.champion()} answers", day)
        alerts = [a for a in story.slipway.items("/alerts?state=open") if a["kind"] == "drift"]
        if alerts:
            alert = alerts[0]
            break
    story.see(alert, "a drift alert by the end of August")
    story.facts["alert_at"] = time.monotonic()
    story.facts["drift_share"] = alert["value"]
    report = story.slipway.items(f"/endpoints/{ENDPOINT}/drift?limit=1")[0]
    drifted = [column["name"] for column in report["columns"] if column["drifted"]]
    story.see(report["dataset_drift"] and drifted, "a drift report that names the columns")
    story.see(
        story.wait("the webhook", lambda: list(story.webhook.received), limit=10),
        "the alert by webhook",
    )
    story.see("slipway_" in story.slipway.get("/metrics"), "numbers for Prometheus on /metrics")
    story.tell(
        f"ALERT: {report['drift_share']:.0%} of the columns drifted in {report['rows']:,} "
        f"predictions ({', '.join(drifted)}); sent by webhook",
        day,
    )
    quality = story.slipway.items(f"/endpoints/{ENDPOINT}/quality")
    story.see(any(item["labelled"] > 0 for item in quality), "outcomes joined to predictions")
    story.facts["day"], story.facts["alert"] = day, alert


def play(story: Story, day: str, deliver: bool = True) -> None:
    """A day of flights. The feed brings the days whose outcomes are known, unless it has to wait:
    a data version is not changed while a model is made of it."""
    if deliver and story.known:
        ingest.deliver(pd.concat(story.known), story.home / "data/flights")
        story.known = []
    if story.replay.due is not None:
        story.known.append(story.replay.due)
    story.replay.play(day)
    if story.replay.failed:
        story.see(False, f"every request answered; first failure: {story.replay.first_failure}")
    story.facts["day"] = day


def days_left(story: Story, last: str = "2013-12-31") -> list[str]:
    return [day for day in story.replay.between(story.facts["day"], last)][1:]


def retrained(story: Story) -> None:
    story.title("Retraining, started by the alert")
    execution = story.wait("an execution that the alert started", lambda: started_by(story), 20)
    story.tell(
        f"execution {execution['run_id']} of {execution['pipeline']} started", story.facts["day"]
    )
    days = days_left(story)[:DAYS_WHILE_TRAINING]
    while execution["status"] in ("running", "pending", "queued"):
        time.sleep(1)  # flights go on while it trains, if not as fast
        if days:
            play(story, days.pop(0), deliver=False)
        execution = story.slipway.api("GET", f"/executions/{execution['run_id']}")
    story.see(execution["status"] == "succeeded", f"a successful retraining: {execution}")
    trained_version(story, "2")
    story.facts["trained_to"] = story.facts["day"]
    story.facts["alert_to_canary"] = time.monotonic() - story.facts["alert_at"]


def started_by(story: Story) -> dict | None:
    alert = story.slipway.items("/alerts")[0]
    identity = alert.get("execution_id")
    return story.slipway.api("GET", f"/executions/{identity}") if identity else None


def follow_rollout(story: Story, challenger: str) -> dict:
    """Plays flights until the rollout has ended; tells each step that was seen."""
    seen = []
    rollout = story.wait("the rollout", lambda: running_rollout(story, challenger), 10)
    for day in days_left(story):
        share = story.shares().get(challenger, 0)
        if share not in seen and rollout["state"] == "running":
            seen.append(share)
            story.tell(f"version {challenger} gets {share:g} % of the traffic", day)
        if rollout["state"] != "running":
            break
        play(story, day)
        rollout = story.slipway.api("GET", f"/rollouts/{rollout['id']}")
    return rollout | {"seen": seen}


def running_rollout(story: Story, challenger: str) -> dict | None:
    found = [r for r in story.rollouts() if r["challenger"] == challenger]
    return found[0] if found else None


def tell_evidence(story: Story, rollout: dict) -> None:
    latest = {item["check"]: item for item in rollout["evidence"]}
    for check, item in latest.items():
        sides = ", ".join(
            f"{side} {item[side]:.4g}"
            for side in ("champion", "challenger")
            if item[side] is not None
        )
        story.tell(f"    {check}: {sides}: {item['verdict']}")


def promoted(story: Story) -> None:
    story.title("Canary")
    rollout = follow_rollout(story, "2")
    tell_evidence(story, rollout)
    story.see(rollout["state"] == "promoted", f"version 2 promoted, but: {rollout['reason']}")
    story.see(rollout["seen"] == [5, 50, 100], f"5, 50 and 100 %, but {rollout['seen']}")
    story.facts["alert_to_promotion"] = time.monotonic() - story.facts["alert_at"]
    story.facts["promoted_on"] = story.facts["day"]
    story.see(story.champion() == "2", "the alias champion on version 2")
    story.see(story.version("1")["stage"].lower() == "archived", "version 1 archived")
    story.see("2" in story.run("slipway", "model", "why", MODEL, "2"), "why version 2 is there")
    story.tell("version 2 is champion, version 1 is archived", story.facts["day"])


def bad_labels_refused(story: Story) -> None:
    story.title("A challenger trained on broken labels")
    train = flights.read(story.home / "work/train.csv")
    train[flights.LABEL] = train[flights.LABEL].sample(frac=1, random_state=1).to_numpy()
    train.to_csv(story.home / "work/shuffled.csv", index=False)
    story.run(
        "slipway", "run", "pipeline.yaml", "-p", "train=work/shuffled.csv",
        "--json", story.home / "work/refused.json", code=1,
    )  # fmt: skip
    steps = json.loads((story.home / "work/refused.json").read_text())["steps"]
    status = {step["name"]: step["status"] for step in steps}
    story.see(
        status["train"] == "succeeded" and status["gate"] == "failed", f"a red gate: {status}"
    )
    story.see(status["rollout"] != "succeeded", "no rollout after a red gate")
    decision = story.decisions("3")[0]
    story.see(not decision["allowed"], "the decision against version 3")
    story.see(story.champion() == "2" and story.shares() == {"2": 100}, "version 2 stays")
    story.tell(f"the gate refused version 3: {rules(decision)}")


def worse_in_canary_rolled_back(story: Story) -> None:
    story.title("A challenger whose training data came in metric units: good on its own hold-out")
    for name in ("train", "holdout"):
        rows = judge.metric_units(flights.read(story.home / f"work/{name}.csv"))
        rows.to_csv(story.home / f"work/metric_{name}.csv", index=False)
    story.run(
        "slipway", "run", "pipeline.yaml",
        "-p", "train=work/metric_train.csv", "-p", "holdout=work/metric_holdout.csv",
    )  # fmt: skip
    decision = story.decisions("4")[0]
    story.see(decision["allowed"], "the gate lets version 4 through")
    story.tell(f"the gate let version 4 through: {rules(decision)}")
    rollout = follow_rollout(story, "4")
    tell_evidence(story, rollout)
    story.see(rollout["state"] == "rolled_back", f"a roll-back, but: {rollout['state']}")
    story.see(100 not in rollout["seen"], "the roll-back before all traffic went there")
    story.see(story.champion() == "2" and story.shares() == {"2": 100}, "version 2 stays")
    story.tell(f"version 4 rolled back: {rollout['reason']}", story.facts["day"])


def too_slow_refused(story: Story) -> None:
    story.title("A challenger with the champion's scores, but slow")
    import mlflow

    mlflow.set_tracking_uri(story.slipway.url)
    client = mlflow.MlflowClient()
    champion = client.get_model_version_by_alias(MODEL, "champion")
    uri = f"models:/{MODEL}@champion"
    model = export.slowed(mlflow.onnx.load_model(uri))
    with mlflow.start_run(run_name="slow"):
        file = mlflow.artifacts.download_artifacts(
            run_id=champion.run_id, artifact_path="evaluation.csv"
        )
        mlflow.log_artifact(file)
        logged = mlflow.onnx.log_model(
            model,
            name="model",
            registered_model_name=MODEL,
            signature=mlflow.models.get_model_info(uri).signature,
            pip_requirements=["onnxruntime"],
        )
    version = str(logged.registered_model_version)
    before = story.shares()
    story.run(
        "slipway", "policy", "check", "policies/production.yaml",
        "--model", MODEL, "--version", version, "--endpoint", ENDPOINT, code=1,
    )  # fmt: skip
    decision = story.decisions(version)[0]
    broken = [rule["rule"] for rule in decision["rules"] if not rule["passed"]]
    story.see(not decision["allowed"] and broken == ["p99_ms"], f"refused for latency: {broken}")
    try:
        policy = (story.home / "policies/production.yaml").read_text()
        body = {"endpoint": ENDPOINT, "model": MODEL, "version": version, "policy": policy}
        story.slipway.api("POST", "/rollouts", body)
        story.see(False, "no rollout of what the policy refuses")
    except Refused as refused:
        story.see("p99_ms" in refused.body, "the latency as the reason of the refusal")
    story.see(story.shares() == before, "the champion keeps all the traffic")
    story.tell(f"the gate refused version {version}: {rules(decision)}")


def taken_back(story: Story) -> None:
    story.title("slipway rollback, there and back")
    (now,) = story.shares()
    for reason in ("drill", "the drill is over"):
        (before,) = story.shares()
        began = time.monotonic()
        text = story.run("slipway", "rollback", ENDPOINT, "--reason", reason)
        took = time.monotonic() - began
        (after,) = story.shares()
        story.see(took < 1, f"a roll-back within a second, but it took {took:.2f} s")
        story.see(before != after == story.champion(), "another version as champion, alone")
        story.tell(f"version {before} -> {after} in {1000 * took:.0f} ms: {text.strip()}")
    story.see(after == now, "the version from before the drill")
    story.run("slipway", "audit", "verify")


def rest_of_the_year(story: Story) -> None:
    story.title("The rest of the year")
    for day in days_left(story):
        play(story, day)
        if day.endswith("-01"):
            story.tell(f"{day[:7]}: version {story.champion()} answers", day)
    replay, facts = story.replay, story.facts
    facts |= {"requests": replay.sent, "failed": replay.failed, "labelled": replay.labelled}
    facts |= {"rate": replay.sent / replay.seconds}
    facts |= {"p50": replay.percentile(0.5), "p99": replay.percentile(0.99)}
    story.see(replay.failed == 0, "no failed request in the whole year")


def judged(story: Story) -> None:
    facts = story.facts
    facts["auc"] = judge.by_month(story, ["1", "2", "4"])
    later = [f"{m:02d}" for m in range(int(facts["promoted_on"][5:7]) + 1, 13)]
    first, second = (np.mean([facts["auc"][v][m] for m in later]) for v in ("1", "2"))
    story.see(second > first, f"version 2 better than 1 after promotion: {second:.4f}, {first:.4f}")
    story.tell(f"mean ROC AUC after the promotion: version 1 {first:.3f}, version 2 {second:.3f}")


ALL = [
    platform_up,
    data_versioned,
    first_version,
    served,
    drift_found,
    retrained,
    promoted,
    bad_labels_refused,
    worse_in_canary_rolled_back,
    too_slow_refused,
    taken_back,
    rest_of_the_year,
    judged,
]
