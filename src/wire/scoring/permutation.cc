// SPDX-License-Identifier: Apache-2.0
#include "permutation.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <optional>
#include <random>
#include <utility>

namespace slipway::wire::scoring {
namespace {

using serving::DType;
using serving::Tensor;
using serving::Tensors;

constexpr std::size_t kPredictionsARow = 2048;
constexpr std::size_t kAtOnce = 256;       // rows of a call
constexpr std::uint64_t kSeed = 20130401;  // the same question gets the same answer

// One value of a row: a column of an input.
struct Feature {
  std::size_t input = 0;
  std::size_t column = 0;
};

// Rows put together from others, feature by feature.
class Rows {
 public:
  Rows(const Tensors& like, std::size_t rows) : like_(like), rows_(rows) {
    for (const auto& tensor : like) {
      auto shape = tensor.shape();
      shape[0] = static_cast<std::int64_t>(rows);
      shapes_.push_back(shape);
      if (tensor.dtype() == DType::bytes) {
        texts_.emplace_back(rows * tensor.row_size());
        numbers_.emplace_back();
      } else {
        texts_.emplace_back();
        numbers_.push_back(Tensor::make(tensor.name, tensor.dtype(), shape));
      }
    }
  }

  void put(std::size_t row, const Feature& feature, const Tensors& from, std::size_t from_row) {
    const auto& source = from[feature.input];
    const auto width = source.row_size();
    const auto to = row * width + feature.column;
    const auto at = from_row * width + feature.column;
    if (source.dtype() == DType::bytes) {
      texts_[feature.input][to] = source.texts()[at];
      return;
    }
    const auto size = serving::size_of(source.dtype());
    std::memcpy(static_cast<char*>(numbers_[feature.input].mutable_data()) + to * size,
                static_cast<const char*>(source.data()) + at * size, size);
  }

  Tensors finish() {
    Tensors out;
    for (std::size_t i = 0; i < like_.size(); ++i) {
      out.push_back(like_[i].dtype() == DType::bytes
                        ? Tensor::of_texts(like_[i].name, shapes_[i], std::move(texts_[i]))
                        : std::move(numbers_[i]));
    }
    return out;
  }

 private:
  const Tensors& like_;
  const std::size_t rows_;
  std::vector<serving::Shape> shapes_;
  std::vector<std::vector<std::string>> texts_;
  Tensors numbers_;
};

std::optional<std::size_t> explained_output(const Tensors& outputs) {
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (serving::is_float(outputs[i].dtype())) return i;
    if (!found && outputs[i].dtype() != DType::bytes) found = i;
  }
  return found;
}

class Sampler {
 public:
  Sampler(const serving::Target& target, const Tensors& inputs, const Tensors& background)
      : target_(target), inputs_(inputs), background_(background) {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      for (std::size_t c = 0; c < inputs[i].row_size(); ++c) features_.push_back({i, c});
    }
    background_rows_ =
        std::min(static_cast<std::size_t>(background.front().rows()), kMostBackground);
  }

  std::size_t features() const { return features_.size(); }

  Result<serving::Explanation> run(std::size_t orders) {
    const auto rows = static_cast<std::size_t>(inputs_.front().rows());
    for (std::size_t row = 0; row < rows; ++row) SW_CHECK_OK(explain(row, orders));
    const auto k = static_cast<std::int64_t>(outputs_);
    serving::Explanation out;
    // The base of all rows: each was explained against the same background.
    out.base = Tensor::make("base", DType::fp64, {k});
    std::copy(base_.begin(), base_.end(), static_cast<double*>(out.base.mutable_data()));
    out.contributions = Tensor::make(
        "contributions", DType::fp64,
        {static_cast<std::int64_t>(rows), k, static_cast<std::int64_t>(features_.size())});
    std::copy(sums_.begin(), sums_.end(), static_cast<double*>(out.contributions.mutable_data()));
    return out;
  }

 private:
  // The predictions of rows that go from the background to `row`, one feature a step.
  Result<void> explain(std::size_t row, std::size_t orders) {
    std::mt19937_64 random(kSeed);
    std::vector<std::size_t> order(features_.size());
    std::iota(order.begin(), order.end(), 0U);
    std::vector<double> base;
    const auto at = sums_.size();
    for (std::size_t n = 0; n < orders; ++n) {
      if (n % 2 == 0) {
        std::shuffle(order.begin(), order.end(), random);
      } else {
        std::reverse(order.begin(), order.end());
      }
      SW_TRY(const auto said, walk(row, n / 2 % background_rows_, order));
      if (sums_.size() == at) sums_.resize(at + outputs_ * features_.size(), 0.0);
      base.resize(outputs_, 0.0);
      for (std::size_t k = 0; k < outputs_; ++k) {
        base[k] += said[k] / static_cast<double>(orders);
        for (std::size_t step = 0; step < order.size(); ++step) {
          const double moved = said[(step + 1) * outputs_ + k] - said[step * outputs_ + k];
          sums_[at + k * features_.size() + order[step]] += moved / static_cast<double>(orders);
        }
      }
    }
    base_ = std::move(base);
    return {};
  }

  Result<std::vector<double>> walk(std::size_t row, std::size_t from,
                                   const std::vector<std::size_t>& order) {
    const auto steps = order.size() + 1;
    std::vector<std::size_t> place(order.size());  // in which step each feature is switched
    for (std::size_t i = 0; i < order.size(); ++i) place[order[i]] = i;
    std::vector<double> out;
    for (std::size_t begin = 0; begin < steps; begin += kAtOnce) {
      const auto count = std::min(kAtOnce, steps - begin);
      Rows rows(inputs_, count);
      for (std::size_t r = 0; r < count; ++r) {
        for (std::size_t f = 0; f < features_.size(); ++f) {
          const bool switched = place[f] < begin + r;
          rows.put(r, features_[f], switched ? inputs_ : background_, switched ? row : from);
        }
      }
      SW_CHECK_OK(predict(rows.finish(), count, out));
    }
    return out;
  }

  Result<void> predict(Tensors rows, std::size_t count, std::vector<double>& out) {
    SW_TRY(const auto said, target_.infer_and_wait({.inputs = std::move(rows)}));
    const auto which = explained_output(said);
    if (!which) {
      return Error{
          Code::unimplemented, "the model answers no numbers, which could be explained", {}};
    }
    const auto& values = said[*which];
    if (values.shape().empty() || values.rows() != static_cast<std::int64_t>(count)) {
      return Error{Code::unimplemented, "the model does not answer row by row", {}};
    }
    outputs_ = values.row_size();
    for (std::size_t i = 0; i < values.count(); ++i) out.push_back(values.number_at(i));
    return {};
  }

  const serving::Target& target_;
  const Tensors& inputs_;
  const Tensors& background_;
  std::vector<Feature> features_;
  std::size_t background_rows_ = 0;
  std::size_t outputs_ = 0;
  std::vector<double> sums_;  // [row][output][feature]
  std::vector<double> base_;
};

}  // namespace

Result<serving::Explanation> explain_by_permutation(const serving::Target& target,
                                                    const Tensors& inputs,
                                                    const Tensors& background, std::size_t orders) {
  if (inputs.empty() || background.size() != inputs.size()) {
    return invalid("the background has other inputs than the request");
  }
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const auto& a = inputs[i];
    const auto& b = background[i];
    if (a.shape().empty() || b.shape().empty() || a.rows() != inputs[0].rows() ||
        b.rows() != background[0].rows() || b.rows() < 1 || a.rows() < 1 ||
        a.dtype() != b.dtype() || a.row_size() != b.row_size()) {
      return invalid("input '" + a.name + "' cannot be explained: it is no table");
    }
  }
  if (inputs[0].rows() > static_cast<std::int64_t>(kMostExplained)) {
    return invalid("at most " + std::to_string(kMostExplained) + " rows are explained at once");
  }
  Sampler sampler(target, inputs, background);
  if (sampler.features() > kMostFeatures) {
    return invalid("at most " + std::to_string(kMostFeatures) + " columns are explained");
  }
  if (orders == 0) {
    orders = std::clamp<std::size_t>(kPredictionsARow / (sampler.features() + 1), 2, 128);
  }
  return sampler.run(orders + orders % 2);
}

}  // namespace slipway::wire::scoring
