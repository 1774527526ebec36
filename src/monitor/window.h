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
#include "monitor/window_profile.h"
#include "stats/boosted.h"
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

// Some whole rows of a window, every one with the same chance to be there: features, then
// `prediction`. The same traffic gives the same rows.
struct RowSample {
  std::vector<stats::Feature> features;
  std::int64_t seen = 0;
  std::uint64_t state = 0x9e3779b97f4a7c15u;

  static constexpr std::size_t kMost = 2'000;
  static constexpr std::size_t kMostColumns = 256;
  std::size_t rows() const { return features.empty() ? 0 : features[0].rows(); }
  void add(const Chunk& chunk, std::size_t row);
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
  std::vector<double> scores;  // answers with a probability of 1, and what they said
  std::vector<int> said;
  RowSample sample;
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

// What is kept of it when it is closed.
WindowProfile sketch_of(const Window& window);

// Tests every column of the profile that the settings do not ignore. Never fails as a whole.
DriftReport evaluate(const Window& window, const Profile& profile, const Settings& settings);

// Expected quality without outcomes; `profile` may be missing.
void estimate_quality(const Window& window, const Profile* profile, DriftReport& out);
// Rows as a whole against those of the reference, on the numbers that both have.
void compare_rows(const Window& window, const Profile& profile, DriftReport& out);

}  // namespace slipway::monitor
