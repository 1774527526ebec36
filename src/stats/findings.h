// SPDX-License-Identifier: Apache-2.0
// What is worth telling of a column beside its test, in words; nothing when there is nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "stats/drift.h"

namespace slipway::stats {

// A share as people read it: 12.3 %.
std::string percent(double share);

// "2 values never seen in the reference (12 % of the rows): a, b"
std::optional<std::string> new_values(const Counts& reference, const Counts& current);

// "12 % of the rows outside the reference's 0 .. 7"; `ascending` values.
std::optional<std::string> out_of_range(double min, double max,
                                        const std::vector<double>& ascending);
std::optional<std::string> out_of_range(double min, double max, std::size_t outside,
                                        std::size_t size);

// "missing values went from 0 % to 9 % of the rows": by 5 points or more, and two proportions tell
// it at p <= 0.001.
std::optional<std::string> null_change(std::int64_t nulls_before, std::int64_t rows_before,
                                       std::int64_t nulls, std::int64_t rows);

// How much has changed whatever the number of rows, 0 .. 1: the largest gap between the
// distribution functions (Kolmogorov's D) of numbers, half the summed difference of shares (the
// part of the rows that would have to change category) of categories. Of more than 100,000 numbers
// as many evenly spread ranks count (the gap is off by at most 2e-5). Nothing to compare: 0.
double effect_of(const Sample& reference, const Sample& current);

}  // namespace slipway::stats
