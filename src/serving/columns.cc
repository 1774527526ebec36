// SPDX-License-Identifier: Apache-2.0
#include "columns.h"

#include <algorithm>
#include <cstring>

namespace slipway::serving {
namespace {

const Tensor* find(const Tensors& tensors, const std::string& name) {
  const auto found = std::find_if(tensors.begin(), tensors.end(),
                                  [&](const Tensor& tensor) { return tensor.name == name; });
  return found == tensors.end() ? nullptr : &*found;
}

}  // namespace

bool is_by_column(const Tensors& tensors, const FrameLayout& layout) {
  if (!layout.has_names() || layout.slots().size() < 2 || tensors.empty()) return false;
  return std::any_of(layout.slots().begin(), layout.slots().end(),
                     [&](const auto& slot) { return slot.name == tensors.front().name; });
}

Result<Tensor> side_by_side(const Tensors& tensors, const TensorSpec& spec,
                            const FrameLayout& layout) {
  const auto& slots = layout.slots();
  const auto rows = tensors.front().rows();
  if (tensors.size() > slots.size()) return invalid("more inputs than the model has columns");
  Tensors columns;
  for (const auto& slot : slots) {
    const auto* column = find(tensors, slot.name);
    if (column == nullptr) return invalid("input '" + slot.name + "' is missing");
    if (column->dtype() == DType::bytes) {
      return invalid("input '" + slot.name + "' takes numbers, got texts");
    }
    if (column->rows() != rows || column->count() != static_cast<std::size_t>(rows)) {
      return invalid("input '" + slot.name + "' has shape " + text_of(column->shape()) +
                     ", the first one has " + std::to_string(rows) + " rows");
    }
    columns.push_back(converted(*column, spec.dtype));
  }
  const auto width = slots.size();
  const auto size = size_of(spec.dtype);
  auto out = Tensor::make(spec.name, spec.dtype, {rows, static_cast<std::int64_t>(width)});
  auto* to = static_cast<char*>(out.mutable_data());
  for (std::size_t i = 0; i < width; ++i) {
    const auto* from = static_cast<const char*>(columns[i].data());
    for (std::size_t row = 0; row < static_cast<std::size_t>(rows); ++row) {
      std::memcpy(to + (row * width + slots[i].offset) * size, from + row * size, size);
    }
  }
  return out;
}

}  // namespace slipway::serving
