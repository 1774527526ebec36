// SPDX-License-Identifier: Apache-2.0
#include "stats/special.h"

#include <cmath>
#include <limits>
#include <numbers>

namespace slipway::stats {
namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
constexpr int kMostTerms = 1'000'000;

double log_gamma(double x) {
  int sign = 0;  // lgamma() writes a global; this does not
  return lgamma_r(x, &sign);
}

// log n! - log of Stirling's approximation.
double stirling_error(double n) {
  static constexpr double kSmall[] = {0.0,
                                      0.0810614667953272582196702,
                                      0.0413406959554092940938221,
                                      0.02767792568499833914878929,
                                      0.02079067210376509311152277,
                                      0.01664469118982119216319487,
                                      0.01387612882307074799874573,
                                      0.01189670994589177009505572,
                                      0.010411265261972096497478567,
                                      0.009255462182712732917728637,
                                      0.008330563433362871256469318,
                                      0.007573675487951840794972024,
                                      0.006942840107209529865664152,
                                      0.006408994188004207068439631,
                                      0.005951370112758847735624416,
                                      0.005554733551962801371038690};
  if (n < 16) return kSmall[static_cast<int>(n)];
  const double s = n * n;
  return (1.0 / 12 - (1.0 / 360 - (1.0 / 1260 - (1.0 / 1680 - 1.0 / 1188 / s) / s) / s) / s) / n;
}

// x log(x / np) + np - x, also for x close to np.
double deviance(double x, double np) {
  if (std::abs(x - np) < 0.1 * (x + np)) {
    const double v = (x - np) / (x + np);
    double sum = (x - np) * v;
    double term = 2 * x * v;
    for (int j = 1; j < 1000; ++j) {
      term *= v * v;
      const double next = sum + term / (2 * j + 1);
      if (next == sum) return next;
      sum = next;
    }
  }
  return x * std::log(x / np) + np - x;
}

// x^a e^-x / Gamma(a + 1)
double gamma_term(double a, double x) {
  if (a >= 16 && std::abs(x - a) < 0.5 * a) {  // near the mode: no large logarithms
    const double s = a * a;
    const double correction = (1.0 / 12 - (1.0 / 360 - (1.0 / 1260 - 1.0 / 1680 / s) / s) / s) / a;
    return std::exp(-deviance(a, x) - correction) / std::sqrt(2 * std::numbers::pi * a);
  }
  return std::exp(a * std::log(x) - x - log_gamma(a + 1));
}

double lower_series(double a, double x) {
  double term = 1;
  double sum = 1;
  for (int n = 1; n < kMostTerms; ++n) {
    term *= x / (a + n);
    sum += term;
    if (term < sum * kEpsilon * 0.25) break;
  }
  return sum * gamma_term(a, x);
}

// Lentz's evaluation of the continued fraction.
double upper_fraction(double a, double x) {
  constexpr double kTiny = 1e-300;
  double b = x + 1 - a;
  double c = 1 / kTiny;
  double d = 1 / b;
  double h = d;
  for (int i = 1; i < kMostTerms; ++i) {
    const double an = -i * (i - a);
    b += 2;
    d = an * d + b;
    if (std::abs(d) < kTiny) d = kTiny;
    c = b + an / c;
    if (std::abs(c) < kTiny) c = kTiny;
    d = 1 / d;
    const double change = d * c;
    h *= change;
    if (std::abs(change - 1) < kEpsilon) break;
  }
  return h * a * gamma_term(a, x);
}

// log Gamma(a + b) - log Gamma(a) - log Gamma(b) for b = 1/2, also for large a.
double log_half_beta_inverse(double a) {
  const double log_gamma_half = 0.5 * std::log(std::numbers::pi);
  if (a < 50) return log_gamma(a + 0.5) - log_gamma(a) - log_gamma_half;
  const double s = a * a;
  return 0.5 * std::log(a) - 1 / (8 * a) + 1 / (192 * a * s) - 1 / (640 * a * s * s) -
         log_gamma_half;
}

// The continued fraction of the incomplete beta function, by Lentz.
double beta_fraction(double a, double b, double x) {
  constexpr double kTiny = 1e-300;
  const auto safe = [](double value) { return std::abs(value) < kTiny ? kTiny : value; };
  double c = 1;
  double d = 1 / safe(1 - (a + b) * x / (a + 1));
  double h = d;
  for (int m = 1; m < kMostTerms; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / safe(1 + even * d);
    c = safe(1 + even / c);
    h *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / safe(1 + odd * d);
    c = safe(1 + odd / c);
    const double change = d * c;
    h *= change;
    if (std::abs(change - 1) < kEpsilon) break;
  }
  return h;
}

}  // namespace

double gamma_p(double a, double x) {
  if (!(a > 0) || !(x >= 0)) return std::numeric_limits<double>::quiet_NaN();
  if (x == 0) return 0;
  if (std::isinf(x)) return 1;
  return x < a + 1 ? lower_series(a, x) : 1 - upper_fraction(a, x);
}

double gamma_q(double a, double x) {
  if (!(a > 0) || !(x >= 0)) return std::numeric_limits<double>::quiet_NaN();
  if (x == 0) return 1;
  if (std::isinf(x)) return 0;
  return x < a + 1 ? 1 - lower_series(a, x) : upper_fraction(a, x);
}

double chi2_sf(double x, double df) {
  if (std::isnan(x)) return x;
  if (df == 0) return x > 0 ? 0 : 1;
  return x <= 0 ? 1 : gamma_q(df / 2, x / 2);
}

double normal_sf(double z) {
  return 0.5 * std::erfc(z / std::numbers::sqrt2);
}

double student_sf(double t, double df) {
  if (std::isnan(t) || !(df > 0)) return std::numeric_limits<double>::quiet_NaN();
  if (t < 0) return 1 - student_sf(-t, df);
  if (std::isinf(t)) return 0;
  // Half the regularised incomplete beta function I_x(df / 2, 1 / 2) at x = df / (df + t^2).
  const double a = df / 2;
  const double x = df / (df + t * t);
  const double rest = t * t / (df + t * t);
  const double front =
      std::exp(log_half_beta_inverse(a) - a * std::log1p(t * t / df) + 0.5 * std::log(rest));
  if (x < (a + 1) / (a + 2.5)) return 0.5 * front * beta_fraction(a, 0.5, x) / a;
  return t == 0 ? 0.5 : 0.5 * (1 - front * beta_fraction(0.5, a, rest) / 0.5);
}

double binomial_pmf(double k, double n, double p) {
  const double q = 1 - p;
  if (p <= 0) return k == 0 ? 1 : 0;
  if (q <= 0) return k == n ? 1 : 0;
  if (k == 0) return std::exp(n * std::log1p(-p));
  if (k == n) return std::exp(n * std::log(p));
  const double log_core = stirling_error(n) - stirling_error(k) - stirling_error(n - k) -
                          deviance(k, n * p) - deviance(n - k, n * q);
  return std::exp(log_core) * std::sqrt(n / (2 * std::numbers::pi * k * (n - k)));
}

}  // namespace slipway::stats
