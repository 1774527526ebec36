# SPDX-License-Identifier: Apache-2.0
"""Typed series, metrics at decimal steps, and what a run prints: through the API, the Python
package, and as the mlflow client's own log_image and log_table leave them."""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from decimal import Decimal
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "python"))

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63f8"
    "cfc0f01f0005000201a5f645400000000049454e44ae426082"
)


def ask(server, method: str, path: str, body=None, **query):
    url = f"{server.url}/api/v1{path}"
    if query:
        url += "?" + urllib.parse.urlencode(query)
    data = json.dumps(body).encode() if body is not None and not isinstance(body, bytes) else body
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            text = answer.read()
            return answer.status, json.loads(text) if text else None
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


@pytest.fixture
def run(mlflow):
    with mlflow.start_run() as active:
        yield active.info.run_id


@pytest.fixture
def package(server, monkeypatch):
    monkeypatch.setenv("SLIPWAY_URL", server.url)
    import slipway

    return slipway


def test_entries_of_all_kinds_come_back_by_decimal_steps(server, run, package):
    package.log_text("note", "first", step=Decimal("0.1"), run_id=run)
    package.log_text("note", "before", step="-0.25", run_id=run)
    package.log_text("note", "tiny", step=1e-9, run_id=run)
    package.log_histogram("weights", [3, 4], [0, 0.5, 1], step=2.5, run_id=run)
    package.log_table("rows", ["a", "b"], [[1, "x"], [2, None]], run_id=run)
    path = package.log_image("sample/pixel", PNG, step=0.5, run_id=run)
    status, listed = ask(server, "GET", f"/runs/{run}/series")
    assert status == 200
    kinds = {item["key"]: (item["kind"], item["entries"]) for item in listed["items"]}
    assert kinds == {
        "note": ("text", 3),
        "weights": ("histogram", 1),
        "rows": ("table", 1),
        "sample/pixel": ("image", 1),
    }
    _, notes = ask(server, "GET", f"/runs/{run}/series/note")
    assert [(e["step"], e["content"]) for e in notes["items"]] == [
        (-0.25, "before"),
        (1e-9, "tiny"),
        (0.1, "first"),
    ]
    _, later = ask(server, "GET", f"/runs/{run}/series/note", since_step="0.000000001")
    assert [e["content"] for e in later["items"]] == ["tiny", "first"]
    _, first = ask(server, "GET", f"/runs/{run}/series/note", page_size=2)
    token = first["next_page_token"]
    _, rest = ask(server, "GET", f"/runs/{run}/series/note", page_size=2, page_token=token)
    assert [e["content"] for e in first["items"] + rest["items"]] == ["before", "tiny", "first"]
    _, weights = ask(server, "GET", f"/runs/{run}/series/weights")
    assert weights["items"][0]["content"] == {"edges": [0, 0.5, 1], "counts": [3, 4]}
    _, images = ask(server, "GET", f"/runs/{run}/series/sample/pixel")
    assert images["items"][0]["path"] == path and images["items"][0]["content"] is None


def test_a_file_of_a_series_is_an_artifact_of_the_run(server, mlflow, run, package, tmp_path):
    path = package.log_image("pixel", PNG, step=3, run_id=run)
    local = mlflow.artifacts.download_artifacts(run_id=run, artifact_path=path)
    assert Path(local).read_bytes() == PNG and path.endswith(".png")
    sound = tmp_path / "a.wav"
    sound.write_bytes(b"RIFF")
    assert package.log_file("hum", sound, kind="audio", run_id=run).endswith(".wav")


def test_what_is_repeated_is_kept_once_and_bad_entries_keep_nothing(server, run):
    entry = {"key": "t", "kind": "text", "step": 1, "at": 5, "content": "x"}
    for _ in range(2):
        assert ask(server, "POST", f"/runs/{run}/series", {"entries": [entry]})[0] == 204
    assert ask(server, "GET", f"/runs/{run}/series")[1]["items"][0]["entries"] == 1
    for change, word in (
        ({"kind": "hologram"}, "hologram"),
        ({"step": "one"}, "one"),
        ({"step": "0.1234567891"}, "nine places"),
        ({"at": -1}, "-1"),
        ({"content": {"a": 1}}, "a text is a string"),
        ({"content": None}, "path and content"),
        ({"path": "../x", "content": None}, "../x"),
        ({"key": ""}, "key"),
        ({"kind": "image", "key": "t", "content": None, "path": "a.png"}, "text"),
    ):
        batch = [entry | {"key": "fresh"}, entry | change]
        status, problem = ask(server, "POST", f"/runs/{run}/series", {"entries": batch})
        assert status == 400 and word in problem["detail"] + problem["hint"], (change, problem)
        listed = ask(server, "GET", f"/runs/{run}/series")[1]["items"]
        assert "fresh" not in [series["key"] for series in listed]
    assert ask(server, "GET", f"/runs/{run}/series/none")[0] == 404
    assert ask(server, "GET", "/runs/0123/series")[0] == 404
    assert ask(server, "GET", f"/runs/{run}/series/t", page_token="zz")[0] == 400
    many = {"entries": [entry | {"step": i} for i in range(1001)]}
    assert ask(server, "POST", f"/runs/{run}/series", many)[0] == 400


def test_metrics_at_fractions_of_a_step(server, mlflow, run, package):
    package.log_metrics({"loss": 0.5}, step=Decimal("0.1"), at=1000, run_id=run)
    package.log_metrics({"loss": float("nan")}, step="0.25", at=1001, run_id=run)
    package.log_metrics({"loss": 0.25}, step=2, at=1002, run_id=run)
    _, history = ask(server, "GET", f"/runs/{run}/metrics/loss")
    assert [(p["step"], p["value"]) for p in history["items"]] == [
        (0.1, 0.5),
        (0.25, "NaN"),
        (2, 0.25),
    ]
    # MLflow's clients see whole steps.
    client = mlflow.MlflowClient()
    assert [m.step for m in client.get_metric_history(run, "loss")] == [0, 0, 2]
    bad = {"metrics": [{"key": "a", "value": "x"}]}
    assert ask(server, "POST", f"/runs/{run}/metrics", bad)[0] == 400


def test_log_image_and_log_table_appear_as_series(server, mlflow, run):
    numpy = pytest.importorskip("numpy")
    pytest.importorskip("PIL")
    for step in (2, 0, 10):
        pixels = numpy.full((2, 2, 3), step, dtype=numpy.uint8)
        mlflow.log_image(pixels, key="val/sample", step=step, timestamp=1_000 + step)
    mlflow.log_image(numpy.zeros((2, 2, 3), dtype=numpy.uint8), "alone.png")
    mlflow.log_table({"a": [1, 2]}, "tables/rows.json")
    _, listed = ask(server, "GET", f"/runs/{run}/series")
    found = {i["key"]: i for i in listed["items"]}
    assert set(found) == {"val/sample", "tables/rows.json"}
    assert (found["val/sample"]["kind"], found["val/sample"]["entries"]) == ("image", 3)
    assert (found["val/sample"]["first_step"], found["val/sample"]["last_step"]) == (0, 10)
    _, entries = ask(server, "GET", f"/runs/{run}/series/val/sample", since_step="1")
    assert [e["step"] for e in entries["items"]] == [2, 10]
    local = mlflow.artifacts.download_artifacts(
        run_id=run, artifact_path=entries["items"][1]["path"]
    )
    assert Path(local).read_bytes().startswith(b"\x89PNG")
    _, table = ask(server, "GET", f"/runs/{run}/series/tables/rows.json")
    assert table["kind"] == "table"
    assert mlflow.load_table("tables/rows.json", run_ids=[run])["a"].tolist() == [1, 2]


def test_names_of_older_clients_are_understood(server, mlflow, run, tmp_path):
    name = "deep#key%step%7%timestamp%12345%0a1b.png"
    (tmp_path / name).write_bytes(PNG)
    (tmp_path / "deep#key%step%7%timestamp%12345%0a1b%compressed.webp").write_bytes(b"w")
    folder = server.folder / "data/blobs/names/artifacts"
    target = folder / mlflow.get_run(run).info.experiment_id / run / "artifacts/images"
    target.mkdir(parents=True)
    for file in tmp_path.iterdir():
        if file.is_file():
            (target / file.name).write_bytes(file.read_bytes())
    _, entries = ask(server, "GET", f"/runs/{run}/series/deep/key")
    assert [(e["step"], e["path"]) for e in entries["items"]] == [(7, f"images/{name}")]


def console(server, run: str, **query) -> list:
    _, page = ask(server, "GET", f"/runs/{run}/console", **query)
    return [(i["stream"], i["text"]) for i in page["items"]]


def test_printed_lines_are_kept_and_followed(server, run):
    lines = [{"text": "a"}, {"stream": "stderr", "text": "b", "at": "2026-01-02T03:04:05Z"}]
    path = f"/runs/{run}/console"
    assert ask(server, "POST", path, {"first": 0, "lines": lines}) == (200, {"total": 2})
    _, page = ask(server, "GET", path)
    assert (page["next"], page["total"], page["ended"]) == (2, 2, False)
    assert page["items"][1]["at"] == "2026-01-02T03:04:05.000Z"
    assert ask(server, "POST", path, {"lines": [{"text": "c"}]})[1] == {"total": 3}
    assert console(server, run, **{"from": page["next"]}) == [("stdout", "c")]
    assert console(server, run, **{"from": -2, "limit": 1}) == [("stderr", "b")]
    assert ask(server, "POST", path, {"first": 9, "lines": []})[0] == 409
    assert ask(server, "POST", path, {"lines": [{"text": "a\nb"}]})[0] == 400
    assert ask(server, "POST", path, {"lines": [{"text": "", "stream": "in"}]})[0] == 400


SCRIPT = """
import sys, mlflow, slipway
with mlflow.start_run() as run, slipway.console():
    print("hello")
    print("50%\\r100%")
    print("oops", file=sys.stderr)
    for i in range(3000):
        print("line", i)
    sys.stdout.write("no end")
print(run.info.run_id)
"""


def test_the_package_captures_what_is_printed(server, mlflow, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[2] / "python"))
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    run_id = done.stdout.split()[-1]
    assert "hello\n" in done.stdout and "oops" in done.stderr, "output goes on to where it went"
    _, page = ask(server, "GET", f"/runs/{run_id}/console", limit=10_000)
    texts = [i["text"] for i in page["items"] if i["stream"] == "stdout"]
    assert texts[:2] == ["hello", "100%"]
    assert texts[2:-1] == [f"line {i}" for i in range(3000)]
    assert texts[-1].startswith("no end") and page["ended"]
    assert ("stderr", "oops") in [(i["stream"], i["text"]) for i in page["items"]]


def test_two_writers_lose_no_line(server, run, package, capsys):
    one = package.Console(run, server.url)
    two = package.Console(run, server.url)
    for number in range(5):
        for console_, name in ((one, "one"), (two, "two")):
            console_.add("stdout", f"{name} {number}")
            for _ in range(5):
                try:
                    while console_._send_some():
                        pass
                    break
                except package.ServerError as error:
                    assert error.code == "conflict"
                    console_._sent = None
    found = {text for _, text in console(server, run)}
    assert found == {f"{name} {number}" for name in ("one", "two") for number in range(5)}


def test_nothing_stays_of_a_run_that_was_collected(new_server, slipway, monkeypatch):
    import mlflow as client

    own = new_server().start()
    client.set_tracking_uri(own.url)
    api = client.MlflowClient(own.url)
    run_id = api.create_run("0").info.run_id
    entry = {"key": "t", "kind": "text", "content": "x"}
    assert ask(own, "POST", f"/runs/{run_id}/series", {"entries": [entry]})[0] == 204
    assert ask(own, "PUT", f"/runs/{run_id}/series/pic", PNG, kind="image")[0] == 201
    assert ask(own, "POST", f"/runs/{run_id}/console", {"lines": [{"text": "a"}]})[0] == 200
    files = own.folder / "data/blobs/names/artifacts/0" / run_id
    assert list(files.rglob("*.*"))
    api.delete_run(run_id)
    time.sleep(0.01)
    assert slipway("gc", "--server", own.url).returncode == 0
    assert ask(own, "GET", f"/runs/{run_id}/series")[0] == 404
    assert not files.exists()
