// SPDX-License-Identifier: Apache-2.0
#include "serving/frame.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "base/text.h"

namespace slipway::serving {
namespace {

// [N], [N,1]: one value a row.
bool is_column(const TensorSpec& spec) {
  return spec.shape.size() == 1 || (spec.shape.size() == 2 && spec.shape[1] == 1);
}

bool is_scalar_type(DType type) {
  return type != DType::fp16 && type != DType::bf16;
}

template <class T>
bool store_integer(std::int64_t value, char* to) {
  if (value < static_cast<std::int64_t>(std::numeric_limits<T>::min()) ||
      (sizeof(T) < 8 && value > static_cast<std::int64_t>(std::numeric_limits<T>::max()))) {
    return false;
  }
  const T out = static_cast<T>(value);
  std::memcpy(to, &out, sizeof out);
  return true;
}

// False when the type cannot hold the value.
bool store(DType type, std::int64_t value, char* to) {
  switch (type) {
    case DType::boolean:
      return (value == 0 || value == 1) && store_integer<std::uint8_t>(value, to);
    case DType::int8:
      return store_integer<std::int8_t>(value, to);
    case DType::int16:
      return store_integer<std::int16_t>(value, to);
    case DType::int32:
      return store_integer<std::int32_t>(value, to);
    case DType::int64:
      return store_integer<std::int64_t>(value, to);
    case DType::uint8:
      return store_integer<std::uint8_t>(value, to);
    case DType::uint16:
      return store_integer<std::uint16_t>(value, to);
    case DType::uint32:
      return store_integer<std::uint32_t>(value, to);
    case DType::uint64:
      return store_integer<std::uint64_t>(value, to);
    default:
      return false;
  }
}

bool store(DType type, double value, char* to) {
  if (type == DType::fp64) {
    std::memcpy(to, &value, sizeof value);
    return true;
  }
  if (type == DType::fp32) {
    const auto narrow = static_cast<float>(value);
    if (std::isinf(narrow) && !std::isinf(value)) return false;
    std::memcpy(to, &narrow, sizeof narrow);
    return true;
  }
  if (value != std::floor(value) || std::abs(value) > 9e15) return false;
  return store(type, static_cast<std::int64_t>(value), to);
}

std::string quoted(std::string_view text) {
  constexpr std::size_t kShown = 40;
  return "'" + std::string(text.substr(0, kShown)) + (text.size() > kShown ? "..'" : "'");
}

}  // namespace

FrameLayout FrameLayout::of(const Signature& signature, const std::vector<Column>& columns) {
  FrameLayout out;
  out.inputs_ = signature.inputs;
  for (const auto& spec : signature.inputs) {
    if (!is_scalar_type(spec.dtype)) return out;
  }
  if (signature.inputs.size() > 1) {
    for (std::size_t i = 0; i < signature.inputs.size(); ++i) {
      if (!is_column(signature.inputs[i])) return FrameLayout(std::move(out));
      out.slots_.push_back({signature.inputs[i].name, i, 0});
    }
    out.is_table_ = out.has_names_ = true;
    return out;
  }
  if (signature.inputs.empty()) return out;
  const auto& spec = signature.inputs.front();
  if (spec.shape.size() != 2 && spec.shape.size() != 1) return out;
  const std::int64_t width = spec.shape.size() == 1 ? 1 : spec.shape[1];
  const bool fits = width < 0 || static_cast<std::size_t>(width) == columns.size();
  out.is_table_ = true;
  if (!columns.empty() && fits) {
    out.has_names_ = true;
    for (std::size_t i = 0; i < columns.size(); ++i) out.slots_.push_back({columns[i].name, 0, i});
  } else if (width == 1) {
    out.has_names_ = true;
    out.slots_.push_back({spec.name, 0, 0});
  } else {
    for (std::int64_t i = 0; i < width; ++i) {
      out.slots_.push_back({"", 0, static_cast<std::size_t>(i)});
    }
  }
  return out;
}

std::vector<std::string> FrameLayout::names() const {
  std::vector<std::string> out;
  if (!has_names_) return out;
  out.reserve(slots_.size());
  for (const auto& slot : slots_) out.push_back(slot.name);
  return out;
}

void FrameBuilder::make_buffers() {
  const auto& inputs = layout_.inputs();
  buffers_.resize(inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    buffers_[i].type = inputs[i].dtype;
    buffers_[i].width = inputs.size() == 1 ? places_.size() : 1;
  }
}

Result<void> FrameBuilder::set_columns(const std::vector<std::string>& names) {
  SW_ASSERT(rows_ == 0);
  if (!layout_.has_names()) {
    SW_CHECK_OK(set_width(names.size()));
    for (std::size_t i = 0; i < names.size(); ++i) places_[i].name = names[i];
    return {};
  }
  const auto& slots = layout_.slots();
  std::vector<bool> given(slots.size(), false);
  places_.clear();
  places_.reserve(names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::size_t at = i;
    if (i >= slots.size() || slots[i].name != names[i]) {
      const auto found = std::find_if(slots.begin(), slots.end(),
                                      [&](const auto& slot) { return slot.name == names[i]; });
      if (found == slots.end()) {
        return invalid("unknown column " + quoted(names[i]),
                       "the model's columns are in its metadata and its signature");
      }
      at = static_cast<std::size_t>(found - slots.begin());
    }
    if (given[at]) return invalid("column " + quoted(names[i]) + " is given twice");
    given[at] = true;
    places_.push_back({slots[at].input, slots[at].offset, names[i]});
  }
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (!given[i]) return invalid("column " + quoted(slots[i].name) + " is missing");
  }
  make_buffers();
  return {};
}

Result<void> FrameBuilder::set_width(std::size_t width) {
  const auto& slots = layout_.slots();
  if (width == 0) return invalid("a row has no values");
  if (!slots.empty() && slots.size() != width) {
    return invalid("a row has " + std::to_string(width) + " values, the model takes " +
                   std::to_string(slots.size()));
  }
  places_.clear();
  for (std::size_t i = 0; i < width; ++i) {
    if (slots.empty()) {
      places_.push_back({0, i, std::to_string(i)});
    } else {
      places_.push_back({slots[i].input, slots[i].offset,
                         slots[i].name.empty() ? std::to_string(i) : slots[i].name});
    }
  }
  make_buffers();
  return {};
}

std::optional<std::size_t> FrameBuilder::position_of(std::string_view name,
                                                     std::size_t hint) const {
  if (hint < places_.size() && places_[hint].name == name) return hint;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    if (places_[i].name == name) return i;
  }
  return std::nullopt;
}

void FrameBuilder::begin_row() {
  ++rows_;
  filled_ = 0;
  for (auto& buffer : buffers_) {
    if (buffer.type == DType::bytes) {
      buffer.texts.resize(buffer.texts.size() + buffer.width);
    } else {
      buffer.bytes.append(buffer.width * size_of(buffer.type), '\0');
    }
  }
}

Error FrameBuilder::mismatch(const Place& place, const std::string& got) const {
  return invalid("column " + quoted(place.name) + " takes " +
                 std::string(name_of(buffers_[place.input].type)) + ", got " + got + " in row " +
                 std::to_string(rows_ - 1));
}

Result<FrameBuilder::Place*> FrameBuilder::claim(std::size_t position) {
  if (position >= places_.size()) {
    return invalid("row " + std::to_string(rows_ - 1) + " has more than " +
                   std::to_string(places_.size()) + " values");
  }
  auto& place = places_[position];
  if (place.row == rows_) return invalid("column " + quoted(place.name) + " is given twice");
  place.row = rows_;
  ++filled_;
  return &place;
}

char* FrameBuilder::cell(const Place& place) {
  auto& buffer = buffers_[place.input];
  const std::size_t index = (rows_ - 1) * buffer.width + place.offset;
  return buffer.bytes.data() + index * size_of(buffer.type);
}

Result<void> FrameBuilder::put(std::size_t position, double value) {
  SW_TRY(const auto* place, claim(position));
  const auto type = buffers_[place->input].type;
  if (type == DType::bytes || !store(type, value, cell(*place))) {
    return mismatch(*place, number_text(value));
  }
  return {};
}

Result<void> FrameBuilder::put(std::size_t position, std::int64_t value) {
  SW_TRY(const auto* place, claim(position));
  const auto type = buffers_[place->input].type;
  const bool kept = type == DType::bytes ? false
                    : is_float(type)     ? store(type, static_cast<double>(value), cell(*place))
                                         : store(type, value, cell(*place));
  if (!kept) return mismatch(*place, std::to_string(value));
  return {};
}

Result<void> FrameBuilder::put(std::size_t position, bool value) {
  SW_TRY(const auto* place, claim(position));
  const auto type = buffers_[place->input].type;
  if (type == DType::bytes) return mismatch(*place, value ? "true" : "false");
  const std::int64_t number = value ? 1 : 0;
  const bool kept = is_float(type) ? store(type, static_cast<double>(number), cell(*place))
                                   : store(type, number, cell(*place));
  if (!kept) return mismatch(*place, value ? "true" : "false");
  return {};
}

Result<void> FrameBuilder::put_text(std::size_t position, std::string_view value) {
  SW_TRY(const auto* place, claim(position));
  auto& buffer = buffers_[place->input];
  if (buffer.type != DType::bytes) return mismatch(*place, "the text " + quoted(value));
  buffer.texts[(rows_ - 1) * buffer.width + place->offset] = value;
  return {};
}

Result<void> FrameBuilder::put_null(std::size_t position) {
  SW_TRY(const auto* place, claim(position));
  const auto type = buffers_[place->input].type;
  if (!is_float(type)) return mismatch(*place, "null");
  store(type, std::numeric_limits<double>::quiet_NaN(), cell(*place));
  return {};
}

Result<void> FrameBuilder::put_cell(std::size_t position, std::string_view text) {
  if (position < places_.size() && buffers_[places_[position].input].type == DType::bytes) {
    return put_text(position, text);
  }
  const auto trimmed = trim(text);
  if (trimmed.empty()) return put_null(position);
  if (const auto integer = parse_int(trimmed)) return put(position, *integer);
  if (const auto number = parse_double(trimmed)) return put(position, *number);
  if (equal_ignoring_case(trimmed, "true")) return put(position, true);
  if (equal_ignoring_case(trimmed, "false")) return put(position, false);
  return put_text(position, text);  // the error that names column and text
}

Result<void> FrameBuilder::end_row() {
  if (filled_ == places_.size()) return {};
  for (const auto& place : places_) {
    if (place.row != rows_) {
      return invalid("column " + quoted(place.name) + " is missing in row " +
                     std::to_string(rows_ - 1));
    }
  }
  return {};
}

Result<Tensors> FrameBuilder::finish() {
  if (rows_ == 0) return invalid("there are no rows", "send at least one row");
  Tensors out;
  out.reserve(buffers_.size());
  for (std::size_t i = 0; i < buffers_.size(); ++i) {
    auto& buffer = buffers_[i];
    const auto& spec = layout_.inputs()[i];
    Shape shape{static_cast<std::int64_t>(rows_)};
    if (spec.shape.size() == 2) shape.push_back(static_cast<std::int64_t>(buffer.width));
    if (buffer.type == DType::bytes) {
      out.push_back(Tensor::of_texts(spec.name, std::move(shape), std::move(buffer.texts)));
    } else {
      auto owner = std::make_shared<const std::string>(std::move(buffer.bytes));
      const void* data = owner->data();
      out.push_back(Tensor::view(spec.name, buffer.type, std::move(shape), data, std::move(owner)));
    }
  }
  return out;
}

}  // namespace slipway::serving
