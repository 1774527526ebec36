// SPDX-License-Identifier: Apache-2.0
#include "stats/distance.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "stats/ordered.h"

namespace slipway::stats {
namespace {

constexpr double kSmallShare = 1e-4;
constexpr std::size_t kMostValueBins = 20;

void fill_zeroes(std::vector<double>& shares) {
  double smallest = 1;
  bool zeroes = false;
  for (const double x : shares) {
    if (x > 0) {
      smallest = std::min(smallest, x);
    } else {
      zeroes = true;
    }
  }
  if (!zeroes) return;
  const double instead = smallest <= kSmallShare ? smallest / 1e6 : kSmallShare;
  for (double& x : shares) {
    if (x <= 0) x = instead;
  }
}

void normalise(std::vector<double>& shares) {
  const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
  if (sum <= 0) return;
  for (double& x : shares) x /= sum;
}

// p ln(p / q) with 0 ln 0 = 0.
double relative_entropy(double p, double q) {
  return p > 0 ? p * std::log(p / q) : 0;
}

std::vector<double> shares_between(std::span<const double> sample,
                                   const std::vector<double>& edges) {
  std::vector<double> out;
  const double size = static_cast<double>(sample.size());
  auto from = std::lower_bound(sample.begin(), sample.end(), edges.front());
  for (std::size_t i = 1; i < edges.size(); ++i) {
    const auto to = i + 1 == edges.size() ? std::upper_bound(from, sample.end(), edges[i])
                                          : std::lower_bound(from, sample.end(), edges[i]);
    out.push_back(static_cast<double>(to - from) / size);
    from = to;
  }
  return out;
}

Shares one_bin_a_value(std::span<const double> reference, std::span<const double> current) {
  Shares out;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < reference.size() || j < current.size()) {
    const bool take_reference =
        j == current.size() || (i < reference.size() && reference[i] <= current[j]);
    const double x = take_reference ? reference[i] : current[j];
    const std::size_t i0 = i;
    const std::size_t j0 = j;
    while (i < reference.size() && reference[i] == x) ++i;
    while (j < current.size() && current[j] == x) ++j;
    out.reference.push_back(static_cast<double>(i - i0) / static_cast<double>(reference.size()));
    out.current.push_back(static_cast<double>(j - j0) / static_cast<double>(current.size()));
  }
  return out;
}

// Each stretch between neighbouring joined values: the gap of the two distribution functions over
// it, and its width.
template <typename Each>
void between(std::span<const double> a, std::span<const double> b, Each each) {
  const double n = static_cast<double>(a.size());
  const double m = static_cast<double>(b.size());
  std::size_t i = 0;
  std::size_t j = 0;
  double last = std::min(a.front(), b.front());
  while (i < a.size() || j < b.size()) {
    const double x = j == b.size() || (i < a.size() && a[i] <= b[j]) ? a[i] : b[j];
    each(static_cast<double>(i) / n - static_cast<double>(j) / m, x - last);
    last = x;
    while (i < a.size() && a[i] == x) ++i;
    while (j < b.size() && b[j] == x) ++j;
  }
}

}  // namespace

std::size_t distinct(std::span<const double> ascending) {
  std::size_t n = 0;
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    if (i == 0 || ascending[i] != ascending[i - 1]) ++n;
  }
  return n;
}

std::size_t distinct(std::span<const double> a, std::span<const double> b) {
  std::size_t n = 0;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < a.size() || j < b.size()) {
    const double x = j == b.size() || (i < a.size() && a[i] <= b[j]) ? a[i] : b[j];
    while (i < a.size() && a[i] == x) ++i;
    while (j < b.size() && b[j] == x) ++j;
    ++n;
  }
  return n;
}

std::size_t sturges(double range, std::size_t size) {
  if (!(range > 0) || size == 0) return 1;
  const double width = range / (std::log2(static_cast<double>(size)) + 1);
  return width > 0 ? static_cast<std::size_t>(std::ceil(range / width)) : 1;
}

std::vector<double> bin_edges(double low, double high, std::size_t bins) {
  std::vector<double> out;
  const double step = (high - low) / static_cast<double>(bins);
  for (std::size_t i = 0; i < bins; ++i) out.push_back(static_cast<double>(i) * step + low);
  out.push_back(high);
  return out;
}

Shares binned(std::span<const double> reference, std::span<const double> current, double low,
              double high, std::size_t bins) {
  const auto edges = bin_edges(low, high, bins);
  return {shares_between(reference, edges), shares_between(current, edges)};
}

Shares binned(std::span<const double> reference, std::span<const double> current) {
  const auto few = distinct_values(InMemory(reference), kMostValueBins + 1);
  if (few.size() <= kMostValueBins) return one_bin_a_value(reference, current);
  const double low = std::min(reference.front(), current.front());
  const double high = std::max(reference.back(), current.back());
  return binned(reference, current, low, high,
                sturges(high - low, reference.size() + current.size()));
}

Shares binned(const Counts& reference, const Counts& current) {
  Shares out;
  const double n = static_cast<double>(total(reference));
  const double m = static_cast<double>(total(current));
  const auto add = [&](std::int64_t a, std::int64_t b) {
    out.reference.push_back(static_cast<double>(a) / n);
    out.current.push_back(static_cast<double>(b) / m);
  };
  for (const auto& [value, count] : reference) {
    const auto found = current.find(value);
    add(count, found == current.end() ? 0 : found->second);
  }
  for (const auto& [value, count] : current) {
    if (!reference.contains(value)) add(0, count);
  }
  return out;
}

double psi(Shares shares) {
  fill_zeroes(shares.reference);
  fill_zeroes(shares.current);
  double sum = 0;
  for (std::size_t i = 0; i < shares.reference.size(); ++i) {
    const double p = shares.reference[i];
    const double q = shares.current[i];
    sum += (p - q) * std::log(p / q);
  }
  return sum;
}

double kl_divergence(Shares shares) {
  fill_zeroes(shares.reference);
  fill_zeroes(shares.current);
  normalise(shares.reference);
  normalise(shares.current);
  double sum = 0;
  for (std::size_t i = 0; i < shares.reference.size(); ++i) {
    sum += relative_entropy(shares.reference[i], shares.current[i]);
  }
  return sum;
}

double jensen_shannon(const Shares& shares) {
  auto p = shares.reference;
  auto q = shares.current;
  normalise(p);
  normalise(q);
  double left = 0;
  double right = 0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    const double middle = (p[i] + q[i]) / 2;
    left += relative_entropy(p[i], middle);
    right += relative_entropy(q[i], middle);
  }
  return std::sqrt(std::max(0.0, (left + right) / 2));
}

double hellinger(const Shares& shares) {
  double overlap = 0;
  for (std::size_t i = 0; i < shares.reference.size(); ++i) {
    overlap += std::sqrt(shares.reference[i] * shares.current[i]);
  }
  return std::sqrt(std::max(0.0, 1 - overlap));
}

double wasserstein(std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  between(a, b, [&](double gap, double width) { sum += std::abs(gap) * width; });
  return sum;
}

double energy_distance(std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  between(a, b, [&](double gap, double width) { sum += gap * gap * width; });
  return std::sqrt(2 * sum);
}

double normed_wasserstein(std::span<const double> reference, std::span<const double> current) {
  const double n = static_cast<double>(reference.size());
  const double mean = std::accumulate(reference.begin(), reference.end(), 0.0) / n;
  double squares = 0;
  for (const double x : reference) squares += (x - mean) * (x - mean);
  return wasserstein(reference, current) / std::max(std::sqrt(squares / n), 0.001);
}

}  // namespace slipway::stats
