// SPDX-License-Identifier: Apache-2.0
#include "stats/correlation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <unordered_map>

namespace slipway::stats {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
// A table up to this many cells is an array; a larger one, mostly empty, a map.
constexpr std::size_t kDenseCells = std::size_t{1} << 20;

template <class Each>
void for_common(std::span<const double> a, std::span<const double> b, Each each) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!std::isnan(a[i]) && !std::isnan(b[i])) each(a[i], b[i]);
  }
}

std::size_t codes_of(std::span<const std::int32_t> codes) {
  std::int32_t most = -1;
  for (const auto code : codes) most = std::max(most, code);
  return static_cast<std::size_t>(most + 1);
}

}  // namespace

double pearson(std::span<const double> a, std::span<const double> b) {
  // Everything is measured from the first common row: large numbers that lie close together (times,
  // identifiers) keep their digits.
  double n = 0;
  double first_a = 0;
  double first_b = 0;
  double sum_a = 0;
  double sum_b = 0;
  for_common(a, b, [&](double x, double y) {
    if (n == 0) {
      first_a = x;
      first_b = y;
    }
    n += 1;
    sum_a += x - first_a;
    sum_b += y - first_b;
  });
  if (n < 2) return kNaN;
  const double mean_a = sum_a / n;
  const double mean_b = sum_b / n;
  double aa = 0;
  double bb = 0;
  double ab = 0;
  for_common(a, b, [&](double x, double y) {
    const double from_a = x - first_a - mean_a;
    const double from_b = y - first_b - mean_b;
    aa += from_a * from_a;
    bb += from_b * from_b;
    ab += from_a * from_b;
  });
  // A constant column has no variance at all, measured from its first value.
  if (aa == 0 || bb == 0) return kNaN;
  return std::clamp(ab / std::sqrt(aa) / std::sqrt(bb), -1.0, 1.0);
}

Ranked::Ranked(std::span<const double> values) : ranks_(values.size(), kNaN) {
  order_.reserve(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isnan(values[i])) order_.push_back(static_cast<std::uint32_t>(i));
  }
  complete_ = order_.size() == values.size();
  std::sort(order_.begin(), order_.end(),
            [&](std::uint32_t a, std::uint32_t b) { return values[a] < values[b]; });
  group_.resize(order_.size());
  std::uint32_t group = 0;
  for (std::size_t first = 0; first < order_.size(); ++group) {
    std::size_t last = first;
    while (last < order_.size() && values[order_[last]] == values[order_[first]]) ++last;
    const double rank = (static_cast<double>(first) + static_cast<double>(last) + 1) / 2;
    for (std::size_t i = first; i < last; ++i) {
      group_[i] = group;
      ranks_[order_[i]] = rank;
    }
    first = last;
  }
}

// The ranks again, among the rows that the other column has too.
std::vector<double> Ranked::among(const Ranked& other) const {
  std::vector<double> out(ranks_.size(), kNaN);
  std::vector<std::uint32_t> tied;
  double before = 0;
  const auto close = [&] {
    const double rank = before + (static_cast<double>(tied.size()) + 1) / 2;
    for (const auto row : tied) out[row] = rank;
    before += static_cast<double>(tied.size());
    tied.clear();
  };
  for (std::size_t i = 0; i < order_.size(); ++i) {
    if (i > 0 && group_[i] != group_[i - 1]) close();
    if (!std::isnan(other.ranks_[order_[i]])) tied.push_back(order_[i]);
  }
  close();
  return out;
}

double spearman(const Ranked& a, const Ranked& b) {
  if (a.complete_ && b.complete_) return pearson(a.ranks_, b.ranks_);
  return pearson(a.among(b), b.among(a));
}

double cramer_v(std::span<const std::int32_t> a, std::span<const std::int32_t> b) {
  std::vector<double> rows(codes_of(a));
  std::vector<double> columns(codes_of(b));
  const std::size_t cells = rows.size() * columns.size();
  std::vector<double> dense(cells <= kDenseCells ? cells : 0);
  std::unordered_map<std::size_t, double> sparse;
  double n = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] < 0 || b[i] < 0) continue;
    const auto row = static_cast<std::size_t>(a[i]);
    const auto column = static_cast<std::size_t>(b[i]);
    const auto cell = row * columns.size() + column;
    (dense.empty() ? sparse[cell] : dense[cell]) += 1;
    rows[row] += 1;
    columns[column] += 1;
    n += 1;
  }
  const auto used = [](const std::vector<double>& counts) {
    return std::count_if(counts.begin(), counts.end(), [](double x) { return x > 0; });
  };
  const auto degrees = static_cast<double>(std::min(used(rows), used(columns)) - 1);
  if (n == 0 || degrees <= 0) return kNaN;
  // chi2 / n = sum o^2 / (row * column) - 1: cells without a row of data add nothing.
  double sum = 0;
  const auto add = [&](std::size_t cell, double seen) {
    if (seen > 0) sum += seen / rows[cell / columns.size()] * seen / columns[cell % columns.size()];
  };
  for (std::size_t cell = 0; cell < dense.size(); ++cell) add(cell, dense[cell]);
  for (const auto& [cell, seen] : sparse) add(cell, seen);
  return std::sqrt(std::clamp((sum - 1) / degrees, 0.0, 1.0));
}

}  // namespace slipway::stats
