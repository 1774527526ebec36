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

// The whole file; `data` is what page/report.js draws.
std::string page_of(const std::string& title, const json::object& data);

json::array rounded(const std::vector<double>& shares, double scale);  // integers; NaN: null
json::value rounded(const Matrix& matrix);                             // in hundredths
json::value short_number(double x);                                    // five digits; NaN: null
json::array short_numbers(const std::vector<double>& numbers);
json::array labels(const std::vector<std::string>& names);

}  // namespace slipway::analysis
