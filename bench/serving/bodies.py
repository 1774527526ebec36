# SPDX-License-Identifier: Apache-2.0
"""Requests as bytes: what the load generator sends, unchanged, over and over."""

import json

from models import INPUT, Model

GRPC_PATH = "/inference.GRPCInferenceService/ModelInfer"


def http(path: str, body: bytes, *fields: str) -> bytes:
    head = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}", *fields]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def compact(value) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


JSON = "Content-Type: application/json"


def oip_json(model: Model, rows: int) -> bytes:
    values = model.rows(rows)
    tensor = {"name": INPUT, "shape": list(values.shape), "datatype": "FP32",
              "data": values.reshape(-1).tolist()}  # fmt: skip
    body = {"inputs": [tensor], "outputs": [{"name": model.output}]}
    return http(f"/v2/models/{model.name}/infer", compact(body), JSON)


def oip_binary(model: Model, rows: int) -> bytes:
    values = model.rows(rows)
    tensor = {"name": INPUT, "shape": list(values.shape), "datatype": "FP32",
              "parameters": {"binary_data_size": values.nbytes}}  # fmt: skip
    output = {"name": model.output, "parameters": {"binary_data": True}}
    head = compact({"inputs": [tensor], "outputs": [output]})
    return http(f"/v2/models/{model.name}/infer", head + values.tobytes(),
                "Content-Type: application/octet-stream",
                f"Inference-Header-Content-Length: {len(head)}")  # fmt: skip


def mlflow_json(model: Model, rows: int) -> bytes:
    return http("/invocations", compact({"inputs": model.rows(rows).tolist()}), JSON)


def bento_json(model: Model, rows: int) -> bytes:
    return http(f"/{model.name}", compact({"x": model.rows(rows).tolist()}), JSON)


# The few parts of the protobuf encoding that ModelInferRequest needs.


def varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def field(number: int, value: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(value)) + value


def grpc_message(model: Model, rows: int) -> bytes:
    values = model.rows(rows)
    shape = b"".join(varint(n) for n in values.shape)
    tensor = field(1, INPUT.encode()) + field(2, b"FP32") + field(3, shape)
    output = field(1, model.output.encode())
    return (field(1, model.name.encode()) + field(5, tensor) + field(6, output)
            + field(7, values.tobytes()))  # fmt: skip
