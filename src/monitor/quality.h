// SPDX-License-Identifier: Apache-2.0
// From a prediction and its outcome to right or wrong, and from many of those to metrics.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "chunk.h"
#include "monitor/types.h"

namespace slipway::monitor {

// What a row of an answer says: the predicted value as text and, where the answer holds one, the
// probability of the positive class.
//   one number                     the value; also the probability when it lies in 0 .. 1
//   numbers that add up to 1       probabilities: the index of the largest; of two, the second
//   a text or an integer, then those   the label, and the probability from the rest
struct Answer {
  std::string prediction;
  std::optional<double> score;
};
Answer answer_of(const Chunk& chunk, std::size_t row);

// One joined prediction.
struct Outcome {
  std::string request_id;
  std::string model;
  std::string version;
  std::int64_t at = 0;
  std::string label;
  Answer answer;
  std::int64_t seq = 0;  // as stored: in the order in which labels became known
};

struct Verdict {
  std::optional<bool> correct;
  std::optional<int> positive;  // with a score: the label as 0 or 1
  std::optional<double> error;  // numbers that are not classes: label - prediction
};
Verdict judge(const std::string& label, const Answer& answer);

// accuracy, roc_auc, log_loss, mae, rmse: those that the outcomes allow.
std::vector<std::pair<std::string, double>> metrics_of(const std::vector<Outcome>& outcomes);
LabelledQuality quality_of(const std::vector<Outcome>& outcomes);

}  // namespace slipway::monitor
