// SPDX-License-Identifier: Apache-2.0
// Bodies of /invocations: JSON in its four forms, CSV and Arrow, for a table of one input, a table
// of one input a column, and a model that takes no table.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "../../src/wire/scoring/arrow.h"
#include "../../src/wire/scoring/payload.h"

using slipway::serving::DType;
using slipway::serving::FrameLayout;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const FrameLayout kLayouts[] = {
      FrameLayout::of({.inputs = {{.name = "X", .dtype = DType::fp32, .shape = {-1, 2}}}},
                      {{"a", "float"}, {"b", "float"}}),
      FrameLayout::of({.inputs = {{.name = "a", .dtype = DType::bytes, .shape = {-1, 1}},
                                  {.name = "b", .dtype = DType::int64, .shape = {-1}}}},
                      {}),
      FrameLayout::of({.inputs = {{.name = "X", .dtype = DType::int8, .shape = {-1, 2, 2}}}}, {}),
      FrameLayout::of({.inputs = {{.name = "X", .dtype = DType::bytes, .shape = {-1, -1}}}}, {}),
  };
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto& layout : kLayouts) {
    (void)slipway::wire::scoring::parse_json(text, layout, size % 2 == 0);
    (void)slipway::wire::scoring::parse_csv(text, layout);
    (void)slipway::wire::scoring::parse_arrow(text, layout);
  }
  return 0;
}
