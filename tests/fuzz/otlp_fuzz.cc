// SPDX-License-Identifier: Apache-2.0
// What OpenTelemetry exporters send, in both encodings, down to the spans as they are kept.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "../../src/wire/otlp/batches.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const auto read : {slipway::wire::otlp::read_protobuf, slipway::wire::otlp::read_json}) {
    const auto in = read(bytes);
    if (!in) continue;
    const auto batches = slipway::wire::otlp::batches_of(*in);
    if (!batches) continue;
    for (const auto& batch : batches->batches) {
      for (const auto& span : batch.spans) {
        if (!slipway::json::parse_value(span.body)) __builtin_trap();  // kept what nobody can read
      }
    }
  }
  return 0;
}
