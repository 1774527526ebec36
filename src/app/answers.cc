// SPDX-License-Identifier: Apache-2.0
#include "answers.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/text.h"
#include "stats/quality.h"

namespace slipway::app {
namespace {

using Metrics = std::map<std::string, double>;

std::vector<double> scores_of(const Answers& answers) {
  std::vector<double> out;
  for (std::size_t i = answers.width; i <= answers.numbers.size() && answers.width > 0;
       i += answers.width) {
    out.push_back(answers.numbers[i - 1]);
  }
  return out;
}

void add_binary(const Truth& truth, const Answers& answers, Metrics& metrics) {
  const auto labels = truth.classes();
  metrics["accuracy"] = stats::accuracy(labels, binary_answers(answers));
  const auto scores = scores_of(answers);
  if (scores.size() != labels.size()) return;
  metrics["roc_auc"] = metrics["auc"] = stats::roc_auc(labels, scores);
  metrics["log_loss"] = stats::log_loss(labels, scores);
}

std::string class_of(const Answers& answers, std::size_t row) {
  if (!answers.classes.empty()) return answers.classes[row];
  const auto begin = answers.numbers.begin() + static_cast<std::ptrdiff_t>(row * answers.width);
  const auto end = begin + static_cast<std::ptrdiff_t>(answers.width);
  return std::to_string(std::max_element(begin, end) - begin);
}

// The mean over the rows; NaN when a label is no class that has a probability.
double class_log_loss(const Truth& truth, const Answers& answers) {
  constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
  double sum = 0;
  for (std::size_t row = 0; row < truth.numbers.size(); ++row) {
    const double label = truth.numbers[row];
    if (!(label >= 0) || label != std::floor(label) ||
        label >= static_cast<double>(answers.width)) {
      return std::nan("");
    }
    const auto at = row * answers.width + static_cast<std::size_t>(label);
    sum -= std::log(std::clamp(answers.numbers[at], kEpsilon, 1 - kEpsilon));
  }
  return sum / static_cast<double>(truth.numbers.size());
}

void add_classes(const Truth& truth, const Answers& answers, Metrics& metrics) {
  struct Count {
    double hits = 0;
    double predicted = 0;
    double present = 0;
  };
  std::map<std::string, Count> counts;
  double right = 0;
  for (std::size_t row = 0; row < truth.rows(); ++row) {
    const auto label = truth.text(row);
    const auto predicted = class_of(answers, row);
    ++counts[label].present;
    ++counts[predicted].predicted;
    if (label != predicted) continue;
    ++counts[label].hits;
    ++right;
  }
  double f1 = 0;
  for (const auto& [name, count] : counts) f1 += 2 * count.hits / (count.present + count.predicted);
  metrics["accuracy"] = right / static_cast<double>(truth.rows());
  metrics["f1_macro"] = f1 / static_cast<double>(counts.size());
  if (truth.texts.empty() && answers.width > 2) {
    const double loss = class_log_loss(truth, answers);
    if (std::isfinite(loss)) metrics["log_loss"] = loss;
  }
}

void add_numbers(const Truth& truth, const Answers& answers, Metrics& metrics) {
  const auto n = static_cast<double>(truth.numbers.size());
  double mean = 0;
  for (const double y : truth.numbers) mean += y / n;
  double absolute = 0;
  double squares = 0;
  double spread = 0;
  for (std::size_t i = 0; i < truth.numbers.size(); ++i) {
    const double error = truth.numbers[i] - answers.numbers[i];
    absolute += std::abs(error);
    squares += error * error;
    spread += (truth.numbers[i] - mean) * (truth.numbers[i] - mean);
  }
  metrics["mae"] = absolute / n;
  metrics["rmse"] = std::sqrt(squares / n);
  if (spread > 0) metrics["r2"] = 1 - squares / spread;
}

}  // namespace

bool Truth::binary() const {
  return texts.empty() &&
         std::all_of(numbers.begin(), numbers.end(), [](double x) { return x == 0 || x == 1; });
}

std::vector<int> Truth::classes() const {
  std::vector<int> out;
  for (const double x : numbers) out.push_back(x == 1 ? 1 : 0);
  return out;
}

std::string Truth::text(std::size_t i) const {
  return texts.empty() ? number_text(numbers[i]) : texts[i];
}

void add_answers(const serving::Tensors& outputs, std::size_t rows, Answers& out) {
  const serving::Tensor* numbers = nullptr;
  const serving::Tensor* classes = nullptr;
  for (const auto& tensor : outputs) {
    const bool is_float = serving::is_float(tensor.dtype());
    if (is_float && numbers == nullptr) numbers = &tensor;
    if (!is_float && tensor.row_size() == 1 && classes == nullptr) classes = &tensor;
  }
  if (numbers != nullptr) {
    out.width = numbers->row_size();
    for (std::size_t i = 0; i < rows * out.width; ++i) out.numbers.push_back(numbers->number_at(i));
  }
  if (classes == nullptr) return;
  const bool text = classes->dtype() == serving::DType::bytes;
  for (std::size_t i = 0; i < rows; ++i) {
    out.classes.push_back(text ? std::string(classes->texts()[i])
                               : number_text(classes->number_at(i)));
  }
}

std::vector<int> binary_answers(const Answers& answers) {
  std::vector<int> out;
  for (const auto& name : answers.classes) out.push_back(name == "1" ? 1 : 0);
  if (!out.empty()) return out;
  for (const double score : scores_of(answers)) out.push_back(score >= 0.5 ? 1 : 0);
  return out;
}

Result<void> add_quality(const Truth& truth, const Answers& answers, Metrics& metrics) {
  const bool classes = !answers.classes.empty();
  if (truth.binary() && answers.width <= 2 && (classes || answers.width > 0)) {
    add_binary(truth, answers, metrics);
  } else if (classes || answers.width > 2) {
    add_classes(truth, answers, metrics);
  } else if (!truth.texts.empty()) {
    return invalid("the labels in evaluation.csv are texts, but the version answers with numbers");
  } else if (answers.width != 1) {
    return invalid("the version answers with " + std::to_string(answers.width) +
                   " numbers a row, which are neither classes nor one number");
  } else {
    add_numbers(truth, answers, metrics);
  }
  return {};
}

}  // namespace slipway::app
