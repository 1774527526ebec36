// SPDX-License-Identifier: Apache-2.0
#include "loaded.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "lightgbm.h"
#include "neutral.h"
#include "shap.h"
#include "xgboost.h"

namespace slipway::drivers::trees {
namespace {

using serving::DType;
using serving::Shape;
using serving::Tensor;
using serving::Tensors;

template <class T>
class LoadedTrees : public serving::LoadedModel {
 public:
  explicit LoadedTrees(Model<T> model) : model_(std::move(model)) {
    const auto features = static_cast<std::int64_t>(model_.forest.features());
    const auto type = std::is_same_v<T, float> ? DType::fp32 : DType::fp64;
    signature_.inputs = {
        {.name = "input", .dtype = type, .shape = {-1, features}, .any_number = true}};
    const auto values = value_shape(-1);
    if (model_.head.decide == Decide::nothing) {
      signature_.outputs = {{.name = "predictions", .dtype = type, .shape = values, .bare = true}};
      return;
    }
    signature_.outputs = {{.name = "predictions",
                           .dtype = model_.head.labels.type,
                           .shape = label_shape(-1),
                           .bare = true}};
    if (model_.head.values_too) {
      signature_.outputs.push_back({.name = "probabilities", .dtype = type, .shape = values});
    }
  }

  const serving::Signature& signature() const override { return signature_; }
  bool is_steady() const override { return true; }

  std::vector<serving::Column> columns() const override {
    std::vector<serving::Column> out;
    for (const auto& name : model_.names) out.push_back({name, ""});
    return out;
  }

  Result<Tensors> run(const Tensors& inputs) override {
    const auto& rows = inputs.front();
    const auto count = static_cast<std::size_t>(rows.rows());
    const auto outputs = model_.forest.outputs();
    auto values = Tensor::make("", signature_.inputs.front().dtype, margin_shape(rows.rows()));
    auto* out = static_cast<T*>(values.mutable_data());
    for (std::size_t row = 0; row < count; ++row) {
      std::copy(model_.base.begin(), model_.base.end(), out + row * outputs);
    }
    if (model_.round_inputs) {
      std::vector<T> rounded(rows.values<T>().begin(), rows.values<T>().end());
      for (auto& x : rounded) x = static_cast<T>(static_cast<float>(x));
      model_.forest.add_up(rounded.data(), count, out);
    } else {
      model_.forest.add_up(rows.values<T>().data(), count, out);
    }
    if (model_.divisor != 1) {
      for (std::size_t i = 0; i < count * outputs; ++i) out[i] /= static_cast<T>(model_.divisor);
    }
    return answer(std::move(values), count);
  }

  Result<serving::Explanation> explain(const Tensors& inputs) override {
    const auto& forest = model_.forest;
    SW_CHECK_OK(check_explainable(forest));
    const auto& rows = inputs.front();
    const auto features = forest.features();
    const auto outputs = forest.outputs();
    constexpr std::size_t kMost = std::size_t{1} << 25;  // numbers of an answer
    const auto count = static_cast<std::size_t>(rows.rows());
    if (count > kMost / (features * outputs)) {
      return exhausted("too many rows to explain at once", "send fewer");
    }
    serving::Explanation out;
    out.base = Tensor::make("base", DType::fp64, {static_cast<std::int64_t>(outputs)});
    const auto expected = expected_values(forest);
    for (std::size_t i = 0; i < outputs; ++i) {
      static_cast<double*>(out.base.mutable_data())[i] =
          static_cast<double>(model_.base[i]) + expected[i] / model_.divisor;
    }
    out.contributions = Tensor::make(
        "contributions", DType::fp64,
        {rows.rows(), static_cast<std::int64_t>(outputs), static_cast<std::int64_t>(features)});
    auto* to = static_cast<double*>(out.contributions.mutable_data());
    std::vector<T> row(features);
    for (std::size_t i = 0; i < count; ++i) {
      const T* from = rows.values<T>().data() + i * features;
      for (std::size_t j = 0; j < features; ++j) {
        row[j] = model_.round_inputs ? static_cast<T>(static_cast<float>(from[j])) : from[j];
      }
      add_contributions(forest, row.data(), to + i * outputs * features);
    }
    if (model_.divisor != 1) {
      for (std::size_t i = 0; i < out.contributions.count(); ++i) to[i] /= model_.divisor;
    }
    return out;
  }

 private:
  bool is_pair() const {  // one output that decides between two
    return model_.head.decide == Decide::above_half && model_.forest.outputs() == 1;
  }
  Shape margin_shape(std::int64_t rows) const {
    if (model_.forest.outputs() == 1) return {rows};
    return {rows, static_cast<std::int64_t>(model_.forest.outputs())};
  }
  Shape value_shape(std::int64_t rows) const {
    return is_pair() ? Shape{rows, 2} : margin_shape(rows);
  }
  Shape label_shape(std::int64_t rows) const {
    const bool many = model_.head.decide == Decide::above_half && !is_pair();
    return many ? margin_shape(rows) : Shape{rows};
  }

  Result<Tensors> answer(Tensor values, std::size_t count) {
    const auto& head = model_.head;
    const auto outputs = model_.forest.outputs();
    auto* out = static_cast<T*>(values.mutable_data());
    std::vector<std::uint32_t> picked;
    if (head.decide != Decide::nothing && head.on_margin) picked = decide(out, count);
    for (std::size_t row = 0; row < count; ++row) apply_link(head, out + row * outputs, outputs);
    if (head.decide == Decide::nothing) {
      values.name = "predictions";
      return Tensors{std::move(values)};
    }
    if (!head.on_margin) picked = decide(out, count);
    Tensors answers{labels(picked, count)};
    if (!head.values_too) return answers;
    if (is_pair()) values = both_sides(out, count);
    values.name = "probabilities";
    answers.push_back(std::move(values));
    return answers;
  }

  std::vector<std::uint32_t> decide(const T* values, std::size_t count) const {
    const auto outputs = model_.forest.outputs();
    std::vector<std::uint32_t> out;
    if (model_.head.decide == Decide::largest) {
      for (std::size_t row = 0; row < count; ++row) {
        const T* from = values + row * outputs;
        out.push_back(static_cast<std::uint32_t>(std::max_element(from, from + outputs) - from));
      }
      return out;
    }
    for (std::size_t i = 0; i < count * outputs; ++i) {
      out.push_back((model_.head.on_margin ? values[i] >= 0 : values[i] > T{0.5}) ? 1 : 0);
    }
    return out;
  }

  Tensor labels(const std::vector<std::uint32_t>& picked, std::size_t count) const {
    const auto& wanted = model_.head.labels;
    auto shape = label_shape(static_cast<std::int64_t>(count));
    if (wanted.type == DType::bytes) {
      std::vector<std::string> texts;
      for (const auto which : picked) texts.push_back(wanted.texts[which]);
      return Tensor::of_texts("predictions", std::move(shape), std::move(texts));
    }
    auto out = Tensor::make("predictions", wanted.type, std::move(shape));
    auto* to = static_cast<char*>(out.mutable_data());
    const auto size = serving::size_of(wanted.type);
    for (std::size_t i = 0; i < picked.size(); ++i) {
      store(to + i * size, wanted.numbers.empty() ? picked[i] : wanted.numbers[picked[i]]);
    }
    return out;
  }

  void store(char* to, double label) const {
    const auto put = [to](auto value) { std::memcpy(to, &value, sizeof value); };
    switch (model_.head.labels.type) {
      case DType::boolean:
        return put(static_cast<std::uint8_t>(label != 0));
      case DType::int32:
        return put(static_cast<std::int32_t>(label));
      case DType::fp32:
        return put(static_cast<float>(label));
      case DType::fp64:
        return put(label);
      default:
        return put(static_cast<std::int64_t>(label));
    }
  }

  Tensor both_sides(const T* above, std::size_t count) const {
    auto out = Tensor::make("", signature_.inputs.front().dtype,
                            value_shape(static_cast<std::int64_t>(count)));
    auto* to = static_cast<T*>(out.mutable_data());
    for (std::size_t row = 0; row < count; ++row) {
      to[2 * row] = T{1} - above[row];
      to[2 * row + 1] = above[row];
    }
    return out;
  }

  Model<T> model_;
  serving::Signature signature_;
};

XgboostKind kind_of(const std::string& model_class) {
  if (model_class.find("Classifier") != std::string::npos) return XgboostKind::classifier;
  return model_class.find(".sklearn.") != std::string::npos ? XgboostKind::estimator
                                                            : XgboostKind::booster;
}

}  // namespace

template <class T>
std::unique_ptr<serving::LoadedModel> make_loaded(Model<T> model) {
  return std::make_unique<LoadedTrees<T>>(std::move(model));
}

template std::unique_ptr<serving::LoadedModel> make_loaded(Model<float>);
template std::unique_ptr<serving::LoadedModel> make_loaded(Model<double>);

Result<std::unique_ptr<serving::LoadedModel>> load_bytes(std::string_view bytes,
                                                         const std::string& model_class) {
  if (bytes.starts_with("tree\n") || bytes.starts_with("tree\r\n")) {
    SW_TRY(auto model, read_lightgbm(bytes));
    return make_loaded(std::move(model));
  }
  const auto first = bytes.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || bytes[first] != '{') {
    return Error{Code::unimplemented,
                 "the file is no model of trees in a form that can be read (XGBoost's JSON or "
                 "UBJSON, LightGBM's text)",
                 "save it again with a current version of the library"};
  }
  SW_TRY(const auto file, parse_document(bytes, xgboost_skipped()));
  const auto* format = file.find("format");
  if (format != nullptr && format->text == "slipway-trees") {
    SW_TRY(auto model, read_neutral(file));
    return make_loaded(std::move(model));
  }
  SW_TRY(auto model, read_xgboost(file, kind_of(model_class)));
  return make_loaded(std::move(model));
}

}  // namespace slipway::drivers::trees
