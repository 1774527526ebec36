// SPDX-License-Identifier: Apache-2.0
#include "expectation/suite.h"

#include <algorithm>
#include <set>

#include "parse.h"

namespace slipway::expectation {
namespace {

constexpr std::size_t kSizeLimit = std::size_t{1} << 20;
constexpr std::size_t kCheckLimit = 2'000;
constexpr std::string_view kSubjects[] = {"column",       "columns",         "rows",    "schema",
                                          "column_count", "unique_together", "compare", "sum"};
constexpr std::string_view kOperators[] = {"<", "<=", "=", "!=", ">=", ">"};

Result<Action> read_action(const Place& place, const Node& node) {
  SW_TRY(const auto word, read_text(place, node, "on_request"));
  for (const auto action : {Action::pass, Action::flag, Action::refuse}) {
    if (name_of(action) == word) return action;
  }
  return place.at(node, "on_request: '" + word + "' is not known", "refuse, flag or pass");
}

// What every rule may say.
Result<Check> read_common(const Place& place, const Node& rule) {
  Check out{.line = rule.line};
  if (const auto* mostly = rule.find("mostly")) {
    SW_TRY(out.mostly, read_number(place, *mostly, "mostly"));
    if (out.mostly <= 0 || out.mostly > 1) {
      return place.at(*mostly,
                      "mostly is a share above 0 and at most 1, not " + number_text(out.mostly));
    }
  }
  if (const auto* severity = rule.find("severity")) {
    SW_TRY(const auto word, read_text(place, *severity, "severity"));
    if (word != "error" && word != "warning") {
      return place.at(*severity, "severity: '" + word + "' is not known", "error or warning");
    }
    if (word == "warning") out.severity = Severity::warning;
  }
  if (const auto* action = rule.find("on_request")) {
    SW_TRY(out.on_request, read_action(place, *action));
  }
  return out;
}

Result<void> only_common(const Place& place, const Node& rule, std::string_view subject,
                         std::vector<std::string_view> more = {}) {
  more.insert(more.end(), {subject, "mostly", "severity", "on_request"});
  return yaml::only(rule, more, place.file, "a rule about '" + std::string(subject) + "'");
}

Result<void> read_counts(const Place& place, const Node& rule, const Node& node, Check check,
                         std::vector<Check>& out) {
  const auto subject = check.kind == Kind::rows ? "rows" : "column_count";
  SW_CHECK_OK(only_common(place, rule, subject));
  SW_TRY(check.bounds, read_bounds(place, node, subject));
  out.push_back(std::move(check));
  return {};
}

Result<void> read_schema(const Place& place, const Node& rule, const Node& node, Check check,
                         std::vector<Check>& out) {
  SW_CHECK_OK(only_common(place, rule, "schema"));
  check.kind = Kind::columns;
  if (node.kind == Node::Kind::list) {
    SW_TRY(check.columns, read_names(place, node, "schema"));
    check.exact = true;
    out.push_back(std::move(check));
    return {};
  }
  if (node.kind != Node::Kind::map) {
    return place.at(node, "schema is a map, got " + std::string(yaml::kind_of(node)),
                    "schema: {columns: [a, b], exact: true}");
  }
  SW_CHECK_OK(yaml::only(node, {"columns", "exact", "ordered"}, place.file, "schema"));
  const auto* columns = node.find("columns");
  if (columns == nullptr) return place.at(node, "schema needs columns: the names");
  SW_TRY(check.columns, read_names(place, *columns, "schema.columns"));
  if (const auto* exact = node.find("exact")) {
    SW_TRY(check.exact, read_bool(place, *exact, "schema.exact"));
  }
  if (const auto* ordered = node.find("ordered")) {
    SW_TRY(check.ordered, read_bool(place, *ordered, "schema.ordered"));
  }
  out.push_back(std::move(check));
  return {};
}

Result<void> read_together(const Place& place, const Node& rule, const Node& node, Check check,
                           std::vector<Check>& out) {
  SW_CHECK_OK(only_common(place, rule, "unique_together"));
  check.kind = Kind::unique_together;
  SW_TRY(check.columns, read_names(place, node, "unique_together"));
  out.push_back(std::move(check));
  return {};
}

Result<void> read_compare(const Place& place, const Node& rule, const Node& node, Check check,
                          std::vector<Check>& out) {
  SW_CHECK_OK(only_common(place, rule, "compare"));
  check.kind = Kind::compare;
  const std::string hint = "compare: [departure, <=, arrival]";
  if (node.kind != Node::Kind::list || node.items.size() != 3) {
    return place.at(node, "compare is a list of a column, an operator and a column", hint);
  }
  SW_TRY(const auto left, read_text(place, *node.items[0], "compare"));
  SW_TRY(check.op, read_text(place, *node.items[1], "compare"));
  SW_TRY(const auto right, read_text(place, *node.items[2], "compare"));
  if (check.op == "==") check.op = "=";
  if (std::find(std::begin(kOperators), std::end(kOperators), check.op) == std::end(kOperators)) {
    return place.at(*node.items[1], "'" + check.op + "' is no operator", "< <= = != >= >");
  }
  check.columns = {left, right};
  out.push_back(std::move(check));
  return {};
}

Result<void> read_sum(const Place& place, const Node& rule, const Node& node, Check check,
                      std::vector<Check>& out) {
  SW_CHECK_OK(only_common(place, rule, "sum", {"equals", "tolerance"}));
  check.kind = Kind::sum;
  SW_TRY(check.columns, read_names(place, node, "sum"));
  const auto* equals = rule.find("equals");
  if (equals == nullptr) {
    return place.at(rule, "a sum needs equals: the column that it must be",
                    "{sum: [net, tax], equals: gross}");
  }
  SW_TRY(auto total, read_text(place, *equals, "equals"));
  check.columns.push_back(std::move(total));
  check.tolerance = 1e-9;
  if (const auto* tolerance = rule.find("tolerance")) {
    SW_TRY(check.tolerance, read_number(place, *tolerance, "tolerance"));
    if (check.tolerance < 0) return place.at(*tolerance, "tolerance is not below 0");
  }
  out.push_back(std::move(check));
  return {};
}

Result<void> read_columns(const Place& place, const Node& rule, const Node& node, Check common,
                          std::vector<Check>& out) {
  auto keys = kColumnKeys;
  keys.insert(keys.end(), {"column", "columns", "mostly", "severity", "on_request"});
  SW_CHECK_OK(yaml::only(rule, keys, place.file, "a rule about columns"));
  std::vector<std::string> names;
  if (rule.find("column") != nullptr) {
    SW_TRY(auto name, read_text(place, node, "column"));
    names.push_back(std::move(name));
  } else if (node.is_scalar() && node.text == "all") {
    names.push_back("*");
  } else {
    SW_TRY(names, read_names(place, node, "columns"));
  }
  for (auto& name : names) {
    common.column = std::move(name);
    SW_CHECK_OK(read_column_checks(place, rule, common, out));
    if (out.size() > kCheckLimit) break;
  }
  return {};
}

Result<void> read_rule(const Place& place, const Node& rule, std::vector<Check>& out) {
  if (rule.kind != Node::Kind::map) {
    return place.at(rule, "a rule is a map, got " + std::string(yaml::kind_of(rule)));
  }
  std::string_view subject;
  for (const auto word : kSubjects) {
    if (rule.find(word) == nullptr) continue;
    if (!subject.empty()) {
      return place.at(rule,
                      "a rule is about one thing, this has '" + std::string(subject) + "' and '" +
                          std::string(word) + "'",
                      "write two rules");
    }
    subject = word;
  }
  if (subject.empty()) {
    std::string all;
    for (const auto word : kSubjects) (all += all.empty() ? "" : ", ") += word;
    return place.at(rule, "the rule does not say what it is about", "one of " + all);
  }
  SW_TRY(auto check, read_common(place, rule));
  const auto& node = *rule.find(subject);
  const auto before = out.size();
  if (subject == "rows" || subject == "column_count") {
    check.kind = subject == "rows" ? Kind::rows : Kind::column_count;
    SW_CHECK_OK(read_counts(place, rule, node, check, out));
  } else if (subject == "schema") {
    SW_CHECK_OK(read_schema(place, rule, node, check, out));
  } else if (subject == "unique_together") {
    SW_CHECK_OK(read_together(place, rule, node, check, out));
  } else if (subject == "compare") {
    SW_CHECK_OK(read_compare(place, rule, node, check, out));
  } else if (subject == "sum") {
    SW_CHECK_OK(read_sum(place, rule, node, check, out));
  } else {
    SW_CHECK_OK(read_columns(place, rule, node, check, out));
  }
  const bool live = std::any_of(out.begin() + static_cast<std::ptrdiff_t>(before), out.end(),
                                [](const Check& made) { return made.of_requests(); });
  if (check.on_request && !live) {
    return place.at(*rule.find("on_request"), "nothing in this rule can be told from one request",
                    "take on_request away: only a table of rows tells");
  }
  if (check.mostly < 1 && std::none_of(out.begin() + static_cast<std::ptrdiff_t>(before), out.end(),
                                       [](const Check& made) { return made.of_rows(); })) {
    return place.at(*rule.find("mostly"), "nothing in this rule is judged row by row");
  }
  return {};
}

}  // namespace

bool Bounds::holds(double x) const {
  if (std::isnan(x)) return false;
  if (min && (min_open ? x <= *min : x < *min)) return false;
  return !max || (max_open ? x < *max : x <= *max);
}

bool Check::of_requests() const {
  switch (kind) {
    case Kind::compare:
    case Kind::sum:
    case Kind::type:
    case Kind::not_null:
    case Kind::range:
    case Kind::in:
    case Kind::not_in:
    case Kind::matches:
    case Kind::not_matches:
    case Kind::length:
      return true;
    default:
      return false;
  }
}

bool Check::of_rows() const {
  if (kind == Kind::type) return false;
  return of_requests() || kind == Kind::unique || kind == Kind::unique_together;
}

Result<Suite> parse_suite(std::string_view text, const std::string& file) {
  if (text.size() > kSizeLimit) return invalid(file + ": larger than 1 MiB");
  SW_TRY(const auto root, yaml::parse(text, file));
  const Place place{file};
  if (root->kind != Node::Kind::map) {
    return place.at(*root, "a suite is a map with rules, got " + std::string(yaml::kind_of(*root)));
  }
  SW_CHECK_OK(yaml::only(*root, {"name", "description", "on_request", "rules"}, file, "a suite"));
  Suite out{.text = std::string(text)};
  if (const auto* name = root->find("name")) {
    SW_TRY(out.name, read_text(place, *name, "name"));
  }
  if (const auto* description = root->find("description")) {
    SW_TRY(out.description, read_text(place, *description, "description"));
  }
  if (const auto* action = root->find("on_request")) {
    SW_TRY(out.on_request, read_action(place, *action));
  }
  const auto* rules = root->find("rules");
  if (rules == nullptr || rules->kind != Node::Kind::list || rules->items.empty()) {
    return place.at(rules == nullptr ? *root : *rules, "a suite needs rules: a list of them",
                    "rules: [{column: age, min: 0}]");
  }
  for (const auto& rule : rules->items) {
    SW_CHECK_OK(read_rule(place, *rule, out.checks));
    if (out.checks.size() > kCheckLimit) {
      return place.at(*rule, "more than " + std::to_string(kCheckLimit) + " checks",
                      "write several suites");
    }
  }
  return out;
}

}  // namespace slipway::expectation
