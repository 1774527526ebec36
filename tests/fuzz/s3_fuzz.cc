// SPDX-License-Identifier: Apache-2.0
// Answers of a bucket: whatever they are, what is found lies in them, and a key that is escaped is
// the same when it is read back.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "../../src/fetch/s3_xml.h"

using namespace slipway::fetch;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  std::size_t found = 0;
  for (const auto& entry : elements(text, "Contents")) {
    found += entry.size();
    (void)unescaped(element(entry, "Key"));
  }
  if (found > size) std::abort();
  if (unescaped(escaped(text)) != text) std::abort();
  (void)error_of({.status = 403, .body = text}, {"bucket", "key"});
  return 0;
}
