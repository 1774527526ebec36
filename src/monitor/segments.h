// SPDX-License-Identifier: Apache-2.0
// Where in the traffic a change is, and by which columns quality has fallen.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "quality.h"
#include "stats/segments.h"
#include "window.h"

namespace slipway::monitor {

// The parts of the window's rows in which columns have changed, when any column drifted.
void find_segments(const Window& window, const Profile& profile, const Settings& settings,
                   DriftReport& out);
// "delay: the change is in carrier = UA, origin = EWR".
std::string words_of(const stats::Segment& segment);
// Those of the first ones, to be put behind a message; empty when there is none.
std::string words_of(const std::vector<stats::Segment>& segments);

// Rows whose outcome is known, with what they lost: the log loss of a probability, 1 or 0 of a
// class, the absolute error of a number.
struct LossRows {
  std::vector<stats::Feature> features;
  std::vector<double> losses;
};
// At most 20,000; rows of another schema than the first are left out.
LossRows rows_with_losses(const std::vector<Chunk>& chunks, const std::vector<Outcome>& outcomes);
// Of a reference with predictions and outcomes.
LossRows rows_with_losses(const Profile& profile);
// Nothing when a side has less than 100 rows.
std::optional<stats::Drop> explain_drop(const LossRows& before, const LossRows& now,
                                        const Settings& settings);
std::string words_of(const stats::Drop& drop);

}  // namespace slipway::monitor
