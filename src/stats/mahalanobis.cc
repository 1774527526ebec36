// SPDX-License-Identifier: Apache-2.0
#include "stats/mahalanobis.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "stats/eigen.h"

namespace slipway::stats {
namespace {

// What is not above the rounding of the largest eigenvalue is no direction of the sample.
std::vector<double> pseudo_inverse(std::vector<double> a, std::size_t n) {
  const auto [values, vectors] = symmetric_eigen(std::move(a), n);
  const double largest = values.front();
  const double least = largest * static_cast<double>(n) * std::numeric_limits<double>::epsilon();
  std::vector<double> out(n * n, 0);
  for (std::size_t k = 0; k < n; ++k) {
    if (values[k] <= least) continue;
    for (std::size_t i = 0; i < n; ++i) {
      const double part = vectors[k * n + i] / values[k];
      for (std::size_t j = 0; j < n; ++j) out[i * n + j] += part * vectors[k * n + j];
    }
  }
  return out;
}

}  // namespace

std::optional<Mahalanobis> Mahalanobis::of(std::span<const double> rows, std::size_t columns) {
  if (columns == 0 || rows.size() / columns < 3) return std::nullopt;
  const std::size_t n = rows.size() / columns;
  Mahalanobis out;
  out.mean_.assign(columns, 0);
  out.scale_.assign(columns, 0);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t c = 0; c < columns; ++c) out.mean_[c] += rows[i * columns + c];
  }
  for (double& mean : out.mean_) mean /= static_cast<double>(n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t c = 0; c < columns; ++c) {
      const double d = rows[i * columns + c] - out.mean_[c];
      out.scale_[c] += d * d;
    }
  }
  bool any = false;
  for (std::size_t c = 0; c < columns; ++c) {
    const double deviation = std::sqrt(out.scale_[c] / static_cast<double>(n - 1));
    // Below the rounding of its values a column does not vary.
    const bool varies = deviation > std::abs(out.mean_[c]) * 1e-13;
    out.scale_[c] = varies ? deviation : 0;
    any = any || varies;
  }
  if (!any) return std::nullopt;
  std::vector<double> correlation(columns * columns, 0);
  std::vector<double> z(columns);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t c = 0; c < columns; ++c) {
      z[c] = out.scale_[c] == 0 ? 0 : (rows[i * columns + c] - out.mean_[c]) / out.scale_[c];
    }
    for (std::size_t a = 0; a < columns; ++a) {
      for (std::size_t b = a; b < columns; ++b) correlation[a * columns + b] += z[a] * z[b];
    }
  }
  for (std::size_t a = 0; a < columns; ++a) {
    for (std::size_t b = a; b < columns; ++b) {
      const double value = correlation[a * columns + b] / static_cast<double>(n - 1);
      correlation[a * columns + b] = correlation[b * columns + a] = value;
    }
  }
  out.inverse_ = pseudo_inverse(std::move(correlation), columns);
  for (std::size_t i = 0; i < n; ++i) {
    out.distances_.push_back(out.distance(rows.subspan(i * columns, columns)));
  }
  std::sort(out.distances_.begin(), out.distances_.end());
  return out;
}

double Mahalanobis::distance(std::span<const double> row) const {
  const std::size_t n = mean_.size();
  std::vector<double> z(n, 0);
  for (std::size_t c = 0; c < n && c < row.size(); ++c) {
    if (scale_[c] != 0 && std::isfinite(row[c])) z[c] = (row[c] - mean_[c]) / scale_[c];
  }
  double sum = 0;
  for (std::size_t a = 0; a < n; ++a) {
    double part = 0;
    for (std::size_t b = 0; b < n; ++b) part += inverse_[a * n + b] * z[b];
    sum += z[a] * part;
  }
  return std::sqrt(std::max(sum, 0.0));
}

double Mahalanobis::p_value(double distance) const {
  const auto from = std::lower_bound(distances_.begin(), distances_.end(), distance);
  const auto farther = static_cast<double>(distances_.end() - from);
  return (1 + farther) / (1 + static_cast<double>(distances_.size()));
}

}  // namespace slipway::stats
