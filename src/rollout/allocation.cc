// SPDX-License-Identifier: Apache-2.0
#include "rollout/allocation.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace slipway::rollout {
namespace {

constexpr int kDraws = 20'000;

double beta(std::mt19937_64& random, double a, double b) {
  const double x = std::gamma_distribution<double>(a, 1)(random);
  const double y = std::gamma_distribution<double>(b, 1)(random);
  return x + y > 0 ? x / (x + y) : 0.5;
}

}  // namespace

std::vector<double> thompson_shares(const std::vector<Arm>& arms, double least,
                                    std::uint64_t seed) {
  const auto n = static_cast<double>(arms.size());
  if (arms.empty()) return {};
  least = std::clamp(least, 0.0, 100.0 / n);
  std::mt19937_64 random(seed);
  std::vector<int> wins(arms.size());
  for (int draw = 0; draw < kDraws; ++draw) {
    std::size_t best = 0;
    double most = -1;
    for (std::size_t i = 0; i < arms.size(); ++i) {
      const auto good =
          static_cast<double>(std::clamp<std::int64_t>(arms[i].successes, 0, arms[i].trials));
      const double rate = beta(random, 1 + good, 1 + static_cast<double>(arms[i].trials) - good);
      if (rate <= most) continue;
      most = rate;
      best = i;
    }
    ++wins[best];
  }
  // What is above the least is shared out by chance of being the best.
  std::vector<double> out;
  for (const int won : wins) {
    out.push_back(least + (100 - n * least) * static_cast<double>(won) / kDraws);
  }
  return out;
}

}  // namespace slipway::rollout
