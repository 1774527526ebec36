// SPDX-License-Identifier: Apache-2.0
// Suites of expectations: what is refused says on which line, what is taken has rules.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "../../src/expectation/suite.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto suite = slipway::expectation::parse_suite(text, "suite.yaml");
  if (!suite && !suite.error().message.starts_with("suite.yaml")) std::abort();
  return 0;
}
