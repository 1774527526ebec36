// SPDX-License-Identifier: Apache-2.0
// GPUs that graphs can run on, and which of them a graph goes to.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace slipway::meter {
class Registry;
}

namespace slipway::drivers::onnx {

struct Device {
  int id = 0;  // as CUDA counts those that this process may use
  std::string name;
  std::string uuid;
  std::uint64_t total_bytes = 0;
  std::uint64_t free_bytes = 0;
  double busy = 0;  // 0 to 1, over the last moments
};

// Thread-safe.
class Devices {
 public:
  virtual ~Devices() = default;
  // As they are now.
  virtual std::vector<Device> list() = 0;
  // Why there are none; empty when there are.
  virtual std::string reason() const = 0;
};

// NVIDIA's, asked through the driver's own libraries, which are opened when first needed; nothing
// is allocated on a device.
std::shared_ptr<Devices> nvidia_devices();

// Writes their use into gauges, under the names that Triton gives them.
void note_devices(Devices& devices, meter::Registry& meters);

// What `--onnx-device` may say.
enum class Preference { automatic, cpu, cuda };
Preference parse_preference(const std::string& text);  // "auto", "cpu", "cuda"

struct Placement {
  int device = -1;     // -1: the CPU
  std::string reason;  // why it is the CPU although a GPU would do; why this GPU
};

// The device with the most free memory, when `needed_bytes` fit there; else the CPU. An error when
// only a GPU would do. `lacking`: why the runtime cannot use GPUs, empty when it can.
Result<Placement> place(Preference preference, const std::string& lacking, Devices& devices,
                        std::uint64_t needed_bytes);

}  // namespace slipway::drivers::onnx
