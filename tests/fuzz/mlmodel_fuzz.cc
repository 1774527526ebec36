// SPDX-License-Identifier: Apache-2.0
// MLmodel files against hostile text: no crash, no hang.
#include <cstdint>
#include <string_view>

#include "mlmodel.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)slipway::registry::parse_model_file(text).ok();
  return 0;
}
