// SPDX-License-Identifier: Apache-2.0
// Metrics as text: Prometheus 0.0.4 and OpenMetrics 1.0.0.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "meter/meter.h"

namespace slipway::meter {

enum class Kind { counter, gauge, histogram };

struct Sample {
  Labels labels;
  double value = 0;                    // a histogram's sum
  std::vector<double> bounds;          // histograms only
  std::vector<std::uint64_t> buckets;  // not cumulated; one more than bounds
};

struct Snapshot {
  std::string name;
  std::string help;
  Kind kind = Kind::counter;
  std::vector<Sample> samples;
};

bool is_metric_name(std::string_view name);
std::string render_prometheus(const std::vector<Snapshot>& metrics);
std::string render_openmetrics(const std::vector<Snapshot>& metrics);
// What render_prometheus wrote; lines that are none of its own are passed over.
std::vector<Snapshot> read_prometheus(std::string_view text);

}  // namespace slipway::meter
