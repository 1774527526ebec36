// SPDX-License-Identifier: Apache-2.0
// Summaries of a column in bounded memory that can be merged: a merged one is as good as one of all
// rows together, in whatever order and by whatever machines the parts were made.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace slipway::stats {

// Count, mean and spread; merged by Chan, Golub and LeVeque's formula.
struct Moments {
  std::int64_t count = 0;
  double mean = 0;
  double squares = 0;  // summed squared distances from the mean
  double min = 0;
  double max = 0;

  void add(double x);
  void merge(const Moments& other);
  double deviation() const;  // ddof 1; 0 with fewer than two values
};

// Quantiles (Karnin, Lang, Liberty, "Optimal quantile approximation in streams", 2016). With k =
// 256 the rank of an answer is off by at most 1.1 % of the rows in 99 of 100 cases. The coins come
// from a fixed seed: the same values in the same order give the same sketch.
class Quantiles {
 public:
  void add(double x);
  void merge(const Quantiles& other);
  std::int64_t count() const { return count_; }
  // The value below which `share` of the rows lie; nothing of nothing.
  std::optional<double> at(double share) const;
  // The share of rows at most x.
  double rank(double x) const;
  std::size_t stored() const;

  static constexpr std::size_t kSize = 256;

  // What it consists of: row i holds values that stand for 2^i rows each.
  const std::vector<std::vector<double>>& rows() const { return rows_; }
  static Quantiles of(std::vector<std::vector<double>> rows, std::int64_t count);

 private:
  void compact();
  std::vector<std::pair<double, std::int64_t>> weighted() const;
  std::vector<std::vector<double>> rows_{1};
  std::int64_t count_ = 0;
  std::uint64_t coins_ = 0x9e3779b97f4a7c15u;
};

// How many different values (Flajolet, Fusy, Gandouet, Meunier, "HyperLogLog", 2007, with linear
// counting for few): 2,048 registers, a standard error of 2.3 %.
class Distinct {
 public:
  void add(std::uint64_t hash);
  void merge(const Distinct& other);
  double estimate() const;

  static constexpr std::size_t kRegisters = 2'048;
  const std::array<std::uint8_t, kRegisters>& registers() const { return registers_; }
  std::array<std::uint8_t, kRegisters>& registers() { return registers_; }

 private:
  std::array<std::uint8_t, kRegisters> registers_{};
};
// The same on every machine and in every version.
std::uint64_t sketch_hash(std::string_view text);

// Counts of the frequent values (Misra and Gries, 1982; merged as Agarwal and others, "Mergeable
// summaries", 2012): each count is at most error() too low and never too high, and error() is at
// most rows / (kSize + 1). Every value in more rows than that is there.
class Frequent {
 public:
  void add(std::string_view value, std::int64_t rows = 1);
  void merge(const Frequent& other);
  std::int64_t error() const { return error_; }
  // Most frequent first.
  std::vector<std::pair<std::string, std::int64_t>> most(std::size_t limit) const;

  static constexpr std::size_t kSize = 100;
  const std::map<std::string, std::int64_t, std::less<>>& counts() const { return counts_; }
  static Frequent of(std::map<std::string, std::int64_t, std::less<>> counts, std::int64_t error);

 private:
  void shrink();
  std::map<std::string, std::int64_t, std::less<>> counts_;
  std::int64_t error_ = 0;
};

}  // namespace slipway::stats
