// SPDX-License-Identifier: Apache-2.0
// Shares of traffic by how likely each version is the best: Thompson sampling (W. R. Thompson,
// 1933) in the mean, so that a request's version needs no draw.
#pragma once

#include <cstdint>
#include <vector>

namespace slipway::rollout {

struct Arm {
  std::int64_t trials = 0;
  std::int64_t successes = 0;
};

// Percent for each arm, 100 in all: the probability that its rate of success is the highest, by
// 20,000 draws from Beta(1 + successes, 1 + failures), and at least `least` percent, so that
// nothing is given up for good. The same arms and seed give the same shares.
std::vector<double> thompson_shares(const std::vector<Arm>& arms, double least, std::uint64_t seed);

}  // namespace slipway::rollout
