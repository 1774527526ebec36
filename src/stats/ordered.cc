// SPDX-License-Identifier: Apache-2.0
#include "stats/ordered.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <utility>

#include "stats/distance.h"
#include "stats/ks.h"

namespace slipway::stats {
namespace {

constexpr std::size_t kFew = 2'048;  // are sorted by comparisons
constexpr int kDigit = 11;
constexpr std::size_t kDigits = 6;
constexpr std::size_t kValues = std::size_t{1} << kDigit;
constexpr std::size_t kMostValueBins = 20;

// Numbers as unsigned ones of the same order, and back.
std::uint64_t key_of(double x) {
  const auto bits = std::bit_cast<std::uint64_t>(x);
  return bits ^ ((bits >> 63) != 0 ? ~std::uint64_t{0} : std::uint64_t{1} << 63);
}
double number_of(std::uint64_t key) {
  return std::bit_cast<double>(key ^
                               ((key >> 63) != 0 ? std::uint64_t{1} << 63 : ~std::uint64_t{0}));
}

std::size_t digit_of(double coded, std::size_t which) {
  return (std::bit_cast<std::uint64_t>(coded) >> (kDigit * which)) & (kValues - 1);
}

// A side of a walk along two.
class Cursor {
 public:
  explicit Cursor(const Ordered& of) : of_(of), block_(of.from(0)) {}
  bool done() const { return at_ == block_.size(); }
  double value() const { return block_[at_]; }
  std::size_t position() const { return before_ + at_; }
  void skip(double x) {
    while (true) {
      while (at_ < block_.size() && block_[at_] == x) ++at_;
      if (at_ < block_.size() || before_ + block_.size() >= of_.size()) return;
      before_ += block_.size();
      at_ = 0;
      block_ = of_.from(before_);
    }
  }

 private:
  const Ordered& of_;
  std::span<const double> block_;
  std::size_t before_ = 0;
  std::size_t at_ = 0;
};

// What one walk tells.
struct Walk {
  double area = 0;         // of the gap between the distribution functions
  double squared = 0;      // of its square
  double gap = 0;          // the largest
  std::int64_t steps = 0;  // the same, in units of the least common multiple of the sizes
  std::size_t distinct = 0;
};

Walk walk(const Ordered& a, const Ordered& b) {
  const auto n = static_cast<double>(a.size());
  const auto m = static_cast<double>(b.size());
  const auto g = std::gcd(static_cast<std::int64_t>(a.size()), static_cast<std::int64_t>(b.size()));
  const auto per_a = static_cast<std::int64_t>(b.size()) / g;
  const auto per_b = static_cast<std::int64_t>(a.size()) / g;
  Walk out;
  Cursor i(a);
  Cursor j(b);
  double last = 0;
  double gap = 0;
  while (!i.done() || !j.done()) {
    const bool left = j.done() || (!i.done() && i.value() <= j.value());
    const double x = left ? i.value() : j.value();
    if (out.distinct > 0) {
      out.area += std::abs(gap) * (x - last);
      out.squared += gap * gap * (x - last);
    }
    i.skip(x);
    j.skip(x);
    ++out.distinct;
    last = x;
    gap = static_cast<double>(i.position()) / n - static_cast<double>(j.position()) / m;
    out.gap = std::max(out.gap, std::abs(gap));
    const auto steps = static_cast<std::int64_t>(i.position()) * per_a -
                       static_cast<std::int64_t>(j.position()) * per_b;
    out.steps = std::max(out.steps, std::abs(steps));
  }
  return out;
}

double deviation(const Ordered& values) {
  const auto n = static_cast<double>(values.size());
  const auto all = [&](auto each) {
    for (std::size_t at = 0; at < values.size();) {
      const auto block = values.from(at);
      for (const double x : block) each(x);
      at += block.size();
    }
  };
  double sum = 0;
  all([&](double x) { sum += x; });
  const double mean = sum / n;
  double squares = 0;
  all([&](double x) { squares += (x - mean) * (x - mean); });
  return std::sqrt(squares / n);
}

std::vector<double> shares_between(const Ordered& values, const std::vector<double>& edges) {
  std::vector<std::size_t> ends;
  for (std::size_t i = 0; i < edges.size(); ++i) {
    const double edge = edges[i];
    ends.push_back(i + 1 == edges.size() ? values.first([&](double x) { return x > edge; })
                                         : values.first([&](double x) { return x >= edge; }));
  }
  std::vector<double> out;
  for (std::size_t i = 1; i < ends.size(); ++i) {
    out.push_back(static_cast<double>(ends[i] - ends[i - 1]) / static_cast<double>(values.size()));
  }
  return out;
}

Shares equal_bins(const Ordered& reference, const Ordered& current, std::size_t bins) {
  const double low = std::min(reference.at(0), current.at(0));
  const double high = std::max(reference.at(reference.size() - 1), current.at(current.size() - 1));
  const auto edges = bin_edges(low, high, bins);
  return {shares_between(reference, edges), shares_between(current, edges)};
}

Shares a_bin_a_value(const Ordered& reference, const Ordered& current) {
  Shares out;
  Cursor i(reference);
  Cursor j(current);
  while (!i.done() || !j.done()) {
    const bool left = j.done() || (!i.done() && i.value() <= j.value());
    const double x = left ? i.value() : j.value();
    const auto i0 = i.position();
    const auto j0 = j.position();
    i.skip(x);
    j.skip(x);
    out.reference.push_back(static_cast<double>(i.position() - i0) /
                            static_cast<double>(reference.size()));
    out.current.push_back(static_cast<double>(j.position() - j0) /
                          static_cast<double>(current.size()));
  }
  return out;
}

Shares shares_of(const Ordered& reference, const Ordered& current) {
  if (distinct_values(reference, kMostValueBins + 1).size() <= kMostValueBins) {
    return a_bin_a_value(reference, current);
  }
  const double low = std::min(reference.at(0), current.at(0));
  const double high = std::max(reference.at(reference.size() - 1), current.at(current.size() - 1));
  return equal_bins(reference, current, sturges(high - low, reference.size() + current.size()));
}

double distance(Method method, const Ordered& reference, const Ordered& current,
                const Walk& walked) {
  switch (method) {
    case Method::wasserstein:
      return walked.area / std::max(deviation(reference), 0.001);
    case Method::ed:
      return std::sqrt(2 * walked.squared);
    case Method::hellinger: {
      const double low = std::min(reference.at(0), current.at(0));
      const double high =
          std::max(reference.at(reference.size() - 1), current.at(current.size() - 1));
      if (low == high) return 0;
      return hellinger(equal_bins(reference, current, sturges(high - low, walked.distinct)));
    }
    case Method::psi:
      return psi(shares_of(reference, current));
    case Method::kl_div:
      return kl_divergence(shares_of(reference, current));
    default:
      return jensen_shannon(shares_of(reference, current));
  }
}

// As drift.h's, of values that are not all at hand.
Method choose(const Ordered& reference, const Ordered& current) {
  const auto joined = joined_values(reference, current, 6);
  if (reference.size() > 1'000) return joined > 5 ? Method::wasserstein : Method::jensenshannon;
  if (joined > 5) return Method::ks;
  return joined > 2 ? Method::chisquare : Method::z;
}

}  // namespace

void sort_numbers(std::vector<double>& values, std::vector<double>& scratch) {
  if (values.size() <= kFew) {
    std::sort(values.begin(), values.end());
    return;
  }
  scratch.resize(values.size());
  std::array<std::array<std::uint32_t, kValues>, kDigits> counts{};
  for (double& x : values) {
    const auto key = key_of(x);
    x = std::bit_cast<double>(key);
    for (std::size_t d = 0; d < kDigits; ++d) ++counts[d][(key >> (kDigit * d)) & (kValues - 1)];
  }
  for (std::size_t d = 0; d < kDigits; ++d) {
    auto& count = counts[d];
    if (count[digit_of(values[0], d)] == values.size()) continue;  // the same in all
    std::uint32_t before = 0;
    for (auto& c : count) before += std::exchange(c, before);
    for (const double x : values) scratch[count[digit_of(x, d)]++] = x;
    values.swap(scratch);
  }
  for (double& x : values) x = number_of(std::bit_cast<std::uint64_t>(x));
}

std::vector<double> distinct_values(const Ordered& values, std::size_t most) {
  std::vector<double> out;
  for (std::size_t at = 0; at < values.size() && out.size() < most;) {
    const double value = values.at(at);
    out.push_back(value);
    // The next one is most often the very next.
    if (at + 1 < values.size() && values.at(at + 1) != value) {
      ++at;
    } else {
      at = values.first([&](double x) { return x > value; });
    }
  }
  return out;
}

std::size_t joined_values(const Ordered& a, const Ordered& b, std::size_t most) {
  auto out = distinct_values(a, most);
  const auto more = distinct_values(b, most);
  out.insert(out.end(), more.begin(), more.end());
  std::sort(out.begin(), out.end());
  return std::min(most,
                  static_cast<std::size_t>(std::unique(out.begin(), out.end()) - out.begin()));
}

bool streams(Method method) {
  switch (method) {
    case Method::automatic:
    case Method::ks:
    case Method::ed:
    case Method::wasserstein:
    case Method::psi:
    case Method::kl_div:
    case Method::jensenshannon:
    case Method::hellinger:
      return true;
    default:
      return false;
  }
}

ColumnDrift compare(const Ordered& reference, const Ordered& current, Method method,
                    std::optional<double> threshold) {
  ColumnDrift out{.method = method};
  if (method == Method::automatic) out.method = choose(reference, current);
  out.threshold = threshold.value_or(default_threshold(out.method));
  if (!streams(out.method)) {
    // A short reference of few values, as z and chisquare want it: counts, then.
    const auto counted = [](const Ordered& values) {
      Sample sample{.type = ColumnType::numerical};
      for (std::size_t at = 0; at < values.size();) {
        const auto block = values.from(at);
        sample.values.insert(sample.values.end(), block.begin(), block.end());
        at += block.size();
      }
      return sample;
    };
    return compare(counted(reference), counted(current), method, threshold);
  }
  const auto walked = walk(reference, current);
  out.effect = walked.gap;
  if (is_test(out.method)) {
    const auto result = ks_of_gap(static_cast<std::int64_t>(reference.size()),
                                  static_cast<std::int64_t>(current.size()), walked.steps);
    out.score = out.p_value = result.p_value;
    out.statistic = result.statistic;
    out.drifted = result.p_value <= out.threshold;
    return out;
  }
  const double score = distance(out.method, reference, current, walked);
  if (!std::isfinite(score)) {
    out.error = "the method has no finite answer for these values";
    return out;
  }
  out.score = score;
  out.drifted = out.method == Method::ed ? score > out.threshold : score >= out.threshold;
  return out;
}

}  // namespace slipway::stats
