// SPDX-License-Identifier: Apache-2.0
#include "endpoint.h"

#include "base/text.h"

namespace slipway::wire::api {

Context context_of(const net::Request& request) {
  return {.principal = {.name = request.principal}, .request_id = request.request_id};
}

Result<std::int64_t> int_query(const net::Request& request, std::string_view key,
                               std::int64_t fallback, std::int64_t least, std::int64_t most) {
  const auto text = request.query_value(key);
  if (!text || text->empty()) return fallback;
  const auto number = parse_int(*text);
  if (!number || *number < least || *number > most) {
    return invalid("the query parameter '" + std::string(key) + "' is '" + *text +
                   "': expected a number between " + std::to_string(least) + " and " +
                   std::to_string(most));
  }
  return *number;
}

Result<const json::array*> items_of(const json::value& body, const std::string& kind,
                                    std::size_t most) {
  const auto* items = json::find(body, "items");
  if (items == nullptr || !items->is_array()) {
    return invalid("$.items: expected an array of " + kind);
  }
  if (items->get_array().size() > most) {
    return invalid("$.items: " + std::to_string(items->get_array().size()) + ", at most " +
                       std::to_string(most) + " are taken at once",
                   "send several requests");
  }
  return &items->get_array();
}

Result<PageRequest> page_of(const net::Request& request, std::size_t fallback) {
  SW_TRY(const auto size,
         int_query(request, "page_size", static_cast<std::int64_t>(fallback), 1, 1000));
  return PageRequest{static_cast<std::size_t>(size),
                     request.query_value("page_token").value_or("")};
}

}  // namespace slipway::wire::api
