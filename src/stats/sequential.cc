// SPDX-License-Identifier: Apache-2.0
#include "stats/sequential.h"

#include <cmath>
#include <limits>

namespace slipway::stats {
namespace {

// lgamma without its global sign.
double log_gamma(double x) {
  int sign = 0;
  return ::lgamma_r(x, &sign);
}

double log_beta(double a, double b) {
  return log_gamma(a) + log_gamma(b) - log_gamma(a + b);
}

}  // namespace

Interval probability_sequence(std::uint64_t successes, std::uint64_t trials, double alpha) {
  if (trials == 0) return {0, 1};
  const double k = static_cast<double>(successes);
  const double n = static_cast<double>(trials);
  const double mixture = log_beta(k + 0.5, n - k + 0.5) - log_beta(0.5, 0.5);
  const double limit = -std::log(alpha);
  const auto excluded = [&](double p) {
    double log_likelihood = 0;
    if (k > 0) log_likelihood += k * std::log(p);
    if (n > k) log_likelihood += (n - k) * std::log1p(-p);
    return mixture - log_likelihood >= limit;
  };
  // M is smallest at k / n and grows towards 0 and 1: one crossing on each side.
  const double middle = k / n;
  const auto crossing = [&](double outside) {
    if (outside == middle || !excluded(outside)) return outside;
    double inside = middle;
    for (int i = 0; i < 100; ++i) {
      const double x = (inside + outside) / 2;
      (excluded(x) ? outside : inside) = x;
    }
    return outside;
  };
  return {crossing(0), crossing(1)};
}

Interval mean_sequence(double estimate, double standard_error, std::uint64_t n, double alpha) {
  if (n == 0 || !std::isfinite(estimate)) {
    return {-std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity()};
  }
  constexpr double kTightest = 500;
  const double t = static_cast<double>(n);
  const double spread = -2 * std::log(alpha);
  const double r = (spread + std::log(1 + spread)) / kTightest;
  const double width =
      standard_error * std::sqrt(t) *
      std::sqrt(2 * (t * r + 1) / (t * t * r) * std::log(std::sqrt(t * r + 1) / alpha));
  return {estimate - width, estimate + width};
}

}  // namespace slipway::stats
