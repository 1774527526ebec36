// SPDX-License-Identifier: Apache-2.0
// Rules about one column, and the values that rules are made of.
#include <algorithm>
#include <functional>
#include <utility>

#include <re2/re2.h>

#include "parse.h"

namespace slipway::expectation {

class Pattern {
 public:
  explicit Pattern(const std::string& text, const re2::RE2::Options& options)
      : expression(text, options) {}
  const re2::RE2 expression;
};

bool found(const Pattern& pattern, std::string_view text) {
  return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), pattern.expression);
}

const std::vector<std::string_view> kColumnKeys = {
    "required", "type", "not_null", "nulls",   "min",    "max",         "above",
    "below",    "in",   "not_in",   "matches", "length", "not_matches", "unique",
    "distinct", "mean", "std",      "median",  "total",  "quantiles",   "newest"};

namespace {

constexpr std::size_t kPatternLimit = 1'000;
constexpr std::int64_t kPatternMemory = 1 << 20;
constexpr std::string_view kTypes[] = {"boolean", "integer", "number", "text", "time"};

// A number, or a time in RFC 3339 (a date is its midnight).
Result<double> read_limit(const Place& place, const Node& node, std::string_view what,
                          bool& times) {
  if (node.is_scalar()) {
    const auto& text = node.text;
    const bool date = text.size() == 10 && text[4] == '-' && text[7] == '-';
    if (const auto time = parse_rfc3339(date ? text + "T00:00:00Z" : text)) {
      times = true;
      return static_cast<double>(time->ms);
    }
  }
  return read_number(place, node, what);
}

Result<void> read_range(const Place& place, const Node& rule, Check check,
                        std::vector<Check>& out) {
  check.kind = Kind::range;
  auto& b = check.bounds;
  int times = 0;
  int given = 0;
  const auto take = [&](const char* key, std::optional<double>& limit, bool& open,
                        bool is_open) -> Result<void> {
    const auto* node = rule.find(key);
    if (node == nullptr) return {};
    if (limit) return place.at(*node, std::string(key) + ": this end is given twice");
    bool time = false;
    SW_TRY(limit, read_limit(place, *node, key, time));
    open = is_open;
    times += time ? 1 : 0;
    ++given;
    check.line = node->line;
    return {};
  };
  SW_CHECK_OK(take("min", b.min, b.min_open, false));
  SW_CHECK_OK(take("above", b.min, b.min_open, true));
  SW_CHECK_OK(take("max", b.max, b.max_open, false));
  SW_CHECK_OK(take("below", b.max, b.max_open, true));
  if (given == 0) return {};
  if (times != 0 && times != given) return place.at(rule, "one end is a time, the other a number");
  b.times = times > 0;
  if (b.min && b.max && (*b.min > *b.max || (*b.min == *b.max && (b.min_open || b.max_open)))) {
    return place.at(rule, "no value is " + b.text());
  }
  out.push_back(std::move(check));
  return {};
}

Result<std::vector<Scalar>> read_values(const Place& place, const Node& node,
                                        std::string_view what) {
  if (node.kind != Node::Kind::list || node.items.empty()) {
    return place.at(node, std::string(what) + " is a list of values");
  }
  if (node.items.size() > kValueLimit) {
    return place.at(node,
                    std::string(what) + ": more than " + std::to_string(kValueLimit) + " values");
  }
  std::vector<Scalar> out;
  for (const auto& item : node.items) {
    switch (item->kind) {
      case Node::Kind::boolean:
        out.emplace_back(to_lower(item->text) == "true" ? 1.0 : 0.0);
        break;
      case Node::Kind::integer:
      case Node::Kind::real: {
        SW_TRY(const double number, read_number(place, *item, what));
        out.emplace_back(number);
        break;
      }
      case Node::Kind::text:
        out.emplace_back(item->text);
        break;
      default:
        return place.at(*item, std::string(what) + " holds numbers and texts, not " +
                                   std::string(yaml::kind_of(*item)));
    }
    if (out.back().index() != out.front().index()) {
      return place.at(*item, std::string(what) + " holds numbers or texts, not both",
                      "put numbers that are texts into quotes");
    }
  }
  return out;
}

Result<void> read_types(const Place& place, const Node& node, Check& check) {
  if (node.is_scalar()) {
    SW_TRY(auto word, read_text(place, node, "type"));
    check.types.push_back(std::move(word));
  } else {
    SW_TRY(check.types, read_names(place, node, "type"));
  }
  std::string all;
  for (const auto word : kTypes) (all += all.empty() ? "" : ", ") += word;
  for (const auto& word : check.types) {
    if (std::find(std::begin(kTypes), std::end(kTypes), word) != std::end(kTypes)) continue;
    return place.at(node, "type: '" + word + "' is not known", "one of " + all);
  }
  return {};
}

Result<void> read_nulls(const Place& place, const Node& node, Check& check) {
  if (node.is_scalar()) {
    SW_TRY(check.bounds.max, read_number(place, node, "nulls"));
  } else {
    SW_TRY(check.bounds, read_bounds(place, node, "nulls"));
  }
  for (const auto& end : {check.bounds.min, check.bounds.max}) {
    if (end && (*end < 0 || *end > 1)) {
      return place.at(node, "nulls is a share of the rows, 0 to 1, not " + number_text(*end));
    }
  }
  return {};
}

Result<void> read_quantiles(const Place& place, const Node& node, const Check& common,
                            std::vector<Check>& out) {
  if (node.kind != Node::Kind::map || node.members.empty()) {
    return place.at(node, "quantiles is a map of shares to limits", "quantiles: {0.95: {max: 30}}");
  }
  for (std::size_t i = 0; i < node.members.size(); ++i) {
    const auto& [key, limits] = node.members[i];
    const auto share = parse_double(key);
    if (!share || !(*share >= 0 && *share <= 1)) {
      return yaml::error_at(place.file, node.key_lines[i],
                            "quantiles: '" + key.substr(0, 80) + "' is no share from 0 to 1");
    }
    auto check = common;
    check.kind = Kind::quantile;
    check.line = limits->line;
    check.at = *share;
    SW_TRY(check.bounds, read_bounds(place, *limits, "quantiles"));
    out.push_back(std::move(check));
  }
  return {};
}

// Keys whose value says yes or no to one check.
Result<void> read_flag(const Place& place, const Node& rule, const char* key, Kind kind,
                       const Check& common, std::vector<Check>& out) {
  const auto* node = rule.find(key);
  if (node == nullptr) return {};
  SW_TRY(const bool wanted, read_bool(place, *node, key));
  if (!wanted) return place.at(*node, std::string(key) + ": false says nothing", "leave it out");
  out.push_back(common);
  out.back().kind = kind;
  out.back().line = node->line;
  return {};
}

using Fill = std::function<Result<void>(const Node&, Check&)>;

Result<void> read_key(const Node& rule, const char* key, Kind kind, const Check& common,
                      std::vector<Check>& out, const Fill& fill) {
  const auto* node = rule.find(key);
  if (node == nullptr) return {};
  auto check = common;
  check.kind = kind;
  check.line = node->line;
  SW_CHECK_OK(fill(*node, check));
  out.push_back(std::move(check));
  return {};
}

// Each key and how its value becomes a check, in the order of the guide.
Result<void> read_keys(const Place& place, const Node& rule, const Check& common,
                       std::vector<Check>& out) {
  const auto bounds = [&](const char* key) -> Fill {
    return [&place, key](const Node& node, Check& check) -> Result<void> {
      SW_TRY(check.bounds, read_bounds(place, node, key));
      return {};
    };
  };
  const auto pattern = [&](const Node& node, Check& check) -> Result<void> {
    SW_TRY(check.compiled, compile(place, node));
    check.pattern = node.text;
    return {};
  };
  const auto values = [&](const char* key) -> Fill {
    return [&place, key](const Node& node, Check& check) -> Result<void> {
      SW_TRY(check.values, read_values(place, node, key));
      return {};
    };
  };
  SW_CHECK_OK(read_key(rule, "type", Kind::type, common, out,
                       [&](const Node& n, Check& c) { return read_types(place, n, c); }));
  SW_CHECK_OK(read_flag(place, rule, "not_null", Kind::not_null, common, out));
  SW_CHECK_OK(read_key(rule, "nulls", Kind::nulls, common, out,
                       [&](const Node& n, Check& c) { return read_nulls(place, n, c); }));
  SW_CHECK_OK(read_range(place, rule, common, out));
  SW_CHECK_OK(read_key(rule, "in", Kind::in, common, out, values("in")));
  SW_CHECK_OK(read_key(rule, "not_in", Kind::not_in, common, out, values("not_in")));
  SW_CHECK_OK(read_key(rule, "matches", Kind::matches, common, out, pattern));
  SW_CHECK_OK(read_key(rule, "not_matches", Kind::not_matches, common, out, pattern));
  SW_CHECK_OK(read_key(rule, "length", Kind::length, common, out, bounds("length")));
  SW_CHECK_OK(read_flag(place, rule, "unique", Kind::unique, common, out));
  for (const auto& [key, kind] : {std::pair{"distinct", Kind::distinct},
                                  {"mean", Kind::mean},
                                  {"std", Kind::std},
                                  {"median", Kind::median},
                                  {"total", Kind::total}}) {
    SW_CHECK_OK(read_key(rule, key, kind, common, out, bounds(key)));
  }
  if (const auto* node = rule.find("quantiles")) {
    SW_CHECK_OK(read_quantiles(place, *node, common, out));
  }
  return read_key(rule, "newest", Kind::newest, common, out,
                  [&](const Node& n, Check& c) -> Result<void> {
                    SW_TRY(c.bounds.max, read_span(place, n, "newest"));
                    return {};
                  });
}

}  // namespace

Result<std::string> read_text(const Place& place, const Node& node, std::string_view what) {
  if (!node.is_scalar() || node.kind == Node::Kind::null || node.text.empty() ||
      node.text.size() > kTextLimit) {
    return place.at(
        node, std::string(what) + " must be a short text, got " + std::string(yaml::kind_of(node)));
  }
  return node.text;
}

Result<double> read_number(const Place& place, const Node& node, std::string_view what) {
  const bool written = node.kind == Node::Kind::integer || node.kind == Node::Kind::real;
  std::string_view text = node.text;
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto number = written ? parse_double(text) : std::nullopt;
  if (!number || !std::isfinite(*number)) {
    return place.at(
        node, std::string(what) + " must be a number, got " +
                  (node.is_scalar() && !node.text.empty() ? "'" + node.text.substr(0, 80) + "'"
                                                          : std::string(yaml::kind_of(node))));
  }
  return *number;
}

Result<bool> read_bool(const Place& place, const Node& node, std::string_view what) {
  if (node.kind != Node::Kind::boolean) {
    return place.at(node, std::string(what) + " must be true or false, got " +
                              std::string(yaml::kind_of(node)));
  }
  return to_lower(node.text) == "true";
}

Result<std::vector<std::string>> read_names(const Place& place, const Node& node,
                                            std::string_view what) {
  if (node.kind != Node::Kind::list || node.items.empty() || node.items.size() > kColumnLimit) {
    return place.at(
        node, std::string(what) + " is a list of names, got " + std::string(yaml::kind_of(node)));
  }
  std::vector<std::string> out;
  for (const auto& item : node.items) {
    SW_TRY(auto name, read_text(place, *item, what));
    if (std::find(out.begin(), out.end(), name) != out.end()) {
      return place.at(*item, std::string(what) + ": '" + name + "' is there twice");
    }
    out.push_back(std::move(name));
  }
  return out;
}

Result<Bounds> read_bounds(const Place& place, const Node& node, std::string_view what) {
  Bounds out;
  if (node.is_scalar()) {
    SW_TRY(const double number, read_number(place, node, what));
    out.min = out.max = number;
    return out;
  }
  if (node.kind != Node::Kind::map) {
    return place.at(node, std::string(what) + " is {min: .., max: ..} or a number, got " +
                              std::string(yaml::kind_of(node)));
  }
  SW_CHECK_OK(yaml::only(node, {"min", "max"}, place.file, what));
  if (const auto* min = node.find("min")) {
    SW_TRY(out.min, read_number(place, *min, std::string(what) + ".min"));
  }
  if (const auto* max = node.find("max")) {
    SW_TRY(out.max, read_number(place, *max, std::string(what) + ".max"));
  }
  if (!out.min && !out.max) return place.at(node, std::string(what) + " has neither min nor max");
  if (out.min && out.max && *out.min > *out.max) {
    return place.at(node, std::string(what) + ": min is above max");
  }
  return out;
}

Result<double> read_span(const Place& place, const Node& node, std::string_view what) {
  const auto wrong = [&] {
    return place.at(node, std::string(what) + " is a span of time", "2h, 1d12h, or seconds");
  };
  if (!node.is_scalar() || node.text.empty() || node.text.size() > 40) return wrong();
  if (const auto seconds = parse_double(node.text)) {
    if (*seconds > 0) return *seconds;
    return wrong();
  }
  double out = 0;
  std::string digits;
  for (const char c : node.text) {
    if ((c >= '0' && c <= '9') || c == '.') {
      digits += c;
      continue;
    }
    const auto count = parse_double(digits);
    const int unit = c == 'd' ? 86'400 : c == 'h' ? 3'600 : c == 'm' ? 60 : c == 's' ? 1 : 0;
    if (!count || unit == 0) return wrong();
    out += *count * unit;
    digits.clear();
  }
  if (!digits.empty() || out <= 0) return wrong();
  return out;
}

Result<std::shared_ptr<const Pattern>> compile(const Place& place, const Node& node) {
  if (!node.is_scalar() || node.kind == Node::Kind::null || node.text.empty()) {
    return place.at(node, "a pattern is a text", "matches: \"^[A-Z]{2}$\"");
  }
  if (node.text.size() > kPatternLimit) {
    return place.at(node, "the pattern is longer than " + std::to_string(kPatternLimit) + " bytes");
  }
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kPatternMemory);
  auto out = std::make_shared<const Pattern>(node.text, options);
  if (!out->expression.ok()) {
    return place.at(
        node,
        "the pattern '" + node.text.substr(0, 80) + "' cannot be used: " + out->expression.error(),
        "look-around and back-references are not known");
  }
  return out;
}

Result<void> read_column_checks(const Place& place, const Node& rule, const Check& common,
                                std::vector<Check>& out) {
  auto shared = common;
  const auto* required = rule.find("required");
  if (required != nullptr) {
    SW_TRY(shared.required, read_bool(place, *required, "required"));
  }
  const auto before = out.size();
  SW_CHECK_OK(read_keys(place, rule, shared, out));
  if (out.size() > before) return {};
  if (required != nullptr && shared.required && common.column != "*") {  // it is there, no more
    shared.kind = Kind::columns;
    shared.columns = {std::exchange(shared.column, {})};
    out.push_back(std::move(shared));
    return {};
  }
  std::string all;
  for (const auto word : kColumnKeys) (all += all.empty() ? "" : ", ") += word;
  return place.at(rule, "the rule about '" + common.column + "' wants nothing of it",
                  "use some of " + all);
}

}  // namespace slipway::expectation
