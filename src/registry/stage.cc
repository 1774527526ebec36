// SPDX-License-Identifier: Apache-2.0
// The names of the stages.
#include <array>
#include <utility>

#include "base/text.h"
#include "registry/types.h"

namespace slipway::registry {
namespace {

constexpr std::array<std::pair<Stage, std::string_view>, 4> kStages{
    {{Stage::none, "None"},
     {Stage::staging, "Staging"},
     {Stage::production, "Production"},
     {Stage::archived, "Archived"}}};

}  // namespace

std::string_view name_of(Stage stage) {
  for (const auto& [value, name] : kStages) {
    if (value == stage) return name;
  }
  return "None";
}

Result<Stage> parse_stage(std::string_view name) {
  for (const auto& [value, known] : kStages) {
    if (equal_ignoring_case(known, name)) return value;
  }
  return invalid("invalid model version stage: '" + std::string(name) + "'",
                 "the stages are None, Staging, Production, Archived");
}

}  // namespace slipway::registry
