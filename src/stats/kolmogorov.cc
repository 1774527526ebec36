// SPDX-License-Identifier: Apache-2.0
#include "stats/kolmogorov.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <vector>

#include "stats/special.h"

namespace slipway::stats {
namespace {

constexpr double kPi = std::numbers::pi;

double clipped(double p) {
  return std::clamp(p, 0.0, 1.0);
}

// A square matrix times a power of two, so that long products stay in range.
struct Scaled {
  std::size_t size = 0;
  std::vector<double> cells;
  long exponent = 0;

  double& at(std::size_t i, std::size_t j) { return cells[i * size + j]; }
  double at(std::size_t i, std::size_t j) const { return cells[i * size + j]; }
};

Scaled times(const Scaled& a, const Scaled& b) {
  Scaled out{a.size, std::vector<double>(a.size * a.size), a.exponent + b.exponent};
  for (std::size_t i = 0; i < a.size; ++i) {
    for (std::size_t k = 0; k < a.size; ++k) {
      const double x = a.at(i, k);
      if (x == 0) continue;
      for (std::size_t j = 0; j < a.size; ++j) out.at(i, j) += x * b.at(k, j);
    }
  }
  int shift = 0;
  std::frexp(out.at(out.size / 2, out.size / 2), &shift);
  if (std::abs(shift) > 200) {
    for (double& x : out.cells) x = std::ldexp(x, -shift);
    out.exponent += shift;
  }
  return out;
}

// n! / n^n times 2^exponent, as a product so that no large logarithms meet.
double n_factorial_over_n_to_n(std::int64_t n, double start, long exponent) {
  double value = start;
  for (std::int64_t i = 1; i <= n; ++i) {
    value *= static_cast<double>(i) / static_cast<double>(n);
    if (value < 1e-140 && value > 0) {
      value = std::ldexp(value, 400);
      exponent -= 400;
    }
  }
  const long bounded = std::clamp(exponent, -20'000L, 20'000L);
  return std::ldexp(value, static_cast<int>(bounded));
}

// P(D_n <= d) by Durbin's matrix as simplified by Marsaglia, Tsang and Wang.
double cdf_by_matrix(std::int64_t n, double d) {
  const double t = static_cast<double>(n) * d;
  const auto k = static_cast<std::size_t>(std::ceil(t));
  const double h = static_cast<double>(k) - t;
  const std::size_t m = 2 * k - 1;
  Scaled matrix{m, std::vector<double>(m * m), 0};
  for (std::size_t i = 0; i < m; ++i) {
    for (std::size_t j = 0; j < m; ++j) matrix.at(i, j) = i + 1 < j ? 0 : 1;
  }
  for (std::size_t i = 0; i < m; ++i) {
    matrix.at(i, 0) -= std::pow(h, static_cast<double>(i + 1));
    matrix.at(m - 1, i) -= std::pow(h, static_cast<double>(m - i));
  }
  if (2 * h > 1) matrix.at(m - 1, 0) += std::pow(2 * h - 1, static_cast<double>(m));
  for (std::size_t i = 0; i < m; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      for (std::size_t g = 1; g <= i - j + 1; ++g) matrix.at(i, j) /= static_cast<double>(g);
    }
  }
  Scaled power{m, std::vector<double>(m * m), 0};
  for (std::size_t i = 0; i < m; ++i) power.at(i, i) = 1;
  for (std::int64_t left = n; left > 0; left /= 2) {
    if (left % 2 == 1) power = times(power, matrix);
    if (left > 1) matrix = times(matrix, matrix);
  }
  return clipped(n_factorial_over_n_to_n(n, power.at(k - 1, k - 1), power.exponent));
}

// P(D_n <= d) by the expansion of Pelz and Good: four sums over theta-like series.
double cdf_by_expansion(std::int64_t n, double d) {
  const double root = std::sqrt(static_cast<double>(n));
  const double z = root * d;
  const double z2 = z * z;
  const double z4 = z2 * z2;
  const double z6 = z4 * z2;
  const double pi2 = kPi * kPi;
  const double pi4 = pi2 * pi2;
  const double pi6 = pi4 * pi2;
  double k0 = 0;
  double k1 = 0;
  double k2_half = 0;
  double k3_half = 0;
  double k2_whole = 0;
  double k3_whole = 0;
  const int last = static_cast<int>(std::ceil(16 * z / kPi)) + 2;
  for (int k = last; k >= 0; --k) {  // smallest first; the terms of k and -k-1 are equal
    const double m = k + 0.5;
    const double m2 = m * m;
    const double m4 = m2 * m2;
    const double m6 = m4 * m2;
    const double e = std::exp(-pi2 * m2 / (2 * z2));
    k0 += e;
    k1 += 2 * (pi2 * m2 - z2) * e;
    k2_half += 2 * e * (6 * z6 + 2 * z4 + pi2 * (2 * z4 - 5 * z2) * m2 + pi4 * (1 - 2 * z2) * m4);
    k3_half += 2 * e *
               (pi6 * m6 * (5 - 30 * z2) + pi4 * m4 * (-60 * z2 + 212 * z4) +
                pi2 * m2 * (135 * z4 - 96 * z6) - (30 * z6 + 90 * z4 * z4));
    const double i2 = static_cast<double>(k) * k;
    const double f = std::exp(-pi2 * i2 / (2 * z2));
    k2_whole += 2 * pi2 * i2 * f;
    k3_whole += 2 * f * (3 * pi2 * i2 * z2 - pi4 * i2 * i2);
  }
  const double root_half_pi = std::sqrt(kPi / 2);
  double sum = std::sqrt(2 * kPi) / z * k0;
  sum += root_half_pi / (6 * z4) * k1 / root;
  sum += root_half_pi * (k2_half / (72 * z6 * z) - k2_whole / (36 * z2 * z)) / (root * root);
  sum += root_half_pi * (k3_half / (6480 * z6 * z4) + k3_whole / (216 * z6)) / (root * root * root);
  return clipped(sum);
}

}  // namespace

double ksone_sf(std::int64_t n, double d) {
  if (d <= 0) return 1;
  if (d >= 1) return 0;
  const double nn = static_cast<double>(n);
  if (n > 1'000'000) {  // Maag and Dicaire
    const double x = 6 * nn * d + 1;
    return clipped(std::exp(-x * x / (18 * nn)));
  }
  const auto last = static_cast<std::int64_t>(std::floor(nn * (1 - d)));
  double sum = 0;
  for (std::int64_t j = last; j >= 0; --j) {
    const double p = d + static_cast<double>(j) / nn;
    if (p >= 1) {  // j = n (1 - d) exactly: (1 - p)^(n - j) is 0 unless n = j
      continue;
    }
    sum += d / p * binomial_pmf(static_cast<double>(j), nn, p);
  }
  return clipped(sum);
}

double kstwo_sf(std::int64_t n, double d) {
  const double nn = static_cast<double>(n);
  if (n <= 0 || std::isnan(d)) return std::nan("");
  if (d >= 1) return 0;
  if (d <= 0) return 1;
  const double t = nn * d;
  if (t <= 1) {  // Ruben and Gambino: n! ((2t - 1) / n)^n
    if (t <= 0.5) return 1;
    const double log_power = nn * std::log(2 * t - 1);
    return clipped(1 - n_factorial_over_n_to_n(n, 1, 0) * std::exp(log_power));
  }
  if (t >= nn - 1) return clipped(2 * std::pow(1 - d, nn));
  const double nd2 = t * d;
  if (d >= 0.5) return clipped(2 * ksone_sf(n, d));
  if (n <= 140) {
    return nd2 <= 4 ? clipped(1 - cdf_by_matrix(n, d)) : clipped(2 * ksone_sf(n, d));
  }
  if (nd2 >= 370) return 0;
  if (nd2 >= 2.2) return clipped(2 * ksone_sf(n, d));
  if (n <= 100'000 && nn * std::pow(d, 1.5) <= 1.4) return clipped(1 - cdf_by_matrix(n, d));
  return clipped(1 - cdf_by_expansion(n, d));
}

}  // namespace slipway::stats
