// SPDX-License-Identifier: Apache-2.0
// Bodies of every MLflow endpoint: the first byte chooses the message. What is read is written and
// read again to the same. run.sh lists the messages by their SLIPWAY_JSON lines.
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <string>
#include <string_view>

#include "json/json.h"
#include "messages_list.h"

namespace {

using namespace slipway::wire::mlflow;  // NOLINT: the list has bare names

constexpr slipway::json::ParseOptions kRead{.numbers_from_text = true,
                                            .camel_case_too = true,
                                            .flags_from_text = true,
                                            .list_from_single = true};
constexpr slipway::json::DumpOptions kDump{
    .non_finite = slipway::json::DumpOptions::NonFinite::text, .skip_empty_lists = true};

template <class T>
void one(std::string_view text) {
  const auto parsed = slipway::json::parse<T>(text, kRead);
  if (!parsed) return;
  const auto once = slipway::json::dump(*parsed, kDump);
  const auto again = slipway::json::parse<T>(once, kRead);
  if (!again || slipway::json::dump(*again, kDump) != once) std::abort();
}

using One = void (*)(std::string_view);
constexpr One kAll[] = {
#define MESSAGE(type) one<type>,
#include "messages_names.h"
#undef MESSAGE
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  kAll[data[0] % std::size(kAll)]({reinterpret_cast<const char*>(data) + 1, size - 1});
  return 0;
}
