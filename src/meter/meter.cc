// SPDX-License-Identifier: Apache-2.0
#include "meter/meter.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <limits>
#include <mutex>
#include <shared_mutex>

#include "base/result.h"
#include "exposition.h"

namespace slipway::meter {
namespace {

// Threads add to different cache lines; readers sum them.
constexpr std::size_t kShards = 4;

std::size_t my_shard() {
  static std::atomic<std::size_t> next{0};
  thread_local const std::size_t mine = next++ % kShards;
  return mine;
}

struct alignas(64) Cell {
  std::atomic<double> value{0};
};

class ShardedCounter : public Counter {
 public:
  void add(double amount) override {
    if (!(amount >= 0)) return;  // a counter never goes back, and NaN would stick
    cells_[my_shard()].value.fetch_add(amount, std::memory_order_relaxed);
  }
  double value() const override {
    double sum = 0;
    for (const auto& cell : cells_) sum += cell.value.load(std::memory_order_relaxed);
    return sum;
  }

 private:
  std::array<Cell, kShards> cells_;
};

class AtomicGauge : public Gauge {
 public:
  void set(double value) override { value_.store(value, std::memory_order_relaxed); }
  void add(double amount) override { value_.fetch_add(amount, std::memory_order_relaxed); }
  double value() const override { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

class ShardedHistogram : public Histogram {
 public:
  explicit ShardedHistogram(const std::vector<double>& bounds) : bounds_(bounds) {
    for (auto& shard : shards_) {
      shard.buckets = std::vector<std::atomic<std::uint64_t>>(bounds.size() + 1);
    }
  }

  void observe(double value) override {
    if (std::isnan(value)) return;
    const auto at = std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin();
    auto& shard = shards_[my_shard()];
    shard.buckets[static_cast<std::size_t>(at)].fetch_add(1, std::memory_order_relaxed);
    shard.sum.fetch_add(value, std::memory_order_relaxed);
  }

  std::uint64_t count() const override {
    std::uint64_t sum = 0;
    for (const auto n : buckets()) sum += n;
    return sum;
  }

  double quantile(double q) const override {
    const auto counts = buckets();
    double total = 0;
    for (const auto n : counts) total += static_cast<double>(n);
    if (total == 0) return std::numeric_limits<double>::quiet_NaN();
    const double rank = std::clamp(q, 0.0, 1.0) * total;
    double below = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      const auto here = static_cast<double>(counts[i]);
      if (here > 0 && below + here >= rank) {
        if (i == bounds_.size()) return bounds_.empty() ? 0 : bounds_.back();
        const double low = i == 0 ? std::min(0.0, bounds_[0]) : bounds_[i - 1];
        return low + (bounds_[i] - low) * (rank - below) / here;
      }
      below += here;
    }
    return bounds_.empty() ? 0 : bounds_.back();
  }

  std::vector<std::uint64_t> buckets() const {
    std::vector<std::uint64_t> out(bounds_.size() + 1);
    for (const auto& shard : shards_) {
      for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] += shard.buckets[i].load(std::memory_order_relaxed);
      }
    }
    return out;
  }

  double sum() const {
    double out = 0;
    for (const auto& shard : shards_) out += shard.sum.load(std::memory_order_relaxed);
    return out;
  }

  const std::vector<double>& bounds() const { return bounds_; }

 private:
  struct alignas(64) Shard {
    std::vector<std::atomic<std::uint64_t>> buckets;
    std::atomic<double> sum{0};
  };
  const std::vector<double> bounds_;
  std::array<Shard, kShards> shards_;
};

constexpr std::size_t kMaxSeries = 10'000;

struct Series {
  std::unique_ptr<Counter> counter;
  std::unique_ptr<Gauge> gauge;
  std::unique_ptr<ShardedHistogram> histogram;
};

struct Family {
  Kind kind = Kind::counter;
  std::string help;
  std::vector<double> bounds;
  std::map<Labels, Series> series;
  std::vector<Series> forgotten;  // handles given out stay valid
};

}  // namespace

struct Registry::Impl {
  mutable std::shared_mutex mutex;
  std::map<std::string, Family> families;

  // The caller holds the lock.
  Series& series(Kind kind, const std::string& name, const std::string& help,
                 const Labels& labels) {
    SW_ASSERT(is_metric_name(name));
    auto [entry, fresh] = families.try_emplace(name);
    Family& family = entry->second;
    if (fresh) {
      family.kind = kind;
      family.help = help;
    }
    SW_ASSERT(family.kind == kind);
    const auto known = family.series.find(labels);
    if (known != family.series.end()) return known->second;
    if (family.series.size() >= kMaxSeries) return family.series[{{"overflow", "true"}}];
    return family.series[labels];
  }

  std::vector<Snapshot> snapshot() const {
    const std::shared_lock lock(mutex);
    std::vector<Snapshot> out;
    for (const auto& [name, family] : families) {
      Snapshot one{.name = name, .help = family.help, .kind = family.kind};
      for (const auto& [labels, series] : family.series) {
        Sample sample{.labels = labels};
        if (series.counter) sample.value = series.counter->value();
        if (series.gauge) sample.value = series.gauge->value();
        if (series.histogram) {
          sample.bounds = series.histogram->bounds();
          sample.buckets = series.histogram->buckets();
          sample.value = series.histogram->sum();
        }
        one.samples.push_back(std::move(sample));
      }
      if (!one.samples.empty()) out.push_back(std::move(one));
    }
    return out;
  }
};

Registry::Registry() : impl_(std::make_unique<Impl>()) {}
Registry::~Registry() = default;

Counter& Registry::counter(const std::string& name, const std::string& help, const Labels& labels) {
  const std::lock_guard lock(impl_->mutex);
  auto& series = impl_->series(Kind::counter, name, help, labels);
  if (!series.counter) series.counter = std::make_unique<ShardedCounter>();
  return *series.counter;
}

Gauge& Registry::gauge(const std::string& name, const std::string& help, const Labels& labels) {
  const std::lock_guard lock(impl_->mutex);
  auto& series = impl_->series(Kind::gauge, name, help, labels);
  if (!series.gauge) series.gauge = std::make_unique<AtomicGauge>();
  return *series.gauge;
}

Histogram& Registry::histogram(const std::string& name, const std::string& help,
                               const Labels& labels, const std::vector<double>& bounds) {
  const std::lock_guard lock(impl_->mutex);
  auto& series = impl_->series(Kind::histogram, name, help, labels);
  auto& family = impl_->families.at(name);
  if (family.bounds.empty()) family.bounds = bounds;
  if (!series.histogram) series.histogram = std::make_unique<ShardedHistogram>(family.bounds);
  return *series.histogram;
}

const std::vector<double>& Registry::seconds_bounds() {
  static const std::vector<double> bounds = {0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005,
                                             0.01,    0.025,  0.05,    0.1,    0.25,  0.5,    1,
                                             2.5,     5,      10,      30,     60};
  return bounds;
}

void Registry::forget(const std::string& name, const Labels& labels) {
  const std::lock_guard lock(impl_->mutex);
  const auto family = impl_->families.find(name);
  if (family == impl_->families.end()) return;
  auto series = family->second.series.extract(labels);
  if (series.empty()) return;
  family->second.forgotten.push_back(std::move(series.mapped()));
}

std::string Registry::prometheus_text() const {
  return render_prometheus(impl_->snapshot());
}
std::string Registry::openmetrics_text() const {
  return render_openmetrics(impl_->snapshot());
}

}  // namespace slipway::meter
