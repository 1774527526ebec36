# SPDX-License-Identifier: Apache-2.0
"""Triton's side: its Python back end calling ONNX Runtime (the wheel brings no other back end)."""

from pathlib import Path

import numpy as np
import onnxruntime
import triton_python_backend_utils as pb


class TritonPythonModel:
    def initialize(self, args):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        folder = Path(args["model_repository"]) / args["model_version"]
        self.session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options)
        self.output = self.session.get_outputs()[-1].name

    def execute(self, requests):
        rows = [pb.get_input_tensor_by_name(one, "x").as_numpy() for one in requests]
        together = rows[0] if len(rows) == 1 else np.concatenate(rows)
        answer = self.session.run([self.output], {"x": together})[0]
        out, at = [], 0
        for part in rows:
            tensor = pb.Tensor(self.output, answer[at : at + len(part)])
            at += len(part)
            out.append(pb.InferenceResponse(output_tensors=[tensor]))
        return out
