// SPDX-License-Identifier: Apache-2.0
// Counters, gauges and histograms, exported for Prometheus.
//
// Handles are made once (constructors) and never looked up per request. Names are
// slipway_<room>_<what>_<unit>. Thread-safe; adding to a handle is lock-free.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace slipway::meter {

using Labels = std::map<std::string, std::string>;

class Counter {
 public:
  virtual ~Counter() = default;
  virtual void add(double amount = 1) = 0;
  virtual double value() const = 0;
};

class Gauge {
 public:
  virtual ~Gauge() = default;
  virtual void set(double value) = 0;
  virtual void add(double amount) = 0;
  virtual double value() const = 0;
};

class Histogram {
 public:
  virtual ~Histogram() = default;
  virtual void observe(double value) = 0;
  virtual std::uint64_t count() const = 0;
  // The value below which the share q of the observations lies, interpolated within its bucket;
  // NaN while there are none.
  virtual double quantile(double q) const = 0;
};

// The same name and labels give the same handle for ever. At most 10,000 series a name; beyond that
// a shared series with the label overflow="true" is handed out, so that labels made from input
// cannot exhaust memory.
class Registry {
 public:
  Registry();
  ~Registry();
  Counter& counter(const std::string& name, const std::string& help, const Labels& labels = {});
  Gauge& gauge(const std::string& name, const std::string& help, const Labels& labels = {});
  // `bounds` ascending, without +Inf; the first call for a name decides them.
  Histogram& histogram(const std::string& name, const std::string& help, const Labels& labels = {},
                       const std::vector<double>& bounds = seconds_bounds());
  static const std::vector<double>& seconds_bounds();  // 50 us .. 60 s
  // Drops a gauge's series (a thing that no longer exists).
  void forget(const std::string& name, const Labels& labels);

  std::string prometheus_text() const;   // version 0.0.4
  std::string openmetrics_text() const;  // version 1.0.0, ends with # EOF

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway::meter
