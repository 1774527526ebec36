# SPDX-License-Identifier: Apache-2.0
"""BentoML's side: one method a model, made from the files in BENCH_MODELS."""

import os
from pathlib import Path

import bentoml
import numpy as np
import onnxruntime


def method(file: Path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(file), options)
    names = [session.get_outputs()[-1].name]

    def predict(self, x: np.ndarray) -> np.ndarray:
        return session.run(names, {"x": x.astype("float32")})[0]

    predict.__name__ = file.stem
    return bentoml.api(predict)


folder = Path(os.environ["BENCH_MODELS"])
Models = bentoml.service(
    type("Models", (), {file.stem: method(file) for file in sorted(folder.glob("*.onnx"))})
)
