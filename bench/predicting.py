# SPDX-License-Identifier: Apache-2.0
"""Single-row predictions through HTTP, with wrk beside the server, and the bare runtime call."""

import json
import re
import subprocess
import time
from pathlib import Path

from peers import Http, Peer

SCRIPT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local file = io.open("{body}", "rb")
wrk.body = file:read("*a")
file:close()
done = function(summary, latency, requests)
  io.write(string.format("RESULT %d %d %d %d %d %d\\n", summary.requests, summary.duration,
    summary.errors.status + summary.errors.read + summary.errors.timeout,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end
"""


def train_digits(folder: Path):
    """A 64-256-128-10 network, as an ONNX file: the model that is measured."""
    import skl2onnx
    from skl2onnx.common.data_types import FloatTensorType
    from sklearn.datasets import load_digits
    from sklearn.neural_network import MLPClassifier

    rows, labels = load_digits(return_X_y=True)
    rows = rows.astype("float32")
    model = MLPClassifier((256, 128), max_iter=40, random_state=0).fit(rows, labels)
    onnx_model = skl2onnx.to_onnx(
        model,
        initial_types=[("pixels", FloatTensorType([None, 64]))],
        options={"zipmap": False, "output_class_labels": False},
        target_opset=17,
    )
    (folder / "digits.onnx").write_bytes(onnx_model.SerializeToString())
    return onnx_model, rows


def bare_call(folder: Path, rows, seconds: float = 3) -> tuple[float, float, float]:
    """Calls a second, p50 and p99 in milliseconds, of the runtime alone on one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(folder / "digits.onnx"), options)
    feed, times = {"pixels": rows[:1]}, []
    stop = time.perf_counter() + seconds
    while (began := time.perf_counter()) < stop:
        session.run(None, feed)
        times.append(time.perf_counter() - began)
    times.sort()
    return (
        len(times) / seconds,
        1000 * times[len(times) // 2],
        1000 * times[int(0.99 * len(times))],
    )


def publish(peer: Peer, onnx_model, rows) -> None:
    """Registers the model with the MLflow client and gives it an endpoint."""
    import mlflow

    mlflow.set_tracking_uri(f"http://127.0.0.1:{peer.port}")
    signature = mlflow.models.infer_signature(rows[:2])
    with mlflow.start_run():
        mlflow.onnx.log_model(
            onnx_model,
            name="model",
            registered_model_name="digits",
            signature=signature,
            pip_requirements=["onnxruntime"],
            onnx_execution_providers=["CPUExecutionProvider"],
        )
    http = Http(peer.port)
    route = {"model": "digits", "version": "1", "weight": 100}
    http.post("/api/v1/endpoints", {"name": "digits", "routes": [route]})
    for _ in range(200):
        routes = http.get("/api/v1/endpoints/digits")["routes"]
        if all(r["state"] == "ready" for r in routes):
            return
        time.sleep(0.05)
    raise SystemExit(f"error: the endpoint did not get ready: {routes}")


def load(peer: Peer, folder: Path, rows, connections: int, seconds: int) -> dict:
    row = rows[0].tolist()
    tensor = {"name": "pixels", "shape": [1, 64], "datatype": "FP32", "data": row}
    body = folder / "body.json"
    body.write_text(json.dumps({"inputs": [tensor]}, separators=(",", ":")))
    path = "/v2/models/digits/infer"
    Http(peer.port).post(path, body.read_bytes())
    script = folder / "post.lua"
    script.write_text(SCRIPT.replace("{body}", str(body)))
    cpu = peer.cpu_seconds()
    command = ["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "-s", str(script)]
    output = subprocess.run(
        [*command, f"http://127.0.0.1:{peer.port}{path}"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    cpu = peer.cpu_seconds() - cpu
    found = re.search(r"RESULT (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)", output)
    requests, micros, errors, p50, p99, p999 = map(int, found.groups())
    if errors:
        raise SystemExit(f"error: {errors} of {requests} requests failed")
    return {
        "connections": connections,
        "rate": requests / (micros / 1e6),
        "p50": p50 / 1000,
        "p99": p99 / 1000,
        "p999": p999 / 1000,
        "per_cpu": requests / cpu,
    }
