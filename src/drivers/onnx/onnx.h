// SPDX-License-Identifier: Apache-2.0
// Runs ONNX graphs in this process with ONNX Runtime, whose library is opened on first use.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "drivers/onnx/devices.h"
#include "serving/backend.h"

namespace slipway::drivers::onnx {

struct Options {
  // Path of libonnxruntime.so; empty: lib/ beside the executable, then the system's.
  std::string library;
  int intra_op_threads = 1;
  // The slipway executable: a graph is first loaded and run once by `slipway probe` in a process of
  // its own, so that one which ends its process does not end this one. Empty: not tried.
  std::string prober;
  // After which the other process is ended and the graph refused; 0: by the size of its files.
  int probe_seconds = 0;
  // What one run may take of the machine's memory, and its answer a quarter of; 0: no bound.
  std::uint64_t run_mib = 1024;
  Preference device = Preference::automatic;
  std::shared_ptr<Devices> devices = nvidia_devices();
};

std::unique_ptr<serving::ModelBackend> make_backend(Options options = {});

// What the other process does: looks at the file, loads it and runs it once on zeros, within bounds
// of memory and time that then hold for this process for good.
Result<void> probe(const std::string& file, const Options& options);

}  // namespace slipway::drivers::onnx
