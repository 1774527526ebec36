# SPDX-License-Identifier: Apache-2.0
"""One process that answers for one MLflow model: the only place where a pickle is ever opened.

Started by the server as `python worker.py SOCKET FOLDER MEMORY`; it connects to the Unix socket,
gets two shared memory files (what it is asked, what it answers) and then serves one request at a
time: a frame of 4 bytes length and JSON that says where in the files the tensors lie."""

import array
import contextlib
import json
import mmap
import os
import resource
import socket
import struct
import sys
import traceback

DTYPES = {
    "BOOL": "?",
    "INT8": "i1",
    "INT16": "i2",
    "INT32": "i4",
    "INT64": "i8",
    "UINT8": "u1",
    "UINT16": "u2",
    "UINT32": "u4",
    "UINT64": "u8",
    "FP16": "f2",
    "FP32": "f4",
    "FP64": "f8",
}
COLUMN_TYPES = {
    "boolean": "BOOL",
    "integer": "INT32",
    "long": "INT64",
    "float": "FP32",
    "double": "FP64",
    "string": "BYTES",
}
MISSING = 0xFFFFFFFF
TOO_LARGE = 256 << 20  # bytes of an answer
TOO_LARGE_PIECE = 8 << 20  # of one that streams


class Refused(Exception):
    """An answer that is an error: `code` is one of the server's."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class Channel:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.connect(path)
        _, ancillary, _, _ = self.socket.recvmsg(1, socket.CMSG_SPACE(8))
        files = array.array("i")
        files.frombytes(ancillary[0][2][:8])
        self.asked, self.answered = files

    def receive(self):
        head = self._exactly(4)
        if head is None:
            return None
        return json.loads(self._exactly(struct.unpack("<I", head)[0]))

    def send(self, message):
        data = json.dumps(message).encode()
        self.socket.sendall(struct.pack("<I", len(data)) + data)

    def _exactly(self, count):
        parts = b""
        while len(parts) < count:
            part = self.socket.recv(count - len(parts))
            if not part:
                return None
            parts += part
        return parts


class Answer:
    """Collects tensors one after the other in the shared file."""

    def __init__(self, file):
        self.file, self.parts, self.size, self.tensors = file, [], 0, []

    def add_bytes(self, data):
        at = self.size
        self.size += len(data)
        if self.size > TOO_LARGE:
            raise Refused(
                "exhausted", f"the model answered more than {TOO_LARGE >> 20} MiB, which is refused"
            )
        self.parts.append(data)
        return {"at": at, "bytes": len(data)}

    def add(self, name, values):
        import numpy as np

        values = np.asarray(values)
        kind = next((k for k, t in DTYPES.items() if values.dtype == np.dtype(t)), None)
        if kind is not None:
            if values.nbytes > TOO_LARGE:
                raise Refused(
                    "exhausted",
                    f"the model answered {values.nbytes >> 20} MiB, at most {TOO_LARGE >> 20} are "
                    "taken",
                )
            place = self.add_bytes(np.ascontiguousarray(values).tobytes())
        elif values.dtype.kind == "U" or (
            values.dtype.kind == "O" and all(isinstance(v, str) for v in values.ravel())
        ):
            kind = "BYTES"
            place = self.add_bytes(b"".join(_packed(v) for v in values.ravel()))
        else:
            raise TypeError(f"no tensor: {values.dtype}")
        self.tensors.append(
            {"name": str(name), "datatype": kind, "shape": list(values.shape)} | place
        )

    def write(self):
        if os.fstat(self.file).st_size < self.size:
            os.ftruncate(self.file, self.size)
        at = 0
        for part in self.parts:
            view = memoryview(part)
            while view:
                done = os.pwrite(self.file, view, at)
                at, view = at + done, view[done:]


def _packed(text):
    data = str(text).encode()
    return struct.pack("<I", len(data)) + data


def _finite(value):
    """NaN and infinities, which JSON cannot say, as null."""
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(v) for v in value]
    return value


class Model:
    def __init__(self, folder):
        import mlflow.pyfunc

        self.folder = folder
        self.model = mlflow.pyfunc.load_model(folder)
        self.schema = self.model.metadata.get_input_schema()
        self.kind = "free"
        # What is answered by name comes back with the next request: dicts of arrays stay tensors.
        self.named = "sequence_batching" in (self.model.metadata.metadata or {})
        self.named = self.named or os.path.exists(os.path.join(folder, "config.pbtxt"))
        if self.schema is not None and self.schema.is_tensor_spec():
            self.kind = "tensors"
        elif self.schema is not None and self._simple_columns():
            self.kind = "columns"

    def _simple_columns(self):
        return bool(self.schema.inputs) and all(
            getattr(column.type, "name", None) in COLUMN_TYPES and column.name
            for column in self.schema.inputs
        )

    def describe(self):
        """What the server is told: inputs, and whether bodies of scoring should come whole."""
        inputs = [{"name": "input", "datatype": "FP64", "shape": [-1, -1]}]
        bodies = self.kind == "free"
        if self.kind == "columns":
            inputs = [
                {"name": c.name, "datatype": COLUMN_TYPES[c.type.name], "shape": [-1]}
                for c in self.schema.inputs
            ]
            bodies = not all(c.required for c in self.schema.inputs)
        elif self.kind == "tensors":
            inputs = [self._tensor(spec) for spec in self.schema.inputs]
            bodies = any(each["datatype"] is None for each in inputs)
            if bodies:
                inputs = [{"name": "input", "datatype": "FP64", "shape": [-1, -1]}]
        streams = getattr(self.model, "_predict_stream_fn", None) is not None
        return {"inputs": inputs, "only_bodies": bodies, "kind": self.kind, "streams": streams}

    def _tensor(self, spec):
        import numpy as np

        kind = next((k for k, t in DTYPES.items() if np.dtype(t) == spec.type), None)
        if kind is None and spec.type.kind in "USO":
            kind = "BYTES"
        return {"name": spec.name or "input", "datatype": kind, "shape": list(spec.shape)}

    def infer(self, tensors):
        import pandas as pd

        if self.kind == "columns":
            data = pd.DataFrame({name: values.reshape(-1) for name, values in tensors.items()})
        elif self.kind == "tensors" and self.schema.has_input_names():
            data = tensors
        else:
            data = next(iter(tensors.values()))
        return self.model.predict(data)

    def invoke(self, body, content_type):
        """A whole body of MLflow's scoring protocol, read and answered as MLflow does."""
        from mlflow.pyfunc import scoring_server

        text = body.decode() if content_type.startswith("application/json") else body
        answer = scoring_server.invocations(text, content_type, self.model, self.schema)
        if answer.status != 200:
            raise Refused("invalid_argument", str(answer.response))
        try:
            json.loads(answer.response, parse_constant=_refuse)
            return answer.response
        except ValueError:
            return json.dumps(_finite(json.loads(answer.response)))

    def stream(self, body):
        """What the model says to a body of scoring, piece by piece, each as JSON."""
        import numpy as np
        from mlflow.pyfunc import scoring_server
        from mlflow.utils.proto_json_utils import NumpyEncoder, _get_jsonable_obj

        if getattr(self.model, "_predict_stream_fn", None) is None:
            raise Refused("invalid_argument", "the model does not stream its answers")
        asked = json.loads(body.decode())
        if isinstance(asked, dict):
            asked.pop("stream", None)
        given = scoring_server._parse_json_data(json.dumps(asked), self.model.metadata, self.schema)
        data = given.data.tolist() if isinstance(given.data, np.ndarray) else given.data
        for piece in self.model.predict_stream(data, params=given.params):
            plain = _get_jsonable_obj(piece, pandas_orient="records")
            yield json.dumps(_finite(json.loads(json.dumps(plain, cls=NumpyEncoder))))


def _refuse(_):
    raise ValueError


def encode(predictions, answer, named=False):
    """Tensors when they can be, else the JSON that MLflow would make of them."""
    import numpy as np
    import pandas as pd

    try:
        if isinstance(predictions, pd.Series):
            predictions = pd.DataFrame(predictions)
        if isinstance(predictions, pd.DataFrame):
            for name in predictions.columns:
                answer.add(name, predictions[name].to_numpy())
            return {"outputs": answer.tensors}
        if named and isinstance(predictions, dict):
            for name, values in predictions.items():
                answer.add(name, values)
            return {"outputs": answer.tensors}
        if isinstance(predictions, (np.ndarray, np.generic)):
            answer.add("predictions", predictions)
            return {"outputs": answer.tensors, "bare": True}
        if isinstance(predictions, (list, tuple)) and predictions:
            kinds = {type(v) for v in predictions}
            if len(kinds) == 1 and kinds <= {bool, int, float, str}:
                answer.add("predictions", np.asarray(predictions))
                return {"outputs": answer.tensors, "bare": True}
    except (TypeError, OverflowError):
        answer.parts, answer.size, answer.tensors = [], 0, []
    from mlflow.utils.proto_json_utils import NumpyEncoder, _get_jsonable_obj

    plain = _get_jsonable_obj(predictions, pandas_orient="records")
    text = json.dumps(_finite(json.loads(json.dumps({"predictions": plain}, cls=NumpyEncoder))))
    return {"json": answer.add_bytes(text.encode())}


def decode(message, file):
    """The tensors of a request, as views that live as long as it is worked on."""
    import numpy as np

    out = {}
    if message["size"] == 0:
        return out
    memory = mmap.mmap(file, message["size"], prot=mmap.PROT_READ)
    for tensor in message["inputs"]:
        at, size, shape = tensor["at"], tensor["bytes"], tensor["shape"]
        if tensor["datatype"] == "BYTES":
            texts, end = [], at + size
            while at < end:
                (length,) = struct.unpack_from("<I", memory, at)
                at += 4
                if length == MISSING:
                    texts.append(None)
                    continue
                texts.append(memory[at : at + length].decode("utf-8", "replace"))
                at += length
            values = np.empty(len(texts), dtype=object)
            values[:] = texts
            out[tensor["name"]] = values.reshape(shape)
            continue
        dtype = np.dtype(DTYPES[tensor["datatype"]])
        values = np.frombuffer(memory, dtype, size // dtype.itemsize, at)
        out[tensor["name"]] = values.reshape(shape)
    return out


def rss():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


@contextlib.contextmanager
def traced(header):
    """What the model does meanwhile belongs to the caller's trace, when OpenTelemetry is there."""
    if not header:
        yield
        return
    try:
        from opentelemetry import context
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
    except ImportError:
        yield
        return
    token = context.attach(TraceContextTextMapPropagator().extract({"traceparent": header}))
    try:
        yield
    finally:
        context.detach(token)


def handle(model, message, channel):
    with traced(message.get("traceparent")):
        return handle_traced(model, message, channel)


def handle_traced(model, message, channel):
    answer = Answer(channel.answered)
    if message["op"] == "infer":
        reply = encode(model.infer(decode(message, channel.asked)), answer, model.named)
    elif message["op"] == "invoke":
        body = os.pread(channel.asked, message["size"], 0)
        text = model.invoke(body, message["type"])
        reply = {"json": answer.add_bytes(text.encode())}
    elif message["op"] == "convert":
        import slipway_convert

        reply = slipway_convert.convert(model, message, answer)
    else:
        raise Refused("internal", f"unknown operation {message['op']}")
    answer.write()
    return reply | {"ok": True, "rss": rss()}


def handle_stream(model, message, channel):
    """A frame a piece; the server asks for the next one, or says that nobody listens any more."""
    pieces = model.stream(os.pread(channel.asked, message["size"], 0))
    try:
        for piece in pieces:
            if len(piece) > TOO_LARGE_PIECE:
                raise Refused("exhausted", "a piece of the answer is larger than 8 MiB")
            channel.send({"ok": True, "rss": rss(), "piece": piece})
            more = channel.receive()
            if more is None or more["op"] != "next":
                break
    finally:
        pieces.close()
    return {"ok": True, "rss": rss(), "end": True}


def last_line(error):
    return "".join(traceback.format_exception_only(type(error), error)).strip()[-2000:]


def refused(error):
    """Whose fault it was, as far as that can be told."""
    if isinstance(error, Refused):
        return {"ok": False, "code": error.code, "message": str(error)}
    name = type(error).__name__
    if isinstance(error, MemoryError):
        return {"ok": False, "code": "exhausted", "message": "the model ran out of memory"}
    message = getattr(error, "message", None) or last_line(error)
    caused = getattr(error, "stack_trace", None)
    if caused:
        message = caused.strip().splitlines()[-1]
    return {"ok": False, "code": "invalid_argument", "message": f"{name}: {message}"[:4000]}


def main():
    path, folder, memory = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if memory:
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    channel = Channel(path)
    try:
        model = Model(folder)
        channel.send({"ok": True, "rss": rss()} | model.describe())
    except BaseException as error:  # whatever it was, it is the answer
        traceback.print_exc()
        channel.send({"ok": False, "code": "failed_precondition", "message": last_line(error)})
        return 1
    while (message := channel.receive()) is not None:
        try:
            take = handle_stream if message["op"] == "stream" else handle
            reply = take(model, message, channel)
        except Exception as error:
            traceback.print_exc()
            reply = refused(error)
        channel.send(reply)
        if reply.get("code") == "exhausted":
            return 1  # memory that was short stays short
    return 0


if __name__ == "__main__":
    # Beside this file lie our own modules; what the model brings comes first otherwise.
    sys.exit(main())
