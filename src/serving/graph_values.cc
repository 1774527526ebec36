// SPDX-License-Identifier: Apache-2.0
#include "graph_values.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace slipway::serving {
namespace {

// A tensor filled piece by piece, texts or numbers.
class Builder {
 public:
  Builder(const Tensor& like, Shape shape) : type_(like.dtype()), name_(like.name) {
    shape_ = std::move(shape);
    if (type_ == DType::bytes) {
      texts_.resize(*element_count(shape_));
    } else {
      out_ = Tensor::make(name_, type_, shape_);
    }
  }

  // `n` elements of `from`, beginning with its `at`-th, to the place `to`.
  void put(std::size_t to, const Tensor& from, std::size_t at, std::size_t n) {
    if (n == 0) return;
    if (type_ == DType::bytes) {
      const auto texts = from.texts();
      for (std::size_t i = 0; i < n; ++i) texts_[to + i] = texts[at + i];
      return;
    }
    const auto size = size_of(type_);
    std::memcpy(static_cast<char*>(out_.mutable_data()) + to * size,
                static_cast<const char*>(from.data()) + at * size, n * size);
  }

  Tensor finish() {
    return type_ == DType::bytes ? Tensor::of_texts(name_, shape_, std::move(texts_))
                                 : std::move(out_);
  }

 private:
  DType type_;
  std::string name_;
  Shape shape_;
  std::vector<std::string> texts_;
  Tensor out_;
};

std::int64_t width_of(const Shape& shape) {
  return shape.size() < 2 ? 1 : shape.back();
}

// Without its last axis; [N] is all rows.
Shape outer_of(const Shape& shape) {
  if (shape.size() < 2) return shape;
  return {shape.begin(), shape.end() - 1};
}

}  // namespace

Result<Tensor> columns_of(const Tensor& tensor, std::int64_t from, std::int64_t to) {
  const auto& shape = tensor.shape();
  const auto width = width_of(shape);
  if (shape.empty() || to > width) {
    return invalid("'" + tensor.name + "' of shape " + text_of(shape) + " has no column " +
                   std::to_string(to - 1));
  }
  if (from == 0 && to == width) return tensor;
  const auto rows = tensor.count() / static_cast<std::size_t>(width);
  Shape wanted = outer_of(shape);
  wanted.push_back(to - from);
  const auto n = static_cast<std::size_t>(to - from);
  Builder out(tensor, wanted);
  for (std::size_t row = 0; row < rows; ++row) {
    out.put(row * n, tensor, row * static_cast<std::size_t>(width) + static_cast<std::size_t>(from),
            n);
  }
  return out.finish();
}

Result<Tensor> beside(std::span<const Tensor> parts) {
  if (parts.size() == 1) return parts.front();
  const auto outer = outer_of(parts.front().shape());
  std::int64_t width = 0;
  bool same_type = true;
  for (const auto& part : parts) {
    if (part.shape().empty() || outer_of(part.shape()) != outer) {
      return invalid("'" + part.name + "' of shape " + text_of(part.shape()) +
                     " cannot stand beside '" + parts.front().name + "' of shape " +
                     text_of(parts.front().shape()));
    }
    if ((part.dtype() == DType::bytes) != (parts.front().dtype() == DType::bytes)) {
      return invalid("texts and numbers cannot stand side by side: '" + part.name + "' and '" +
                     parts.front().name + "'");
    }
    width += width_of(part.shape());
    same_type = same_type && part.dtype() == parts.front().dtype();
  }
  Tensors same(parts.begin(), parts.end());
  if (!same_type) {
    for (auto& part : same) part = converted(part, DType::fp64);
  }
  const auto rows = *element_count(outer);
  Shape wanted = outer;
  wanted.push_back(width);
  Builder out(same.front(), wanted);
  std::size_t at = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    for (const auto& part : same) {
      const auto n = static_cast<std::size_t>(width_of(part.shape()));
      out.put(at, part, row * n, n);
      at += n;
    }
  }
  return out.finish();
}

Result<Tensor> fitted(const Tensor& tensor, const TensorSpec& spec) {
  Tensor out = tensor;
  const bool floats = spec.dtype == DType::fp32 || spec.dtype == DType::fp64;
  if (out.dtype() != spec.dtype && floats && out.dtype() != DType::bytes) {
    out = converted(out, spec.dtype);
  }
  const auto& have = out.shape();
  if (spec.shape.size() == have.size() + 1 && have.size() == 1) {
    out = out.reshaped({have[0], 1});
  } else if (spec.shape.size() == 1 && have.size() == 2 && have[1] == 1) {
    out = out.reshaped({have[0]});
  }
  out.name = spec.name;
  return out;
}

Tensor gathered(const Tensor& tensor, const std::vector<std::size_t>& rows) {
  Shape shape = tensor.shape();
  shape[0] = static_cast<std::int64_t>(rows.size());
  const auto n = tensor.row_size();
  Builder out(tensor, shape);
  for (std::size_t i = 0; i < rows.size(); ++i) out.put(i * n, tensor, rows[i] * n, n);
  auto made = out.finish();
  made.labels = tensor.labels;
  return made;
}

Result<Tensor> scattered(const Scattered& from) {
  Tensor first = from.parts.front();
  Tensors parts = from.parts;
  for (auto& part : parts) {
    if ((part.dtype() == DType::bytes) != (first.dtype() == DType::bytes)) {
      return invalid("some cases answer texts and some numbers");
    }
  }
  const bool same = std::all_of(parts.begin(), parts.end(),
                                [&](const Tensor& p) { return p.dtype() == first.dtype(); });
  if (!same) {
    for (auto& part : parts) part = converted(part, DType::fp64);
    first = parts.front();
  }
  Shape shape = first.shape();
  if (shape.empty()) return invalid("a case answers a value without rows");
  shape[0] = from.all;
  Builder out(first, shape);
  const auto n = first.row_size();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto& rows = *from.rows[i];
    if (parts[i].shape().empty() || parts[i].rows() != static_cast<std::int64_t>(rows.size()) ||
        parts[i].row_size() != n) {
      return invalid("a case answers shape " + text_of(parts[i].shape()) + " for " +
                     std::to_string(rows.size()) + " rows, another one " + text_of(first.shape()));
    }
    for (std::size_t row = 0; row < rows.size(); ++row)
      out.put(rows[row] * n, parts[i], row * n, n);
  }
  return out.finish();
}

}  // namespace slipway::serving
