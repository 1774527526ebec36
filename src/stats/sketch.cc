// SPDX-License-Identifier: Apache-2.0
#include "stats/sketch.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace slipway::stats {

void Moments::add(double x) {
  min = count == 0 ? x : std::min(min, x);
  max = count == 0 ? x : std::max(max, x);
  ++count;
  const double off = x - mean;
  mean += off / static_cast<double>(count);
  squares += off * (x - mean);
}

void Moments::merge(const Moments& other) {
  if (other.count == 0) return;
  if (count == 0) {
    *this = other;
    return;
  }
  const auto n = static_cast<double>(count);
  const auto m = static_cast<double>(other.count);
  const double off = other.mean - mean;
  mean += off * m / (n + m);
  squares += other.squares + off * off * n * m / (n + m);
  count += other.count;
  min = std::min(min, other.min);
  max = std::max(max, other.max);
}

double Moments::deviation() const {
  return count < 2 ? 0 : std::sqrt(squares / static_cast<double>(count - 1));
}

namespace {

// Rows above hold fewer: two thirds of the next, at least 8.
std::size_t room_of(std::size_t row, std::size_t rows) {
  double room = static_cast<double>(Quantiles::kSize);
  for (std::size_t i = row + 1; i < rows; ++i) room *= 2.0 / 3.0;
  return std::max<std::size_t>(8, static_cast<std::size_t>(std::ceil(room)));
}

}  // namespace

void Quantiles::add(double x) {
  rows_[0].push_back(x);
  ++count_;
  if (rows_[0].size() >= room_of(0, rows_.size())) compact();
}

void Quantiles::merge(const Quantiles& other) {
  if (rows_.size() < other.rows_.size()) rows_.resize(other.rows_.size());
  for (std::size_t i = 0; i < other.rows_.size(); ++i) {
    rows_[i].insert(rows_[i].end(), other.rows_[i].begin(), other.rows_[i].end());
  }
  count_ += other.count_;
  compact();
}

// A full row keeps every second of its values, in order, which go one row up: by a coin the odd or
// the even ones. One that is left over stays.
void Quantiles::compact() {
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    if (rows_[i].size() < room_of(i, rows_.size())) continue;
    if (i + 1 == rows_.size()) rows_.emplace_back();
    auto& row = rows_[i];
    std::sort(row.begin(), row.end());
    coins_ = coins_ * 6364136223846793005u + 1442695040888963407u;
    const std::size_t first = coins_ >> 63;
    const std::size_t even = row.size() & ~std::size_t{1};
    for (std::size_t k = first; k < even; k += 2) rows_[i + 1].push_back(row[k]);
    row.erase(row.begin(), row.begin() + static_cast<std::ptrdiff_t>(even));
  }
}

std::vector<std::pair<double, std::int64_t>> Quantiles::weighted() const {
  std::vector<std::pair<double, std::int64_t>> out;
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    for (const double x : rows_[i]) out.emplace_back(x, std::int64_t{1} << i);
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::optional<double> Quantiles::at(double share) const {
  const auto values = weighted();
  if (values.empty()) return std::nullopt;
  const double wanted = share * static_cast<double>(count_);
  double below = 0;
  for (const auto& [x, weight] : values) {
    below += static_cast<double>(weight);
    if (below >= wanted) return x;
  }
  return values.back().first;
}

double Quantiles::rank(double x) const {
  if (count_ == 0) return 0;
  std::int64_t below = 0;
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    const auto n =
        std::count_if(rows_[i].begin(), rows_[i].end(), [&](double y) { return y <= x; });
    below += static_cast<std::int64_t>(n) << i;
  }
  return static_cast<double>(below) / static_cast<double>(count_);
}

std::size_t Quantiles::stored() const {
  std::size_t out = 0;
  for (const auto& row : rows_) out += row.size();
  return out;
}

Quantiles Quantiles::of(std::vector<std::vector<double>> rows, std::int64_t count) {
  Quantiles out;
  if (!rows.empty()) out.rows_ = std::move(rows);
  out.count_ = count;
  return out;
}

void Distinct::add(std::uint64_t hash) {
  constexpr int kBits = std::countr_zero(kRegisters);
  const auto place = static_cast<std::size_t>(hash >> (64 - kBits));
  // A one behind the last bit ends the count.
  const std::uint64_t rest = (hash << kBits) | (std::uint64_t{1} << (kBits - 1));
  const auto zeros = static_cast<std::uint8_t>(std::countl_zero(rest) + 1);
  registers_[place] = std::max(registers_[place], zeros);
}

void Distinct::merge(const Distinct& other) {
  for (std::size_t i = 0; i < kRegisters; ++i) {
    registers_[i] = std::max(registers_[i], other.registers_[i]);
  }
}

double Distinct::estimate() const {
  constexpr double m = kRegisters;
  double sum = 0;
  double empty = 0;
  for (const auto x : registers_) {
    sum += std::ldexp(1.0, -x);
    empty += x == 0 ? 1 : 0;
  }
  const double raw = 0.7213 / (1 + 1.079 / m) * m * m / sum;
  return raw <= 2.5 * m && empty > 0 ? m * std::log(m / empty) : raw;
}

// FNV-1a, then the finisher of splitmix64.
std::uint64_t sketch_hash(std::string_view text) {
  std::uint64_t h = 0xcbf29ce484222325u;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9u;
  h = (h ^ (h >> 27)) * 0x94d049bb133111ebu;
  return h ^ (h >> 31);
}

void Frequent::add(std::string_view value, std::int64_t rows) {
  const auto found = counts_.find(value);
  if (found != counts_.end()) {
    found->second += rows;
    return;
  }
  counts_.emplace(std::string(value), rows);
  if (counts_.size() > kSize) shrink();
}

void Frequent::merge(const Frequent& other) {
  for (const auto& [value, rows] : other.counts_) counts_[value] += rows;
  error_ += other.error_;
  if (counts_.size() > kSize) shrink();
}

// The count of the first one that there is no room for is taken from all.
void Frequent::shrink() {
  std::vector<std::int64_t> sizes;
  for (const auto& [value, rows] : counts_) sizes.push_back(rows);
  const auto at = sizes.begin() + kSize;
  std::nth_element(sizes.begin(), at, sizes.end(), std::greater<>());
  const auto taken = *at;
  error_ += taken;
  for (auto entry = counts_.begin(); entry != counts_.end();) {
    entry->second -= taken;
    entry = entry->second <= 0 ? counts_.erase(entry) : std::next(entry);
  }
}

std::vector<std::pair<std::string, std::int64_t>> Frequent::most(std::size_t limit) const {
  std::vector<std::pair<std::string, std::int64_t>> out(counts_.begin(), counts_.end());
  std::stable_sort(out.begin(), out.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  if (out.size() > limit) out.resize(limit);
  return out;
}

Frequent Frequent::of(std::map<std::string, std::int64_t, std::less<>> counts, std::int64_t error) {
  Frequent out;
  out.counts_ = std::move(counts);
  out.error_ = error;
  return out;
}

}  // namespace slipway::stats
