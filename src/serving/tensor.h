// SPDX-License-Identifier: Apache-2.0
// Named, typed, shaped blocks of values: what goes into a model and what comes out.
//
// A Tensor is a handle: copies share the bytes, which are never changed once a tensor has been
// handed on. Views into a request body or a runtime's output keep their owner alive.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/recycle.h"
#include "base/result.h"

namespace slipway::serving {

enum class DType {
  boolean,
  int8,
  int16,
  int32,
  int64,
  uint8,
  uint16,
  uint32,
  uint64,
  fp16,
  bf16,
  fp32,
  fp64,
  bytes,  // texts of any length
};

// The names of the Open Inference Protocol: "FP32", "INT64", "BYTES", ..
std::string_view name_of(DType type);
std::optional<DType> parse_dtype(std::string_view name);
// Bytes an element; 0 for `bytes`.
std::size_t size_of(DType type);
inline bool is_float(DType t) {
  return t == DType::fp32 || t == DType::fp64 || t == DType::fp16 || t == DType::bf16;
}

float half_to_float(std::uint16_t bits);
float bfloat_to_float(std::uint16_t bits);

using Shape = std::vector<std::int64_t, Recycled<std::int64_t>>;
// "[-1,4]"
std::string text_of(const Shape& shape);
// The product; nothing when a dimension is negative or the product passes `limit`.
std::optional<std::size_t> element_count(const Shape& shape, std::size_t limit = SIZE_MAX / 16);

class Tensor {
 public:
  std::string name;
  // Names of the entries along the last axis, when the runtime gave them (class labels of a map).
  std::shared_ptr<const std::vector<std::string>> labels;

  Tensor() = default;
  // Zeroed and writable by `mutable_data` until it is shared.
  static Tensor make(std::string name, DType type, Shape shape);
  // `count(shape) * size_of(type)` bytes at `data`, which `owner` keeps alive.
  static Tensor view(std::string name, DType type, Shape shape, const void* data,
                     std::shared_ptr<const void> owner);
  static Tensor of_texts(std::string name, Shape shape, std::vector<std::string> texts);

  DType dtype() const { return type_; }
  const Shape& shape() const { return shape_; }
  std::size_t count() const { return count_; }
  // The first dimension; 1 for a scalar.
  std::int64_t rows() const { return shape_.empty() ? 1 : shape_[0]; }
  // Elements in a row.
  std::size_t row_size() const;

  const void* data() const { return data_; }
  std::string_view raw() const {
    return {static_cast<const char*>(data_), count_ * size_of(type_)};
  }
  template <class T>
  std::span<const T> values() const {
    return {static_cast<const T*>(data_), count_};
  }
  std::span<const std::string> texts() const { return values<std::string>(); }
  void* mutable_data() { return const_cast<void*>(data_); }  // of a tensor from `make` only

  // Rows [from, from + n): shares the bytes.
  Tensor slice(std::int64_t from, std::int64_t n) const;
  // The same values under another shape with as many elements.
  Tensor reshaped(Shape shape) const;
  // Element `i` as a number; NaN for texts.
  double number_at(std::size_t i) const;

 private:
  DType type_ = DType::fp32;
  Shape shape_;
  std::size_t count_ = 0;
  const void* data_ = nullptr;
  std::shared_ptr<const void> owner_;
};

using Tensors = std::vector<Tensor, Recycled<Tensor>>;

// The same numbers as `type`, which is FP32 or FP64; not for texts.
Tensor converted(const Tensor& tensor, DType type);

// One below the other along the first axis. All of one dtype and row shape, at least one.
Tensor concatenate(std::span<const Tensor* const> parts);

}  // namespace slipway::serving
