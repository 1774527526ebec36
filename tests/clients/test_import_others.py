# SPDX-License-Identifier: Apache-2.0
"""Recorded histories of TensorBoard and W&B come over; ours goes into another server and back."""

import json
import math
import shutil
import urllib.request
from pathlib import Path

from test_import import client_of, make_history, summary

HISTORIES = Path(__file__).parent / "histories"


def runs_of(client, experiment: str) -> dict:
    found = client.get_experiment_by_name(experiment)
    return {r.info.run_name: r for r in client.search_runs([found.experiment_id])}


def history(client, run, key: str) -> list:
    return sorted((m.step, m.value) for m in client.get_metric_history(run.info.run_id, key))


def get(server, path: str) -> dict:
    with urllib.request.urlopen(f"{server.url}/api/v1/runs/{path}") as answer:
        return json.loads(answer.read())


def test_tensorboard_comes_over(new_server, slipway, tmp_path):
    server = new_server().start()
    command = ("import", "tensorboard", str(HISTORIES / "tensorboard"), "--experiment", "tb")
    command += ("--server", server.url, "--json", "-")
    first = summary(slipway(*command))
    assert first["copied"]["runs"] == first["verified_runs"] == 3
    client = client_of(server)
    runs = runs_of(client, "tb")
    assert set(runs) == {"main", "trial", "trial/a"}
    loss = history(client, runs["main"], "loss/train")
    assert [step for step, _ in loss] == list(range(50))
    assert all(math.isclose(value, 1 / (step + 1), rel_tol=1e-6) for step, value in loss)
    at = {
        m.step: m.timestamp
        for m in client.get_metric_history(runs["main"].info.run_id, "loss/train")
    }
    assert at[49] == 1_700_000_049_000
    assert [m.step for m in client.get_metric_history(runs["main"].info.run_id, "odd")] == [0, 1]
    assert runs["trial/a"].data.params == {"lr": "0.1", "net": "deep", "bn": "True"}
    assert runs["trial/a"].data.metrics == {"accuracy": 0.75}
    folder = Path(client.download_artifacts(runs["main"].info.run_id, "", str(tmp_path)))
    assert (folder / "images/pixels/3.png").read_bytes().startswith(b"\x89PNG")
    spread = json.loads((folder / "histograms/weights.jsonl").read_text())
    assert sum(spread["counts"]) == 10 and len(spread["edges"]) == len(spread["counts"]) + 1
    assert '"text":"hello"' in (folder / "text/note/text_summary.jsonl").read_text()
    run_id = runs["main"].info.run_id
    kinds = {s["key"]: s["kind"] for s in get(server, f"{run_id}/series")["items"]}
    assert kinds == {"pixels": "image", "weights": "histogram", "note/text_summary": "text"}
    (pixels,) = get(server, f"{run_id}/series/pixels")["items"]
    assert (pixels["step"], pixels["path"]) == (3, "images/pixels/3.png")
    (weights,) = get(server, f"{run_id}/series/weights")["items"]
    assert weights["step"] == 2 and sum(weights["content"]["counts"]) == 10
    (note,) = get(server, f"{run_id}/series/note/text_summary")["items"]
    assert note["content"] == "hello"
    assert set(summary(slipway(*command))["copied"].values()) == {0}


def test_a_damaged_event_file_is_read_up_to_the_damage(new_server, slipway, tmp_path):
    server = new_server().start()
    shutil.copytree(HISTORIES / "tensorboard/main", tmp_path / "logs")
    (file,) = (tmp_path / "logs").iterdir()
    content = bytearray(file.read_bytes())
    content[1000] ^= 1
    file.write_bytes(bytes(content))
    done = slipway("import", "tensorboard", str(tmp_path / "logs"), "--server", server.url)
    assert done.returncode == 1
    assert file.name in done.stderr and "damaged at byte" in done.stderr
    assert history(client_of(server), runs_of(client_of(server), "logs")["logs"], "loss/train")


def test_wandb_comes_over(new_server, slipway, tmp_path):
    server = new_server().start()
    command = ("import", "wandb", str(HISTORIES / "wandb"), "--server", server.url, "--json", "-")
    first = summary(slipway(*command))
    assert first["copied"]["runs"] == 1
    client = client_of(server)
    run = runs_of(client, "flights")["nice run"]
    assert run.info.status == "FINISHED"
    params = run.data.params
    assert params["lr"] == "0.1" and params["net.depth"] == "3" and params["net.act"] == "relu"
    assert run.data.tags["wandb.tags"] == "a,b" and run.data.tags["wandb.group"] == "g"
    assert run.data.tags["mlflow.note.content"] == "my notes"
    assert history(client, run, "loss") == [(i, 1 / (i + 1)) for i in range(10)]
    assert history(client, run, "epoch") == [(i, i / 4) for i in range(10)]
    assert history(client, run, "nested.y.z") == [(i, i * 2) for i in range(10)]
    assert run.data.metrics["best"] == 0.99
    assert len(client.get_metric_history(run.info.run_id, "odd")) == 10
    folder = Path(client.download_artifacts(run.info.run_id, "", str(tmp_path)))
    assert (folder / "output.log").read_text() == "a line\n"
    assert list((folder / "media/images").glob("pixels_*.png"))
    others = (folder / "wandb/history.jsonl").read_text()
    assert '"word"' in others and '"histogram"' in others
    run_id = run.info.run_id
    kinds = {s["key"]: s["kind"] for s in get(server, f"{run_id}/series")["items"]}
    assert kinds == {"pixels": "image", "spread": "histogram", "word": "text"}
    (pixels,) = get(server, f"{run_id}/series/pixels")["items"]
    assert (folder / pixels["path"]).read_bytes().startswith(b"\x89PNG")
    (spread,) = get(server, f"{run_id}/series/spread")["items"]
    assert sum(spread["content"]["counts"]) == 10
    assert [e["content"] for e in get(server, f"{run_id}/series/word")["items"]] == ["hello"] * 10
    printed = get(server, f"{run_id}/console")
    assert [(i["stream"], i["text"]) for i in printed["items"]] == [("stdout", "a line")]
    assert printed["ended"]
    assert set(summary(slipway(*command))["copied"].values()) == {0}


def test_bad_folders_are_named(slipway, tmp_path):
    for tool in ("tensorboard", "wandb"):
        empty = slipway("import", tool, str(tmp_path), "--data", str(tmp_path / "d"))
        assert empty.returncode == 2 and "holds no" in empty.stderr
        missing = slipway("import", tool, str(tmp_path / "x"), "--data", str(tmp_path / "d"))
        assert missing.returncode == 2 and "there is no folder" in missing.stderr
    (tmp_path / "run-1.wandb").write_bytes(b"not a log of wandb")
    broken = slipway("import", "wandb", str(tmp_path), "--data", str(tmp_path / "d"))
    assert broken.returncode == 2


def test_everything_goes_into_another_server_once(new_server, slipway):
    """The target speaks MLflow's interface and makes its own ids, as MLflow's server does."""
    source, target = new_server().start(), new_server().start()
    ours = make_history(source.url)
    command = ("export", "mlflow", target.url, "--server", source.url, "--json", "-")
    first = summary(slipway(*command))
    assert (first["copied"]["runs"], first["copied"]["points"]) == (3, 3 * 302)
    client = client_of(target)
    alpha = client.get_experiment_by_name("alpha")
    runs = {
        r.data.tags["slipway.source.id"]: r
        for r in client.search_runs([alpha.experiment_id], run_view_type=3)
    }
    assert set(runs) == set(ours.runs)
    for run_id, there in runs.items():
        here = ours.client.get_run(run_id)
        assert there.info.run_id != run_id
        for field in ("run_name", "status", "start_time", "end_time", "lifecycle_stage"):
            assert getattr(there.info, field) == getattr(here.info, field), field
        assert there.data.params == here.data.params
        assert here.data.tags.items() <= there.data.tags.items()
        for key in here.data.metrics:
            assert len(client.get_metric_history(there.info.run_id, key)) == len(
                ours.client.get_metric_history(run_id, key)
            )
    assert client.get_experiment_by_name("gone").lifecycle_stage == "deleted"
    champion = client.get_model_version_by_alias("clf", "champ")
    assert champion.tags["slipway.source.id"] == "3" and champion.current_stage == "Production"
    assert champion.run_id == runs[ours.runs[0]].info.run_id
    again = summary(slipway(*command))
    assert set(again["copied"].values()) == {0}, again
