// SPDX-License-Identifier: Apache-2.0
// combine: and apply: of a graph.
#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>

#include "base/text.h"
#include "graph_values.h"

namespace slipway::serving {
namespace {

bool is_number(DType type) {
  return type != DType::bytes;
}

// Sums stay floats when all are; anything else is counted in doubles.
DType sum_type(std::span<const TensorSpec> specs) {
  const bool floats = std::all_of(specs.begin(), specs.end(),
                                  [](const TensorSpec& spec) { return spec.dtype == DType::fp32; });
  return floats ? DType::fp32 : DType::fp64;
}

DType smooth_type(DType type) {
  return type == DType::fp32 ? DType::fp32 : DType::fp64;
}

TensorSpec spec_of(const Tensor& tensor) {
  return {.name = tensor.name, .dtype = tensor.dtype(), .shape = tensor.shape()};
}

void set_number(Tensor& tensor, std::size_t i, double value) {
  if (tensor.dtype() == DType::fp32) {
    static_cast<float*>(tensor.mutable_data())[i] = static_cast<float>(value);
  } else if (tensor.dtype() == DType::fp64) {
    static_cast<double*>(tensor.mutable_data())[i] = value;
  } else {
    static_cast<std::int64_t*>(tensor.mutable_data())[i] = static_cast<std::int64_t>(value);
  }
}

double median_of(std::vector<double>& values) {
  const auto middle = values.size() / 2;
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(middle),
                   values.end());
  const double high = values[middle];
  if (values.size() % 2 == 1) return high;
  const double low =
      *std::max_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(middle));
  return low + (high - low) / 2;
}

// NaN of one is NaN of all, as a missing value must not look like a good one.
double folded(const GraphFunction& function, std::vector<double>& values) {
  const auto& name = function.name;
  if (std::any_of(values.begin(), values.end(), [](double v) { return std::isnan(v); })) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  if (name == "min") return *std::min_element(values.begin(), values.end());
  if (name == "max") return *std::max_element(values.begin(), values.end());
  if (name == "median") return median_of(values);
  double sum = name == "product" ? 1 : 0;
  double weights = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double weight = function.weights.empty() ? 1 : function.weights[i];
    if (name == "product") {
      sum *= values[i];
    } else {
      sum += values[i] * weight;
      weights += weight;
    }
  }
  return name == "mean" || name == "weighted" ? sum / weights : sum;
}

// The one that most say; of equals the one that was named first.
std::size_t elected(const GraphFunction& function, std::span<const Tensor> values, std::size_t i) {
  const auto same = [&](std::size_t a, std::size_t b) {
    if (values[a].dtype() == DType::bytes) return values[a].texts()[i] == values[b].texts()[i];
    return values[a].number_at(i) == values[b].number_at(i);
  };
  std::size_t best = 0;
  double most = -1;
  for (std::size_t a = 0; a < values.size(); ++a) {
    double votes = 0;
    for (std::size_t b = 0; b < values.size(); ++b) {
      if (a == b || same(a, b)) votes += function.weights.empty() ? 1 : function.weights[b];
    }
    if (votes > most) {
      most = votes;
      best = a;
    }
  }
  return best;
}

Result<Tensor> voted(const GraphFunction& function, std::span<const Tensor> values) {
  const auto& first = values.front();
  std::vector<std::size_t> chosen(first.count());
  for (std::size_t i = 0; i < chosen.size(); ++i) chosen[i] = elected(function, values, i);
  if (first.dtype() == DType::bytes) {
    std::vector<std::string> texts;
    texts.reserve(chosen.size());
    for (std::size_t i = 0; i < chosen.size(); ++i) texts.push_back(values[chosen[i]].texts()[i]);
    return Tensor::of_texts(first.name, first.shape(), std::move(texts));
  }
  const bool whole = !is_float(first.dtype());
  auto out =
      Tensor::make(first.name, whole ? DType::int64 : smooth_type(first.dtype()), first.shape());
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    set_number(out, i, values[chosen[i]].number_at(i));
  }
  return out;
}

double changed(const GraphFunction& function, double x, std::size_t column) {
  const auto& name = function.name;
  if (name == "sigmoid") return 1 / (1 + std::exp(-x));
  if (name == "exp") return std::exp(x);
  if (name == "log") return std::log(x);
  if (name == "round") return std::nearbyint(x);
  if (name == "fill") return std::isnan(x) ? function.fill : x;
  if (name == "threshold") return x >= function.at ? 1 : 0;
  if (name == "clip") {
    if (function.least && x < *function.least) return *function.least;
    return function.most && x > *function.most ? *function.most : x;
  }
  const auto of = [&](const std::vector<double>& numbers, double other) {
    if (numbers.empty()) return other;
    return numbers.size() == 1 ? numbers[0] : numbers[column];
  };
  return (x - of(function.subtract, 0)) / of(function.divide, 1);  // scale
}

void softmax(const Tensor& in, std::size_t width, Tensor& out) {
  if (width == 0) return;
  for (std::size_t row = 0; row + width <= in.count(); row += width) {
    double top = -std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < width; ++i) top = std::max(top, in.number_at(row + i));
    double sum = 0;
    for (std::size_t i = 0; i < width; ++i) sum += std::exp(in.number_at(row + i) - top);
    for (std::size_t i = 0; i < width; ++i) {
      set_number(out, row + i, std::exp(in.number_at(row + i) - top) / sum);
    }
  }
}

Tensor argmax(const Tensor& in, std::size_t width, Shape shape) {
  auto out = Tensor::make(in.name, DType::int64, std::move(shape));
  for (std::size_t row = 0; row < out.count(); ++row) {
    std::size_t best = 0;
    for (std::size_t i = 1; i < width; ++i) {
      if (in.number_at(row * width + i) > in.number_at(row * width + best)) best = i;
    }
    set_number(out, row, static_cast<double>(best));
  }
  return out;
}

Result<Tensor> labelled(const GraphFunction& function, const Tensor& in) {
  std::vector<std::string> texts;
  texts.reserve(in.count());
  for (std::size_t i = 0; i < in.count(); ++i) {
    const double value = in.number_at(i);
    if (!(value >= 0) || value >= static_cast<double>(function.labels.size())) {
      return invalid("there is no label for " + number_text(value),
                     "it names " + std::to_string(function.labels.size()) + " labels");
    }
    texts.push_back(function.labels[static_cast<std::size_t>(value)]);
  }
  return Tensor::of_texts(in.name, in.shape(), std::move(texts));
}

Result<std::string> text_of_element(const Tensor& in, std::size_t i) {
  if (in.dtype() == DType::bytes) return in.texts()[i];
  return number_text(in.number_at(i));
}

template <class T>
Result<Tensor> cast_to(const Tensor& in, DType type) {
  auto out = Tensor::make(in.name, type, in.shape());
  auto* to = static_cast<T*>(out.mutable_data());
  for (std::size_t i = 0; i < in.count(); ++i) {
    double value = 0;
    if (in.dtype() == DType::bytes) {
      const auto parsed = parse_double(in.texts()[i]);
      if (!parsed) {
        return invalid("'" + in.texts()[i].substr(0, 40) + "' is not a number");
      }
      value = *parsed;
    } else {
      value = in.number_at(i);
    }
    if constexpr (std::is_integral_v<T>) {
      constexpr auto kMost = static_cast<double>(std::numeric_limits<T>::max());
      const bool below = sizeof(T) == 8 ? value < kMost : value <= kMost;  // 2^63 is rounded up
      const bool fits = below && value >= static_cast<double>(std::numeric_limits<T>::min());
      const bool boolean = type == DType::boolean;
      if (!boolean && !fits) {
        return invalid(number_text(value) + " does not fit into " + std::string(name_of(type)));
      }
      to[i] = boolean ? static_cast<T>(value != 0) : static_cast<T>(value);
    } else {
      to[i] = static_cast<T>(value);
    }
  }
  return out;
}

Result<Tensor> cast(const Tensor& in, DType type) {
  if (in.dtype() == type) return in;
  switch (type) {
    case DType::boolean:
    case DType::uint8:
      return cast_to<std::uint8_t>(in, type);
    case DType::int8:
      return cast_to<std::int8_t>(in, type);
    case DType::int16:
      return cast_to<std::int16_t>(in, type);
    case DType::int32:
      return cast_to<std::int32_t>(in, type);
    case DType::int64:
      return cast_to<std::int64_t>(in, type);
    case DType::uint16:
      return cast_to<std::uint16_t>(in, type);
    case DType::uint32:
      return cast_to<std::uint32_t>(in, type);
    case DType::uint64:
      return cast_to<std::uint64_t>(in, type);
    case DType::fp32:
      return cast_to<float>(in, type);
    case DType::fp64:
      return cast_to<double>(in, type);
    case DType::fp16:
    case DType::bf16:
      return invalid("FP16 and BF16 are no types to cast to");
    case DType::bytes:
      break;
  }
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < in.count(); ++i) {
    SW_TRY(auto text, text_of_element(in, i));
    texts.push_back(std::move(text));
  }
  return Tensor::of_texts(in.name, in.shape(), std::move(texts));
}

bool is_same_shape(const Shape& a, const Shape& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] >= 0 && b[i] >= 0 && a[i] != b[i]) return false;
  }
  return true;
}

}  // namespace

Result<TensorSpec> spec_of_combined(const GraphFunction& function,
                                    std::span<const TensorSpec> specs) {
  TensorSpec out = specs.front();
  out.any_number = out.bare = out.map = false;
  const bool texts = out.dtype == DType::bytes;
  for (const auto& spec : specs) {
    if (is_number(spec.dtype) == texts) return invalid("texts and numbers cannot be combined");
  }
  if (function.name == "concat") {
    Shape shape = out.shape.size() == 1 ? Shape{out.shape[0], 0} : out.shape;
    if (shape.empty()) return invalid("a value without rows cannot be combined");
    shape.back() = 0;
    bool same = true;
    for (const auto& spec : specs) {
      const auto width = spec.shape.size() < 2 ? 1 : spec.shape.back();
      shape.back() = width < 0 || shape.back() < 0 ? -1 : shape.back() + width;
      same = same && spec.dtype == out.dtype;
    }
    out.shape = shape;
    if (!same) out.dtype = DType::fp64;
    return out;
  }
  for (const auto& spec : specs) {
    if (is_same_shape(spec.shape, out.shape)) continue;
    return invalid("shapes " + text_of(out.shape) + " and " + text_of(spec.shape) +
                   " cannot be combined");
  }
  if (function.name == "vote") {
    if (!texts) out.dtype = is_float(out.dtype) ? smooth_type(out.dtype) : DType::int64;
    return out;
  }
  if (texts) return invalid("texts have no " + function.name, "vote and concat take texts");
  out.dtype = sum_type(specs);
  return out;
}

Result<Tensor> combined(const GraphFunction& function, std::span<const Tensor> values) {
  if (function.name == "concat") return beside(values);
  std::vector<TensorSpec> specs;
  for (const auto& value : values) specs.push_back(spec_of(value));
  SW_TRY(const auto spec, spec_of_combined(function, specs));
  if (function.name == "vote") return voted(function, values);
  auto out = Tensor::make(values.front().name, spec.dtype, values.front().shape());
  std::vector<double> numbers(values.size());
  for (std::size_t i = 0; i < out.count(); ++i) {
    for (std::size_t v = 0; v < values.size(); ++v) numbers[v] = values[v].number_at(i);
    set_number(out, i, folded(function, numbers));
  }
  return out;
}

Result<TensorSpec> spec_of_applied(const GraphFunction& function, const TensorSpec& spec) {
  TensorSpec out = spec;
  out.any_number = out.bare = out.map = false;
  const auto& name = function.name;
  if (name == "cast") {
    out.dtype = function.dtype;
    return out;
  }
  if (!is_number(spec.dtype)) return invalid("texts have no " + name, "cast them first");
  if (name == "labels") {
    out.dtype = DType::bytes;
    return out;
  }
  if (name == "argmax" || name == "softmax") {
    if (spec.shape.size() < 2) return invalid(name + " wants several values a row");
    if (name == "argmax") out.shape.pop_back();
  }
  if (name == "scale" && !spec.shape.empty() && spec.shape.back() >= 0) {
    const auto width = spec.shape.size() < 2 ? 1 : static_cast<std::size_t>(spec.shape.back());
    for (const auto* numbers : {&function.subtract, &function.divide}) {
      if (numbers->size() > 1 && numbers->size() != width) {
        return invalid(std::to_string(numbers->size()) + " numbers to scale " +
                       std::to_string(width) + " columns by");
      }
    }
  }
  out.dtype = name == "argmax" || name == "threshold" ? DType::int64 : smooth_type(spec.dtype);
  return out;
}

Result<Tensor> applied(const GraphFunction& function, const Tensor& value) {
  SW_TRY(const auto spec, spec_of_applied(function, spec_of(value)));
  if (function.name == "cast") return cast(value, function.dtype);
  if (function.name == "labels") return labelled(function, value);
  const auto& shape = value.shape();
  const auto width = shape.size() < 2 ? 1 : static_cast<std::size_t>(shape.back());
  if (function.name == "argmax") return argmax(value, width, spec.shape);
  auto out = Tensor::make(value.name, spec.dtype, shape);
  if (function.name == "softmax") {
    softmax(value, width, out);
    return out;
  }
  for (std::size_t i = 0; i < value.count(); ++i) {
    set_number(out, i, changed(function, value.number_at(i), i % width));
  }
  return out;
}

}  // namespace slipway::serving
