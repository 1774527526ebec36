// SPDX-License-Identifier: Apache-2.0
#include "tensors.h"

#include <cstring>
#include <utility>

namespace slipway::drivers::python {
namespace {

using serving::DType;
using serving::Shape;
using serving::Tensor;
using serving::Tensors;

constexpr std::size_t kMostTensors = 10'000;
constexpr std::size_t kMostAxes = 16;

Error nonsense(const std::string& what) {
  return internal("the Python worker answered nonsense: " + what);
}

Result<Shape> shape_of(const json::value& from) {
  const auto* list = json::find(from, "shape");
  if (list == nullptr || !list->is_array() || list->get_array().size() > kMostAxes) {
    return nonsense("a tensor without a shape");
  }
  Shape out;
  for (const auto& axis : list->get_array()) {
    if (!axis.is_int64() || axis.get_int64() < -1) return nonsense("a shape");
    out.push_back(axis.get_int64());
  }
  return out;
}

Result<DType> dtype_of(const json::value& from) {
  const auto name = json::text_at(from, "datatype").value_or("");
  const auto type = serving::parse_dtype(name);
  if (!type) return nonsense("the type '" + name.substr(0, 20) + "'");
  return *type;
}

Result<std::vector<std::string>> texts_of(std::string_view bytes, std::size_t count) {
  std::vector<std::string> out;
  while (!bytes.empty()) {
    std::uint32_t length = 0;
    if (bytes.size() < sizeof length) return nonsense("texts that end too early");
    std::memcpy(&length, bytes.data(), sizeof length);
    bytes.remove_prefix(sizeof length);
    if (length > bytes.size()) return nonsense("a text past the end");
    out.emplace_back(bytes.substr(0, length));
    bytes.remove_prefix(length);
  }
  if (out.size() != count) return nonsense("another number of texts than its shape says");
  return out;
}

Result<Tensor> tensor_of(const json::value& from,
                         const std::shared_ptr<const std::string>& memory) {
  const auto name = json::text_at(from, "name").value_or("");
  SW_TRY(const auto type, dtype_of(from));
  SW_TRY(auto shape, shape_of(from));
  SW_TRY(const auto place, place_of(from, memory->size()));
  const auto count = serving::element_count(shape);
  if (!count) return nonsense("a shape");
  if (type == DType::bytes) {
    SW_TRY(auto texts, texts_of(std::string_view(*memory).substr(place.at, place.bytes), *count));
    return Tensor::of_texts(name, std::move(shape), std::move(texts));
  }
  if (place.bytes != *count * serving::size_of(type)) return nonsense("a tensor of another size");
  // Aligned, whatever lies before it.
  auto out = Tensor::make(name, type, std::move(shape));
  if (place.bytes > 0) std::memcpy(out.mutable_data(), memory->data() + place.at, place.bytes);
  return out;
}

}  // namespace

Result<Place> place_of(const json::value& from, std::size_t size) {
  const auto at = json::int_at(from, "at").value_or(-1);
  const auto bytes = json::int_at(from, "bytes").value_or(-1);
  if (at < 0 || bytes < 0 || static_cast<std::size_t>(at) > size ||
      static_cast<std::size_t>(bytes) > size - static_cast<std::size_t>(at)) {
    return nonsense("a place outside its memory");
  }
  return Place{static_cast<std::size_t>(at), static_cast<std::size_t>(bytes)};
}

json::array pack(const Tensors& tensors, std::string& memory) {
  json::array out;
  for (const auto& tensor : tensors) {
    memory.resize((memory.size() + 7) / 8 * 8);
    const auto at = memory.size();
    if (tensor.dtype() == DType::bytes) {
      for (const auto& text : tensor.texts()) {
        const auto length = static_cast<std::uint32_t>(text.size());
        memory.append(reinterpret_cast<const char*>(&length), sizeof length);
        memory += text;
      }
    } else {
      memory += tensor.raw();
    }
    json::array shape;
    for (const auto axis : tensor.shape()) shape.emplace_back(axis);
    out.push_back(json::object{{"name", tensor.name},
                               {"datatype", std::string(serving::name_of(tensor.dtype()))},
                               {"shape", std::move(shape)},
                               {"at", at},
                               {"bytes", memory.size() - at}});
  }
  return out;
}

Result<Tensors> unpack(const json::value& list, const std::shared_ptr<const std::string>& memory) {
  Tensors out;
  if (!list.is_array() || list.get_array().size() > kMostTensors) return nonsense("its outputs");
  for (const auto& each : list.get_array()) {
    SW_TRY(auto tensor, tensor_of(each, memory));
    out.push_back(std::move(tensor));
  }
  return out;
}

Result<std::vector<serving::TensorSpec>> specs_of(const json::value& list) {
  std::vector<serving::TensorSpec> out;
  if (!list.is_array() || list.get_array().size() > kMostTensors) return nonsense("its inputs");
  for (const auto& each : list.get_array()) {
    serving::TensorSpec spec{.name = json::text_at(each, "name").value_or("")};
    SW_TRY(spec.dtype, dtype_of(each));
    SW_TRY(spec.shape, shape_of(each));
    spec.any_number = spec.dtype == DType::fp32 || spec.dtype == DType::fp64;
    out.push_back(std::move(spec));
  }
  return out;
}

}  // namespace slipway::drivers::python
