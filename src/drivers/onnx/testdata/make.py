# SPDX-License-Identifier: Apache-2.0
"""Makes the graphs of onnx_test.cc: python make.py (needs onnx)."""

from pathlib import Path

from onnx import TensorProto, external_data_helper, helper, numpy_helper, save

import numpy as np

HERE = Path(__file__).parent
OPSETS = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]


def write(name, nodes, inputs, outputs, initializers=()):
    values = [[helper.make_tensor_value_info(*v) for v in side] for side in (inputs, outputs)]
    graph = helper.make_graph(nodes, name, values[0], values[1], list(initializers))
    model = helper.make_model(graph, opset_imports=OPSETS, ir_version=8)
    save(model, HERE / f"{name}.onnx")
    return model


# y = X W + b, and its largest index
W = numpy_helper.from_array(np.array([[1, 0], [0, 2], [3, 0]], "float32"), "W")
B = numpy_helper.from_array(np.array([0.5, 0], "float32"), "b")
write("linear",
      [helper.make_node("Gemm", ["X", "W", "b"], ["y"]),
       helper.make_node("ArgMax", ["y"], ["label"], axis=1, keepdims=0)],
      [("X", TensorProto.FLOAT, ["n", 3])],
      [("y", TensorProto.FLOAT, ["n", 2]), ("label", TensorProto.INT64, ["n"])], [W, B])

# texts and numbers, one input a column
write("mixed",
      [helper.make_node("LabelEncoder", ["carrier"], ["code"], domain="ai.onnx.ml",
                        keys_strings=["AA", "UA"], values_floats=[1.0, 2.0], default_float=0.0),
       helper.make_node("Add", ["code", "delay"], ["score"]),
       helper.make_node("Identity", ["carrier"], ["echo"])],
      [("carrier", TensorProto.STRING, ["n"]), ("delay", TensorProto.FLOAT, ["n"])],
      [("score", TensorProto.FLOAT, ["n"]), ("echo", TensorProto.STRING, ["n"])])

# a classifier's scores as a list of maps
zip_map = helper.make_node("ZipMap", ["p"], ["scores"], domain="ai.onnx.ml",
                           classlabels_strings=["no", "yes"])
graph = helper.make_graph(
    [zip_map], "zipmap", [helper.make_tensor_value_info("p", TensorProto.FLOAT, ["n", 2])],
    [helper.make_value_info("scores", helper.make_sequence_type_proto(
        helper.make_map_type_proto(TensorProto.STRING,
                                   helper.make_tensor_type_proto(TensorProto.FLOAT, []))))])
save(helper.make_model(graph, opset_imports=OPSETS, ir_version=8), HERE / "zipmap.onnx")

# weights in a file of their own: inside the folder, and outside of it
for name, location in (("external", "weights.bin"), ("escape", "../../weights.bin")):
    tensor = numpy_helper.from_array(np.array([[2.0], [3.0]], "float32"), "W")
    (HERE / "weights.bin").write_bytes(tensor.raw_data)
    external_data_helper.set_external_data(tensor, location, offset=0, length=8)
    tensor.ClearField("raw_data")
    graph = helper.make_graph([helper.make_node("MatMul", ["X", "W"], ["y"])], name,
                              [helper.make_tensor_value_info("X", TensorProto.FLOAT, ["n", 2])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 1])],
                              [tensor])
    model = helper.make_model(graph, opset_imports=OPSETS, ir_version=8)
    (HERE / f"{name}.onnx").write_bytes(model.SerializeToString())

# as many ones as the input says, as the answer and only on the way to it; texts that double
ONE = numpy_helper.from_array(np.array([1.0], "float32"), "one")
write("grow",
      [helper.make_node("Expand", ["one", "size"], ["y"])],
      [("size", TensorProto.INT64, ["n"])], [("y", TensorProto.FLOAT, ["m"])], [ONE])
write("swell",
      [helper.make_node("Expand", ["one", "size"], ["ones"]),
       helper.make_node("CumSum", ["ones", "zero"], ["sums"]),
       helper.make_node("ReduceMax", ["sums"], ["y"], keepdims=1)],
      [("size", TensorProto.INT64, ["n"])], [("y", TensorProto.FLOAT, ["m"])],
      [ONE, numpy_helper.from_array(np.array(0, "int64"), "zero")])
write("babble",
      [helper.make_node("Expand", ["text", "size"], ["y"])],
      [("text", TensorProto.STRING, [1]), ("size", TensorProto.INT64, ["n"])],
      [("y", TensorProto.STRING, ["m"])])
