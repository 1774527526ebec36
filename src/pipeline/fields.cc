// SPDX-License-Identifier: Apache-2.0
#include "fields.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace slipway::pipeline {

using yaml::Node;
using Kind = Node::Kind;

bool is_name(std::string_view name) {
  if (name.empty() || name.size() > 100 || name[0] == '.' || name[0] == '-') return false;
  return name.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") == name.npos;
}

bool is_variable(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  return name.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == name.npos;
}

bool is_branch(std::string_view name) {
  if (name.size() > 200 || name.front() == '/' || name.front() == '-' || name.back() == '/' ||
      name.back() == '.' || name.find("//") != name.npos || name.find("..") != name.npos ||
      name.find("@{") != name.npos || name.find_first_of(" ~^:?*[\\\x7f") != name.npos) {
    return false;
  }
  const auto is_control = [](unsigned char c) { return c < 0x20; };
  if (std::any_of(name.begin(), name.end(), is_control)) return false;
  for (const auto part : split(name, '/')) {
    if (part.starts_with('.') || part.ends_with(".lock")) return false;
  }
  return true;
}

// Also written as a number.
Result<void> Fields::text(const Node& map, const std::string& key, std::string& out) const {
  const Node* node = map.find(key);
  if (node == nullptr) return {};
  if (!node->is_scalar() || node->kind == Kind::null) {
    return fail(*node, "'" + key + "' must be text, not " + std::string(yaml::kind_of(*node)));
  }
  out = node->text;
  return {};
}

Result<void> Fields::number(const Node& map, const std::string& key, double least, double most,
                            double& out) const {
  const Node* node = map.find(key);
  if (node == nullptr) return {};
  const bool is_number = node->kind == Kind::integer || node->kind == Kind::real;
  const auto value = is_number ? parse_double(node->text) : std::nullopt;
  if (!value || *value < least || *value > most) {
    return fail(*node, "'" + key + "' must be a number from " + number_text(least) + " to " +
                           number_text(most));
  }
  out = *value;
  return {};
}

Result<void> Fields::integer(const Node& map, const std::string& key, double least, double most,
                             int& out) const {
  double value = out;
  SW_CHECK_OK(number(map, key, least, most, value));
  if (value != std::floor(value)) {
    return fail(*map.find(key), "'" + key + "' must be an integer");
  }
  out = static_cast<int>(value);
  return {};
}

Result<void> Fields::boolean(const Node& map, const std::string& key, bool& out) const {
  const Node* node = map.find(key);
  if (node == nullptr) return {};
  if (node->kind != Kind::boolean) return fail(*node, "'" + key + "' must be true or false");
  out = to_lower(node->text) == "true";
  return {};
}

Result<void> Fields::seconds(const Node& map, const std::string& key, double& out) const {
  const Node* node = map.find(key);
  if (node == nullptr) return {};
  if (node->kind == Kind::text && !node->text.empty()) {
    constexpr std::string_view kUnits = "smhd";
    constexpr double kSeconds[] = {1, 60, 3600, 86400};
    const auto unit = kUnits.find(node->text.back());
    const auto value = parse_double(std::string_view(node->text).substr(0, node->text.size() - 1));
    if (unit != kUnits.npos && value && *value >= 0 && *value * kSeconds[unit] <= 31'536'000) {
      return out = *value * kSeconds[unit], Result<void>{};
    }
  }
  if (node->kind == Kind::text) {
    return fail(*node, "'" + key + "': '" + node->text.substr(0, 80) + "' is not a duration",
                "write seconds (1800) or 30s, 5m, 2h, 1d");
  }
  return number(map, key, 0, 31'536'000, out);
}

Result<void> Fields::words(const Node& map, const std::string& key,
                           std::vector<std::string>& out) const {
  const Node* node = map.find(key);
  if (node == nullptr || node->kind == Kind::null) return {};
  if (node->is_scalar()) {
    out.push_back(node->text);
    return {};
  }
  if (node->kind != Kind::list) {
    return fail(*node, "'" + key + "' must be a list of texts");
  }
  for (const auto& item : node->items) {
    if (!item->is_scalar() || item->text.empty()) {
      return fail(*item, "'" + key + "' must be a list of texts, not of " +
                             std::string(yaml::kind_of(*item)));
    }
    out.push_back(item->text);
  }
  return {};
}

Result<void> Fields::checked_words(const Node& map, const std::string& key, const Known& known,
                                   std::vector<std::string>& out) const {
  SW_CHECK_OK(words(map, key, out));
  for (const auto& word : out) {
    if (auto ok = check(word, known); !ok) return moved(*map.find(key), ok.error());
  }
  return {};
}

Result<void> Fields::checked_texts(const Node& map, const std::string& key, const Known& known,
                                   EnvList& out) const {
  const Node* node = map.find(key);
  if (node == nullptr || node->kind == Kind::null) return {};
  if (node->kind != Kind::map) return fail(*node, "'" + key + "' must be a map of names to texts");
  for (const auto& [name, value] : node->members) {
    if (!is_variable(name)) {
      return fail(*value, "'" + name.substr(0, 80) + "' cannot name a variable");
    }
    if (!value->is_scalar()) return fail(*value, "'" + name + "' must be text");
    if (auto ok = check(value->text, known); !ok) return moved(*value, ok.error());
    out.emplace_back(name, value->text);
  }
  return {};
}

Result<void> Fields::env(const Node& map, EnvList& out, const Known& known) const {
  return checked_texts(map, "env", known, out);
}

}  // namespace slipway::pipeline
