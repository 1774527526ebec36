# SPDX-License-Identifier: Apache-2.0
"""Everything at once: good clients on every protocol beside models that crash and hang, requests
that are wrong in every way, clients that trickle, lie and vanish, and models that come and go. Good
requests are answered right (so few clients fill no queue); each bad one is told so; and the process
neither grows nor restarts.

SLIPWAY_MIXED_SECONDS (20) says for how long; an hour before a release.
"""

import collections
import contextlib
import http.client
import json
import os
import random
import socket
import struct
import sys
import threading
import time
from pathlib import Path

import cloudpickle
import mlflow.pyfunc
import numpy as np
import pandas as pd
import pytest
import requests
import tritonclient.grpc as triton_grpc
import tritonclient.http as triton_http
from conftest import Server
from serving_models import echo_model, endpoint

SECONDS = float(os.environ.get("SLIPWAY_MIXED_SECONDS", "20"))
pytestmark = pytest.mark.timeout(SECONDS + 200)
# The server's processes do not have this file.
cloudpickle.register_pickle_by_value(sys.modules[__name__])


class Twice(mlflow.pyfunc.PythonModel):
    """Doubles x, unless told to crash or hang."""

    def predict(self, context, model_input, params=None):
        if (model_input["x"] == -1).any():
            os.kill(os.getpid(), 11)
        if (model_input["x"] == -2).any():
            time.sleep(3600)
        return model_input["x"].to_numpy() * 2


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    arguments = ["--python", sys.executable, "--python-timeout", "2", "--python-memory", "1500"]
    arguments += ["--grace-seconds", "5"]
    running = Server(tmp_path_factory.mktemp("server"), *arguments).start()
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="module")
def models(server):
    import mlflow
    from mlflow.models import infer_signature

    mlflow.set_tracking_uri(server.url)
    mlflow.set_registry_uri(server.url)
    for name, versions in (("echo", 2), ("spare", 1)):
        for _ in range(versions):
            with mlflow.start_run():
                mlflow.onnx.log_model(
                    echo_model({"X": "FLOAT"}),
                    name="model",
                    registered_model_name=name,
                    pip_requirements=["onnxruntime"],
                )
    signature = infer_signature(pd.DataFrame({"x": [1.5]}))
    for name in ("twice", "crashing", "hanging"):
        with mlflow.start_run():
            mlflow.pyfunc.log_model(
                name="model",
                python_model=Twice(),
                signature=signature,
                registered_model_name=name,
                pip_requirements=["mlflow"],
            )
    for name in ("echo", "spare", "twice", "crashing", "hanging"):
        endpoint(server, name, [{"model": name, "version": "1"}])


class Mixed:
    """Threads that do one thing over and over until the time is over; what was not as it should be
    is kept."""

    def __init__(self, server):
        self.server, self.until = server, time.monotonic() + SECONDS
        self.done, self.wrong, self.threads = collections.Counter(), [], []

    def keep_doing(self, what, count=1, setup=lambda server: contextlib.nullcontext()):
        def loop(seed):
            rng = random.Random(f"{what.__name__}-{seed}")
            try:
                with setup(self.server) as own:
                    while time.monotonic() < self.until:
                        what(self.server, rng, own)
                        self.done[what.__name__] += 1
            except Exception as problem:  # noqa: BLE001 (told at the end, by name)
                self.wrong.append(f"{what.__name__}: {type(problem).__name__}: {problem}"[:1000])

        for seed in range(count):
            self.threads.append(threading.Thread(target=loop, args=(seed,)))
            self.threads[-1].start()


def numbers(rng):
    return np.array([[rng.uniform(-9, 9)] * 2 for _ in range(rng.choice((1, 1, 2, 33)))], "float32")


@contextlib.contextmanager
def http_connection(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    yield connection
    connection.close()


def good_json(server, rng, connection):
    value = numbers(rng)
    one = {"name": "X", "datatype": "FP32", "shape": list(value.shape), "data": value.tolist()}
    connection.request("POST", "/v2/models/echo/infer", json.dumps({"inputs": [one]}))
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status == 200, body[:300]
    got = json.loads(body)["outputs"][0]
    assert np.array_equal(np.array(got["data"], "float32").reshape(got["shape"]), value)


@contextlib.contextmanager
def http_client(server):
    with triton_http.InferenceServerClient(f"127.0.0.1:{server.port}") as client:
        yield client


@contextlib.contextmanager
def grpc_client(server):
    own = [("grpc.use_local_subchannel_pool", 1)]  # not one connection for all clients
    with triton_grpc.InferenceServerClient(server.grpc, channel_args=own) as client:
        yield client


def ask_triton(module, client, rng):
    value = numbers(rng)
    one = module.InferInput("X", list(value.shape), "FP32")
    one.set_data_from_numpy(value)
    got = client.infer("echo", [one]).as_numpy("out_X")
    assert np.array_equal(got, value)


def good_binary(server, rng, client):
    ask_triton(triton_http, client, rng)


def good_grpc(server, rng, client):
    ask_triton(triton_grpc, client, rng)


def ask_python(server, name, x):
    body = {"dataframe_records": [{"x": each} for each in x]}
    # A process begins anew after each crash, which takes its time where other things run.
    return requests.post(f"{server.url}/endpoints/{name}/invocations", json=body, timeout=120)


def good_python(server, rng, _):
    x = [rng.uniform(0, 9) for _ in range(3)]
    answer = ask_python(server, "twice", x)
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"predictions": [2 * each for each in x]}


def crashing_python(server, rng, _):
    answer = ask_python(server, "crashing", [-1.0])
    assert answer.status_code == 503 and "signal 11" in answer.text, answer.text
    assert ask_python(server, "crashing", [4.0]).json() == {"predictions": [8.0]}


def hanging_python(server, rng, _):
    answer = ask_python(server, "hanging", [-2.0])
    assert answer.status_code == 504, answer.text


def tensor(**more):
    return {"name": "X", "datatype": "FP32", "shape": [1, 2], "data": [1, 2]} | more


BAD_BODIES = [
    "", "{", "[" * 200_000, '{"inputs":' * 5000, "null", "[]", '{"inputs": 1}', "\xff\xfe", "NaN",
    '{"inputs": [{"name": "X", "datatype": "FP32", "shape": [1, 2], "data": [NaN, 1]}]}',
    *(json.dumps({"inputs": [one]}) for one in (
        tensor(name="Y"), tensor(datatype="FP64"), tensor(datatype="FLOAT"), tensor(shape=[1, 3]),
        tensor(shape=[-1, 2]), tensor(shape=[2**62, 4]), tensor(shape=[0, 2], data=[]),
        tensor(data=[1]), tensor(data=[[1, 2], [3, 4]]), tensor(data="text"),
        tensor(data=[1e999, 1]),
        {"name": "X"}, tensor(parameters={"binary_data_size": 8}),
        tensor(parameters={"shared_memory_region": "none", "shared_memory_byte_size": 8}),
    )),
]  # fmt: skip


def bad_json(server, rng, connection):
    body = rng.choice(BAD_BODIES)
    path = rng.choice(("/v2/models/echo/infer", "/v2/models/none/infer", "/v1/models/echo:predict",
                       "/endpoints/echo/invocations"))  # fmt: skip
    connection.request("POST", path, body.encode("latin-1"), {"content-type": "application/json"})
    answer = connection.getresponse()
    text = answer.read()
    assert 400 <= answer.status < 500 and len(text) > 10, (path, body[:100], answer.status, text)


def bad_binary(server, rng, connection):
    """Lengths that lie, tensors that end too early."""
    one = tensor(parameters={"binary_data_size": rng.choice((0, 4, 8, 9, 2**40, -1))})
    del one["data"]
    head = json.dumps({"inputs": [one]}).encode()
    said = rng.choice((len(head), len(head) + 4, len(head) * 2, 0, 10**18, "x", -5))
    body = head + b"\0" * rng.choice((0, 3, 7, 9, 100))
    connection.request("POST", "/v2/models/echo/infer", body,
                       {"inference-header-content-length": str(said)})  # fmt: skip
    answer = connection.getresponse()
    text = answer.read()
    assert 400 <= answer.status < 500, (one, said, len(body), answer.status, text)


def bad_grpc(server, rng, client):
    value = np.zeros((1, 2), "float32")
    one = triton_grpc.InferInput(rng.choice("XY"), [1, rng.choice((3, 4))], "FP32")
    one._raw_content = value.tobytes()[: rng.choice((3, 7, 8))]
    with pytest.raises(triton_grpc.InferenceServerException) as refused:
        client.infer(rng.choice(("echo", "none")), [one])
    assert refused.value.status() in ("StatusCode.INVALID_ARGUMENT", "StatusCode.NOT_FOUND")


def connect(port):
    return socket.create_connection(("127.0.0.1", port), timeout=30)


SMUGGLED = [
    b"POST /v2/models/echo/infer HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: "
    b"chunked\r\n\r\n0\r\n\r\n",
    b"POST /health HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nabcdef",
    b"POST /health HTTP/1.1\r\nhost: x\r\ntransfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
    b"GET /health HTTP/1.1\r\nhost : x\r\n\r\n",
    b"GET  /health HTTP/9.9\r\n\r\n",
    b"POST /health HTTP/1.1\r\nhost: x\r\ntransfer-encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    b"POST /health HTTP/1.1\r\nhost: x\r\nx: a\r\n\tcontent-length: 5\r\n\r\nabcde",
    b"POST /health HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    b"GET /health HTTP/1.1\r\nhost: x\r\nx: a\rb\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
]


def smuggled(server, rng, _):
    with connect(server.port) as raw:
        raw.sendall(rng.choice(SMUGGLED) + b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n")
        said = b""
        with contextlib.suppress(ConnectionError):
            while piece := raw.recv(65536):
                said += piece
        assert said.count(b"HTTP/1.1") == 1 and said.startswith((b"HTTP/1.1 4", b"HTTP/1.1 5")), (
            said
        )


def vanishing(server, rng, _):
    """Goes away in the middle of a request, or before the answer, with or without a farewell."""
    body = json.dumps({"inputs": [tensor(shape=[5000, 2], data=[1.0] * 10_000)]}).encode()
    head = b"POST /v2/models/echo/infer HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % len(
        body
    )
    whole = (head + body) * rng.choice((1, 3))
    with connect(server.port) as raw:
        raw.sendall(whole[: rng.choice((1, 20, len(head), len(head) + 10, len(whole)))])
        if rng.random() < 0.5:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"


def vanishing_grpc(server, rng, _):
    with connect(server.grpc_port) as raw:
        raw.sendall(PREFACE + rng.randbytes(rng.choice((0, 5, 9, 50, 5000))))
        if rng.random() < 0.5:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def cancelled_grpc(server, rng, client):
    one = triton_grpc.InferInput("X", [1, 2], "FP32")
    one.set_data_from_numpy(np.ones((1, 2), "float32"))
    for _ in range(20):
        client.async_infer("echo", [one], lambda result, error: None).cancel()
    time.sleep(0.05)  # more is a flood, and ends the connection


def trickling(server, rng, raw_sockets):
    """Half a request, a byte at a time, on many connections."""
    for one in raw_sockets:
        with contextlib.suppress(OSError):
            one.send(b"a")
    time.sleep(0.2)


@contextlib.contextmanager
def slow_sockets(server):
    half = b"POST /v2/models/echo/infer HTTP/1.1\r\nhost: x\r\n"
    with contextlib.ExitStack() as stack:
        open_ones = [stack.enter_context(connect(server.port)) for _ in range(40)]
        for i, one in enumerate(open_ones):
            one.sendall(half + (b"x-slow: " if i % 2 else b"content-length: 100000\r\n\r\n"))
        yield open_ones


def reloading(server, rng, _):
    for action in ("unload", "load"):
        answer = requests.post(f"{server.url}/v2/repository/models/spare/{action}", timeout=30)
        assert answer.status_code == 200, answer.text
    routes = [{"model": "echo", "version": rng.choice("12")}]
    answer = requests.put(
        f"{server.url}/api/v1/endpoints/echo", json={"routes": routes}, timeout=30
    )
    assert answer.status_code == 200, answer.text


def resident_mib(pid):
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / 2**20


def descriptors(pid):
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def soon(what, seconds=30):
    until = time.monotonic() + seconds
    while not what() and time.monotonic() < until:
        time.sleep(0.05)
    return what()


def test_good_requests_are_answered_right_whatever_else_comes(server, models):
    pid = server.process.pid
    assert ask_python(server, "twice", [1.0]).status_code == 200
    files = descriptors(pid)
    mixed = Mixed(server)
    mixed.keep_doing(good_json, 2, http_connection)
    mixed.keep_doing(good_binary, 1, http_client)
    mixed.keep_doing(good_grpc, 1, grpc_client)
    mixed.keep_doing(good_python)
    mixed.keep_doing(crashing_python)
    mixed.keep_doing(hanging_python)
    mixed.keep_doing(bad_json, 1, http_connection)
    mixed.keep_doing(bad_binary, 1, http_connection)
    mixed.keep_doing(bad_grpc, 1, grpc_client)
    mixed.keep_doing(smuggled)
    mixed.keep_doing(vanishing)
    mixed.keep_doing(vanishing_grpc)
    mixed.keep_doing(cancelled_grpc, 1, grpc_client)
    mixed.keep_doing(trickling, 1, slow_sockets)
    mixed.keep_doing(reloading)
    resident = []  # once a second
    while time.monotonic() < mixed.until:
        resident.append(resident_mib(pid))
        time.sleep(1)
    for thread in mixed.threads:
        thread.join(SECONDS + 130)

    assert not mixed.wrong, "\n".join(mixed.wrong)
    idle = {thread.name for thread in mixed.threads if thread.is_alive()}
    assert not idle and min(mixed.done.values()) > 0, mixed.done
    assert len(mixed.done) == 15, mixed.done
    assert server.process.poll() is None and server.process.pid == pid, "it was restarted"
    # Large requests come and go, and what they leave is given back every ten seconds: the least of
    # each minute or so tells what is kept for good, once buffers and caches are full.
    third = max(len(resident) // 3, 1)
    early, late = min(resident[third : 2 * third] or resident), min(resident[-third:])
    assert max(resident) < 512, resident
    assert SECONDS < 100 or late < early + 32, resident  # it trims by 16
    assert soon(lambda: descriptors(pid) < files + 20), "connections are left open"
    log = server.log.read_text()
    assert not [line for line in log.splitlines() if "_threw" in line]
    print(dict(mixed.done), f"MiB {early:.0f} -> {late:.0f}, at most {max(resident):.0f}")
