# SPDX-License-Identifier: Apache-2.0
"""The guides for those who come from other servers: every block in them is run as it stands there,
against the real server (only its ports are others), and what they show must come out."""

import os
import re
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT, binary
from serving_models import endpoint, mixed_model

BLOCK = re.compile(r"^```(python|console)\n(.*?)^```$", re.M | re.S)


class Guide:
    """A guide's blocks, run in order in one folder."""

    def __init__(self, name, server, folder):
        self.text = (ROOT / "docs/guides" / f"coming-from-{name}.md").read_text()
        self.server, self.folder, self.ran = server, folder, 0
        self.names = {}

    def here(self, text):
        return text.replace("5800", str(self.server.port)).replace(
            "5801", str(self.server.grpc_port)
        )

    def run(self):
        for kind, body in BLOCK.findall(self.text):
            if kind == "python":
                self.run_python(self.here(body))
            else:
                for command, shown in commands(body):
                    self.run_command(command, shown)
        assert self.ran > 0
        return self.names

    def run_python(self, body):
        before = os.getcwd()
        os.chdir(self.folder)
        try:
            exec(compile(body, "guide", "exec"), self.names)  # noqa: S102: our own text
        finally:
            os.chdir(before)
        self.ran += 1

    def run_command(self, command, shown):
        words = self.here(command).replace("curl ", "curl -sS --fail-with-body ")
        paths = [os.path.dirname(binary()), os.path.dirname(sys.executable), os.environ["PATH"]]
        done = subprocess.run(
            ["bash", "-eu", "-o", "pipefail", "-c", words],
            cwd=self.folder,
            env=os.environ | {"SLIPWAY_URL": self.server.url, "PATH": ":".join(paths)},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        if shown:
            assert done.stdout.strip() == shown.strip(), command
        self.ran += 1


def commands(block):
    """(command, what the guide shows under it) of a console block."""
    for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
        lines = part.splitlines()
        count = next(i for i, line in enumerate(lines, 1) if not line.endswith("\\"))
        yield "\n".join(lines[:count]), "\n".join(lines[count:])


@pytest.fixture
def server(new_server):
    return new_server("--python", sys.executable).start()


@pytest.fixture
def client(server):
    import mlflow

    mlflow.set_tracking_uri(server.url)
    mlflow.set_registry_uri(server.url)
    return mlflow


def scores_model(name, features):
    """[rows, features] to [rows, 2]."""
    from onnx import TensorProto, helper, numpy_helper

    weights = np.arange(features * 2, dtype="float32").reshape(features, 2)
    graph = helper.make_graph(
        [helper.make_node("MatMul", [name, "w"], ["scores"])],
        "scores",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, features])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [None, 2])],
        [numpy_helper.from_array(weights, "w")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def register(client, name, model):
    with client.start_run():
        client.onnx.log_model(
            model, name="model", registered_model_name=name, pip_requirements=["onnxruntime"]
        )


def test_coming_from_triton(server, client, tmp_path):
    import onnx

    (tmp_path / "model_repository/digits/1").mkdir(parents=True)
    onnx.save(scores_model("x", 4), tmp_path / "model_repository/digits/1/model.onnx")

    names = Guide("triton", server, tmp_path).run()

    rows = np.ones((2, 4), "float32")
    for module, target in (
        (names["http_client"], f"127.0.0.1:{server.port}"),
        (names["grpc_client"], f"127.0.0.1:{server.grpc_port}"),
    ):
        asked = module.InferInput("x", rows.shape, "FP32")
        asked.set_data_from_numpy(rows)
        answer = module.InferenceServerClient(target).infer("digits", [asked])
        assert answer.as_numpy("scores").tolist() == [[12.0, 16.0]] * 2


def test_coming_from_tensorflow_serving(server, client, tmp_path):
    register(client, "numbers", scores_model("x", 2))
    register(client, "flights", mixed_model())
    endpoint(server, "digits", [{"model": "numbers", "version": "1"}])
    endpoint(server, "delays", [{"model": "flights", "version": "1"}])
    Guide("tensorflow-serving", server, tmp_path).run()


def test_coming_from_bentoml(server, client, tmp_path):
    Guide("bentoml", server, tmp_path).run()


def test_coming_from_seldon(server, client, tmp_path):
    register(client, "iris", scores_model("X", 4))
    Guide("seldon", server, tmp_path).run()
