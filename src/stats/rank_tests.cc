// SPDX-License-Identifier: Apache-2.0
#include "stats/rank_tests.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <numbers>
#include <numeric>
#include <vector>

#include "stats/special.h"

namespace slipway::stats {
namespace {

__extension__ using Wide = unsigned __int128;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// A group of equal values: how many there are on each side, and how many values lie below it.
struct Tie {
  double below = 0;
  double in_a = 0;
  double in_b = 0;
  double below_a = 0;
  double below_b = 0;

  double size() const { return in_a + in_b; }
  double rank() const { return below + (size() + 1) / 2; }
};

std::vector<Tie> ties_of(std::span<const double> a, std::span<const double> b) {
  std::vector<Tie> out;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < a.size() || j < b.size()) {
    const double value = j == b.size() || (i < a.size() && a[i] <= b[j]) ? a[i] : b[j];
    Tie tie{.below = static_cast<double>(i + j),
            .below_a = static_cast<double>(i),
            .below_b = static_cast<double>(j)};
    for (; i < a.size() && a[i] == value; ++i) ++tie.in_a;
    for (; j < b.size() && b[j] == value; ++j) ++tie.in_b;
    out.push_back(tie);
  }
  return out;
}

// P(U >= u) of n and m untied values: U has the Gaussian binomial coefficient as generating
// function, the product over i of (1 - q^(m + i)) / (1 - q^i).
double mann_whitney_exact(std::size_t n, std::size_t m, double u) {
  if (n > m) std::swap(n, m);
  std::vector<Wide> ways(n * m + 1);
  ways[0] = 1;
  for (std::size_t i = 1; i <= n; ++i) {
    for (std::size_t k = ways.size(); k-- > m + i;) ways[k] -= ways[k - m - i];
    for (std::size_t k = i; k < ways.size(); ++k) ways[k] += ways[k - i];
  }
  Wide all = 0;
  Wide above = 0;
  for (std::size_t k = 0; k < ways.size(); ++k) {
    all += ways[k];
    if (static_cast<double>(k) >= u) above += ways[k];
  }
  return static_cast<double>(above) / static_cast<double>(all);
}

// One side of the k-sample statistic; the caller divides by the size.
double anderson_side(const std::vector<Tie>& ties, double all, double size, bool first) {
  double sum = 0;
  for (const auto& tie : ties) {
    const double mid = tie.below + tie.size() / 2;
    const double own = first ? tie.below_a + tie.in_a / 2 : tie.below_b + tie.in_b / 2;
    const double gap = all * own - mid * size;
    sum += tie.size() / all * gap * gap / (mid * (all - mid) - all * tie.size() / 4);
  }
  return sum / size;
}

// Mean 1, and this variance: Scholz and Stephens (1987), with k = 2.
double anderson_variance(double n, double m) {
  const double all = n + m;
  const double k = 2;
  const double inverse = 1 / n + 1 / m;
  double h = 0;
  double g = 0;
  for (double i = all - 1; i > 1; --i) {
    h += 1 / i;
    g += h / (all - i + 1);
  }
  h += 1;
  const double a = (4 * g - 6) * (k - 1) + (10 - 6 * g) * inverse;
  const double b =
      (2 * g - 4) * k * k + 8 * h * k + (2 * g - 14 * h - 4) * inverse - 8 * h + 4 * g - 6;
  const double c =
      (6 * h + 2 * g - 2) * k * k + (4 * h - 4 * g + 6) * k + (2 * h - 6) * inverse + 4 * h;
  const double d = (2 * h + 6) * k * k - 4 * h * k;
  return (((a * all + b) * all + c) * all + d) / ((all - 1) * (all - 2) * (all - 3));
}

double anderson_p_value(double statistic) {
  // Critical values b0 + b1 + b2 of the levels 0.25, 0.1, 0.05, 0.025, 0.01, 0.005 and 0.001, and
  // the least-squares quadratic of the level's logarithm over them.
  constexpr double kLowest = 0.675 - 0.245 - 0.105;
  constexpr double kHighest = 3.085 + 3.615 - 0.154;
  constexpr double kQuadratic[] = {0.01819809457411147, -1.0082265644652515, -1.077770279820484};
  if (statistic < kLowest) return 0.25;
  if (statistic > kHighest) return 0.001;
  return std::exp((kQuadratic[0] * statistic + kQuadratic[1]) * statistic + kQuadratic[2]);
}

// P(T >= observed) where `u` is the rank statistic behind T: all C(n + m, n) paths through the
// lattice, by the integer that the statistic is a function of.
double cramer_exact(std::int64_t n, std::int64_t m, double u) {
  const std::int64_t common = std::lcm(n, m);
  const std::int64_t step_a = common / n;
  const std::int64_t step_b = common / m;
  const double nm = static_cast<double>(n * m);
  const double least = std::floor(static_cast<double>(common * common * (n + m)) *
                                  (6 * u - nm * (4 * nm - 1)) / (6 * nm * nm));
  using Ways = std::map<std::int64_t, double>;
  std::vector<Ways> column(static_cast<std::size_t>(n) + 1);
  column[0] = {{0, 1}};
  for (std::int64_t j = 0; j <= m; ++j) {
    Ways before;
    for (std::int64_t i = 0; i <= n; ++i) {
      auto& here = column[static_cast<std::size_t>(i)];
      for (const auto& [sum, ways] : before) here[sum] += ways;
      const std::int64_t gap = step_a * i - step_b * j;
      Ways moved;
      for (const auto& [sum, ways] : here) moved.emplace_hint(moved.end(), sum + gap * gap, ways);
      here = std::move(moved);
      before = here;
    }
  }
  double all = 0;
  double above = 0;
  for (const auto& [sum, ways] : column.back()) {
    all += ways;
    if (static_cast<double>(sum) >= least) above += ways;
  }
  return above / all;
}

// The limit law of the one-sample statistic (Csorgo and Faraway 1996, 1.2). The series ends where
// scipy's does, since a p-value is one minus it.
double cramer_limit_cdf(double x) {
  double sum = 0;
  for (int k = 0;; ++k) {
    int sign = 0;
    const double y = 4.0 * k + 1;
    const double q = y * y / (16 * x);
    const double weight = std::exp(lgamma_r(k + 0.5, &sign) - lgamma_r(k + 1.0, &sign)) /
                          (std::pow(std::numbers::pi, 1.5) * std::sqrt(x));
    const double bessel = q > 700 ? 0 : std::cyl_bessel_k(0.25, q);
    const double term = weight * std::sqrt(y) * std::exp(-q) * bessel;
    sum += term;
    if (std::abs(term) < 1e-7) return sum;
  }
}

}  // namespace

TestResult mann_whitney_less(std::span<const double> a, std::span<const double> b) {
  const auto n = static_cast<double>(a.size());
  const auto m = static_cast<double>(b.size());
  const auto groups = ties_of(a, b);
  double ranks = 0;
  double tied = 0;
  for (const auto& tie : groups) {
    ranks += tie.in_a * tie.rank();
    tied += tie.size() * (tie.size() * tie.size() - 1);
  }
  const double u = ranks - n * (n + 1) / 2;
  const double other = n * m - u;
  const bool small = std::min(n, m) <= 8 && std::max(n, m) <= 50'000;
  if (small && tied == 0) return {u, mann_whitney_exact(a.size(), b.size(), other)};
  const double all = n + m;
  const double deviation = std::sqrt(n * m / 12 * (all + 1 - tied / (all * (all - 1))));
  if (deviation == 0) return {u, 1};  // all values are equal
  return {u, std::clamp(normal_sf((other - n * m / 2 - 0.5) / deviation), 0.0, 1.0)};
}

TestResult anderson_darling(std::span<const double> a, std::span<const double> b) {
  const auto n = static_cast<double>(a.size());
  const auto m = static_cast<double>(b.size());
  const double all = n + m;
  const auto groups = ties_of(a, b);
  if (groups.size() < 2 || all < 4) return {kNaN, kNaN};
  const double raw = (anderson_side(groups, all, n, true) + anderson_side(groups, all, m, false)) *
                     (all - 1) / all;
  const double statistic = (raw - 1) / std::sqrt(anderson_variance(n, m));
  return {statistic, anderson_p_value(statistic)};
}

TestResult cramer_von_mises(std::span<const double> a, std::span<const double> b) {
  if (a.size() < 2 || b.size() < 2) return {kNaN, kNaN};
  const auto n = static_cast<double>(a.size());
  const auto m = static_cast<double>(b.size());
  double of_a = 0;
  double of_b = 0;
  for (const auto& tie : ties_of(a, b)) {
    for (double i = 1; i <= tie.in_a; ++i) of_a += std::pow(tie.rank() - (tie.below_a + i), 2);
    for (double i = 1; i <= tie.in_b; ++i) of_b += std::pow(tie.rank() - (tie.below_b + i), 2);
  }
  const double u = n * of_a + m * of_b;
  const double k = n * m;
  const double all = n + m;
  const double t = u / (k * all) - (4 * k - 1) / (6 * all);
  if (std::max(n, m) <= 20) {
    return {t, cramer_exact(static_cast<std::int64_t>(n), static_cast<std::int64_t>(m), u)};
  }
  const double mean = (1 + 1 / all) / 6;
  const double variance =
      (all + 1) * (4 * k * all - 3 * (n * n + m * m) - 2 * k) / (45 * all * all * 4 * k);
  const double normed = 1.0 / 6 + (t - mean) / std::sqrt(45 * variance);
  if (normed < 0.003) return {t, 1};
  return {t, std::max(0.0, 1 - cramer_limit_cdf(normed))};
}

}  // namespace slipway::stats
