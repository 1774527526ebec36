// SPDX-License-Identifier: Apache-2.0
#include "serving/tensor_json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "base/recycle.h"
#include "base/text.h"

namespace slipway::serving {
namespace {

using json::Reader;
using Bytes = std::vector<char, Recycled<char>>;

std::string_view name_of(Reader::Kind kind) {
  switch (kind) {
    case Reader::Kind::object:
      return "an object";
    case Reader::Kind::array:
      return "an array";
    case Reader::Kind::string:
      return "a text";
    case Reader::Kind::number:
      return "a number";
    case Reader::Kind::boolean:
      return "true or false";
    case Reader::Kind::null:
      return "null";
    case Reader::Kind::nothing:
      break;
  }
  return "no value";
}

class TensorReader {
 public:
  TensorReader(Reader& in, const std::string& name, DType type, bool null_is_nan)
      : in_(in), name_(name), type_(type), null_is_nan_(null_is_nan) {}

  Result<void> read(std::size_t reserve) {
    // What follows may be other things than numbers; two bytes an element are the least.
    const std::size_t most = std::min(reserve, in_.remaining() / 2 + 1);
    if (type_ == DType::bytes) {
      texts_.reserve(most);
    } else {
      bytes_.reserve(most * size_of(type_));
    }
    return level(0);
  }

  Shape& shape() { return shape_; }
  std::size_t count() const { return count_; }

  Tensor finish(Shape shape) {
    if (type_ == DType::bytes) return Tensor::of_texts(name_, std::move(shape), std::move(texts_));
    auto owner = make_recycled<const Bytes>(std::move(bytes_));
    const void* data = owner->data();
    return Tensor::view(name_, type_, std::move(shape), data, std::move(owner));
  }

 private:
  Error wrong(std::string_view wanted) {
    if (in_.peek() == Reader::Kind::nothing) {
      in_.fail("expected a value (NaN and Infinity are not JSON)");
    }
    if (!in_.ok()) return in_.error();
    return invalid("input '" + name_ + "': element " + std::to_string(count_) + " is " +
                   std::string(name_of(in_.peek())) + ", expected " + std::string(wanted));
  }

  Error ragged() const { return invalid("input '" + name_ + "': the arrays differ in length"); }

  Result<void> level(std::size_t depth) {
    if (in_.peek() != Reader::Kind::array) {
      if (leaf_depth_ && *leaf_depth_ != depth) return ragged();
      leaf_depth_ = depth;
      return leaf();
    }
    if (leaf_depth_ && depth >= *leaf_depth_) return ragged();
    if (!in_.begin_array()) return in_.error();
    std::int64_t length = 0;
    while (true) {
      if (!leaf_depth_ || *leaf_depth_ == depth + 1) length += run_of_reals(depth + 1);
      if (!in_.next_element()) break;
      SW_CHECK_OK(level(depth + 1));
      ++length;
    }
    if (!in_.ok()) return in_.error();
    if (shape_.size() <= depth) shape_.resize(depth + 1, -1);
    if (shape_[depth] == -1) shape_[depth] = length;
    if (shape_[depth] != length) return ragged();
    return {};
  }

  // As many plain numbers as come next, quickly; what is special is left to level.
  std::int64_t run_of_reals(std::size_t depth) {
    if (type_ != DType::fp32 && type_ != DType::fp64) return 0;
    std::array<double, 128> values;  // NOLINT: filled before it is read
    std::int64_t length = 0;
    for (std::size_t n = values.size(); n == values.size();) {
      n = in_.read_run(values.data(), values.size());
      const std::size_t at = bytes_.size();
      bytes_.resize(at + n * size_of(type_));
      if (type_ == DType::fp64) {
        std::memcpy(bytes_.data() + at, values.data(), n * sizeof(double));
      } else {
        for (std::size_t i = 0; i < n; ++i) {
          const auto value = static_cast<float>(values[i]);
          std::memcpy(bytes_.data() + at + i * sizeof value, &value, sizeof value);
        }
      }
      count_ += n;
      length += static_cast<std::int64_t>(n);
    }
    if (length > 0) leaf_depth_ = depth;
    return length;
  }

  template <class T>
  void append(T value) {
    const std::size_t at = bytes_.size();
    bytes_.resize(at + sizeof value);
    std::memcpy(bytes_.data() + at, &value, sizeof value);
    ++count_;
  }

  Result<void> leaf() {
    switch (type_) {
      case DType::fp32:
        return real<float>();
      case DType::fp64:
        return real<double>();
      case DType::int64:
        return integer<std::int64_t>();
      case DType::int32:
        return integer<std::int32_t>();
      case DType::int16:
        return integer<std::int16_t>();
      case DType::int8:
        return integer<std::int8_t>();
      case DType::uint64:
        return integer<std::uint64_t>();
      case DType::uint32:
        return integer<std::uint32_t>();
      case DType::uint16:
        return integer<std::uint16_t>();
      case DType::uint8:
        return integer<std::uint8_t>();
      case DType::boolean:
        return boolean();
      case DType::bytes:
        return text();
      case DType::fp16:
      case DType::bf16:
        break;
    }
    return invalid(
        "input '" + name_ + "': " + std::string(serving::name_of(type_)) + " has no JSON form",
        "send it as binary data");
  }

  template <class T>
  Result<void> real() {
    Reader::Number number;
    if (null_is_nan_ && in_.peek() == Reader::Kind::null) {
      if (!in_.read_null()) return in_.error();
      append(std::numeric_limits<T>::quiet_NaN());
      return {};
    }
    if (in_.peek() == Reader::Kind::boolean) return real_of_boolean<T>();
    if (in_.peek() != Reader::Kind::number) return wrong("a number");
    if (!in_.read(number)) return in_.error();
    const T value = static_cast<T>(number.real);
    if (std::isinf(value)) return out_of_range(number_text(number.real));
    append(value);
    return {};
  }

  template <class T>
  Result<void> real_of_boolean() {
    bool flag = false;
    if (!in_.read(flag)) return in_.error();
    append(static_cast<T>(flag ? 1 : 0));
    return {};
  }

  Error out_of_range(const std::string& value) const {
    return invalid("input '" + name_ + "': element " + std::to_string(count_) + " is " + value +
                   ", which " + std::string(serving::name_of(type_)) + " cannot hold");
  }

  template <class T>
  Result<void> integer() {
    Reader::Number number;
    if (in_.peek() != Reader::Kind::number) return wrong("an integer");
    if (!in_.read(number)) return in_.error();
    if (!number.is_integer) {
      if (number.is_large && std::is_same_v<T, std::uint64_t>) {
        append(static_cast<T>(number.large));
        return {};
      }
      // 3.0 is an integer to every client.
      if (number.real != std::floor(number.real) || std::abs(number.real) >= 0x1.0p63) {
        return out_of_range(number_text(number.real));
      }
      number.integer = static_cast<std::int64_t>(number.real);
    }
    const bool too_low =
        std::is_unsigned_v<T>
            ? number.integer < 0
            : number.integer < static_cast<std::int64_t>(std::numeric_limits<T>::min());
    const bool too_high =
        sizeof(T) < 8 && number.integer > static_cast<std::int64_t>(std::numeric_limits<T>::max());
    if (too_low || too_high) return out_of_range(std::to_string(number.integer));
    append(static_cast<T>(number.integer));
    return {};
  }

  Result<void> boolean() {
    bool flag = false;
    if (in_.peek() == Reader::Kind::number) {
      Reader::Number number;
      if (!in_.read(number)) return in_.error();
      if (!number.is_integer || number.integer < 0 || number.integer > 1) {
        return out_of_range(number_text(number.real));
      }
      flag = number.integer == 1;
    } else {
      if (in_.peek() != Reader::Kind::boolean) return wrong("true or false");
      if (!in_.read(flag)) return in_.error();
    }
    append(static_cast<std::uint8_t>(flag ? 1 : 0));
    return {};
  }

  // {"b64": ".."}: how JSON carries bytes that are no text.
  Result<void> encoded() {
    std::string_view key;
    std::string_view value;
    std::optional<std::string> bytes;
    if (!in_.begin_object()) return in_.error();
    while (in_.next_key(key)) {
      if (key != "b64" || bytes || in_.peek() != Reader::Kind::string) {
        return in_.ok() ? invalid("input '" + name_ + "': element " + std::to_string(count_) +
                                  R"( is an object other than {"b64": ".."})")
                        : in_.error();
      }
      if (!in_.read(value)) return in_.error();
      bytes = from_base64(value);
      if (!bytes) {
        return invalid("input '" + name_ + "': element " + std::to_string(count_) +
                       " is not base64");
      }
    }
    if (!in_.ok()) return in_.error();
    if (!bytes) return wrong("a text");
    texts_.push_back(*std::move(bytes));
    ++count_;
    return {};
  }

  Result<void> text() {
    if (in_.peek() == Reader::Kind::object) return encoded();
    std::string_view text;
    if (in_.peek() != Reader::Kind::string) return wrong("a text");
    if (!in_.read(text)) return in_.error();
    texts_.emplace_back(text);
    ++count_;
    return {};
  }

  Reader& in_;
  const std::string& name_;
  const DType type_;
  const bool null_is_nan_;
  Shape shape_;
  std::optional<std::size_t> leaf_depth_;
  std::size_t count_ = 0;
  Bytes bytes_;
  std::vector<std::string> texts_;
};

template <class T>
void append_number(std::string& out, T value) {
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  out.append(text.data(), end);
}

template <class T>
void append_real(std::string& out, T value) {
  if (std::isfinite(value)) {
    append_number(out, value);
  } else {
    out += "null";
  }
}

}  // namespace

Result<Tensor> read_tensor(json::Reader& in, const std::string& name, DType type,
                           const Shape* wanted, bool null_is_nan) {
  TensorReader reader(in, name, type, null_is_nan);
  const auto expected = wanted == nullptr ? std::nullopt : element_count(*wanted);
  if (wanted != nullptr && !expected) {
    return invalid("input '" + name + "': shape " + text_of(*wanted) + " is not possible");
  }
  SW_CHECK_OK(reader.read(expected.value_or(0)));
  if (wanted == nullptr) {
    Shape shape = std::move(reader.shape());
    if (element_count(shape) != reader.count()) {
      return invalid("input '" + name + "': the arrays differ in length");
    }
    return reader.finish(std::move(shape));
  }
  const bool flat = reader.shape().size() <= 1;
  if (reader.count() != *expected || (!flat && reader.shape() != *wanted)) {
    return invalid("input '" + name + "': shape " + text_of(*wanted) + " takes " +
                   std::to_string(*expected) + " elements, got " + std::to_string(reader.count()) +
                   (flat ? "" : " as " + text_of(reader.shape())));
  }
  return reader.finish(*wanted);
}

void append_element(std::string& out, const Tensor& tensor, std::size_t i,
                    const WriteOptions& options) {
  switch (tensor.dtype()) {
    case DType::boolean:
      out += tensor.values<std::uint8_t>()[i] != 0 ? "true" : "false";
      return;
    case DType::fp32: {
      const float value = tensor.values<float>()[i];
      if (options.widen) return append_real(out, static_cast<double>(value));
      return append_real(out, value);
    }
    case DType::fp64:
      return append_real(out, tensor.values<double>()[i]);
    case DType::int64:
      return append_number(out, tensor.values<std::int64_t>()[i]);
    case DType::uint64:
      return append_number(out, tensor.values<std::uint64_t>()[i]);
    case DType::fp16:
    case DType::bf16:
      return append_real(out, tensor.number_at(i));
    case DType::bytes:
      return append_json_string(out, tensor.texts()[i]);
    default:
      return append_number(out, static_cast<std::int64_t>(tensor.number_at(i)));
  }
}

void append_flat(std::string& out, const Tensor& tensor, const WriteOptions& options) {
  out += '[';
  for (std::size_t i = 0; i < tensor.count(); ++i) {
    if (i != 0) out += ',';
    append_element(out, tensor, i, options);
  }
  out += ']';
}

void append_nested(std::string& out, const Tensor& tensor, std::size_t axis, std::size_t from,
                   const WriteOptions& options) {
  const auto& shape = tensor.shape();
  if (axis == shape.size()) return append_element(out, tensor, from, options);
  const bool labelled = tensor.labels != nullptr && axis + 1 == shape.size();
  std::size_t stride = 1;
  for (std::size_t i = axis + 1; i < shape.size(); ++i)
    stride *= static_cast<std::size_t>(shape[i]);
  out += labelled ? '{' : '[';
  for (std::size_t i = 0; i < static_cast<std::size_t>(shape[axis]); ++i) {
    if (i != 0) out += ',';
    if (labelled) {
      append_json_string(out, i < tensor.labels->size() ? (*tensor.labels)[i] : std::to_string(i));
      out += ':';
    }
    append_nested(out, tensor, axis + 1, from + i * stride, options);
  }
  out += labelled ? '}' : ']';
}

}  // namespace slipway::serving
