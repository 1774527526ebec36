// SPDX-License-Identifier: Apache-2.0
#include "host.h"

#include <fstream>
#include <string>

namespace slipway::wire::prometheus {

HostGauges::HostGauges(meter::Registry& meters)
    : utilization_(meters.gauge("nv_cpu_utilization",
                                "Share of the machine's cores that worked since the last look")),
      total_(meters.gauge("nv_cpu_memory_total_bytes", "Memory of the machine")),
      used_(meters.gauge("nv_cpu_memory_used_bytes", "Memory of the machine that is in use")) {}

void HostGauges::look() {
  const std::scoped_lock lock(mutex_);
  std::ifstream memory("/proc/meminfo");
  std::string word;
  double total = 0;
  double available = 0;
  while (memory >> word) {
    if (word == "MemTotal:") memory >> total;
    if (word == "MemAvailable:") memory >> available;
  }
  if (total > 0) {
    total_.set(total * 1024);
    used_.set((total - available) * 1024);
  }
  std::ifstream ticks("/proc/stat");
  if (!(ticks >> word) || word != "cpu") return;
  constexpr int kKinds = 8;  // user nice system idle iowait irq softirq steal
  double busy = 0;
  double all = 0;
  for (int i = 0; i < kKinds; ++i) {
    double n = 0;
    if (!(ticks >> n)) return;
    all += n;
    if (i != 3 && i != 4) busy += n;
  }
  if (all > all_) utilization_.set((busy - busy_) / (all - all_));
  busy_ = busy;
  all_ = all;
}

}  // namespace slipway::wire::prometheus
