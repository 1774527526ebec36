# SPDX-License-Identifier: Apache-2.0
"""Tables as Arrow IPC streams: written and read by pyarrow itself."""

import io

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import requests
from serving_models import (  # noqa: F401 (fixtures are found by name)
    endpoint,
    iris,
    models,
    run,
)

STREAM = "application/vnd.apache.arrow.stream"


def stream_of(table, **options):
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema, **options) as writer:
        writer.write_table(table, max_chunksize=7)
    return sink.getvalue()


def ask(server, path, body, accept=None, content=STREAM):
    headers = {"content-type": content} | ({"accept": accept} if accept else {"accept": "*/*"})
    return requests.post(f"{server.url}/endpoints/{path}", data=body, headers=headers)


@pytest.mark.parametrize("path", ["iris/invocations", "iris/predict"])
def test_a_data_frame_goes_in_and_comes_out(server, models, iris, path):
    wanted = run(models, "iris", 1, {"X": models.features.to_numpy()})
    table = pa.Table.from_pandas(models.features, preserve_index=False)

    answer = ask(server, path, stream_of(table))

    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == STREAM
    said = pa.ipc.open_stream(answer.content).read_all()
    said.validate(full=True)
    assert said["label"].to_pylist() == wanted["label"].tolist()
    probabilities = np.stack(said["probabilities"].to_pandas())
    assert (probabilities == wanted["probabilities"]).all()


def test_accept_decides_the_answer(server, models, iris):
    table = pa.Table.from_pandas(models.features[:3], preserve_index=False)
    wanted = run(models, "iris", 1, {"X": models.features[:3].to_numpy()})
    body = stream_of(table)
    rows = ask(server, "iris/invocations", body, "application/json").json()["predictions"]
    assert [r["label"] for r in rows] == wanted["label"].tolist()
    csv = ask(server, "iris/invocations", body, "text/csv")
    assert csv.headers["content-type"].startswith("text/csv")
    frame = pd.read_csv(io.StringIO(csv.text))
    assert frame["label"].tolist() == wanted["label"].tolist()
    assert list(frame.columns) == ["label"] + [f"probabilities_{i}" for i in range(3)]
    from_csv = ask(
        server,
        "iris/invocations",
        models.features[:3].to_csv(index=False),
        STREAM,
        "text/csv",
    )
    assert pa.ipc.open_stream(from_csv.content).read_all().num_rows == 3


def test_types_dictionaries_and_nulls(server, models):
    if requests.get(f"{server.url}/api/v1/endpoints/mixed").status_code == 404:
        endpoint(server, "mixed", [{"model": "mixed", "version": "1"}])
    carrier = ["UA", "AA", "??"]
    for texts in (
        pa.array(carrier),
        pa.array(carrier, pa.large_utf8()),
        pa.array(carrier).dictionary_encode(),
    ):
        for delay in (
            pa.array([1.5, None, 3.0]),
            pa.array([1.5, 0, 3], pa.float16()) if hasattr(pa, "float16") else None,
            pa.array([1, 0, 3], pa.int8()),
            pa.array([1, 0, 3], pa.uint64()),
        ):
            table = pa.table({"delay": delay, "carrier": texts})
            answer = ask(server, "mixed/invocations", stream_of(table), "application/json")
            assert answer.status_code == 200, answer.text
            scores = [row["score"] for row in answer.json()["predictions"]]
            given = delay.to_pylist()
            codes = [2.0, 1.0, 0.0]
            wanted = [None if v is None else v + c for v, c in zip(given, codes, strict=True)]
            assert scores == wanted
    file = io.BytesIO()
    table = pa.table({"delay": pa.array([1.5]), "carrier": pa.array(["UA"])})
    with pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    answer = ask(server, "mixed/invocations", file.getvalue(), "application/json")
    assert answer.json()["predictions"] == [{"score": 3.5}]


def test_what_cannot_be_taken_is_said(server, models, iris):
    table = pa.Table.from_pandas(models.features[:3], preserve_index=False)
    compressed = stream_of(table, options=pa.ipc.IpcWriteOptions(compression="zstd"))
    for body, said in (
        (compressed, "compressed"),
        (stream_of(pa.table({"a": pa.array([1], pa.timestamp("ms"))})), "timestamp"),
        (stream_of(table.rename_columns(["a", "b", "c", "d"])), "'a'"),
        (stream_of(table)[:-200], "ends within"),
        (b"nonsense" * 10, "Arrow"),
        (b"", "schema"),
    ):
        answer = ask(server, "iris/invocations", body)
        assert answer.status_code == 400, answer.text
        assert said in answer.text, answer.text
