// SPDX-License-Identifier: Apache-2.0
#include "stats/findings.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "stats/distance.h"
#include "stats/ks.h"

namespace slipway::stats {
namespace {

constexpr double kNullShareChange = 0.05;
constexpr double kNullShareLevel = 0.001;
constexpr std::size_t kMostRanks = 100'000;
constexpr std::size_t kMostNamed = 3;
constexpr std::size_t kMostName = 40;

// No character is cut in two.
std::string shortened(const std::string& text) {
  if (text.size() <= kMostName) return text;
  std::size_t end = kMostName;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

std::vector<double> ranks_of(const std::vector<double>& ascending) {
  std::vector<double> out(kMostRanks);
  for (std::size_t i = 0; i < kMostRanks; ++i) {
    out[i] = ascending[(2 * i + 1) * ascending.size() / (2 * kMostRanks)];
  }
  return out;
}

double largest_gap(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() > kMostRanks) return largest_gap(ranks_of(a), b);
  if (b.size() > kMostRanks) return largest_gap(a, ranks_of(b));
  const auto n = static_cast<double>(a.size());
  const auto m = static_cast<double>(b.size());
  double gap = 0;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < a.size() && j < b.size()) {
    const double x = std::min(a[i], b[j]);
    while (i < a.size() && a[i] == x) ++i;
    while (j < b.size() && b[j] == x) ++j;
    gap = std::max(gap, std::abs(static_cast<double>(i) / n - static_cast<double>(j) / m));
  }
  return gap;
}

}  // namespace

std::string percent(double share) {
  return number_text(std::round(share * 1000) / 10) + " %";
}

std::optional<std::string> new_values(const Counts& reference, const Counts& current) {
  std::int64_t rows = 0;
  std::size_t values = 0;
  std::string names;
  for (const auto& [value, n] : current) {
    if (n == 0 || reference.contains(value)) continue;
    rows += n;
    if (++values <= kMostNamed) names += (names.empty() ? "" : ", ") + shortened(value);
  }
  if (values == 0) return std::nullopt;
  const double share = static_cast<double>(rows) / static_cast<double>(total(current));
  return std::to_string(values) + " values never seen in the reference (" + percent(share) +
         " of the rows): " + names + (values > kMostNamed ? ", .." : "");
}

std::optional<std::string> out_of_range(double min, double max,
                                        const std::vector<double>& ascending) {
  if (ascending.empty()) return std::nullopt;
  const auto low = std::lower_bound(ascending.begin(), ascending.end(), min);
  const auto high = std::upper_bound(ascending.begin(), ascending.end(), max);
  const auto outside = (low - ascending.begin()) + (ascending.end() - high);
  return out_of_range(min, max, static_cast<std::size_t>(outside), ascending.size());
}

std::optional<std::string> out_of_range(double min, double max, std::size_t outside,
                                        std::size_t size) {
  if (outside == 0) return std::nullopt;
  const double share = static_cast<double>(outside) / static_cast<double>(size);
  return percent(share) + " of the rows outside the reference's " + number_text(min) + " .. " +
         number_text(max);
}

std::optional<std::string> null_change(std::int64_t nulls_before, std::int64_t rows_before,
                                       std::int64_t nulls, std::int64_t rows) {
  if (rows_before == 0 || rows == 0) return std::nullopt;
  const double before = static_cast<double>(nulls_before) / static_cast<double>(rows_before);
  const double now = static_cast<double>(nulls) / static_cast<double>(rows);
  if (std::abs(now - before) < kNullShareChange) return std::nullopt;
  if (two_proportions(nulls_before, rows_before, nulls, rows).p_value > kNullShareLevel) {
    return std::nullopt;
  }
  return "missing values went from " + percent(before) + " to " + percent(now) + " of the rows";
}

double effect_of(const Sample& reference, const Sample& current) {
  if (reference.size() == 0 || current.size() == 0 || reference.type != current.type) return 0;
  if (reference.type == ColumnType::numerical) return largest_gap(reference.values, current.values);
  const auto shares = binned(reference.counts, current.counts);
  double sum = 0;
  for (std::size_t i = 0; i < shares.reference.size(); ++i) {
    sum += std::abs(shares.reference[i] - shares.current[i]);
  }
  return sum / 2;
}

}  // namespace slipway::stats
