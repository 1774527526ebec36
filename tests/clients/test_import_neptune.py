# SPDX-License-Identifier: Apache-2.0
"""What neptune-exporter writes comes over: its columns, its folders, its decimal steps."""

import datetime
import json
import urllib.request
from decimal import Decimal
from pathlib import Path

import pytest
from test_import import client_of

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

TIME = pa.timestamp("ms", tz="UTC")
SCHEMA = pa.schema(
    [
        ("project_id", pa.string()),
        ("run_id", pa.string()),
        ("attribute_path", pa.string()),
        ("attribute_type", pa.string()),
        ("step", pa.decimal128(18, 6)),
        ("timestamp", TIME),
        ("int_value", pa.int64()),
        ("float_value", pa.float64()),
        ("string_value", pa.string()),
        ("bool_value", pa.bool_()),
        ("datetime_value", TIME),
        ("string_set_value", pa.list_(pa.string())),
        ("file_value", pa.struct([("path", pa.string())])),
        (
            "histogram_value",
            pa.struct(
                [
                    ("type", pa.string()),
                    ("edges", pa.list_(pa.float64())),
                    ("values", pa.list_(pa.float64())),
                ]
            ),
        ),
    ]
)
START = datetime.datetime(2025, 3, 1, 12, tzinfo=datetime.UTC)


def row(path: str, kind: str, value=None, step=None, second=None) -> dict:
    column = {
        "float_series": "float_value",
        "string_series": "string_value",
        "histogram_series": "histogram_value",
        "file_series": "file_value",
        "file_set": "file_value",
    }.get(kind, f"{kind}_value")
    return {
        "project_id": "team/flights",
        "run_id": "FLI-1",
        "attribute_path": path,
        "attribute_type": kind,
        "step": None if step is None else Decimal(step),
        "timestamp": None if second is None else START + datetime.timedelta(seconds=second),
        column: value,
    }


def rows() -> list:
    out = [
        row("sys/name", "string", "nice run"),
        row("sys/owner", "string", "ada"),
        row("sys/creation_time", "datetime", START),
        row("sys/tags", "string_set", ["best", "v2"]),
        row("sys/failed", "bool", True),
        row("sys/description", "string", "my notes"),
        row("config/lr", "float", 0.1),
        row("config/big", "int", 9_007_199_254_740_993),
        row("config/on", "bool", True),
        row("config/when", "datetime", START),
        row("config/net", "string", "größe"),
    ]
    for i in range(20_000):
        out.append(row("metrics/loss", "float_series", 1 / (i + 1), f"{i}.25", i))
    out.append(row("metrics/odd", "float_series", float("nan"), "0", 1))
    out.append(row("metrics/odd", "float_series", float("inf"), "0.000001", 2))
    for i in range(3):
        out.append(row("notes", "string_series", f"note {i}", f"{i}.5", i))
        out.append(row("monitoring/1/stdout", "string_series", f"line {i}", str(i), i))
    spread = {"type": "COUNTING", "edges": [0.0, 1.0, 2.0], "values": [3.0, 4.0]}
    out.append(row("weights", "histogram_series", spread, "2.5", 1))
    out.append(row("model/best", "file", {"path": "FLI-1/model/best.bin"}))
    out.append(row("sample", "file_series", {"path": "FLI-1/sample/step_1.png"}, "1.5", 1))
    out.append(row("lost", "file", {"path": "FLI-1/lost.txt"}))
    return out


def export(folder: Path, parts: int = 2) -> None:
    data, files = folder / "data/team_flights-ab12", folder / "files/team_flights-ab12/FLI-1"
    data.mkdir(parents=True)
    (files / "model").mkdir(parents=True)
    (files / "sample").mkdir()
    (files / "model/best.bin").write_bytes(b"weights")
    (files / "sample/step_1.png").write_bytes(b"\x89PNG..")
    (folder / "data/team_flights-ab12/models").mkdir()
    everything = rows()
    size = len(everything) // parts + 1
    for part in range(parts):
        some = everything[part * size : (part + 1) * size]
        table = pa.Table.from_pylist(some, schema=SCHEMA)
        pq.write_table(table, data / f"FLI-1_part_{part}.parquet", compression="snappy")


def get(server, path: str):
    with urllib.request.urlopen(f"{server.url}/api/v1{path}") as answer:
        return json.loads(answer.read())


def test_neptune_comes_over(new_server, slipway, tmp_path):
    export(tmp_path / "exports")
    server = new_server().start()
    command = ("import", "neptune", str(tmp_path / "exports"), "--server", server.url)
    done = slipway(*command, "--json", "-")
    assert done.returncode == 1, "a file is missing and the model registry is not read"
    assert "lost.txt" in done.stderr and "model registry" in done.stderr
    first = json.loads(done.stdout)
    assert (first["copied"]["runs"], first["verified_runs"]) == (1, 1)
    assert first["copied"]["points"] == 20_002 and first["copied"]["console_lines"] == 3
    client = client_of(server)
    experiment = client.get_experiment_by_name("team/flights")
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.run_name == "nice run" and run.info.status == "FAILED"
    assert run.info.start_time == int(START.timestamp() * 1000)
    assert run.data.params == {
        "config/lr": "0.1",
        "config/big": "9007199254740993",
        "config/on": "true",
        "config/when": "2025-03-01T12:00:00.000Z",
        "config/net": "größe",
    }
    tags = run.data.tags
    assert tags["neptune.tags"] == "best,v2" and tags["neptune.run_id"] == "FLI-1"
    assert tags["mlflow.note.content"] == "my notes" and tags["mlflow.user"] == "ada"
    loss = client.get_metric_history(run.info.run_id, "metrics/loss")
    assert len(loss) == 20_000 and loss[7].step == 7
    points = get(server, f"/runs/{run.info.run_id}/metrics/metrics/loss?max_points=100000")["items"]
    assert [p["step"] for p in points[:3]] == [0.25, 1.25, 2.25]
    odd = get(server, f"/runs/{run.info.run_id}/metrics/metrics/odd")["items"]
    assert [(p["step"], p["value"]) for p in odd] == [(0, "NaN"), (0.000001, "Infinity")]
    root = f"/runs/{run.info.run_id}"
    notes = get(server, f"{root}/series/notes")
    assert [(e["step"], e["content"]) for e in notes["items"]] == [
        (0.5, "note 0"),
        (1.5, "note 1"),
        (2.5, "note 2"),
    ]
    (weights,) = get(server, f"{root}/series/weights")["items"]
    assert weights["step"] == 2.5 and weights["content"]["counts"] == [3, 4]
    (sample,) = get(server, f"{root}/series/sample")["items"]
    assert [i["text"] for i in get(server, f"{root}/console")["items"]] == [
        "line 0",
        "line 1",
        "line 2",
    ]
    local = Path(client.download_artifacts(run.info.run_id, "", str(tmp_path)))
    assert (local / "model/best.bin").read_bytes() == b"weights"
    assert (local / sample["path"]).read_bytes() == b"\x89PNG.."
    again = json.loads(slipway(*command, "--json", "-").stdout)
    assert set(again["copied"].values()) == {0}


def test_a_folder_without_an_export_is_named(slipway, tmp_path):
    done = slipway("import", "neptune", str(tmp_path), "--data", str(tmp_path / "d"))
    assert done.returncode == 2 and "holds no export of Neptune" in done.stderr
    (tmp_path / "x.parquet").write_bytes(b"PAR1 not really")
    done = slipway("import", "neptune", str(tmp_path), "--data", str(tmp_path / "d"))
    assert done.returncode == 2
