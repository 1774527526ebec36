// SPDX-License-Identifier: Apache-2.0
#include "stats/eigen.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace slipway::stats {
namespace {

constexpr int kMostSweeps = 60;

// One rotation that makes a[p][q] zero.
void rotate(std::vector<double>& a, std::vector<double>& vectors, std::size_t n, std::size_t p,
            std::size_t q) {
  const double theta = (a[q * n + q] - a[p * n + p]) / (2 * a[p * n + q]);
  const double t = (theta < 0 ? -1 : 1) / (std::abs(theta) + std::sqrt(theta * theta + 1));
  const double c = 1 / std::sqrt(t * t + 1);
  const double s = t * c;
  for (std::size_t k = 0; k < n; ++k) {
    const double kp = a[k * n + p];
    const double kq = a[k * n + q];
    a[k * n + p] = c * kp - s * kq;
    a[k * n + q] = s * kp + c * kq;
  }
  for (std::size_t k = 0; k < n; ++k) {
    const double pk = a[p * n + k];
    const double qk = a[q * n + k];
    a[p * n + k] = c * pk - s * qk;
    a[q * n + k] = s * pk + c * qk;
    const double vp = vectors[p * n + k];
    const double vq = vectors[q * n + k];
    vectors[p * n + k] = c * vp - s * vq;
    vectors[q * n + k] = s * vp + c * vq;
  }
}

double off_diagonal(const std::vector<double>& a, std::size_t n) {
  double off = 0;
  for (std::size_t p = 0; p < n; ++p) {
    for (std::size_t q = p + 1; q < n; ++q) off += a[p * n + q] * a[p * n + q];
  }
  return off;
}

}  // namespace

Eigen symmetric_eigen(std::vector<double> a, std::size_t n) {
  std::vector<double> vectors(n * n, 0);
  for (std::size_t i = 0; i < n; ++i) vectors[i * n + i] = 1;
  for (int sweep = 0; sweep < kMostSweeps && off_diagonal(a, n) >= 1e-30; ++sweep) {
    for (std::size_t p = 0; p < n; ++p) {
      for (std::size_t q = p + 1; q < n; ++q) {
        if (std::abs(a[p * n + q]) >= 1e-300) rotate(a, vectors, n, p, q);
      }
    }
  }
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t x, std::size_t y) { return a[x * n + x] > a[y * n + y]; });
  Eigen out;
  for (const auto i : order) {
    out.values.push_back(a[i * n + i]);
    const auto from = vectors.begin() + static_cast<std::ptrdiff_t>(i * n);
    out.vectors.insert(out.vectors.end(), from, from + static_cast<std::ptrdiff_t>(n));
  }
  return out;
}

}  // namespace slipway::stats
