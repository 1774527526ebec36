// SPDX-License-Identifier: Apache-2.0
#include "stats/ks.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include "stats/kolmogorov.h"

namespace slipway::stats {
namespace {

constexpr std::int64_t kMostForExact = 10'000;

// max |i m - j n| / gcd over the points of the joined sample: D times the least common multiple.
std::int64_t largest_gap(std::span<const double> a, std::span<const double> b, std::int64_t g) {
  const auto per_a = static_cast<std::int64_t>(b.size()) / g;
  const auto per_b = static_cast<std::int64_t>(a.size()) / g;
  std::size_t i = 0;
  std::size_t j = 0;
  std::int64_t gap = 0;
  while (i < a.size() && j < b.size()) {
    const double x = std::min(a[i], b[j]);
    while (i < a.size() && a[i] == x) ++i;
    while (j < b.size() && b[j] == x) ++j;
    const auto here = static_cast<std::int64_t>(i) * per_a - static_cast<std::int64_t>(j) * per_b;
    gap = std::max(gap, std::abs(here));
  }
  return gap;
}

// Two samples of n: an alternating sum of binomial ratios, nested so that nothing cancels.
double outside_square(std::int64_t n, std::int64_t h) {
  double p = 0;
  for (std::int64_t k = n / h; k >= 0; --k) {
    double ratio = 1;
    for (std::int64_t j = 0; j < h; ++j) {
      ratio *= static_cast<double>(n - k * h - j) / static_cast<double>(n + k * h + j + 1);
    }
    p = ratio * (1 - p);
  }
  return 2 * p;
}

// floor and ceiling of a quotient with a positive divisor.
std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a >= 0 ? a / b : -((-a + b - 1) / b);
}
std::int64_t ceil_div(std::int64_t a, std::int64_t b) {
  return -floor_div(-a, b);
}

// The share of lattice paths from (0, 0) to (m, n), m >= n, that touch |x / m - y / n| >= h / lcm.
// share(x, y) is that of the paths to (x, y); such a path comes from the left with probability
// x / (x + y) and from below otherwise, and outside the band the share is 1.
double outside_share(std::int64_t m, std::int64_t n, std::int64_t g, std::int64_t h) {
  const std::int64_t mg = m / g;
  const std::int64_t ng = n / g;
  // column[y]: share(x, y) for the x of the moment; only the band is touched.
  std::vector<double> column(static_cast<std::size_t>(n) + 1, 1.0);
  std::int64_t top = std::min(ceil_div(h, mg), n + 1);  // first y outside, above
  for (std::int64_t y = 0; y < top; ++y) column[static_cast<std::size_t>(y)] = 0;
  for (std::int64_t x = 1; x <= m; ++x) {
    const std::int64_t low = std::clamp<std::int64_t>(floor_div(ng * x - h, mg) + 1, 0, n);
    top = std::min(ceil_div(ng * x + h, mg), n + 1);
    if (top <= low) return 1;
    double below = low == 0 ? 0.0 : 1.0;
    const auto xd = static_cast<double>(x);
    for (std::int64_t y = low; y < top; ++y) {
      const auto yd = static_cast<double>(y);
      double& cell = column[static_cast<std::size_t>(y)];
      below = (cell * xd + below * yd) / (xd + yd);
      cell = below;
    }
  }
  return column[static_cast<std::size_t>(n)];
}

}  // namespace

TestResult ks_2samp(std::span<const double> a, std::span<const double> b) {
  const auto n = static_cast<std::int64_t>(a.size());
  const auto m = static_cast<std::int64_t>(b.size());
  return ks_of_gap(n, m, largest_gap(a, b, std::gcd(n, m)));
}

TestResult ks_of_gap(std::int64_t n, std::int64_t m, std::int64_t h) {
  const std::int64_t g = std::gcd(n, m);
  const std::int64_t lcm = n / g * m;
  TestResult out{static_cast<double>(h) / static_cast<double>(lcm), 1};
  if (h == 0) return out;
  if (std::max(n, m) <= kMostForExact) {
    const double p =
        n == m ? outside_square(n, h) : outside_share(std::max(n, m), std::min(n, m), g, h);
    out.p_value = std::clamp(p, 0.0, 1.0);
  } else {
    const double size =
        static_cast<double>(n) * static_cast<double>(m) / static_cast<double>(n + m);
    out.p_value =
        kstwo_sf(static_cast<std::int64_t>(std::nearbyint(size)), out.statistic);  // half to even
  }
  return out;
}

}  // namespace slipway::stats
