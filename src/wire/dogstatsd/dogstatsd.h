// SPDX-License-Identifier: Apache-2.0
// Metrics as DogStatsD datagrams: name:value|type|#tag:value,..
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "meter/exposition.h"

namespace slipway::wire::dogstatsd {

inline constexpr std::size_t kUdpBytes = 1'432;    // fits into one Ethernet frame
inline constexpr std::size_t kLocalBytes = 8'192;  // of a Unix socket

// What changed since `before` (counters and histograms, as increments) and what is (gauges), in
// datagrams of whole lines. Of a histogram the number of observations (.count) and their sum
// (.sum). Names get dots as they stand; characters that mean something become underscores.
std::vector<std::string> datagrams(const std::vector<meter::Snapshot>& now,
                                   const std::vector<meter::Snapshot>& before, std::size_t most);

}  // namespace slipway::wire::dogstatsd
