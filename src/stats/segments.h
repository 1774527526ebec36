// SPDX-License-Identifier: Apache-2.0
// Where a change is: the part of the rows, named by one or two conditions, in which a column has
// changed while it is the same elsewhere; and what a fall of quality comes from.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "stats/boosted.h"

namespace slipway::stats {

// "carrier = UA", "distance > 500", "200 < distance <= 500": quarters of the reference's numbers,
// the ten most frequent categories.
struct Segment {
  std::string column;                   // that has changed
  std::vector<std::string> conditions;  // one or two
  std::size_t reference_rows = 0;
  std::size_t current_rows = 0;
  double effect = 0;            // largest gap of distribution functions, or of half the shares
  double effect_elsewhere = 0;  // in all other rows
  double p_value = 1;           // of the effect, times the number of segments that were looked at
};

// For each column of `targets` (places in the features) the segment that parts the change best from
// the rest, when there is one: p_value at most 0.01, a tenth of effect or more, and at least twice
// that of elsewhere. Categories as targets: shares of the ten most frequent ones.
std::vector<Segment> find_segments(const std::vector<Feature>& reference,
                                   const std::vector<Feature>& current,
                                   std::span<const std::size_t> targets);

// What a change of the mean loss comes from, by one column: its rows have moved to where the loss
// was higher already (`moved`), or the loss of like rows has changed (`changed`). They add up to
// the whole change (R. Oaxaca and A. Blinder, 1973, with the reference's losses as weights).
struct Contribution {
  std::string column;
  double moved = 0;
  double changed = 0;
  std::string worst;  // the condition whose rows add most to `changed`
  double worst_change = 0;
};
struct Drop {
  double reference_loss = 0;
  double current_loss = 0;
  std::vector<Contribution> columns;  // those that moved most first
};
Drop explain_drop(const std::vector<Feature>& reference, std::span<const double> reference_loss,
                  const std::vector<Feature>& current, std::span<const double> current_loss);

}  // namespace slipway::stats
