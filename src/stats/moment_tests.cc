// SPDX-License-Identifier: Apache-2.0
#include "stats/moment_tests.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "stats/special.h"

namespace slipway::stats {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
using Vector = std::array<double, 4>;
using Matrix = std::array<Vector, 4>;

struct Moments {
  double mean = 0;
  double squares = 0;  // of the deviations from the mean
};

Moments moments(std::span<const double> values) {
  Moments out;
  for (const double x : values) out.mean += x;
  out.mean /= static_cast<double>(values.size());
  for (const double x : values) out.squares += (x - out.mean) * (x - out.mean);
  return out;
}

// Linear between the closest ranks, as numpy's percentile.
double quantile(const std::vector<double>& ascending, double q) {
  const double at = q * static_cast<double>(ascending.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  if (below + 1 == ascending.size()) return ascending.back();
  const double part = at - static_cast<double>(below);
  return ascending[below] + part * (ascending[below + 1] - ascending[below]);
}

// Mean and covariance (divided by n) of (cos t1 x, cos t2 x, sin t1 x, sin t2 x).
struct Waves {
  Vector mean{};
  Matrix covariance{};
};

Waves waves(std::span<const double> values, double t1, double t2) {
  const auto at = [&](double x) {
    return Vector{std::cos(t1 * x), std::cos(t2 * x), std::sin(t1 * x), std::sin(t2 * x)};
  };
  const auto n = static_cast<double>(values.size());
  Waves out;
  for (const double x : values) {
    const auto wave = at(x);
    for (std::size_t i = 0; i < 4; ++i) out.mean[i] += wave[i] / n;
  }
  for (const double x : values) {
    const auto wave = at(x);
    for (std::size_t i = 0; i < 4; ++i) {
      for (std::size_t j = 0; j < 4; ++j) {
        out.covariance[i][j] += (wave[i] - out.mean[i]) * (wave[j] - out.mean[j]) / n;
      }
    }
  }
  return out;
}

// One of Jacobi's rotations of a symmetric matrix, which makes m[p][q] zero.
void rotate(Matrix& m, Matrix& vectors, std::size_t p, std::size_t q) {
  if (m[p][q] == 0) return;
  const double theta = (m[q][q] - m[p][p]) / (2 * m[p][q]);
  const double t = (theta < 0 ? -1 : 1) / (std::abs(theta) + std::sqrt(theta * theta + 1));
  const double c = 1 / std::sqrt(t * t + 1);
  const double s = t * c;
  for (std::size_t k = 0; k < 4; ++k) {
    const double kp = m[k][p];
    const double kq = m[k][q];
    m[k][p] = c * kp - s * kq;
    m[k][q] = s * kp + c * kq;
  }
  for (std::size_t k = 0; k < 4; ++k) {
    const double pk = m[p][k];
    const double qk = m[q][k];
    m[p][k] = c * pk - s * qk;
    m[q][k] = s * pk + c * qk;
    const double vp = vectors[k][p];
    const double vq = vectors[k][q];
    vectors[k][p] = c * vp - s * vq;
    vectors[k][q] = s * vp + c * vq;
  }
}

// The quadratic form of `x` with the pseudo-inverse of a symmetric matrix, and the inverse's rank,
// with the cut-offs of numpy's pinv and matrix_rank.
std::pair<double, int> inverse_form(Matrix m, const Vector& x) {
  Matrix vectors{};
  for (std::size_t i = 0; i < 4; ++i) vectors[i][i] = 1;
  for (int sweep = 0; sweep < 60; ++sweep) {
    for (std::size_t p = 0; p < 3; ++p) {
      for (std::size_t q = p + 1; q < 4; ++q) rotate(m, vectors, p, q);
    }
  }
  double largest = 0;
  for (std::size_t i = 0; i < 4; ++i) largest = std::max(largest, std::abs(m[i][i]));
  double form = 0;
  Vector inverse{};
  for (std::size_t i = 0; i < 4; ++i) {
    if (std::abs(m[i][i]) <= 1e-15 * largest) continue;
    inverse[i] = 1 / m[i][i];
    double along = 0;
    for (std::size_t k = 0; k < 4; ++k) along += vectors[k][i] * x[k];
    form += along * along * inverse[i];
  }
  double most = 0;
  for (const double value : inverse) most = std::max(most, std::abs(value));
  const double least = most * 4 * std::numeric_limits<double>::epsilon();
  const auto rank = std::count_if(inverse.begin(), inverse.end(),
                                  [&](double value) { return std::abs(value) > least; });
  return {form, static_cast<int>(rank)};
}

}  // namespace

TestResult t_test(std::span<const double> a, std::span<const double> b) {
  if (a.size() < 2 || b.size() < 2) return {kNaN, kNaN};
  const auto n = static_cast<double>(a.size());
  const auto m = static_cast<double>(b.size());
  const auto of_a = moments(a);
  const auto of_b = moments(b);
  const double df = n + m - 2;
  const double error = std::sqrt((of_a.squares + of_b.squares) / df * (1 / n + 1 / m));
  const double gap = of_a.mean - of_b.mean;
  if (error == 0 && gap == 0) return {kNaN, kNaN};
  const double t = gap / error;
  if (std::isinf(t)) return {t, 0};
  return {t, 2 * student_sf(std::abs(t), df)};
}

TestResult epps_singleton(std::span<const double> a, std::span<const double> b) {
  if (a.size() < 5 || b.size() < 5) return {kNaN, kNaN};
  std::vector<double> joined(a.size() + b.size());
  std::merge(a.begin(), a.end(), b.begin(), b.end(), joined.begin());
  const double scale = (quantile(joined, 0.75) - quantile(joined, 0.25)) / 2;
  if (scale == 0) return {kNaN, kNaN};
  const auto n = static_cast<double>(a.size());
  const auto m = static_cast<double>(b.size());
  const double all = n + m;
  const auto of_a = waves(a, 0.4 / scale, 0.8 / scale);
  const auto of_b = waves(b, 0.4 / scale, 0.8 / scale);
  Matrix covariance{};
  Vector gap{};
  for (std::size_t i = 0; i < 4; ++i) {
    gap[i] = of_a.mean[i] - of_b.mean[i];
    for (std::size_t j = 0; j < 4; ++j) {
      covariance[i][j] = all / n * of_a.covariance[i][j] + all / m * of_b.covariance[i][j];
    }
  }
  auto [w, rank] = inverse_form(covariance, gap);
  w *= all;
  if (std::max(n, m) < 25) {
    w /= 1 + std::pow(all, -0.45) + 10.1 * (std::pow(n, -1.7) + std::pow(m, -1.7));
  }
  return {w, chi2_sf(w, rank)};
}

}  // namespace slipway::stats
