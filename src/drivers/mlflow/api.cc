// SPDX-License-Identifier: Apache-2.0
#include "api.h"

#include <algorithm>
#include <limits>

#include "base/text.h"
#include "fetch/fetch.h"

namespace slipway::drivers::mlflow {

std::string text(const value& from, std::string_view key) {
  return json::text_at(from, key).value_or("");
}

std::optional<std::int64_t> whole(const value& from, std::string_view key) {
  if (const auto n = json::int_at(from, key)) return n;
  const auto words = json::text_at(from, key);
  return words ? parse_int(*words) : std::nullopt;
}
std::int64_t whole_or_0(const value& from, std::string_view key) {
  return whole(from, key).value_or(0);
}

double real(const value& from, std::string_view key) {
  if (const auto x = json::number_at(from, key)) return *x;
  const auto words = text(from, key);
  if (words == "Infinity") return std::numeric_limits<double>::infinity();
  if (words == "-Infinity") return -std::numeric_limits<double>::infinity();
  return parse_double(words).value_or(std::numeric_limits<double>::quiet_NaN());
}

const json::array& list(const value& from, std::string_view key) {
  static const json::array none;
  const auto* found = json::find(from, key);
  return found != nullptr && found->is_array() ? found->get_array() : none;
}
const value& member(const value& from, std::string_view key) {
  static const value none;
  const auto* found = json::find(from, key);
  return found != nullptr ? *found : none;
}

transfer::Pairs pairs(const value& from, std::string_view key) {
  transfer::Pairs out;
  for (const auto& item : list(from, key)) out.push_back({text(item, "key"), text(item, "value")});
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  return out;
}

std::string json_quoted(std::string_view words) {
  std::string out;
  append_json_string(out, words);
  return out;
}

Result<value> Api::send(const std::string& method, const std::string& path,
                        const std::string& body) const {
  fetch::Request request{.method = method, .url = url_ + path, .body = body};
  request.headers.emplace_back("content-type", "application/json");
  request.timeout_ms = 600'000;
  request.body_limit = std::size_t{2} << 30;
  SW_TRY(const auto answer, fetch::send(request));
  if (answer.status == 200) return json::parse_value(answer.body);
  const auto told = json::parse_value(answer.body);
  const auto code = answer.status == 404   ? Code::not_found
                    : answer.status == 400 ? Code::failed_precondition
                                           : Code::unavailable;
  return Error{code,
               "the MLflow server answered " + std::to_string(answer.status) + " to " + path +
                   (told ? ": " + text(*told, "message") : std::string()),
               answer.status == 401 || answer.status == 403
                   ? "put the name and password into the URL: http://NAME:PASSWORD@HOST"
                   : ""};
}

}  // namespace slipway::drivers::mlflow
