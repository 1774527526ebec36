// SPDX-License-Identifier: Apache-2.0
// TensorBoard's events: the bytes as one event, and as a file of records.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>

#include <unistd.h>

#include "../../src/drivers/tensorboard/events.h"

namespace tb = slipway::drivers::tensorboard;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  tb::Events events;
  events.read(bytes, [](tb::Value) {});
  static const std::string path = "/tmp/slipway-fuzz-" + std::to_string(::getpid());
  if (std::FILE* file = std::fopen(path.c_str(), "wb")) {
    std::fwrite(data, 1, size, file);
    std::fclose(file);
    (void)tb::read_records(path, [&](std::string_view record) {
      events.read(record, [](tb::Value) {});
    }).ok();
  }
  return 0;
}
