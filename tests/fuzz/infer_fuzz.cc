// SPDX-License-Identifier: Apache-2.0
// Bodies of the Open Inference Protocol: JSON, and the tensors' bytes behind it. The first two
// bytes say where the JSON ends.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "../../src/wire/oip/request.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t json_size = static_cast<std::size_t>(data[0]) << 8 | data[1];
  const auto* text = reinterpret_cast<const char*>(data + 2);
  auto body = std::make_shared<const std::string>(text, size - 2);
  for (const auto end : {std::optional<std::size_t>(), std::optional(json_size)}) {
    const auto parsed = slipway::wire::oip::parse_infer(*body, end, body);
    if (!parsed) continue;
    for (const auto& tensor : parsed->inputs) {
      for (std::size_t i = 0; i < tensor.count(); ++i) {
        if (tensor.dtype() == slipway::serving::DType::bytes) {
          (void)tensor.texts()[i].size();
        } else {
          (void)tensor.number_at(i);
        }
      }
    }
  }
  return 0;
}
