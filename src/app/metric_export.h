// SPDX-License-Identifier: Apache-2.0
// Metrics to those who do not come for them: DogStatsD agents and OpenTelemetry collectors.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/pool.h"
#include "fetch/datagram.h"
#include "meter/exposition.h"
#include "meter/meter.h"

namespace slipway::app {

struct MetricTargets {
  std::string statsd;  // HOST:PORT or unix:///PATH; empty: none
  std::string otlp;    // URL of a collector; empty: none
  int every_ms = 10'000;
};

// Sends on a thread of its own; what is not taken is lost, a collector gets the sums again.
class MetricExport {
 public:
  // An address that makes no sense is an error.
  static Result<std::unique_ptr<MetricExport>> start(const MetricTargets& targets,
                                                     const meter::Registry& meters);
  ~MetricExport();  // sends once more

 private:
  MetricExport(MetricTargets targets, const meter::Registry& meters,
               std::unique_ptr<fetch::Datagrams> agent);
  void send();
  void send_to_collector(const std::vector<meter::Snapshot>& now);

  const MetricTargets targets_;
  const meter::Registry& meters_;
  const std::unique_ptr<fetch::Datagrams> agent_;
  const std::int64_t started_ms_;
  std::vector<meter::Snapshot> before_;
  bool complained_ = false;
  std::unique_ptr<Worker> worker_;
};

}  // namespace slipway::app
