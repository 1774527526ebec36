// SPDX-License-Identifier: Apache-2.0
#include "conversion_answers.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

namespace slipway::app {
namespace {

using serving::DType;
using serving::LoadedModel;
using serving::Shape;
using serving::Tensor;
using serving::Tensors;

constexpr double kNever = std::numeric_limits<double>::infinity();

enum class Kind { truth, whole, real, text };

Kind kind_of(DType type) {
  switch (type) {
    case DType::boolean:
      return Kind::truth;
    case DType::bytes:
      return Kind::text;
    case DType::fp16:
    case DType::bf16:
    case DType::fp32:
    case DType::fp64:
      return Kind::real;
    default:
      return Kind::whole;
  }
}

class GraphAnswers : public LoadedModel {
 public:
  GraphAnswers(std::unique_ptr<LoadedModel> inner, std::optional<DType> type, std::int64_t axes)
      : inner_(std::move(inner)), signature_(inner_->signature()), axes_(axes) {
    auto& first = signature_.outputs.front();
    first.name = "predictions";
    first.bare = true;
    if (serving::is_float(first.dtype) && (type == DType::fp32 || type == DType::fp64)) {
      first.dtype = *type;
    }
    first.shape = shaped(first.shape);
    for (auto& input : signature_.inputs) {
      input.any_number = input.dtype == DType::fp64 || input.dtype == DType::fp32;
    }
  }

  const serving::Signature& signature() const override { return signature_; }
  bool is_steady() const override { return inner_->is_steady(); }
  std::vector<serving::Column> columns() const override { return inner_->columns(); }

  Result<Tensors> run(const Tensors& inputs) override {
    SW_TRY(auto answers, inner_->run(inputs));
    auto& first = answers.front();
    const auto wanted = signature_.outputs.front().dtype;
    if (first.dtype() != wanted) first = serving::converted(first, wanted);
    auto shape = shaped(first.shape());
    if (shape != first.shape()) first = first.reshaped(std::move(shape));
    first.name = "predictions";
    return answers;
  }

 private:
  // [rows, 1] and [rows] are the same; which of them it is, the model says.
  Shape shaped(Shape shape) const {
    if (axes_ == 1 && shape.size() == 2 && shape[1] == 1) shape.pop_back();
    if (axes_ == 2 && shape.size() == 1) shape.push_back(1);
    return shape;
  }

  std::unique_ptr<LoadedModel> inner_;
  serving::Signature signature_;
  std::int64_t axes_;
};

}  // namespace

double difference(const Tensor& a, const Tensor& b) {
  const auto kind = kind_of(b.dtype());
  if (a.shape() != b.shape() || a.count() == 0 || kind_of(a.dtype()) != kind) return kNever;
  if (kind == Kind::text) {
    return std::equal(a.texts().begin(), a.texts().end(), b.texts().begin()) ? 0 : kNever;
  }
  double most = 0;
  for (std::size_t i = 0; i < a.count(); ++i) {
    const double x = a.number_at(i);
    const double y = b.number_at(i);
    if ((std::isnan(x) && std::isnan(y)) || x == y) continue;
    if (kind != Kind::real) return kNever;
    const double apart = std::abs(x - y) / std::max(1.0, std::abs(y));
    if (!(apart < kNever)) return kNever;
    most = std::max(most, apart);
  }
  return most;
}

std::unique_ptr<LoadedModel> as_the_model_answers(std::unique_ptr<LoadedModel> graph,
                                                  const std::string& type, std::int64_t axes) {
  return std::make_unique<GraphAnswers>(std::move(graph), serving::parse_dtype(type), axes);
}

}  // namespace slipway::app
