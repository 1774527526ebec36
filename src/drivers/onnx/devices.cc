// SPDX-License-Identifier: Apache-2.0
#include "drivers/onnx/devices.h"

#include <algorithm>

#include "meter/meter.h"

namespace slipway::drivers::onnx {
namespace {

std::string mib(std::uint64_t bytes) {
  return std::to_string(bytes >> 20) + " MiB";
}

}  // namespace

void note_devices(Devices& devices, meter::Registry& meters) {
  for (const auto& device : devices.list()) {
    const meter::Labels labels{{"gpu_uuid", device.uuid}};
    const auto total = static_cast<double>(device.total_bytes);
    meters.gauge("nv_gpu_memory_total_bytes", "Memory of the GPU", labels).set(total);
    meters.gauge("nv_gpu_memory_used_bytes", "Memory of the GPU that is in use", labels)
        .set(total - static_cast<double>(device.free_bytes));
    meters.gauge("nv_gpu_utilization", "How busy the GPU was, 0 to 1", labels).set(device.busy);
  }
}

Preference parse_preference(const std::string& text) {
  if (text == "cpu") return Preference::cpu;
  return text == "cuda" ? Preference::cuda : Preference::automatic;
}

Result<Placement> place(Preference preference, const std::string& lacking, Devices& devices,
                        std::uint64_t needed_bytes) {
  if (preference == Preference::cpu) return Placement{};
  const auto without = [&](const std::string& why) -> Result<Placement> {
    if (preference == Preference::automatic) return Placement{-1, why};
    return Error{Code::failed_precondition, "the graph cannot run on a GPU: " + why,
                 "give --onnxruntime the library of the package onnxruntime-gpu, or let "
                 "--onnx-device be auto"};
  };
  if (!lacking.empty()) return without(lacking);
  const auto list = devices.list();
  if (list.empty()) return without(devices.reason());
  const auto& best = *std::max_element(
      list.begin(), list.end(),
      [](const Device& a, const Device& b) { return a.free_bytes < b.free_bytes; });
  if (best.free_bytes < needed_bytes) {
    return without("it may need " + mib(needed_bytes) + ", and no GPU has more than " +
                   mib(best.free_bytes) + " free");
  }
  return Placement{best.id, mib(best.free_bytes) + " of " + mib(best.total_bytes) + " free"};
}

}  // namespace slipway::drivers::onnx
