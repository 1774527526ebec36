// SPDX-License-Identifier: Apache-2.0
#include "tensor_bytes.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <utility>
#include <vector>

#include "serving/tensor_json.h"

namespace slipway::wire::oip {
namespace {

using serving::DType;
using serving::Shape;
using serving::Tensor;

// Each: four bytes of length, then so many bytes.
Result<Tensor> texts_of(const std::string& name, const Shape& shape, std::string_view bytes,
                        std::optional<std::size_t> count, const Where& at) {
  if (!count || *count > bytes.size() / 4) {
    return invalid(at.text() + " has too few bytes for shape " + serving::text_of(shape));
  }
  std::vector<std::string> out;
  out.reserve(*count);
  while (!bytes.empty()) {
    std::uint32_t length = 0;
    if (bytes.size() < sizeof length) return invalid(at.text() + " ends inside a length");
    std::memcpy(&length, bytes.data(), sizeof length);
    bytes.remove_prefix(sizeof length);
    if (length > bytes.size()) return invalid(at.text() + " ends inside an element");
    out.emplace_back(bytes.substr(0, length));
    bytes.remove_prefix(length);
    if (out.size() > *count) break;
  }
  if (out.size() != *count) {
    return invalid(at.text() + " has another number of elements than shape " +
                   serving::text_of(shape));
  }
  return Tensor::of_texts(name, shape, std::move(out));
}

}  // namespace

Result<Tensor> tensor_of(const std::string& name, DType type, const Shape& shape,
                         std::string_view bytes, const std::shared_ptr<const void>& owner,
                         const Where& at) {
  const auto count = serving::element_count(shape, bytes.size());
  if (type == DType::bytes) return texts_of(name, shape, bytes, count, at);
  const std::size_t width = serving::size_of(type);
  if (!count || *count * width != bytes.size()) {
    return invalid(at.text() + " has " + std::to_string(bytes.size()) + " bytes, shape " +
                   serving::text_of(shape) + " of " + std::string(serving::name_of(type)) +
                   " takes others");
  }
  if (type == DType::boolean &&
      std::any_of(bytes.begin(), bytes.end(), [](char c) { return c != 0 && c != 1; })) {
    return invalid(at.text() + " has bytes that are neither 0 nor 1");
  }
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % width == 0) {
    return Tensor::view(name, type, shape, bytes.data(), owner);
  }
  auto copy = Tensor::make(name, type, shape);
  if (!bytes.empty()) std::memcpy(copy.mutable_data(), bytes.data(), bytes.size());
  return copy;
}

std::size_t size_of_bytes(const Tensor& tensor) {
  if (tensor.dtype() != DType::bytes) return tensor.raw().size();
  std::size_t size = 0;
  for (const auto& text : tensor.texts()) size += sizeof(std::uint32_t) + text.size();
  return size;
}

void append_bytes(std::string& out, const Tensor& tensor) {
  if (tensor.dtype() != DType::bytes) {
    out.append(tensor.raw());
    return;
  }
  for (const auto& text : tensor.texts()) {
    const auto length = static_cast<std::uint32_t>(text.size());
    char bytes[sizeof length];
    std::memcpy(bytes, &length, sizeof length);
    out.append(bytes, sizeof length);
    out += text;
  }
}

Tensor classify(const Tensor& scores, std::int64_t k) {
  const bool one_row = scores.shape().size() < 2;
  const std::size_t width = one_row ? scores.count() : scores.row_size();
  const std::size_t rows = width == 0 ? 0 : scores.count() / width;
  const auto best = std::min<std::size_t>(static_cast<std::size_t>(k), width);
  std::vector<std::string> texts;
  std::vector<std::size_t> order(width);
  for (std::size_t row = 0; row < rows; ++row) {
    std::iota(order.begin(), order.end(), 0);
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(best), order.end(),
                      [&](std::size_t a, std::size_t b) {
                        return scores.number_at(row * width + a) >
                               scores.number_at(row * width + b);
                      });
    for (std::size_t i = 0; i < best; ++i) {
      std::string text;
      serving::append_element(text, scores, row * width + order[i]);
      text += ':' + std::to_string(order[i]);
      if (scores.labels != nullptr && order[i] < scores.labels->size()) {
        text += ':' + (*scores.labels)[order[i]];
      }
      texts.push_back(std::move(text));
    }
  }
  Shape shape;
  if (!one_row) shape.push_back(static_cast<std::int64_t>(rows));
  shape.push_back(static_cast<std::int64_t>(best));
  return Tensor::of_texts(scores.name, std::move(shape), std::move(texts));
}

}  // namespace slipway::wire::oip
