// SPDX-License-Identifier: Apache-2.0
// Reports as one HTML file that works offline: style, script and data inside, nothing fetched.
// Bounded whatever the data: below 2 MB (kMostDrawn columns, short labels, fixed bins).
#pragma once

#include <string>
#include <vector>

#include "analysis/correlations.h"
#include "analysis/drift.h"
#include "analysis/profile.h"
#include "base/result.h"

namespace slipway::analysis {

// Columns beyond these (after the worst ones) are counted, not drawn.
constexpr std::size_t kMostDrawn = 800;

// Numerical columns that both sides have, and how they go together on each.
struct CorrelationChange {
  std::vector<std::string> names;
  Matrix reference;
  Matrix current;
};
// Of the first 40 such columns of `report`, worst first.
Result<CorrelationChange> compare_correlations(const DriftReport& report, const Table& reference,
                                               const Table& current);

// The means of numerical columns in equal spans of time, reference and current on one axis.
struct OverTime {
  std::string column;  // the time: the first one that both sides have; empty: there is none
  double low = 0;      // milliseconds since 1970 UTC
  double high = 0;
  struct Line {
    std::string name;
    double mean = 0;  // of the reference, and its standard deviation
    double std = 0;
    std::vector<double> reference;  // NaN: no value in that span
    std::vector<double> current;
  };
  std::vector<Line> lines;  // of the 50 worst numerical columns
};
Result<OverTime> means_over_time(const DriftReport& report, const Table& reference,
                                 const Table& current);

struct Names {
  std::string reference;
  std::string current;
  double drift_share = 0.5;  // that makes the data drift
  std::string correction = "none";
};

std::string drift_page(const DriftReport& report, const CorrelationChange& together,
                       const OverTime& over_time, const Names& files);
std::string profile_page(const Profile& profile, const std::string& file);

// Places of `report.columns`, worst first: what one side lacks, what drifted by how far its score
// is beyond its threshold, what is the same, what cannot be tested.
std::vector<std::size_t> worst_first(const DriftReport& report);

}  // namespace slipway::analysis
