// SPDX-License-Identifier: Apache-2.0
#include "records.h"

#include "base/text.h"

namespace slipway::cli {

std::string text_of(const json::value& from, std::string_view key) {
  const auto* found = json::find(from, key);
  if (found == nullptr || found->is_null()) return {};
  if (found->is_string()) return std::string(found->get_string());
  if (found->is_int64()) return std::to_string(found->get_int64());
  if (found->is_double()) return number_text(found->get_double());
  return json::dump_value(*found);
}

Result<std::vector<json::value>> items_of(const std::string& body) {
  SW_TRY(const auto document, json::parse_value(body));
  const auto* items = json::find(document, "items");
  if (items == nullptr || !items->is_array()) return internal("the server's answer has no items");
  return std::vector<json::value>(items->get_array().begin(), items->get_array().end());
}

}  // namespace slipway::cli
