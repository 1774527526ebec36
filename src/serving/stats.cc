// SPDX-License-Identifier: Apache-2.0
#include "serving/stats.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include "meter/meter.h"

namespace slipway::serving {
namespace {

constexpr int kSubBits = 4;  // 16 buckets a power of two

std::size_t bucket_of(std::int64_t us, std::size_t buckets) {
  const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(us, 0));
  if (value < (1U << kSubBits)) return static_cast<std::size_t>(value);
  const int power = std::bit_width(value) - 1;
  const auto sub = (value >> (power - kSubBits)) & ((1U << kSubBits) - 1);
  const auto index = static_cast<std::size_t>((power - kSubBits + 1) << kSubBits) + sub;
  return std::min(index, buckets - 1);
}

// Lower bound of a bucket, in microseconds.
double bound_of(std::size_t index) {
  if (index < (1U << kSubBits)) return static_cast<double>(index);
  const auto power = static_cast<int>(index >> kSubBits) + kSubBits - 1;
  const auto sub = index & ((1U << kSubBits) - 1);
  return std::ldexp(1.0 + static_cast<double>(sub) / (1U << kSubBits), power);
}

}  // namespace

std::uint64_t LatencySnapshot::count() const {
  std::uint64_t total = 0;
  for (const auto n : counts) total += n;
  return total;
}

double LatencySnapshot::quantile_ms(double q) const {
  const auto total = count();
  if (total == 0) return 0;
  const double target = q * static_cast<double>(total);
  double seen = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    const auto n = static_cast<double>(counts[i]);
    if (seen + n >= target) {
      const double share = std::clamp((target - seen) / n, 0.0, 1.0);
      return (bound_of(i) + share * (bound_of(i + 1) - bound_of(i))) / 1000.0;
    }
    seen += n;
  }
  return bound_of(counts.size()) / 1000.0;
}

LatencySnapshot LatencySnapshot::since(const LatencySnapshot& earlier) const {
  LatencySnapshot out = *this;
  for (std::size_t i = 0; i < std::min(counts.size(), earlier.counts.size()); ++i) {
    out.counts[i] -= std::min(out.counts[i], earlier.counts[i]);
  }
  return out;
}

void LatencyHistogram::record(std::int64_t us) {
  counts_[bucket_of(us, kBuckets)].fetch_add(1, std::memory_order_relaxed);
}

LatencySnapshot LatencyHistogram::snapshot() const {
  LatencySnapshot out;
  out.counts.reserve(kBuckets);
  for (const auto& n : counts_) out.counts.push_back(n.load(std::memory_order_relaxed));
  return out;
}

namespace {

meter::Counter& outcome_counter(meter::Registry& meters, const std::string& endpoint,
                                const std::string& model, const std::string& version,
                                const std::string& outcome) {
  return meters.counter(
      "slipway_serving_requests_total", "Inference requests by outcome",
      {{"endpoint", endpoint}, {"model", model}, {"version", version}, {"outcome", outcome}});
}

}  // namespace

VersionRecord::VersionRecord(std::string endpoint, std::string model, std::string version,
                             meter::Registry& meters)
    : model_(std::move(model)),
      version_(std::move(version)),
      answered_meter_(outcome_counter(meters, endpoint, model_, version_, "answered")),
      rejected_meter_(outcome_counter(meters, endpoint, model_, version_, "rejected")),
      failed_meter_(outcome_counter(meters, endpoint, model_, version_, "failed")),
      rows_meter_(
          meters.counter("slipway_serving_rows_total", "Rows predicted",
                         {{"endpoint", endpoint}, {"model", model_}, {"version", version_}})),
      shadow_meter_(
          meters.counter("slipway_serving_shadow_requests_total", "Requests mirrored to a version",
                         {{"endpoint", endpoint}, {"model", model_}, {"version", version_}})),
      latency_meter_(
          meters.histogram("slipway_serving_request_seconds", "From receipt to answer",
                           {{"endpoint", endpoint}, {"model", model_}, {"version", version_}})),
      preprocess_meter_(meters.histogram("request_preprocess_seconds",
                                         "From receipt until the request was read and checked",
                                         {{"model_name", endpoint}})),
      predict_meter_(meters.histogram("request_predict_seconds",
                                      "From then to the model's answer, the queue included",
                                      {{"model_name", endpoint}})),
      postprocess_meter_(meters.histogram("request_postprocess_seconds",
                                          "Time that writing the answer took",
                                          {{"model_name", endpoint}})),
      explain_meter_(meters.histogram("request_explain_seconds", "Time that an explanation took",
                                      {{"model_name", endpoint}})) {}

void VersionRecord::phases(std::int64_t before_ns, std::int64_t predict_ns, std::int64_t after_ns) {
  preprocess_meter_.observe(static_cast<double>(before_ns) * 1e-9);
  predict_meter_.observe(static_cast<double>(predict_ns) * 1e-9);
  postprocess_meter_.observe(static_cast<double>(after_ns) * 1e-9);
}

void VersionRecord::explained(std::int64_t ns) {
  explain_meter_.observe(static_cast<double>(ns) * 1e-9);
}

void VersionRecord::count(Outcome outcome, std::int64_t rows, std::int64_t latency_us,
                          std::int64_t now_ns) {
  constexpr auto relaxed = std::memory_order_relaxed;
  requests_.fetch_add(1, relaxed);
  const std::int64_t now_s = now_ns / 1'000'000'000;
  auto& second = seconds_[static_cast<std::size_t>(now_s) % kSeconds];
  if (second.stamp.exchange(now_s, relaxed) != now_s) second.requests.store(0, relaxed);
  second.requests.fetch_add(1, relaxed);
  if (outcome == Outcome::answered) {
    rows_.fetch_add(static_cast<std::uint64_t>(rows), relaxed);
    latency_.record(latency_us);
    latency_meter_.observe(static_cast<double>(latency_us) * 1e-6);
    rows_meter_.add(static_cast<double>(rows));
    answered_meter_.add();
    return;
  }
  errors_.fetch_add(1, relaxed);
  if (outcome == Outcome::rejected) {
    rejected_.fetch_add(1, relaxed);
    rejected_meter_.add();
  } else {
    if (outcome == Outcome::refused) refused_.fetch_add(1, relaxed);
    failed_meter_.add();
  }
}

void VersionRecord::count_shadow(Outcome outcome, std::int64_t latency_us) {
  shadowed_.fetch_add(1, std::memory_order_relaxed);
  shadow_meter_.add();
  if (outcome == Outcome::answered) {
    shadow_latency_.record(latency_us);
  } else {
    shadow_errors_.fetch_add(1, std::memory_order_relaxed);
  }
}

VersionStats VersionRecord::stats(std::int64_t now_ns) const {
  VersionStats out;
  out.model = model_;
  out.version = version_;
  out.requests = requests_.load();
  out.rows = rows_.load();
  out.errors = errors_.load();
  out.rejected = rejected_.load();
  out.refused = refused_.load();
  out.shadowed = shadowed_.load();
  out.shadow_errors = shadow_errors_.load();
  out.latency = latency_.snapshot();
  out.shadow_latency = shadow_latency_.snapshot();
  const std::int64_t now_s = now_ns / 1'000'000'000;
  std::uint64_t recent = 0;
  for (const auto& second : seconds_) {
    const auto age = now_s - second.stamp.load();
    if (age >= 1 && age <= 10) recent += second.requests.load();
  }
  out.requests_per_s = static_cast<double>(recent) / 10.0;
  return out;
}

}  // namespace slipway::serving
