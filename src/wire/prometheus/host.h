// SPDX-License-Identifier: Apache-2.0
// What dashboards for inference servers show of the machine. Private to this room.
#pragma once

#include <cstdint>
#include <mutex>

#include "meter/meter.h"

namespace slipway::wire::prometheus {

// Thread-safe.
class HostGauges {
 public:
  explicit HostGauges(meter::Registry& meters);
  // Reads the machine's own counts; what cannot be read stays as it was.
  void look();

 private:
  meter::Gauge& utilization_;
  meter::Gauge& total_;
  meter::Gauge& used_;
  std::mutex mutex_;
  double busy_ = 0;  // ticks, at the last look
  double all_ = 0;
};

}  // namespace slipway::wire::prometheus
