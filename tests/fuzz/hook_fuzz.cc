// SPDX-License-Identifier: Apache-2.0
// Webhooks of Alertmanager and Grafana: what is taken is bounded and has a key.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "../../src/wire/alertmanager/message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto message = slipway::wire::alertmanager::message_of(text);
  if (!message) return 0;
  if (message->firing.size() + message->resolved > 1'000) std::abort();
  for (const auto& fired : message->firing) {
    if (fired.key.empty()) std::abort();
  }
  return 0;
}
