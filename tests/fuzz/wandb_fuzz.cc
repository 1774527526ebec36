// SPDX-License-Identifier: Apache-2.0
// W&B's run files: the bytes as a file of records, and as one record.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "../../src/drivers/wandb/log_file.h"

namespace wb = slipway::drivers::wandb;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  wb::RunLog log;
  log.on_row = [](wb::Row) {};
  log.on_stats = [](wb::Stats) {};
  (void)wb::read_log(bytes, [&](std::string_view record) { log.add(record); }).ok();
  log.add(bytes);
  return 0;
}
