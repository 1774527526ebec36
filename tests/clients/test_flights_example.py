# SPDX-License-Identifier: Apache-2.0
"""The parts of examples/flights that need no platform."""

import asyncio
import importlib.util
import sys
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "flights"
sys.path.append(str(EXAMPLE))

import train  # noqa: E402

import export  # noqa: E402
import flights  # noqa: E402
import ingest  # noqa: E402

# By its path: another test has a module of the name `replay`.
spec = importlib.util.spec_from_file_location("flights_replay", EXAMPLE / "replay.py")
replay_module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(replay_module)
Replay = replay_module.Replay


@pytest.fixture(scope="module")
def rows():
    return flights.table()


def test_the_table_is_complete_and_in_the_order_of_departure(rows):
    assert len(rows) == 327_346  # flights of 2013 that arrived
    assert not rows[flights.FEATURES].isna().any().any()
    assert rows.day.is_monotonic_increasing
    assert set(rows[flights.LABEL].unique()) == {0, 1}


def test_a_second_delivery_of_the_same_days_adds_nothing(rows, tmp_path):
    january = rows[rows.day <= "2013-01-03"]
    ingest.deliver(january[january.day <= "2013-01-02"], tmp_path)
    ingest.deliver(january, tmp_path)
    ingest.deliver(january, tmp_path)
    again = flights.read(tmp_path / "2013-01.csv")
    assert again.flight_id.tolist() == january.flight_id.tolist()
    assert (again[flights.NUMERIC].to_numpy() == january[flights.NUMERIC].to_numpy()).all()


def test_the_onnx_graph_scores_like_scikit_learn_one_row_or_many(rows):
    sample = rows.sample(6000, random_state=0)
    fit, ask = sample.head(4000), sample.tail(2000).astype({n: "float32" for n in flights.NUMERIC})
    ask = ask.assign(dest=["QQQ", *ask.dest[1:]])  # an airport that training never saw
    model = train.classifier(0.1, 20).fit(fit[flights.FEATURES], fit[flights.LABEL])
    expected = model.predict_proba(ask[flights.FEATURES])[:, 1]

    graph = export.to_onnx(model)

    assert [i.name for i in graph.graph.input] == flights.FEATURES
    assert np.abs(export.run(graph, ask) - expected).max() < 1e-4
    assert abs(export.run(graph, ask.head(1))[0] - expected[0]) < 1e-4


class Answers(asyncio.Protocol):
    """Answers each request in two pieces, and fails the second one."""

    seen: list[bytes] = []

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        Answers.seen.append(data)
        status = "500 Oops" if len(Answers.seen) == 2 else "200 OK"
        self.transport.write(f"HTTP/1.1 {status}\r\nContent-".encode())
        asyncio.get_running_loop().call_later(0.001, self.transport.write, b"Length: 2\r\n\r\n{}")


def test_the_replay_sends_each_flight_once_and_labels_a_day_later(rows):
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(loop.create_server(Answers, "127.0.0.1", 0))
    threading.Thread(target=loop.run_forever, daemon=True).start()
    Answers.seen.clear()
    first = rows[rows.day == "2013-04-01"].head(20)
    second = rows[rows.day == "2013-04-02"].head(10)
    port = server.sockets[0].getsockname()[1]
    replay = Replay(f"http://127.0.0.1:{port}", "delays", pd.concat([first, second]), 4)

    replay.play("2013-04-01")
    assert (replay.sent, replay.failed, replay.labelled) == (20, 1, 0)
    assert replay.first_failure.startswith("500")
    replay.play("2013-04-02")
    assert (replay.sent, replay.failed, replay.labelled) == (30, 1, 20)

    loop.call_soon_threadsafe(loop.stop)
    ids = {data.split(b"x-request-id: ")[1].split(b"\r\n")[0] for data in Answers.seen}
    assert len(ids) == len(Answers.seen) == 31
    labels = Answers.seen[-1]
    assert b"/api/v1/endpoints/delays/feedback" in labels
    assert first.flight_id.iloc[0].encode() in labels
    assert second.flight_id.iloc[0].encode() not in labels
