# SPDX-License-Identifier: Apache-2.0
"""Sequences of a Python model that remembers in its object what it was asked: each stays in one of
its processes, and does not go on in another."""

import os
import signal
import sys
import threading
import time

import cloudpickle
import mlflow as client
import numpy as np
import pytest
import requests
from conftest import Server
from serving_models import endpoint

# The server's processes do not have this file.
cloudpickle.register_pickle_by_value(sys.modules[__name__])


class Counting(client.pyfunc.PythonModel):
    """Remembers each sequence's sum in the object, which no other process has."""

    def predict(self, context, model_input, params=None):
        self.sums = getattr(self, "sums", {})
        totals = []
        columns = [model_input[name] for name in ("x", "start", "end", "id")]
        for x, start, end, who in zip(*columns, strict=True):
            key = int(who[0])
            if start[0]:
                self.sums[key] = 0.0
            if x[0] == -1:
                os.kill(os.getpid(), signal.SIGKILL)
            self.sums[key] += float(x[0])
            totals.append([self.sums[key]])
            if end[0]:
                del self.sums[key]
        pids = [[os.getpid()]] * len(totals)
        return {"total": np.array(totals), "pid": np.array(pids, "int64")}


@pytest.fixture(scope="module")
def remembering(tmp_path_factory):
    """Three processes of one model, each of which remembers what it alone was asked."""
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec

    arguments = ["--python", sys.executable, "--python-workers", "3"]
    server = Server(tmp_path_factory.mktemp("remembering"), *arguments).start()
    kinds = {"x": "float64", "start": "int32", "end": "int32", "id": "int64"}
    inputs = [TensorSpec(np.dtype(kind), (-1, 1), name) for name, kind in kinds.items()]
    client.set_tracking_uri(server.url)
    client.set_registry_uri(server.url)
    with client.start_run():
        client.pyfunc.log_model(
            name="model",
            python_model=Counting(),
            registered_model_name="counting",
            signature=ModelSignature(Schema(inputs)),
            pip_requirements=["mlflow"],
            metadata={
                "sequence_batching": {
                    "max_sequence_idle_microseconds": 600_000_000,
                    "control_input": [
                        {"name": "start", "control": [{"kind": "CONTROL_SEQUENCE_START"}]},
                        {"name": "end", "control": [{"kind": "CONTROL_SEQUENCE_END"}]},
                        {"name": "id", "control": [{"kind": "CONTROL_SEQUENCE_CORRID"}]},
                    ],
                }
            },
        )
    endpoint(server, "counting", [{"model": "counting", "version": "1"}])
    yield server
    assert server.stop() == 0


def count(server, x, sequence, **flags):
    one = {"name": "x", "datatype": "FP64", "shape": [1, 1], "data": [x]}
    body = {"parameters": {"sequence_id": sequence} | flags, "inputs": [one]}
    return requests.post(f"{server.url}/v2/models/counting/infer", json=body)


def counted(server, x, sequence, **flags):
    """The sum of the sequence, and the process that knows it."""
    got = count(server, x, sequence, **flags)
    assert got.status_code == 200, got.text
    values = {one["name"]: one["data"][0] for one in got.json()["outputs"]}
    assert set(values) == {"total", "pid"}  # and nothing of the server's own
    return values["total"], values["pid"]


def test_a_sequence_stays_in_the_process_that_remembers_it(remembering):
    sequences = range(1, 10)
    homes = {one: counted(remembering, 1, one, sequence_start=True)[1] for one in sequences}
    assert len(set(homes.values())) == 3, homes
    wrong = []

    def go_on(one):
        for step in range(2, 20):
            total, pid = counted(remembering, 1, one)
            if total != step or pid != homes[one]:
                wrong.append((one, step, total, pid))

    threads = [threading.Thread(target=go_on, args=(one,)) for one in sequences]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert not wrong
    for one in sequences:
        assert counted(remembering, 1, one, sequence_end=True) == (20, homes[one])


def test_sequences_of_a_process_that_ended_are_not_gone_on_with(remembering):
    homes = {one: counted(remembering, 1, one, sequence_start=True)[1] for one in range(11, 17)}
    victim = homes[11]
    ended = count(remembering, -1, 11)
    assert ended.status_code == 503 and "signal 9" in ended.text, ended.text
    for one, home in homes.items():
        got = count(remembering, 1, one)
        if home == victim:
            assert got.status_code == 400 and "sequence_start" in got.text, got.text
        else:
            assert got.json()["outputs"][0]["data"] == [2.0]
    other = next(home for home in homes.values() if home != victim)
    os.kill(other, signal.SIGKILL)  # while it is idle
    deadline = time.monotonic() + 10
    while os.path.exists(f"/proc/{other}/cmdline") and open(f"/proc/{other}/cmdline").read():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    for one, home in homes.items():
        got = count(remembering, 1, one)
        assert (got.status_code == 400) == (home in (victim, other)), (one, home, got.text)
        total, pid = counted(remembering, 5, one, sequence_start=True)
        assert total == 5 and pid not in (victim, other)
        assert counted(remembering, 1, one, sequence_end=True) == (6, pid)
