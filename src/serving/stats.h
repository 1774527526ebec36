// SPDX-License-Identifier: Apache-2.0
// Live numbers of one version behind one endpoint.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace slipway::meter {
class Registry;
class Counter;
class Histogram;
}  // namespace slipway::meter

namespace slipway::serving {

// Microseconds in buckets at most 1/16 apart, 1 us to 2 minutes.
struct LatencySnapshot {
  std::vector<std::uint64_t> counts;

  std::uint64_t count() const;
  // Milliseconds below which the share q lies; 0 when nothing was seen.
  double quantile_ms(double q) const;
  // What was added since `earlier`.
  LatencySnapshot since(const LatencySnapshot& earlier) const;
};

struct VersionStats {
  std::string model;
  std::string version;
  std::uint64_t requests = 0;
  std::uint64_t rows = 0;
  std::uint64_t errors = 0;    // requests that got no answer, whoever was to blame
  std::uint64_t rejected = 0;  // of those: the request was not what the version wants
  std::uint64_t refused = 0;   // of those: there was no room or no time for it
  std::uint64_t shadowed = 0;  // requests mirrored to it; not in `requests`
  std::uint64_t shadow_errors = 0;
  double requests_per_s = 0;  // over the last ten seconds
  LatencySnapshot latency;    // of answered requests, from receipt to answer
  LatencySnapshot shadow_latency;
};

class LatencyHistogram {
 public:
  void record(std::int64_t us);
  LatencySnapshot snapshot() const;

 private:
  static constexpr std::size_t kBuckets = 432;
  std::array<std::atomic<std::uint64_t>, kBuckets> counts_{};
};

// Thread-safe, lock-free.
class VersionRecord {
 public:
  VersionRecord(std::string endpoint, std::string model, std::string version,
                meter::Registry& meters);

  enum class Outcome { answered, rejected, refused, failed };
  void count(Outcome outcome, std::int64_t rows, std::int64_t latency_us, std::int64_t now_ns);
  void count_shadow(Outcome outcome, std::int64_t latency_us);
  // Of an answered request: reading it, predicting, writing the answer.
  void phases(std::int64_t before_ns, std::int64_t predict_ns, std::int64_t after_ns);
  void explained(std::int64_t ns);
  VersionStats stats(std::int64_t now_ns) const;

 private:
  static constexpr std::size_t kSeconds = 16;
  struct Second {
    std::atomic<std::int64_t> stamp{-1};
    std::atomic<std::uint64_t> requests{0};
  };

  std::string model_;
  std::string version_;
  std::atomic<std::uint64_t> requests_{0};
  std::atomic<std::uint64_t> rows_{0};
  std::atomic<std::uint64_t> errors_{0};
  std::atomic<std::uint64_t> rejected_{0};
  std::atomic<std::uint64_t> refused_{0};
  std::atomic<std::uint64_t> shadowed_{0};
  std::atomic<std::uint64_t> shadow_errors_{0};
  std::array<Second, kSeconds> seconds_{};
  LatencyHistogram latency_;
  LatencyHistogram shadow_latency_;
  meter::Counter& answered_meter_;
  meter::Counter& rejected_meter_;
  meter::Counter& failed_meter_;
  meter::Counter& rows_meter_;
  meter::Counter& shadow_meter_;
  meter::Histogram& latency_meter_;
  // By endpoint, under the names that KServe's servers have.
  meter::Histogram& preprocess_meter_;
  meter::Histogram& predict_meter_;
  meter::Histogram& postprocess_meter_;
  meter::Histogram& explain_meter_;
};

}  // namespace slipway::serving
