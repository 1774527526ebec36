// SPDX-License-Identifier: Apache-2.0
// What a version must show before it may take traffic, as a file that people review.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway::govern {

// One bound on one number. At least one limit is given.
struct Rule {
  enum class About { metric, fairness, latency };
  About about = About::metric;
  int line = 0;
  std::string name;     // "roc_auc"; "demographic_parity_difference"; "p99_ms"; "size_mib"
  std::string group;    // fairness: the column that names the groups
  bool recent = false;  // metric: on labelled requests of the endpoint, not on the fixed rows
  std::string slice;    // metric: of the worst value of this column
  bool against_champion = false;
  std::optional<double> min;
  std::optional<double> max;
  std::optional<double> min_delta;  // challenger - champion
  std::optional<double> max_delta;
  std::optional<double> max_ratio;  // challenger / champion

  // The name under which Facts::metrics has it.
  std::string key() const;
  // "roc_auc", "demographic_parity_difference of origin", "roc_auc against the champion"
  std::string label() const;
  // ">= 0.65", "champion - 0.02 or more"
  std::string wanted() const;
};

// People who must agree before a version enters production.
struct Approval {
  std::int64_t count = 1;
  std::vector<std::string> by;  // who may; empty: anybody
  bool own = false;             // may whoever asks also approve?
};

struct Policy {
  std::string name;
  std::string description;
  std::vector<Rule> rules;
  std::optional<Approval> approval;
  // For rollouts under it: how long one may stay in doubt.
  std::optional<double> undecided_seconds;
  std::string text;  // as it was written
};

// `file` stands in messages: "production.yaml:3: ..". Unknown keys, rules without a limit and
// limits that are no numbers are refused.
Result<Policy> parse_policy(std::string_view yaml, const std::string& file);

}  // namespace slipway::govern
