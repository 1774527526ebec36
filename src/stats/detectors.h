// SPDX-License-Identifier: Apache-2.0
// Changes of a stream, looked for after every value and with what came before in bounded memory.
// Each update() answers whether a change is seen now; what a detector does then is said with it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace slipway::stats {

class Detector {
 public:
  virtual ~Detector() = default;
  virtual bool update(double x) = 0;
  // Everything it remembers; restore() of the same numbers goes on from there. False: not its own.
  virtual std::vector<double> state() const = 0;
  virtual bool restore(std::span<const double> state) = 0;
};

// Adaptive windowing (Bifet and Gavalda, "Learning from time-changing data with adaptive
// windowing", 2007) with the bound on the variance: drops the older part of the window as long as
// two parts differ in their mean. Equal to river's drift.ADWIN; begins anew after a change.
class Adwin : public Detector {
 public:
  struct Options {
    double delta = 0.002;
    std::int64_t clock = 32;  // looks after so many values
    std::int64_t least_part = 5;
    std::int64_t grace = 10;
  };
  explicit Adwin(Options options);
  bool update(double x) override;
  std::vector<double> state() const override;
  bool restore(std::span<const double> state) override;
  double mean() const { return width_ > 0 ? total_ / width_ : 0; }
  double width() const { return width_; }

 private:
  struct Bucket {
    double total = 0;
    double variance = 0;  // sum of squared distances from its mean
  };
  void insert(double x);
  void compress();
  double drop_oldest();
  bool shrink_once();
  bool differ(double n0, double n1, double gap) const;

  static constexpr std::size_t kMostBuckets = 5;
  Options options_;
  std::vector<std::vector<Bucket>> rows_{1};  // row i: buckets of 2^i values, the oldest first
  double total_ = 0;
  double variance_ = 0;
  double width_ = 0;
  std::int64_t tick_ = 0;
  bool changed_ = false;
};

// E. S. Page, "Continuous inspection schemes", 1954, with a forgetting factor, on both sides.
// Equal to river's drift.PageHinkley; begins anew after a change.
class PageHinkley : public Detector {
 public:
  struct Options {
    std::int64_t least_values = 30;
    double delta = 0.005;
    double threshold = 50;
    double alpha = 0.9999;
  };
  explicit PageHinkley(Options options);
  bool update(double x) override;
  std::vector<double> state() const override;
  bool restore(std::span<const double> state) override;

 private:
  void begin();
  Options options_;
  bool detected_ = false;
  double n_ = 0;
  double mean_ = 0;
  double up_ = 0;
  double down_ = 0;
  double least_up_ = 0;
  double most_down_ = 0;
};

// Tabular two-sided CUSUM of (x - mean) / deviation: sums beyond `slack` a value that reach
// `threshold`. Begins anew after a change.
class Cusum : public Detector {
 public:
  struct Options {
    double mean = 0;
    double deviation = 1;
    double slack = 0.25;
    double threshold = 23.7;
  };
  explicit Cusum(Options options);
  bool update(double x) override;
  std::vector<double> state() const override;
  bool restore(std::span<const double> state) override;
  // The threshold that independent normal values without a change reach after
  // `average_run_length` values on average (D. Siegmund's approximation, 1985).
  static double threshold_for(double average_run_length, double slack);

 private:
  Options options_;
  double up_ = 0;
  double down_ = 0;
};

// An e-detector (Shin, Ramdas, Rinaldo, "E-detectors: a nonparametric framework for sequential
// change detection", 2022) for values in 0 .. 1 whose mean, given all before, is within `slack` of
// `mean` as long as nothing changes. Shiryaev-Roberts sums M <- (1 + M) (1 + l (x - mean - slack))
// over several bets l, up and down, averaged: M_n - n is a supermartingale, so that the first alarm
// comes after at least `average_run_length` values on average, whatever the distribution and
// without independence. Begins anew after a change.
class EDetector : public Detector {
 public:
  struct Options {
    double mean = 0.5;
    double slack = 0;
    double average_run_length = 1e6;
  };
  explicit EDetector(Options options);
  bool update(double x) override;
  std::vector<double> state() const override;
  bool restore(std::span<const double> state) override;
  double evidence() const;

 private:
  Options options_;
  std::vector<double> bets_;  // positive: up
  std::vector<double> sums_;
};

// Where values lie in a reference sample: the share below plus half the share of equal ones. As
// long as nothing changes these are even over 0 .. 1 whatever the distribution: the mean is 1/2.
class Ranks {
 public:
  explicit Ranks(std::vector<double> reference);  // finite; sorted here
  double of(double x) const;
  std::size_t size() const { return sorted_.size(); }

 private:
  std::vector<double> sorted_;
};

}  // namespace slipway::stats
