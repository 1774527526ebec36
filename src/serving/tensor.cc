// SPDX-License-Identifier: Apache-2.0
#include "serving/tensor.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "base/recycle.h"

namespace slipway::serving {
namespace {

struct TypeFacts {
  DType type;
  std::string_view name;
  std::size_t size;
};

// In the order of the enumerators.
constexpr std::array<TypeFacts, 14> kTypes{{
    {DType::boolean, "BOOL", 1},
    {DType::int8, "INT8", 1},
    {DType::int16, "INT16", 2},
    {DType::int32, "INT32", 4},
    {DType::int64, "INT64", 8},
    {DType::uint8, "UINT8", 1},
    {DType::uint16, "UINT16", 2},
    {DType::uint32, "UINT32", 4},
    {DType::uint64, "UINT64", 8},
    {DType::fp16, "FP16", 2},
    {DType::bf16, "BF16", 2},
    {DType::fp32, "FP32", 4},
    {DType::fp64, "FP64", 8},
    {DType::bytes, "BYTES", 0},
}};

std::size_t stride_of(DType type) {
  return type == DType::bytes ? sizeof(std::string) : size_of(type);
}

}  // namespace

std::string_view name_of(DType type) {
  return kTypes[static_cast<std::size_t>(type)].name;
}

std::optional<DType> parse_dtype(std::string_view name) {
  for (const auto& facts : kTypes) {
    if (facts.name == name) return facts.type;
  }
  return std::nullopt;
}

std::size_t size_of(DType type) {
  return kTypes[static_cast<std::size_t>(type)].size;
}

float half_to_float(std::uint16_t bits) {
  const float sign = (bits & 0x8000) != 0 ? -1.0F : 1.0F;
  const int exponent = (bits >> 10) & 0x1F;
  const int fraction = bits & 0x3FF;
  if (exponent == 0x1F) {
    return fraction != 0 ? std::numeric_limits<float>::quiet_NaN()
                         : sign * std::numeric_limits<float>::infinity();
  }
  if (exponent == 0) return sign * std::ldexp(static_cast<float>(fraction), -24);
  return sign * std::ldexp(static_cast<float>(fraction + 0x400), exponent - 25);
}

float bfloat_to_float(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

std::string text_of(const Shape& shape) {
  std::string out = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (i != 0) out += ',';
    out += std::to_string(shape[i]);
  }
  return out + "]";
}

std::optional<std::size_t> element_count(const Shape& shape, std::size_t limit) {
  std::size_t count = 1;
  for (const auto n : shape) {
    if (n < 0) return std::nullopt;
    const auto size = static_cast<std::size_t>(n);
    if (size != 0 && count > limit / size) return std::nullopt;
    count *= size;
  }
  if (count > limit) return std::nullopt;
  return count;
}

Tensor Tensor::make(std::string name, DType type, Shape shape) {
  const auto count = element_count(shape);
  SW_ASSERT(count.has_value() && type != DType::bytes);
  const auto words = (*count * size_of(type) + 7) / 8;
  auto buffer = std::allocate_shared<std::uint64_t[]>(Recycled<std::uint64_t>(), words);
  const void* data = buffer.get();
  return view(std::move(name), type, std::move(shape), data, std::move(buffer));
}

Tensor Tensor::view(std::string name, DType type, Shape shape, const void* data,
                    std::shared_ptr<const void> owner) {
  Tensor out;
  out.name = std::move(name);
  out.type_ = type;
  out.count_ = element_count(shape).value_or(0);
  out.shape_ = std::move(shape);
  out.data_ = data;
  out.owner_ = std::move(owner);
  return out;
}

Tensor Tensor::of_texts(std::string name, Shape shape, std::vector<std::string> texts) {
  SW_ASSERT(element_count(shape) == texts.size());
  auto owner = std::make_shared<const std::vector<std::string>>(std::move(texts));
  const void* data = owner->data();
  return view(std::move(name), DType::bytes, std::move(shape), data, std::move(owner));
}

std::size_t Tensor::row_size() const {
  std::size_t size = 1;
  for (std::size_t i = 1; i < shape_.size(); ++i) size *= static_cast<std::size_t>(shape_[i]);
  return size;
}

Tensor Tensor::slice(std::int64_t from, std::int64_t n) const {
  SW_ASSERT(!shape_.empty() && from >= 0 && n >= 0 && from + n <= shape_[0]);
  Tensor out = *this;
  const std::size_t row = row_size();
  out.shape_[0] = n;
  out.count_ = static_cast<std::size_t>(n) * row;
  out.data_ =
      static_cast<const char*>(data_) + static_cast<std::size_t>(from) * row * stride_of(type_);
  return out;
}

Tensor Tensor::reshaped(Shape shape) const {
  SW_ASSERT(element_count(shape) == count_);
  Tensor out = *this;
  out.shape_ = std::move(shape);
  return out;
}

double Tensor::number_at(std::size_t i) const {
  switch (type_) {
    case DType::boolean:
    case DType::uint8:
      return values<std::uint8_t>()[i];
    case DType::int8:
      return values<std::int8_t>()[i];
    case DType::int16:
      return values<std::int16_t>()[i];
    case DType::int32:
      return values<std::int32_t>()[i];
    case DType::int64:
      return static_cast<double>(values<std::int64_t>()[i]);
    case DType::uint16:
      return values<std::uint16_t>()[i];
    case DType::uint32:
      return values<std::uint32_t>()[i];
    case DType::uint64:
      return static_cast<double>(values<std::uint64_t>()[i]);
    case DType::fp16:
      return half_to_float(values<std::uint16_t>()[i]);
    case DType::bf16:
      return bfloat_to_float(values<std::uint16_t>()[i]);
    case DType::fp32:
      return values<float>()[i];
    case DType::fp64:
      return values<double>()[i];
    case DType::bytes:
      break;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

Tensor concatenate(std::span<const Tensor* const> parts) {
  const Tensor& first = *parts.front();
  if (parts.size() == 1) return first;
  std::int64_t rows = 0;
  for (const auto* part : parts) rows += part->rows();
  Shape shape = first.shape();
  shape[0] = rows;
  if (first.dtype() == DType::bytes) {
    std::vector<std::string> texts;
    for (const auto* part : parts) {
      texts.insert(texts.end(), part->texts().begin(), part->texts().end());
    }
    return Tensor::of_texts(first.name, std::move(shape), std::move(texts));
  }
  Tensor out = Tensor::make(first.name, first.dtype(), std::move(shape));
  char* to = static_cast<char*>(out.mutable_data());
  for (const auto* part : parts) {
    const auto raw = part->raw();
    if (!raw.empty()) std::memcpy(to, raw.data(), raw.size());
    to += raw.size();
  }
  return out;
}

Tensor converted(const Tensor& tensor, DType type) {
  if (tensor.dtype() == type) return tensor;
  auto out = Tensor::make(tensor.name, type, tensor.shape());
  const auto fill = [&](auto* to) {
    for (std::size_t i = 0; i < tensor.count(); ++i) {
      to[i] = static_cast<std::remove_reference_t<decltype(*to)>>(tensor.number_at(i));
    }
  };
  if (type == DType::fp32) {
    fill(static_cast<float*>(out.mutable_data()));
  } else {
    SW_ASSERT(type == DType::fp64);
    fill(static_cast<double*>(out.mutable_data()));
  }
  return out;
}

}  // namespace slipway::serving
