# SPDX-License-Identifier: Apache-2.0
"""The models that are served: fitted once, kept as ONNX files, the same file for every server."""

from dataclasses import dataclass
from pathlib import Path


@dataclass
class Model:
    name: str
    title: str
    file: Path
    shape: tuple[int, ...]  # of a row
    output: str  # the answer that is asked for

    def rows(self, count: int):
        import numpy as np

        rng = np.random.default_rng(7)
        return rng.integers(0, 17, (count, *self.shape)).astype("float32")


INPUT = "x"
TITLES = {
    "logistic": "logistic regression, 64 features, 10 classes",
    "forest": "random forest, 100 trees, 30 features",
    "boosted": "gradient boosting, 100 trees, 30 features",
    "mlp": "network 64-256-128-10",
    "cnn": "convolutions 8x8, 16 and 32 channels",
}


def from_sklearn(name: str) -> bytes:
    import skl2onnx
    from skl2onnx.common.data_types import FloatTensorType
    from sklearn.datasets import load_breast_cancer, load_digits
    from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier

    made, data = {
        "logistic": (LogisticRegression(max_iter=300), load_digits),
        "forest": (RandomForestClassifier(100, random_state=0), load_breast_cancer),
        "boosted": (GradientBoostingClassifier(n_estimators=100, random_state=0),
                    load_breast_cancer),
        "mlp": (MLPClassifier((256, 128), max_iter=40, random_state=0), load_digits),
    }[name]  # fmt: skip
    rows, labels = data(return_X_y=True)
    fitted = made.fit(rows.astype("float32"), labels)
    found = skl2onnx.to_onnx(
        fitted,
        initial_types=[(INPUT, FloatTensorType([None, rows.shape[1]]))],
        options={"zipmap": False, "output_class_labels": False} if name == "mlp"
        else {"zipmap": False},
        target_opset=17,
    )  # fmt: skip
    return found.SerializeToString()


def network() -> bytes:
    """Weights do not change the time: they are random."""
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(0)

    def weights(name, *shape):
        return numpy_helper.from_array((0.1 * rng.standard_normal(shape)).astype("float32"), name)

    nodes = [
        helper.make_node("Conv", [INPUT, "w1", "b1"], ["c1"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c1"], ["r1"]),
        helper.make_node("MaxPool", ["r1"], ["p1"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Conv", ["p1", "w2", "b2"], ["c2"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c2"], ["r2"]),
        helper.make_node("MaxPool", ["r2"], ["p2"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Flatten", ["p2"], ["f"]),
        helper.make_node("Gemm", ["f", "w3", "b3"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["probabilities"], axis=1),
    ]
    tensor = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes, "cnn", [tensor(INPUT, TensorProto.FLOAT, [None, 1, 8, 8])],
        [tensor("probabilities", TensorProto.FLOAT, [None, 10])],
        [weights("w1", 16, 1, 3, 3), weights("b1", 16), weights("w2", 32, 16, 3, 3),
         weights("b2", 32), weights("w3", 128, 10), weights("b3", 10)],
    )  # fmt: skip
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return made.SerializeToString()


def load(folder: Path) -> dict[str, Model]:
    import onnxruntime

    folder.mkdir(parents=True, exist_ok=True)
    out = {}
    for name, title in TITLES.items():
        file = folder / f"{name}.onnx"
        if not file.exists():
            file.write_bytes(network() if name == "cnn" else from_sklearn(name))
        session = onnxruntime.InferenceSession(str(file))
        shape = tuple(session.get_inputs()[0].shape[1:])
        # Scores, not labels: one tensor of floats from every server.
        output = session.get_outputs()[-1].name
        out[name] = Model(name, title, file, shape, output)
    return out


def bare_calls(model: Model, rows: int, seconds: float) -> dict:
    """The runtime alone, called in a loop on one thread."""
    import time

    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(model.file), options)
    feed, times = {INPUT: model.rows(rows)}, []
    stop, cpu = time.perf_counter() + seconds, time.process_time()
    while (began := time.perf_counter()) < stop:
        session.run([model.output], feed)
        times.append(time.perf_counter() - began)
    cpu = time.process_time() - cpu
    times.sort()
    return {
        "per_second": len(times) / seconds, "errors": 0, "cpu_us": 1e6 * cpu / len(times),
        **{key: 1000 * times[int(share * (len(times) - 1))]
           for key, share in (("p50", 0.5), ("p99", 0.99), ("p999", 0.999))},
    }  # fmt: skip
