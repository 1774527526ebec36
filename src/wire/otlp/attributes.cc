// SPDX-License-Identifier: Apache-2.0
#include "attributes.h"

#include "base/text.h"
#include "json/reader.h"
#include "json/spaced.h"

namespace slipway::wire::otlp {
namespace {

using json::Escape;

bool is_json(std::string_view text) {
  json::Reader reader(text);
  return reader.skip() && reader.finish();
}

// Clients hand over what they have already turned into JSON; it must not be so twice.
std::string text_for(const json::value& value) {
  if (value.is_string()) {
    const std::string_view inner(value.get_string());
    const auto start = trim(inner);
    if (!start.empty() && (start[0] == '"' || start[0] == '{' || start[0] == '[') &&
        is_json(inner)) {
      return std::string(inner);
    }
  }
  return json::dump_spaced(value, Escape::none);
}

}  // namespace

AttributeTexts::AttributeTexts(const Attributes& from) {
  for (const auto& [key, value] : from) set(std::string_view(key), text_for(value));
}

const std::string* AttributeTexts::find(std::string_view key) const {
  const auto at = places_.find(std::string(key));
  return at == places_.end() ? nullptr : &items_[at->second].second;
}

void AttributeTexts::set(std::string_view key, std::string json) {
  const auto [at, is_new] = places_.emplace(std::string(key), items_.size());
  if (is_new) {
    items_.emplace_back(std::string(key), std::move(json));
  } else {
    items_[at->second].second = std::move(json);
  }
}

const std::string* AttributeTexts::filled(std::string_view key) const {
  const auto* json = find(key);
  if (json == nullptr) return nullptr;
  const auto text = trim(*json);
  for (const std::string_view nothing : {"null", "false", "\"\"", "0", "0.0", "[]", "{}"}) {
    if (text == nothing) return nullptr;
  }
  return json;
}

std::optional<std::string> AttributeTexts::text(std::string_view key) const {
  const auto* json = find(key);
  return json == nullptr ? std::nullopt : text_of(*json);
}

std::optional<std::int64_t> AttributeTexts::integer(std::string_view key) const {
  const auto* json = find(key);
  if (json == nullptr) return std::nullopt;
  const auto inner = text_of(*json);
  return parse_int(trim(inner ? *inner : *json));
}

std::string json_text(std::string_view text) {
  std::string out;
  json::append_spaced(out, text, Escape::none);
  return out;
}

std::optional<std::string> text_of(std::string_view json) {
  if (!trim(json).starts_with('"')) return std::nullopt;
  const auto value = json::parse_value(json);
  if (!value || !value->is_string()) return std::nullopt;
  return std::string(value->get_string());
}

}  // namespace slipway::wire::otlp
