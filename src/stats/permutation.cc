// SPDX-License-Identifier: Apache-2.0
#include "stats/permutation.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

namespace slipway::stats {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr int kCountDraws = 1'000;
constexpr int kKernelDraws = 100;

// Uniform in [0, bound) without the bias of a remainder, the same on every platform.
std::size_t below(std::mt19937_64& random, std::size_t bound) {
  const std::uint64_t limit = ~std::uint64_t{0} - ~std::uint64_t{0} % bound;
  std::uint64_t drawn = 0;
  do {
    drawn = random();
  } while (drawn >= limit);
  return static_cast<std::size_t>(drawn % bound);
}

double total_variation_of(const std::vector<std::int64_t>& a, double n,
                          const std::vector<std::int64_t>& joined, double m) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sum += std::abs(static_cast<double>(a[i]) / n - static_cast<double>(joined[i] - a[i]) / m);
  }
  return sum / 2;
}

std::vector<double> thinned(std::span<const double> ascending) {
  const std::size_t rows = std::min(ascending.size(), kMostKernelRows);
  std::vector<double> out(rows);
  for (std::size_t i = 0; i < rows; ++i) {
    out[i] = ascending[ascending.size() == rows ? i : (2 * i + 1) * ascending.size() / (2 * rows)];
  }
  return out;
}

// Half the median squared distance of all pairs, the nearest rank; 1/2 when that is 0.
double kernel_variance(const std::vector<double>& values) {
  std::vector<double> squares;
  squares.reserve(values.size() * values.size());
  for (const double x : values) {
    for (const double y : values) squares.push_back((x - y) * (x - y));
  }
  const auto at =
      static_cast<std::ptrdiff_t>(std::nearbyint(0.5 * static_cast<double>(squares.size() - 1)));
  std::nth_element(squares.begin(), squares.begin() + at, squares.end());
  const double half = 0.5 * squares[static_cast<std::size_t>(at)];
  return half == 0 ? 0.5 : half;
}

class Kernel {
 public:
  explicit Kernel(std::vector<double> rows, double variance) : n_(rows.size()), at_(n_ * n_) {
    for (std::size_t i = 0; i < n_; ++i) {
      for (std::size_t j = 0; j < n_; ++j) {
        const double gap = rows[i] - rows[j];
        at_[i * n_ + j] = i == j ? 0 : std::exp(-gap * gap / (2 * variance));
      }
    }
    for (const double x : at_) all_ += x;
  }

  // The discrepancy of the rows `of_a` against the others; the diagonal is left out.
  double discrepancy(const std::vector<std::size_t>& order, std::size_t n) const {
    double within_a = 0;
    double from_a = 0;
    std::vector<unsigned char> in_a(n_);
    for (std::size_t i = 0; i < n; ++i) in_a[order[i]] = 1;
    for (std::size_t i = 0; i < n; ++i) {
      const double* row = &at_[order[i] * n_];
      double own = 0;
      double sum = 0;
      for (std::size_t j = 0; j < n_; ++j) {
        sum += row[j];
        own += in_a[j] != 0 ? row[j] : 0;
      }
      within_a += own;
      from_a += sum;
    }
    const double across = from_a - within_a;
    const double within_b = all_ - from_a - across;
    const auto a = static_cast<double>(n);
    const auto b = static_cast<double>(n_ - n);
    return within_a / (a * (a - 1)) + within_b / (b * (b - 1)) - 2 * across / (a * b);
  }

 private:
  std::size_t n_;
  std::vector<double> at_;
  double all_ = 0;
};

}  // namespace

TestResult total_variation(const Counts& a, const Counts& b) {
  Counts joined = a;
  for (const auto& [value, count] : b) joined[value] += count;
  std::vector<std::int64_t> of_a;
  std::vector<std::int64_t> of_both;
  for (const auto& [value, count] : joined) {
    const auto found = a.find(value);
    of_a.push_back(found == a.end() ? 0 : found->second);
    of_both.push_back(count);
  }
  const auto n = total(a);
  const auto m = total(b);
  const double observed =
      total_variation_of(of_a, static_cast<double>(n), of_both, static_cast<double>(m));
  std::vector<std::uint32_t> rows;
  rows.reserve(static_cast<std::size_t>(n + m));
  for (std::size_t i = 0; i < of_both.size(); ++i) {
    rows.insert(rows.end(), static_cast<std::size_t>(of_both[i]), static_cast<std::uint32_t>(i));
  }
  std::mt19937_64 random(0);
  // The smaller side is drawn: the distance is the same seen from either.
  const auto drawn = static_cast<std::size_t>(std::min(n, m));
  const auto left = static_cast<double>(std::max(n, m));
  int as_far = 0;
  for (int draw = 0; draw < kCountDraws; ++draw) {
    std::vector<std::int64_t> counts(of_both.size());
    for (std::size_t i = 0; i < drawn; ++i) {
      std::swap(rows[i], rows[i + below(random, rows.size() - i)]);
      ++counts[rows[i]];
    }
    const double distance = total_variation_of(counts, static_cast<double>(drawn), of_both, left);
    as_far += observed <= distance + 1e-12 ? 1 : 0;
  }
  return {observed, static_cast<double>(as_far) / kCountDraws};
}

TestResult mean_discrepancy(std::span<const double> a, std::span<const double> b) {
  if (a.size() < 2 || b.size() < 2) return {kNaN, kNaN};
  auto rows = thinned(a);
  const double variance = kernel_variance(rows);
  const std::size_t n = rows.size();
  for (const double x : thinned(b)) rows.push_back(x);
  const std::size_t all = rows.size();
  const Kernel kernel(std::move(rows), variance);
  std::vector<std::size_t> order(all);
  std::iota(order.begin(), order.end(), std::size_t{0});
  const double observed = kernel.discrepancy(order, n);
  std::mt19937_64 random(0);
  int as_far = 0;
  for (int draw = 0; draw < kKernelDraws; ++draw) {
    for (std::size_t i = 0; i < n; ++i) std::swap(order[i], order[i + below(random, all - i)]);
    as_far += observed <= kernel.discrepancy(order, n) ? 1 : 0;
  }
  return {observed, static_cast<double>(as_far) / kKernelDraws};
}

}  // namespace slipway::stats
