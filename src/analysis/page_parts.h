// SPDX-License-Identifier: Apache-2.0
// What both pages are made of: the frame, and numbers short enough to be many.
#pragma once

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "analysis/correlations.h"
#include "analysis/values.h"
#include "json/value.h"

namespace slipway::analysis {

constexpr std::size_t kMostName = 120;  // bytes of a column's name on a page

// The whole file; `data` is what page/`kind`.js draws with the help of page/report.js.
std::string page_of(const std::string& kind, const std::string& title, const json::object& data);

// Keeps a page below its size whatever texts the data has: what is written takes from it, and what
// has no room any more is left out.
class Room {
 public:
  // False, and nothing taken, when the value does not fit any more.
  bool take(const json::value& value);

 private:
  std::size_t left_ = 1'500'000;  // bytes
};

json::array rounded(const std::vector<double>& shares, double scale);  // integers; NaN: null
json::value rounded(const Matrix& matrix);                             // in hundredths
json::value short_number(double x);                                    // five digits; NaN: null
json::array short_numbers(const std::vector<double>& numbers);
json::array labels(const std::vector<std::string>& names);

}  // namespace slipway::analysis
