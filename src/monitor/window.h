// SPDX-License-Identifier: Apache-2.0
// The traffic of one version since its last report, collected until there is enough to compare.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "chunk.h"
#include "monitor/profile.h"
#include "monitor/settings.h"
#include "monitor/types.h"
#include "stats/drift.h"

namespace slipway::monitor {

struct WindowColumn {
  Field field;
  std::vector<double> numbers;  // finite
  stats::Counts counts;         // texts; "" is missing
  std::int64_t other = 0;       // rows of texts beyond 10,000 different ones
  std::int64_t nulls = 0;
  std::int64_t infinite = 0;
};

struct Window {
  std::string endpoint;
  std::string model;
  std::string version;
  std::vector<WindowColumn> columns;  // features, then numeric outputs
  std::int64_t rows = 0;
  std::int64_t kept = 0;  // rows whose values are in `columns`: at most kMostKept
  std::int64_t failed = 0;
  std::int64_t measured = 0;  // rows that were measured against the reference, and those of them ..
  std::int64_t outliers = 0;  // .. that are as unusual as the settings say
  std::vector<std::int64_t> latencies_us;
  Timestamp first;
  Timestamp last;
  Timestamp began;  // when its first row was added
  Cursor end;

  static constexpr std::int64_t kMostKept = 100'000;

  // Row `row` of `chunk`. Failed rows count as errors only.
  void add(const Chunk& chunk, std::size_t row, Timestamp now);
  bool due(const Settings& settings, Timestamp now) const;
  double error_share() const;
  double p99_ms() const;
};

// Tests every column of the profile that the settings do not ignore. Never fails as a whole.
DriftReport evaluate(const Window& window, const Profile& profile, const Settings& settings);

}  // namespace slipway::monitor
