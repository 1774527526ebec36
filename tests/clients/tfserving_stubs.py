# SPDX-License-Identifier: Apache-2.0
"""Messages of TensorFlow Serving's gRPC, made while the tests run from the names and numbers of
their fields: what tensorflow-serving-api sends and reads, without TensorFlow."""

from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, message_factory, wrappers_pb2

FIELD = descriptor_pb2.FieldDescriptorProto
TYPES = {
    "double": FIELD.TYPE_DOUBLE,
    "float": FIELD.TYPE_FLOAT,
    "int64": FIELD.TYPE_INT64,
    "int32": FIELD.TYPE_INT32,
    "uint32": FIELD.TYPE_UINT32,
    "uint64": FIELD.TYPE_UINT64,
    "bool": FIELD.TYPE_BOOL,
    "string": FIELD.TYPE_STRING,
    "bytes": FIELD.TYPE_BYTES,
}
# message: {field: (number, type)}; a type ends in * when it is repeated, and map: says so.
MESSAGES = {
    "Dim": {"size": (1, "int64"), "name": (2, "string")},
    "TensorShapeProto": {"dim": (2, "Dim*"), "unknown_rank": (3, "bool")},
    "TensorProto": {
        "dtype": (1, "int32"),
        "tensor_shape": (2, "TensorShapeProto"),
        "tensor_content": (4, "bytes"),
        "float_val": (5, "float*"),
        "double_val": (6, "double*"),
        "int_val": (7, "int32*"),
        "string_val": (8, "bytes*"),
        "int64_val": (10, "int64*"),
        "bool_val": (11, "bool*"),
        "half_val": (13, "int32*"),
        "uint32_val": (16, "uint32*"),
        "uint64_val": (17, "uint64*"),
    },
    "ModelSpec": {
        "name": (1, "string"),
        "version": (2, "google.protobuf.Int64Value"),
        "signature_name": (3, "string"),
        "version_label": (4, "string"),
    },
    "PredictRequest": {
        "model_spec": (1, "ModelSpec"),
        "inputs": (2, "map:TensorProto"),
        "output_filter": (3, "string*"),
    },
    "PredictResponse": {"outputs": (1, "map:TensorProto"), "model_spec": (2, "ModelSpec")},
    "BytesList": {"value": (1, "bytes*")},
    "FloatList": {"value": (1, "float*")},
    "Int64List": {"value": (1, "int64*")},
    "Feature": {
        "bytes_list": (1, "BytesList"),
        "float_list": (2, "FloatList"),
        "int64_list": (3, "Int64List"),
    },
    "Features": {"feature": (1, "map:Feature")},
    "Example": {"features": (1, "Features")},
    "ExampleList": {"examples": (1, "Example*")},
    "Input": {"example_list": (1, "ExampleList")},
    "ExampleRequest": {"model_spec": (1, "ModelSpec"), "input": (2, "Input")},
    "Class": {"label": (1, "string"), "score": (2, "float")},
    "Classifications": {"classes": (1, "Class*")},
    "ClassificationResult": {"classifications": (1, "Classifications*")},
    "ClassificationResponse": {
        "result": (1, "ClassificationResult"),
        "model_spec": (2, "ModelSpec"),
    },
    "Regression": {"value": (1, "float")},
    "RegressionResult": {"regressions": (1, "Regression*")},
    "RegressionResponse": {"result": (1, "RegressionResult"), "model_spec": (2, "ModelSpec")},
    "GetModelMetadataRequest": {"model_spec": (1, "ModelSpec"), "metadata_field": (2, "string*")},
    "GetModelMetadataResponse": {
        "model_spec": (1, "ModelSpec"),
        "metadata": (2, "map:google.protobuf.Any"),
    },
    "TensorInfo": {
        "name": (1, "string"),
        "dtype": (2, "int32"),
        "tensor_shape": (3, "TensorShapeProto"),
    },
    "SignatureDef": {
        "inputs": (1, "map:TensorInfo"),
        "outputs": (2, "map:TensorInfo"),
        "method_name": (3, "string"),
    },
    "SignatureDefMap": {"signature_def": (1, "map:SignatureDef")},
    "StatusProto": {"error_code": (1, "int32"), "error_message": (2, "string")},
    "ModelVersionStatus": {
        "version": (1, "int64"),
        "state": (2, "int32"),
        "status": (3, "StatusProto"),
    },
    "GetModelStatusRequest": {"model_spec": (1, "ModelSpec")},
    "GetModelStatusResponse": {"model_version_status": (1, "ModelVersionStatus*")},
}


def _add_field(message, name, number, kind):
    field = message.field.add(name=name, number=number, label=FIELD.LABEL_OPTIONAL)
    if kind.startswith("map:"):
        entry = message.nested_type.add(name="".join(p.title() for p in name.split("_")) + "Entry")
        entry.options.map_entry = True
        _add_field(entry, "key", 1, "string")
        _add_field(entry, "value", 2, kind[4:])
        field.label, field.type = FIELD.LABEL_REPEATED, FIELD.TYPE_MESSAGE
        field.type_name = f".stubs.{message.name}.{entry.name}"
        return
    if kind.endswith("*"):
        field.label, kind = FIELD.LABEL_REPEATED, kind[:-1]
    if kind in TYPES:
        field.type = TYPES[kind]
    else:
        field.type = FIELD.TYPE_MESSAGE
        field.type_name = f".{kind}" if "." in kind else f".stubs.{kind}"


def _make():
    pool = descriptor_pool.DescriptorPool()
    file = descriptor_pb2.FileDescriptorProto(name="stubs.proto", package="stubs", syntax="proto3")
    for module in (wrappers_pb2, any_pb2):
        pool.AddSerializedFile(module.DESCRIPTOR.serialized_pb)
        file.dependency.append(module.DESCRIPTOR.name)
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, (number, kind) in fields.items():
            _add_field(message, field, number, kind)
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"stubs.{name}"))
        for name in MESSAGES
    }


globals().update(_make())
