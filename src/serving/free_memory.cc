// SPDX-License-Identifier: Apache-2.0
#include "free_memory.h"

#include <malloc.h>
#include <unistd.h>

#include "base/log.h"
#include "process/process.h"

namespace slipway::serving {

bool FreeMemory::look(std::int64_t now_ns) {
  if (looked_ns_ != 0 && now_ns - looked_ns_ < kEveryNs) return false;
  looked_ns_ = now_ns;
  const auto before = process::resident_bytes(::getpid());
  if (before < resident_ + kMuch || ::mallinfo2().fordblks < kMuch) return false;
  ::malloc_trim(0);
  resident_ = process::resident_bytes(::getpid());
  log::debug("serving.memory_given_back", {{"mib_before", before >> 20}, {"mib", resident_ >> 20}});
  return true;
}

}  // namespace slipway::serving
