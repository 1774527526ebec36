// SPDX-License-Identifier: Apache-2.0
// Files that claim to be ONNX graphs, as the driver looks at them before the runtime does.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "../../src/drivers/onnx/graph_check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)slipway::drivers::onnx::check_graph({reinterpret_cast<const char*>(data), size}, "/tmp");
  return 0;
}
