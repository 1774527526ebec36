// SPDX-License-Identifier: Apache-2.0
#include "quality.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/text.h"
#include "stats/quality.h"

namespace slipway::monitor {
namespace {

bool is_integer(double x) {
  return std::isfinite(x) && x == std::floor(x);
}

bool is_share(double x) {
  return x >= 0 && x <= 1;
}

bool are_probabilities(const double* from, const double* to) {
  return std::all_of(from, to, is_share) && std::abs(std::accumulate(from, to, 0.0) - 1) < 1e-3;
}

// The probabilities from `from` on; with a label before them the prediction is known already.
void read_probabilities(const std::vector<double>& numbers, std::size_t from, Answer& out) {
  const std::size_t n = numbers.size() - from;
  if (n == 1 && is_share(numbers[from])) {
    out.score = numbers[from];
  } else if (n >= 2 && are_probabilities(numbers.data() + from, numbers.data() + numbers.size())) {
    if (n == 2) out.score = numbers[from + 1];
    if (!out.prediction.empty()) return;
    const auto best =
        std::max_element(numbers.begin() + static_cast<std::ptrdiff_t>(from), numbers.end());
    out.prediction = std::to_string(best - numbers.begin() - static_cast<std::ptrdiff_t>(from));
  }
}

}  // namespace

Answer answer_of(const Chunk& chunk, std::size_t row) {
  Answer out;
  std::vector<double> numbers;
  for (std::size_t i = 0; i < chunk.outputs.size(); ++i) {
    const auto& column = chunk.outputs[i];
    if (chunk.schema->outputs[i].text) {
      if (out.prediction.empty()) out.prediction = column.texts[row];
    } else {
      numbers.push_back(column.numbers[row]);
    }
  }
  if (!out.prediction.empty()) {
    if (!numbers.empty()) read_probabilities(numbers, 0, out);
    return out;
  }
  if (numbers.empty() || std::isnan(numbers[0])) return out;
  const bool label_first = numbers.size() >= 2 && is_integer(numbers[0]) &&
                           !are_probabilities(numbers.data(), numbers.data() + numbers.size());
  const bool label_and_two = numbers.size() == 3 && is_integer(numbers[0]) &&
                             are_probabilities(numbers.data() + 1, numbers.data() + 3);
  if (numbers.size() == 1 || label_first || label_and_two) {
    out.prediction = number_text(numbers[0]);
    read_probabilities(numbers, numbers.size() == 1 ? 0 : 1, out);
    return out;
  }
  read_probabilities(numbers, 0, out);
  if (out.prediction.empty()) out.prediction = number_text(numbers[0]);
  return out;
}

Verdict judge(const std::string& label, const Answer& answer) {
  Verdict out;
  const auto truth = parse_double(label);
  const auto predicted = parse_double(answer.prediction);
  if (!truth) {
    if (!answer.prediction.empty()) out.correct = label == answer.prediction;
    return out;
  }
  const bool binary = *truth == 0 || *truth == 1;
  if (binary && answer.score) {
    out.positive = static_cast<int>(*truth);
    // A bare probability predicts the more likely class; a label beside it speaks for itself.
    const bool bare = predicted && *predicted == *answer.score;
    if (bare) {
      out.correct = (*answer.score >= 0.5) == (*truth == 1);
    } else {
      out.correct = predicted ? *predicted == *truth : answer.prediction == label;
    }
    return out;
  }
  if (!predicted) return out;
  if (is_integer(*truth) && is_integer(*predicted)) out.correct = *truth == *predicted;
  out.error = *truth - *predicted;
  return out;
}

std::vector<std::pair<std::string, double>> metrics_of(const std::vector<Outcome>& outcomes) {
  const auto quality = quality_of(outcomes);
  std::vector<std::pair<std::string, double>> out;
  const auto add = [&](const char* name, double value) {
    if (std::isfinite(value)) out.emplace_back(name, value);
  };
  if (quality.classified > 0) {
    add("accuracy", static_cast<double>(quality.correct) / static_cast<double>(quality.classified));
  }
  if (quality.scored > 0) {
    add("roc_auc", stats::roc_auc(quality.positives, quality.scores));
    add("log_loss", quality.log_loss_sum / static_cast<double>(quality.scored));
  }
  double absolute = 0;
  double squares = 0;
  double n = 0;
  for (const auto& outcome : outcomes) {
    const auto verdict = judge(outcome.label, outcome.answer);
    if (!verdict.error) continue;
    absolute += std::abs(*verdict.error);
    squares += *verdict.error * *verdict.error;
    ++n;
  }
  if (n > 0) {
    add("mae", absolute / n);
    add("rmse", std::sqrt(squares / n));
  }
  return out;
}

LabelledQuality quality_of(const std::vector<Outcome>& outcomes) {
  LabelledQuality out;
  bool regression = false;
  for (const auto& outcome : outcomes) {
    const auto verdict = judge(outcome.label, outcome.answer);
    ++out.labelled;
    if (verdict.correct) {
      ++out.classified;
      out.correct += *verdict.correct ? 1 : 0;
    }
    if (verdict.positive) {
      ++out.scored;
      out.log_loss_sum += stats::log_loss_of(*verdict.positive, *outcome.answer.score);
      out.scores.push_back(*outcome.answer.score);
      out.positives.push_back(*verdict.positive);
    }
    // A number that cannot be a class makes all of them numbers.
    regression |= verdict.error && !verdict.correct;
  }
  if (!regression) return out;
  LabelledQuality numbers{.labelled = out.labelled};
  for (const auto& outcome : outcomes) {
    const auto truth = parse_double(outcome.label);
    const auto predicted = parse_double(outcome.answer.prediction);
    if (truth && predicted) numbers.errors.push_back(*truth - *predicted);
  }
  return numbers;
}

}  // namespace slipway::monitor
