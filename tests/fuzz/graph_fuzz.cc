// SPDX-License-Identifier: Apache-2.0
// Graphs against hostile text: no crash, no hang, and in what is accepted each step comes after
// those that it needs.
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>

#include "serving/graph_spec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto graph = slipway::serving::parse_graph(text, "graph.yaml");
  if (!graph) return 0;
  std::set<std::string> known;
  for (const auto& input : graph->inputs) known.insert(input.name);
  for (const auto& step : graph->steps) {
    for (const auto& feed : step.feeds) {
      for (const auto& ref : feed.from) {
        if (known.count(ref.source) == 0) std::abort();
      }
    }
    for (const auto& ref : step.of) {
      if (known.count(ref.source) == 0) std::abort();
    }
    known.insert(step.name);
  }
  return 0;
}
