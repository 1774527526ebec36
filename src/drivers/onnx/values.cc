// SPDX-License-Identifier: Apache-2.0
#include "values.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

namespace slipway::drivers::onnx {
namespace {

using serving::DType;
using serving::Shape;
using serving::Tensor;
using serving::TensorSpec;

constexpr std::pair<ONNXTensorElementDataType, DType> kTypes[] = {
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, DType::fp32},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE, DType::fp64},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64, DType::int64},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32, DType::int32},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING, DType::bytes},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL, DType::boolean},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8, DType::int8},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_INT16, DType::int16},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8, DType::uint8},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT16, DType::uint16},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT32, DType::uint32},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT64, DType::uint64},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16, DType::fp16},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16, DType::bf16},
};

Result<ONNXTensorElementDataType> element_of(DType type) {
  for (const auto& [theirs, ours] : kTypes) {
    if (ours == type) return theirs;
  }
  return internal("no ONNX type for " + std::string(serving::name_of(type)));
}

Error unsupported(const std::string& name, std::string_view what) {
  return {Code::unimplemented, "'" + name + "' of the graph is " + std::string(what),
          "export the model with tensors as inputs and outputs"};
}

Result<std::vector<std::string>> read_texts(const Runtime& runtime, const OrtValue* value,
                                            std::size_t count) {
  const auto& api = runtime.api();
  std::size_t length = 0;
  SW_CHECK_OK(runtime.check(api.GetStringTensorDataLength(value, &length)));
  std::string all(length, '\0');
  std::vector<std::size_t> offsets(count);
  SW_CHECK_OK(
      runtime.check(api.GetStringTensorContent(value, all.data(), length, offsets.data(), count)));
  std::vector<std::string> out(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t end = i + 1 < count ? offsets[i + 1] : length;
    out[i] = all.substr(offsets[i], end - offsets[i]);
  }
  return out;
}

Result<Tensor> tensor_of(const Runtime& runtime, const std::string& name, Owned<OrtValue> value) {
  const auto& api = runtime.api();
  OrtTensorTypeAndShapeInfo* raw = nullptr;
  SW_CHECK_OK(runtime.check(api.GetTensorTypeAndShape(value.get(), &raw)));
  const auto info = own(runtime, raw);
  ONNXTensorElementDataType element{};
  std::size_t rank = 0;
  SW_CHECK_OK(runtime.check(api.GetTensorElementType(info.get(), &element)));
  SW_CHECK_OK(runtime.check(api.GetDimensionsCount(info.get(), &rank)));
  Shape shape(rank);
  SW_CHECK_OK(runtime.check(api.GetDimensions(info.get(), shape.data(), rank)));
  const auto type = dtype_of(element);
  const auto count = serving::element_count(shape);
  if (!type || !count) return unsupported(name, "a tensor of an unknown type");
  if (*type == DType::bytes) {
    SW_TRY(auto texts, read_texts(runtime, value.get(), *count));
    return Tensor::of_texts(name, std::move(shape), std::move(texts));
  }
  void* data = nullptr;
  SW_CHECK_OK(runtime.check(api.GetTensorMutableData(value.get(), &data)));
  std::shared_ptr<const void> owner(
      value.release(),
      [&runtime](const void* p) {
        runtime.api().ReleaseValue(static_cast<OrtValue*>(const_cast<void*>(p)));
      },
      Recycled<char>());
  return Tensor::view(name, *type, std::move(shape), data, std::move(owner));
}

// Element `index` of a sequence or a map.
Result<Owned<OrtValue>> element_at(const Runtime& runtime, const OrtValue* value, int index) {
  OrtAllocator* allocator = nullptr;
  SW_CHECK_OK(runtime.check(runtime.api().GetAllocatorWithDefaultOptions(&allocator)));
  OrtValue* out = nullptr;
  SW_CHECK_OK(runtime.check(runtime.api().GetValue(value, index, allocator, &out)));
  return own(runtime, out);
}

std::string label_at(const Tensor& keys, std::size_t i) {
  if (keys.dtype() == DType::bytes) return keys.texts()[i];
  return std::to_string(static_cast<std::int64_t>(keys.number_at(i)));
}

// Rows of {label: score} become a table with one column a label, in the order of the first row.
Result<Tensor> table_of_maps(const Runtime& runtime, const std::string& name,
                             const OrtValue* value) {
  std::size_t rows = 0;
  SW_CHECK_OK(runtime.check(runtime.api().GetValueCount(value, &rows)));
  std::vector<std::string> labels;
  Tensor out;
  for (std::size_t row = 0; row < rows; ++row) {
    SW_TRY(const auto map, element_at(runtime, value, static_cast<int>(row)));
    SW_TRY(auto keys_value, element_at(runtime, map.get(), 0));
    SW_TRY(auto scores_value, element_at(runtime, map.get(), 1));
    SW_TRY(const auto keys, tensor_of(runtime, name, std::move(keys_value)));
    SW_TRY(const auto scores, tensor_of(runtime, name, std::move(scores_value)));
    if (row == 0) {
      for (std::size_t i = 0; i < keys.count(); ++i) labels.push_back(label_at(keys, i));
      out =
          Tensor::make(name, DType::fp32,
                       {static_cast<std::int64_t>(rows), static_cast<std::int64_t>(keys.count())});
    }
    auto* to = static_cast<float*>(out.mutable_data()) + row * labels.size();
    std::fill_n(to, labels.size(), std::numeric_limits<float>::quiet_NaN());
    for (std::size_t i = 0; i < std::min(keys.count(), scores.count()); ++i) {
      const auto label = label_at(keys, i);
      const auto found = i < labels.size() && labels[i] == label
                             ? labels.begin() + static_cast<std::ptrdiff_t>(i)
                             : std::find(labels.begin(), labels.end(), label);
      if (found == labels.end()) return internal("the rows of '" + name + "' differ in labels");
      to[found - labels.begin()] = static_cast<float>(scores.number_at(i));
    }
  }
  if (rows == 0) out = Tensor::make(name, DType::fp32, {0, 0});
  out.labels = std::make_shared<const std::vector<std::string>>(std::move(labels));
  return out;
}

Result<TensorSpec> tensor_spec(const Runtime& runtime, std::string name,
                               const OrtTensorTypeAndShapeInfo* info) {
  const auto& api = runtime.api();
  ONNXTensorElementDataType element{};
  std::size_t rank = 0;
  SW_CHECK_OK(runtime.check(api.GetTensorElementType(info, &element)));
  SW_CHECK_OK(runtime.check(api.GetDimensionsCount(info, &rank)));
  TensorSpec spec{.name = std::move(name)};
  spec.shape.resize(rank);
  SW_CHECK_OK(runtime.check(api.GetDimensions(info, spec.shape.data(), rank)));
  for (auto& n : spec.shape) n = n < 0 ? -1 : n;
  const auto type = dtype_of(element);
  if (!type) return unsupported(spec.name, "a tensor of a type that no client can send");
  spec.dtype = *type;
  return spec;
}

Result<TensorSpec> sequence_spec(const Runtime& runtime, std::string name,
                                 const OrtTypeInfo* info) {
  const auto& api = runtime.api();
  const OrtSequenceTypeInfo* sequence = nullptr;
  SW_CHECK_OK(runtime.check(api.CastTypeInfoToSequenceTypeInfo(info, &sequence)));
  OrtTypeInfo* raw = nullptr;
  SW_CHECK_OK(runtime.check(api.GetSequenceElementType(sequence, &raw)));
  const auto element = own(runtime, raw);
  ONNXType kind{};
  SW_CHECK_OK(runtime.check(api.GetOnnxTypeFromTypeInfo(element.get(), &kind)));
  if (kind != ONNX_TYPE_MAP) return unsupported(name, "a sequence of tensors");
  return TensorSpec{.name = std::move(name), .dtype = DType::fp32, .shape = {-1, -1}, .map = true};
}

}  // namespace

std::optional<DType> dtype_of(ONNXTensorElementDataType type) {
  for (const auto& [theirs, ours] : kTypes) {
    if (theirs == type) return ours;
  }
  return std::nullopt;
}

Result<TensorSpec> spec_of(const Runtime& runtime, std::string name, const OrtTypeInfo* info) {
  const auto& api = runtime.api();
  ONNXType kind{};
  SW_CHECK_OK(runtime.check(api.GetOnnxTypeFromTypeInfo(info, &kind)));
  if (kind == ONNX_TYPE_SEQUENCE) return sequence_spec(runtime, std::move(name), info);
  if (kind != ONNX_TYPE_TENSOR) return unsupported(name, "neither a tensor nor a list of maps");
  const OrtTensorTypeAndShapeInfo* tensor = nullptr;
  SW_CHECK_OK(runtime.check(api.CastTypeInfoToTensorInfo(info, &tensor)));
  return tensor_spec(runtime, std::move(name), tensor);
}

Result<std::size_t> bytes_of(const Runtime& runtime, const OrtValue* value) {
  const auto& api = runtime.api();
  int is_tensor = 0;
  SW_CHECK_OK(runtime.check(api.IsTensor(value, &is_tensor)));
  if (is_tensor == 0) return 0;
  OrtTensorTypeAndShapeInfo* raw = nullptr;
  SW_CHECK_OK(runtime.check(api.GetTensorTypeAndShape(value, &raw)));
  const auto info = own(runtime, raw);
  ONNXTensorElementDataType element{};
  std::size_t count = 0;
  SW_CHECK_OK(runtime.check(api.GetTensorElementType(info.get(), &element)));
  SW_CHECK_OK(runtime.check(api.GetTensorShapeElementCount(info.get(), &count)));
  const auto type = dtype_of(element);
  if (!type) return 0;
  if (*type != DType::bytes) return count * serving::size_of(*type);
  std::size_t length = 0;
  SW_CHECK_OK(runtime.check(api.GetStringTensorDataLength(value, &length)));
  return length + count * sizeof(std::string);
}

Result<Owned<OrtValue>> to_value(const Runtime& runtime, const Tensor& tensor) {
  const auto& api = runtime.api();
  SW_TRY(const auto element, element_of(tensor.dtype()));
  const auto& shape = tensor.shape();
  OrtValue* out = nullptr;
  if (tensor.dtype() != DType::bytes) {
    static std::uint64_t nothing = 0;  // a tensor of no elements needs an address all the same
    void* data = tensor.count() == 0 ? &nothing : const_cast<void*>(tensor.data());
    SW_CHECK_OK(runtime.check(api.CreateTensorWithDataAsOrtValue(
        runtime.cpu(), data, tensor.raw().size(), shape.data(), shape.size(), element, &out)));
    return own(runtime, out);
  }
  OrtAllocator* allocator = nullptr;
  SW_CHECK_OK(runtime.check(api.GetAllocatorWithDefaultOptions(&allocator)));
  SW_CHECK_OK(runtime.check(
      api.CreateTensorAsOrtValue(allocator, shape.data(), shape.size(), element, &out)));
  auto value = own(runtime, out);
  // Element by element: the call for all of them ends each at its first zero byte.
  for (std::size_t i = 0; i < tensor.count(); ++i) {
    const auto& text = tensor.texts()[i];
    char* room = nullptr;
    SW_CHECK_OK(
        runtime.check(api.GetResizedStringTensorElementBuffer(value.get(), i, text.size(), &room)));
    text.copy(room, text.size());
  }
  return value;
}

Result<Tensor> to_tensor(const Runtime& runtime, const TensorSpec& spec, Owned<OrtValue> value) {
  if (spec.map) return table_of_maps(runtime, spec.name, value.get());
  return tensor_of(runtime, spec.name, std::move(value));
}

}  // namespace slipway::drivers::onnx
