// SPDX-License-Identifier: Apache-2.0
#include "extras.h"

namespace slipway::drivers::mlflow {
namespace {

struct Name {
  std::string_view kind;
  std::string_view theirs;
  std::string_view ours;
};
constexpr Name kNames[] = {{"pass_fail", "positive_label", "positive"},
                           {"pass_fail", "negative_label", "negative"},
                           {"categorical", "options", "options"},
                           {"categorical", "multi_select", "several"},
                           {"numeric", "min_value", "least"},
                           {"numeric", "max_value", "most"},
                           {"text", "max_length", "longest"}};

json::object renamed(const value& from, std::string_view Name::*before,
                     std::string_view Name::*after) {
  json::object out;
  for (const auto& name : kNames) {
    const auto* kind = json::find(from, name.kind);
    if (kind == nullptr || !kind->is_object()) continue;
    auto& members = out[name.kind];
    if (!members.is_object()) members = json::object{};
    const auto* given = json::find(*kind, name.*before);
    if (given != nullptr && !given->is_null()) members.get_object()[name.*after] = *given;
  }
  return out;
}

}  // namespace

std::string answer_form(const value& input) {
  return json::dump_value(renamed(input, &Name::theirs, &Name::ours));
}

value answer_input(std::string_view form) {
  const auto parsed = json::parse_value(form);
  return parsed ? value(renamed(*parsed, &Name::ours, &Name::theirs)) : value(json::object{});
}

}  // namespace slipway::drivers::mlflow
