// SPDX-License-Identifier: Apache-2.0
#include "tensor_proto.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "base/protobuf.h"
#include "base/protobuf_write.h"

namespace slipway::wire::tfserving {
namespace {

using serving::DType;
using serving::Shape;
using serving::Tensor;

constexpr std::size_t kMaxRank = 32;
constexpr std::size_t kMaxFilled = std::size_t{64} << 20;  // bytes made by repeating the last value

struct Kind {
  DType type;
  std::uint64_t number;
  std::string_view name;
  std::uint32_t field;  // of single values
};

constexpr Kind kKinds[] = {
    {DType::fp32, 1, "DT_FLOAT", 5},      {DType::fp64, 2, "DT_DOUBLE", 6},
    {DType::int32, 3, "DT_INT32", 7},     {DType::uint8, 4, "DT_UINT8", 7},
    {DType::int16, 5, "DT_INT16", 7},     {DType::int8, 6, "DT_INT8", 7},
    {DType::bytes, 7, "DT_STRING", 8},    {DType::int64, 9, "DT_INT64", 10},
    {DType::boolean, 10, "DT_BOOL", 11},  {DType::bf16, 14, "DT_BFLOAT16", 13},
    {DType::uint16, 17, "DT_UINT16", 7},  {DType::fp16, 19, "DT_HALF", 13},
    {DType::uint32, 22, "DT_UINT32", 16}, {DType::uint64, 23, "DT_UINT64", 17},
};

const Kind& kind_of(DType type) {
  return *std::find_if(std::begin(kKinds), std::end(kKinds),
                       [&](const Kind& kind) { return kind.type == type; });
}

struct Parts {
  const Kind* kind = nullptr;
  Shape shape;
  std::optional<std::string_view> content;
  std::vector<ProtoReader> values;  // fields that may hold single values
};

Result<Shape> shape_of(ProtoReader message, const std::string& at) {
  Shape out;
  while (message.next()) {
    if (message.field() == 3 && message.int64() != 0) return invalid(at + " has no shape");
    if (message.field() != 2) continue;
    std::int64_t size = 0;
    auto dim = message.message();
    while (dim.next()) {
      if (dim.field() == 1) size = dim.int64();
    }
    if (!dim.ok()) return invalid(at + " has a malformed shape");
    if (size < 0) return invalid(at + " has a negative dimension");
    if (out.size() == kMaxRank) return invalid(at + " has too many dimensions");
    out.push_back(size);
  }
  if (!message.ok()) return invalid(at + " has a malformed shape");
  return out;
}

Result<Parts> parts_of(std::string_view bytes, const std::string& at) {
  Parts out;
  std::uint64_t number = 0;
  ProtoReader in(bytes);
  while (in.next()) {
    switch (in.field()) {
      case 1:
        number = static_cast<std::uint64_t>(in.int64());
        break;
      case 2: {
        SW_TRY(out.shape, shape_of(in.message(), at));
        break;
      }
      case 4:
        out.content = in.bytes();
        break;
      case 3:
        break;
      default:
        out.values.push_back(in);
    }
  }
  if (!in.ok()) return invalid(at + " is malformed");
  for (const auto& kind : kKinds) {
    if (kind.number == number) out.kind = &kind;
  }
  if (out.kind == nullptr) {
    return invalid(at + " has dtype " + std::to_string(number) + ", which is not served");
  }
  return out;
}

template <class T>
bool append_varints(const ProtoReader& field, std::string& out) {
  return field.each_varint([&](std::uint64_t raw) {
    const auto wide = static_cast<std::int64_t>(raw);
    const T value = static_cast<T>(raw);
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    out.append(bytes, sizeof value);
    return sizeof(T) == 8 ||
           (std::numeric_limits<T>::is_signed ? wide == static_cast<std::int64_t>(value)
                                              : raw == static_cast<std::uint64_t>(value));
  });
}

bool append_values(DType type, const ProtoReader& field, std::string& out) {
  switch (type) {
    case DType::fp32:
    case DType::fp64: {
      const auto bytes = field.is_bytes() ? field.bytes() : field.fixed_bytes();
      out += bytes;
      return bytes.size() % serving::size_of(type) == 0;
    }
    case DType::boolean:
      return field.each_varint([&](std::uint64_t value) {
        out += value != 0 ? '\1' : '\0';
        return true;
      });
    case DType::int8:
      return append_varints<std::int8_t>(field, out);
    case DType::int16:
      return append_varints<std::int16_t>(field, out);
    case DType::int32:
      return append_varints<std::int32_t>(field, out);
    case DType::int64:
      return append_varints<std::int64_t>(field, out);
    case DType::uint8:
      return append_varints<std::uint8_t>(field, out);
    case DType::uint16:
    case DType::fp16:
    case DType::bf16:
      return append_varints<std::uint16_t>(field, out);
    case DType::uint32:
      return append_varints<std::uint32_t>(field, out);
    case DType::uint64:
      return append_varints<std::uint64_t>(field, out);
    case DType::bytes:
      return false;
  }
  return false;
}

Result<Tensor> texts_of(const std::string& name, const Parts& parts, std::size_t count,
                        const std::string& at) {
  std::vector<std::string> texts;
  for (const auto& field : parts.values) {
    if (field.field() == parts.kind->field) texts.emplace_back(field.bytes());
  }
  if (texts.size() > count) return invalid(at + " has more values than its shape");
  if (texts.size() < count) {
    const std::string last = texts.empty() ? std::string() : texts.back();
    if (count - texts.size() > kMaxFilled / (sizeof last + last.size())) {
      return invalid(at + " has fewer values than its shape");
    }
    texts.resize(count, last);
  }
  return Tensor::of_texts(name, parts.shape, std::move(texts));
}

Result<Tensor> single_values(const std::string& name, const Parts& parts, std::size_t count,
                             const std::string& at) {
  const auto type = parts.kind->type;
  const auto width = serving::size_of(type);
  std::string values;
  for (const auto& field : parts.values) {
    if (field.field() != parts.kind->field) continue;
    if (!append_values(type, field, values)) {
      return invalid(at + " has values that are not " + std::string(parts.kind->name));
    }
  }
  const auto have = values.size() / width;
  if (have > count) return invalid(at + " has more values than its shape");
  if (have < count) {
    if (count > kMaxFilled / width) return invalid(at + " has fewer values than its shape");
    const std::string last =
        have == 0 ? std::string(width, '\0') : values.substr(values.size() - width);
    values.reserve(count * width);
    for (auto i = have; i < count; ++i) values += last;
  }
  auto owner = std::make_shared<const std::string>(std::move(values));
  const void* data = owner->data();
  return Tensor::view(name, type, parts.shape, data, std::move(owner));
}

}  // namespace

std::string_view dtype_name(DType type) {
  return kind_of(type).name;
}

std::uint64_t dtype_number(DType type) {
  return kind_of(type).number;
}

Result<Tensor> read_tensor_proto(const std::string& name, std::string_view bytes,
                                 const std::shared_ptr<const void>& owner) {
  const std::string at = "input '" + name.substr(0, 100) + "'";
  SW_TRY(const auto parts, parts_of(bytes, at));
  const auto count = serving::element_count(parts.shape);
  if (!count) return invalid(at + " has an impossible shape " + serving::text_of(parts.shape));
  const auto type = parts.kind->type;
  if (type == DType::bytes) return texts_of(name, parts, *count, at);
  if (!parts.content || parts.content->empty()) return single_values(name, parts, *count, at);
  const auto width = serving::size_of(type);
  const auto content = *parts.content;
  if (*count * width != content.size()) {
    return invalid(at + " has " + std::to_string(content.size()) + " bytes, shape " +
                   serving::text_of(parts.shape) + " of " + std::string(parts.kind->name) +
                   " takes others");
  }
  if (type == DType::boolean &&
      std::any_of(content.begin(), content.end(), [](char c) { return c != 0 && c != 1; })) {
    return invalid(at + " has bytes that are neither 0 nor 1");
  }
  if (reinterpret_cast<std::uintptr_t>(content.data()) % width == 0) {
    return Tensor::view(name, type, parts.shape, content.data(), owner);
  }
  auto copy = Tensor::make(name, type, parts.shape);
  std::memcpy(copy.mutable_data(), content.data(), content.size());
  return copy;
}

std::string write_shape(const Shape& shape) {
  std::string out;
  for (const auto n : shape) {
    std::string dim;
    put_number(dim, 1, static_cast<std::uint64_t>(n));
    put_bytes(out, 2, dim);
  }
  return out;
}

std::string write_tensor_proto(const Tensor& tensor) {
  std::string out;
  const auto shape = write_shape(tensor.shape());
  out.reserve(shape.size() + tensor.raw().size() + 32);
  put_number(out, 1, dtype_number(tensor.dtype()));
  put_bytes(out, 2, shape);
  if (tensor.dtype() != DType::bytes) {
    put_bytes(out, 4, tensor.raw());
  } else {
    for (const auto& text : tensor.texts()) put_bytes(out, 8, text);
  }
  return out;
}

}  // namespace slipway::wire::tfserving
