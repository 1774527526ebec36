// SPDX-License-Identifier: Apache-2.0
// Champion against challenger, by tests that may be looked at as often as one likes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "rollout/evidence.h"
#include "rollout/types.h"

namespace slipway::rollout {

struct Side {
  Traffic traffic;
  Outcomes outcomes;
};

struct Estimate {
  double value = 0;
  double error = 0;  // standard error
  std::uint64_t n = 0;
};

// All of a side that the checks look at.
struct Judged {
  Traffic traffic;
  std::int64_t classified = 0;
  std::int64_t right = 0;
  bool numbers = false;  // outcomes are numbers
  Estimate log_loss;
  Estimate roc_auc;
  Estimate mae;
  std::int64_t predictions = 0;
  std::vector<Business> business;
};
Judged judged_of(const Side& side);

// `alone`: the challenger has all the traffic, so the champion's latency is from another time and
// is compared with twice the tolerance. `after_shadow`: the chance of a false alarm is shared with
// the checks of a shadow step before.
std::vector<Check> compare(const Side& champion, const Side& challenger,
                           const Tolerances& tolerances, bool alone,
                           const std::vector<BusinessGoal>& business = {},
                           bool after_shadow = false);

std::vector<Check> compare_judged(const Judged& champion, const Judged& challenger,
                                  const Tolerances& tolerances, bool alone,
                                  const std::vector<BusinessGoal>& business, bool after_shadow);

// While the challenger is a shadow: copies against the requests of the same time, and how far the
// answers to the same requests agree.
std::vector<Check> compare_mirrored(const Judged& champion, const Judged& challenger,
                                    const Agreement& agreement, const Tolerances& tolerances,
                                    std::size_t goals);

// agreement.cc: "agreement" of classes, or "difference" and "correlation" of numbers.
std::vector<Check> agreement_checks(const Agreement& agreement, const Tolerances& tolerances,
                                    double alpha);
// Whether a rule waits for this check.
bool is_ruled(const Check& check, const Tolerances& tolerances);

}  // namespace slipway::rollout
