// SPDX-License-Identifier: Apache-2.0
#include "stats/detectors.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace slipway::stats {
namespace {

double size_of_row(std::size_t row) {
  return std::ldexp(1.0, static_cast<int>(row));
}

double squared(double x) {
  return x * x;
}

// What two parts' squared distances gain by being one part.
double between(double n, double m, double gap) {
  return n * m * gap * gap / (n + m);
}

}  // namespace

Adwin::Adwin(Options options) : options_(options) {}

bool Adwin::update(double x) {
  if (changed_) *this = Adwin(options_);
  insert(x);
  compress();
  ++tick_;
  const auto grace = static_cast<double>(options_.grace);
  if (tick_ % options_.clock != 0 || width_ <= grace) return false;
  while (shrink_once()) changed_ = true;
  return changed_;
}

void Adwin::insert(double x) {
  rows_[0].push_back({x, 0});
  width_ += 1;
  if (width_ > 1) variance_ += (width_ - 1) * squared(x - total_ / (width_ - 1)) / width_;
  total_ += x;
}

// A row that is too long gives its two oldest buckets as one to the next.
void Adwin::compress() {
  for (std::size_t i = 0; i < rows_.size() && rows_[i].size() > kMostBuckets; ++i) {
    if (i + 1 == rows_.size()) rows_.emplace_back();
    const double n = size_of_row(i);
    const auto& first = rows_[i][0];
    const auto& second = rows_[i][1];
    const double gap = first.total / n - second.total / n;
    rows_[i + 1].push_back(
        {first.total + second.total, first.variance + second.variance + between(n, n, gap)});
    rows_[i].erase(rows_[i].begin(), rows_[i].begin() + 2);
  }
}

double Adwin::drop_oldest() {
  auto& row = rows_.back();
  const double n = size_of_row(rows_.size() - 1);
  const auto oldest = row.front();
  width_ -= n;
  total_ -= oldest.total;
  const double gap = oldest.total / n - total_ / width_;
  variance_ -= oldest.variance + between(n, width_, gap);
  row.erase(row.begin());
  if (row.empty()) rows_.pop_back();
  return n;
}

bool Adwin::differ(double n0, double n1, double gap) const {
  const auto least = static_cast<double>(options_.least_part);
  if (n0 < least || n1 < least) return false;
  const double log_level = std::log(2 * std::log(width_) / options_.delta);
  const double inverse = 1 / (n0 - least + 1) + 1 / (n1 - least + 1);
  const double most =
      std::sqrt(2 * inverse * (variance_ / width_) * log_level) + 2.0 / 3.0 * log_level * inverse;
  return std::abs(gap) > most;
}

// Cuts between buckets from the oldest on.
bool Adwin::shrink_once() {
  double n0 = 0;
  double n1 = width_;
  double u0 = 0;
  double u1 = total_;
  for (std::size_t row = rows_.size(); row-- > 0;) {
    const double n = size_of_row(row);
    for (std::size_t k = 0; k < rows_[row].size(); ++k) {
      n0 += n;
      n1 -= n;
      u0 += rows_[row][k].total;
      u1 -= rows_[row][k].total;
      if (!differ(n0, n1, u0 / n0 - u1 / n1)) continue;
      drop_oldest();
      return true;
    }
  }
  return false;
}

std::vector<double> Adwin::state() const {
  std::vector<double> out{changed_ ? 1.0 : 0.0, total_, variance_, width_,
                          static_cast<double>(tick_)};
  for (const auto& row : rows_) {
    out.push_back(static_cast<double>(row.size()));
    for (const auto& bucket : row) out.insert(out.end(), {bucket.total, bucket.variance});
  }
  return out;
}

bool Adwin::restore(std::span<const double> state) {
  if (state.size() < 6) return false;
  std::vector<std::vector<Bucket>> rows;
  for (std::size_t at = 5; at < state.size();) {
    const double count = state[at++];
    if (!(count >= 0 && count <= kMostBuckets + 1)) return false;
    auto& row = rows.emplace_back();
    for (double i = 0; i < count; ++i, at += 2) {
      if (at + 1 >= state.size()) return false;
      row.push_back({state[at], state[at + 1]});
    }
  }
  if (rows.size() > 60) return false;
  changed_ = state[0] != 0;
  total_ = state[1];
  variance_ = state[2];
  width_ = state[3];
  tick_ = static_cast<std::int64_t>(state[4]);
  rows_ = std::move(rows);
  return true;
}

PageHinkley::PageHinkley(Options options) : options_(options) {
  begin();
}

void PageHinkley::begin() {
  detected_ = false;
  n_ = mean_ = up_ = down_ = 0;
  least_up_ = HUGE_VAL;
  most_down_ = -1;  // as river has it
}

bool PageHinkley::update(double x) {
  if (detected_) begin();
  n_ += 1;
  mean_ += (x - mean_) / n_;
  const double off = x - mean_;
  up_ = options_.alpha * up_ + off - options_.delta;
  down_ = options_.alpha * down_ + off + options_.delta;
  least_up_ = std::min(least_up_, up_);
  most_down_ = std::max(most_down_, down_);
  if (n_ < static_cast<double>(options_.least_values)) return false;
  detected_ = up_ - least_up_ > options_.threshold || most_down_ - down_ > options_.threshold;
  return detected_;
}

std::vector<double> PageHinkley::state() const {
  return {detected_ ? 1.0 : 0.0, n_, mean_, up_, down_, least_up_, most_down_};
}

bool PageHinkley::restore(std::span<const double> state) {
  if (state.size() != 7) return false;
  detected_ = state[0] != 0;
  n_ = state[1];
  mean_ = state[2];
  up_ = state[3];
  down_ = state[4];
  least_up_ = state[5];
  most_down_ = state[6];
  return true;
}

Cusum::Cusum(Options options) : options_(options) {}

bool Cusum::update(double x) {
  const double z = (x - options_.mean) / options_.deviation;
  up_ = std::max(0.0, up_ + z - options_.slack);
  down_ = std::max(0.0, down_ - z - options_.slack);
  if (up_ < options_.threshold && down_ < options_.threshold) return false;
  up_ = down_ = 0;
  return true;
}

std::vector<double> Cusum::state() const {
  return {up_, down_};
}

bool Cusum::restore(std::span<const double> state) {
  if (state.size() != 2) return false;
  up_ = state[0];
  down_ = state[1];
  return true;
}

double Cusum::threshold_for(double average_run_length, double slack) {
  // One side: (exp(2 k b) - 2 k b - 1) / (2 k^2) with b = h + 1.166; both sides: half of that.
  double low = 0;
  double high = 1'000;
  for (int i = 0; i < 200; ++i) {
    const double h = (low + high) / 2;
    const double x = 2 * slack * (h + 1.166);
    const double length = (std::expm1(x) - x) / (2 * slack * slack) / 2;
    (length < average_run_length ? low : high) = h;
  }
  return high;
}

EDetector::EDetector(Options options) : options_(options) {
  // The largest bet that cannot lose more than it has.
  const double most_up = 1 / std::max(options.mean + options.slack, 1e-9);
  const double most_down = 1 / std::max(1 - options.mean + options.slack, 1e-9);
  for (const double part : {0.05, 0.1, 0.2, 0.4, 0.8}) {
    bets_.push_back(part * most_up);
    bets_.push_back(-part * most_down);
  }
  sums_.resize(bets_.size());
}

bool EDetector::update(double x) {
  x = std::clamp(x, 0.0, 1.0);
  const double up = x - options_.mean - options_.slack;
  const double down = x - options_.mean + options_.slack;
  for (std::size_t i = 0; i < bets_.size(); ++i) {
    const double step = 1 + bets_[i] * (bets_[i] > 0 ? up : down);
    sums_[i] = (1 + sums_[i]) * std::max(step, 0.0);
  }
  if (evidence() < options_.average_run_length) return false;
  std::fill(sums_.begin(), sums_.end(), 0.0);
  return true;
}

double EDetector::evidence() const {
  return std::accumulate(sums_.begin(), sums_.end(), 0.0) / static_cast<double>(sums_.size());
}

std::vector<double> EDetector::state() const {
  return sums_;
}

bool EDetector::restore(std::span<const double> state) {
  if (state.size() != sums_.size()) return false;
  sums_.assign(state.begin(), state.end());
  return true;
}

Ranks::Ranks(std::vector<double> reference) : sorted_(std::move(reference)) {
  std::sort(sorted_.begin(), sorted_.end());
}

double Ranks::of(double x) const {
  if (sorted_.empty()) return 0.5;
  const auto low = std::lower_bound(sorted_.begin(), sorted_.end(), x);
  const auto high = std::upper_bound(low, sorted_.end(), x);
  const auto twice = (low - sorted_.begin()) + (high - sorted_.begin());
  return static_cast<double>(twice) / (2 * static_cast<double>(sorted_.size()));
}

}  // namespace slipway::stats
