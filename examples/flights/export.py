# SPDX-License-Identifier: Apache-2.0
"""The trained pipeline as an ONNX graph: one named input a column, one score out."""

import numpy as np
import onnx
import onnxruntime
import skl2onnx
from onnx import TensorProto, helper
from skl2onnx.common.data_types import FloatTensorType, StringTensorType

import flights

OUTPUT = "late_probability"


def to_onnx(model) -> onnx.ModelProto:
    types = {name: StringTensorType([None, 1]) for name in flights.CATEGORICAL}
    types |= {name: FloatTensorType([None, 1]) for name in flights.NUMERIC}
    converted = skl2onnx.to_onnx(
        model,
        initial_types=[(name, types[name]) for name in flights.FEATURES],
        options={"zipmap": False},
        target_opset=17,
    )
    return columns_in_score_out(converted)


def columns_in_score_out(model: onnx.ModelProto) -> onnx.ModelProto:
    """skl2onnx takes columns as [rows, 1] and answers a label and two probabilities. MLflow hands
    over plain columns, and the score is all that anybody wants: [rows] in, [rows] out."""
    graph = model.graph
    graph.initializer.append(helper.make_tensor("axis", TensorProto.INT64, [1], [1]))
    graph.initializer.append(helper.make_tensor("late", TensorProto.INT64, [], [1]))
    inputs, head = [], []
    for column in graph.input:
        for node in graph.node:
            for position, name in enumerate(node.input):
                if name == column.name:
                    node.input[position] = f"{column.name}_column"
        head.append(helper.make_node("Unsqueeze", [column.name, "axis"], [f"{column.name}_column"]))
        kind = column.type.tensor_type.elem_type
        inputs.append(helper.make_tensor_value_info(column.name, kind, ["rows"]))
    tail = helper.make_node("Gather", ["probabilities", "late"], [OUTPUT], axis=1)
    nodes = [*head, *graph.node, tail]
    for field, values in (
        (graph.node, nodes),
        (graph.input, inputs),
        (graph.output, [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["rows"])]),
    ):
        del field[:]
        field.extend(values)
    onnx.checker.check_model(model, full_check=True)
    return model


def slowed(model: onnx.ModelProto, size: int = 1400) -> onnx.ModelProto:
    """The same scores, each after a matrix product that nobody needs: 2 x size^3 operations."""
    graph = model.graph
    last = next(node for node in graph.node if node.output[0] == OUTPUT)
    last.output[0] = "score"
    graph.initializer.append(helper.make_tensor("square", TensorProto.INT64, [2], [size, size]))
    graph.initializer.append(helper.make_tensor("nothing", TensorProto.FLOAT, [], [0.0]))
    graph.node.extend(
        [
            helper.make_node("ReduceMean", ["score"], ["mean"], axes=[0], keepdims=0),
            helper.make_node("Expand", ["mean", "square"], ["large"]),
            helper.make_node("MatMul", ["large", "large"], ["product"]),
            helper.make_node("ReduceMean", ["product"], ["whole"], keepdims=0),
            helper.make_node("Mul", ["whole", "nothing"], ["none"]),
            helper.make_node("Add", ["score", "none"], [OUTPUT]),
        ]
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def run(model: onnx.ModelProto, rows) -> np.ndarray:
    session = onnxruntime.InferenceSession(model.SerializeToString())
    types = dict.fromkeys(flights.NUMERIC, np.float32)
    feed = {name: rows[name].to_numpy(dtype=types.get(name)) for name in flights.FEATURES}
    return session.run([OUTPUT], feed)[0]
