// SPDX-License-Identifier: Apache-2.0
// Measures a version on the server itself: answers rows of a table and times single ones.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "govern/govern.h"
#include "monitor/table.h"
#include "serving/endpoints.h"

namespace slipway::app {

// Rows with a `label`: 0 or 1, a class, or a number; see answers.h. `groups` are columns to compare
// groups by, for labels of 0 and 1. What could not be
// measured is left out and said in `Facts::source`.
// Slices are columns whose values are looked at one by one, those of at least 30 rows: the worst of
// each metric is "METRIC by COLUMN".
struct Wanted {
  std::vector<std::string> groups;
  std::vector<std::string> slices;
};
govern::Facts measure(serving::Endpoints& endpoints, Clock& clock, const std::string& model,
                      std::int64_t version, const monitor::Table& table, const Wanted& wanted);
// Quality only, of other rows, under names that begin with "recent:". Nothing when it cannot be.
void measure_recent(serving::Endpoints& endpoints, const std::string& model, std::int64_t version,
                    const monitor::Table& table, const Wanted& wanted, govern::Facts& facts);

}  // namespace slipway::app
