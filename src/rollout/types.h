// SPDX-License-Identifier: Apache-2.0
// A rollout: its steps, what was seen on the way, and how it ended.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace slipway::rollout {

// A share of the traffic, held until the challenger has been seen often and long enough in it.
struct Step {
  double weight = 0;  // percent, above 0 and at most 100; 0 where the challenger is a shadow
  // Percent of the requests that the challenger gets copies of, and nobody its answers.
  double shadow = 0;
  std::int64_t min_requests = 0;  // answered by the challenger in this step
  std::int64_t min_seconds = 0;
  std::int64_t min_labels = 0;  // outcomes of the challenger that became known in this step
};

// How much worse the challenger may be, and how sure we want to be before we say so.
struct Tolerances {
  double error_rate = 0.01;     // added to the champion's
  double latency_ratio = 1.5;   // of the champion's p99 ..
  double latency_slack_ms = 5;  // .. or this much more, whichever is more
  double quality = 0.02;        // accuracy, AUC and log loss; as a share: the error of numbers
  double alpha = 0.05;          // chance of one false alarm in the whole rollout
  double undecided_seconds = 86'400;  // in doubt for so long: roll back
  // What the answers to the same requests must be like in a shadow step; nothing: they are told.
  std::optional<double> min_agreement;    // share of equal classes
  std::optional<double> max_difference;   // mean absolute difference of numbers
  std::optional<double> min_correlation;  // of numbers
};

// An event of the business that the challenger must not make rarer, or worth less.
struct BusinessGoal {
  std::string event;
  std::string measure = "rate";  // share of predictions with the event; value: its mean
  double tolerance = 0.05;       // as a share of the champion's
};

struct Spec {
  std::string endpoint;
  std::string model;
  std::int64_t version = 0;  // the challenger
  std::vector<Step> steps;   // empty: shadow, 5, 50, 100 %
  Tolerances tolerances;
  std::vector<BusinessGoal> business;
};

enum class State { running, paused, promoted, rolled_back, aborted };
std::string_view name_of(State state);

enum class Verdict {
  green,    // as good as the champion, within the tolerance
  waiting,  // not enough seen to say
  amber,    // looks worse than the tolerance, not proven: the step is held
  red,      // proven worse: roll back
};
std::string_view name_of(Verdict verdict);

// One comparison at one moment: the numbers, and as text to be shown ("0.40 % of 1234").
struct Check {
  std::string name;  // "errors", "latency", "accuracy", "log_loss", "roc_auc", "mae",
                     // "business:conversion", in a shadow step also "agreement", "difference" ..
  std::string champion;
  std::string challenger;
  std::optional<double> champion_value;
  std::optional<double> challenger_value;
  Verdict verdict = Verdict::waiting;
  std::string detail;
};

// A decision that was made again from the numbers that were stored with it.
struct Replayed {
  Timestamp at;
  std::int64_t step = 0;  // index
  std::string decision;   // next_step, promote, roll_back or undecided
  std::string reason;
  std::vector<Check> checks;
  std::string again;  // what they lead to now
  bool same = false;
};

struct EvidenceItem {
  Timestamp at;
  std::int64_t step = 0;  // index
  Check check;
};

struct Rollout {
  std::string id;
  std::string endpoint;
  std::string model;
  std::int64_t champion = 0;
  std::int64_t challenger = 0;
  State state = State::running;
  std::int64_t step = 0;  // index
  double weight = 0;      // the challenger's share now
  Timestamp started;
  Timestamp step_started;
  std::optional<Timestamp> ended;
  std::string actor;
  std::string reason;  // why it is in the state that it is in
  std::vector<Step> steps;
  Tolerances tolerances;
  std::vector<BusinessGoal> business;
};

// What was restored by a roll-back.
struct Reversion {
  std::string endpoint;
  std::string model;
  std::int64_t from = 0;
  std::int64_t to = 0;
  double took_ms = 0;
};

}  // namespace slipway::rollout
