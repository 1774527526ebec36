// SPDX-License-Identifier: Apache-2.0
#include "govern/policy.h"

#include <cmath>

#include "base/text.h"
#include "yaml/yaml.h"

namespace slipway::govern {
namespace {

using yaml::Node;

constexpr std::size_t kSizeLimit = 256 << 10;
constexpr std::size_t kRuleLimit = 200;
constexpr std::size_t kNameLimit = 250;
constexpr std::size_t kPeopleLimit = 100;
constexpr std::string_view kFairness[] = {"demographic_parity_difference",
                                          "demographic_parity_ratio", "equalized_odds_difference",
                                          "equalized_odds_ratio"};
constexpr std::string_view kLatency[] = {"p50_ms", "p99_ms"};

struct Limit {
  std::string_view key;
  std::optional<double> Rule::*field;
  bool relative;
};
constexpr Limit kLimits[] = {{"min", &Rule::min, false},
                             {"max", &Rule::max, false},
                             {"min_delta", &Rule::min_delta, true},
                             {"max_delta", &Rule::max_delta, true},
                             {"max_ratio", &Rule::max_ratio, true}};

Result<std::string> read_text(const Node& node, const std::string& file, std::string_view what) {
  if (!node.is_scalar() || node.kind == Node::Kind::null || node.text.empty() ||
      node.text.size() > kNameLimit) {
    return yaml::error_at(
        file, node.line,
        std::string(what) + " must be a short text, got " + std::string(yaml::kind_of(node)));
  }
  return node.text;
}

Result<double> read_number(const Node& node, const std::string& file, std::string_view what) {
  const auto number = node.is_scalar() ? parse_double(node.text) : std::nullopt;
  if (!number || !std::isfinite(*number)) {
    return yaml::error_at(
        file, node.line,
        std::string(what) + " must be a number, got " +
            (node.is_scalar() ? "'" + node.text + "'" : std::string(yaml::kind_of(node))));
  }
  return *number;
}

template <std::size_t N>
Result<void> check_word(const std::string& word, const std::string_view (&known)[N],
                        const std::string& file, int line, const std::string& what) {
  std::string all;
  for (const auto one : known) {
    if (one == word) return {};
    (all += all.empty() ? "" : ", ") += one;
  }
  return yaml::error_at(file, line, "unknown " + what + " '" + word + "'", "one of " + all);
}

Result<void> read_subject(const Node& node, const std::string& file, Rule& rule) {
  const auto* metric = node.find("metric");
  const auto* fairness = node.find("fairness");
  const auto* latency = node.find("latency");
  const auto* size = node.find("size");
  const int given =
      (metric != nullptr) + (fairness != nullptr) + (latency != nullptr) + (size != nullptr);
  if (given != 1) {
    return yaml::error_at(file, node.line, "a rule names one of metric, fairness, latency, size",
                          "for example {metric: roc_auc, min: 0.65}");
  }
  const auto* group = node.find("group");
  if ((group != nullptr) != (fairness != nullptr)) {
    return yaml::error_at(file, node.line,
                          group == nullptr ? "a fairness rule needs group: the column to compare"
                                           : "group belongs to fairness rules only");
  }
  if (metric != nullptr) {
    SW_TRY(rule.name, read_text(*metric, file, "metric"));
  } else if (size != nullptr) {
    SW_TRY(const auto unit, read_text(*size, file, "size"));
    if (unit != "mib")
      return yaml::error_at(file, size->line, "size: '" + unit + "' is unknown", "mib");
    rule.name = "size_mib";
  } else if (latency != nullptr) {
    rule.about = Rule::About::latency;
    SW_TRY(rule.name, read_text(*latency, file, "latency"));
    SW_CHECK_OK(check_word(rule.name, kLatency, file, latency->line, "latency"));
  } else {
    rule.about = Rule::About::fairness;
    SW_TRY(rule.name, read_text(*fairness, file, "fairness"));
    SW_CHECK_OK(check_word(rule.name, kFairness, file, fairness->line, "fairness measure"));
    SW_TRY(rule.group, read_text(*group, file, "group"));
  }
  return {};
}

Result<void> read_limits(const Node& node, const std::string& file, Rule& rule) {
  bool any = false;
  for (const auto& [key, field, relative] : kLimits) {
    const auto* limit = node.find(key);
    if (limit == nullptr) continue;
    if (relative != rule.against_champion) {
      return yaml::error_at(
          file, limit->line,
          relative ? std::string(key) + " compares with the champion"
                   : std::string(key) + " is no comparison with the champion",
          relative ? "add compare: champion" : "use min_delta, max_delta or max_ratio");
    }
    SW_TRY(rule.*field, read_number(*limit, file, key));
    any = true;
  }
  if (!any) {
    return yaml::error_at(
        file, node.line, "the rule about '" + rule.name + "' has no limit",
        rule.against_champion ? "give min_delta, max_delta or max_ratio" : "give min or max");
  }
  return {};
}

// Which rows a metric is of.
Result<void> read_rows(const Node& node, const std::string& file, Rule& rule) {
  const auto* on = node.find("on");
  const auto* slice = node.find("slice");
  if ((on != nullptr || slice != nullptr) && node.find("metric") == nullptr) {
    return yaml::error_at(file, (on != nullptr ? on : slice)->line,
                          "on and slice belong to metric rules only");
  }
  if (on != nullptr) {
    SW_TRY(const auto which, read_text(*on, file, "on"));
    if (which != "recent") {
      return yaml::error_at(file, on->line, "on: '" + which + "' is unknown",
                            "recent: labelled requests of the endpoint");
    }
    rule.recent = true;
  }
  if (slice != nullptr) {
    SW_TRY(rule.slice, read_text(*slice, file, "slice"));
  }
  return {};
}

Result<Rule> read_rule(const Node& node, const std::string& file) {
  if (node.kind != Node::Kind::map) {
    return yaml::error_at(file, node.line,
                          "a rule is a map, got " + std::string(yaml::kind_of(node)));
  }
  SW_CHECK_OK(yaml::only(node,
                         {"metric", "fairness", "latency", "size", "on", "slice", "group",
                          "compare", "min", "max", "min_delta", "max_delta", "max_ratio"},
                         file, "rule"));
  Rule rule{.line = node.line};
  SW_CHECK_OK(read_subject(node, file, rule));
  if (const auto* compare = node.find("compare")) {
    SW_TRY(const auto with, read_text(*compare, file, "compare"));
    if (with != "champion") {
      return yaml::error_at(file, compare->line, "compare: '" + with + "' is unknown",
                            "the only comparison is with the champion");
    }
    rule.against_champion = true;
  }
  SW_CHECK_OK(read_rows(node, file, rule));
  SW_CHECK_OK(read_limits(node, file, rule));
  return rule;
}

Result<std::vector<std::string>> read_people(const Node& list, const std::string& file) {
  if (list.kind != Node::Kind::list || list.items.empty() || list.items.size() > kPeopleLimit) {
    return yaml::error_at(file, list.line, "approval.by is a list of 1 to 100 names");
  }
  std::vector<std::string> out;
  for (const auto& item : list.items) {
    SW_TRY(auto name, read_text(*item, file, "approval.by"));
    if (name.find('\n') != std::string::npos) {
      return yaml::error_at(file, item->line, "a name has one line");
    }
    out.push_back(std::move(name));
  }
  return out;
}

Result<Approval> read_approval(const Node& node, const std::string& file) {
  if (node.kind != Node::Kind::map) {
    return yaml::error_at(file, node.line,
                          "approval is a map, got " + std::string(yaml::kind_of(node)),
                          "for example approval: {count: 1, by: [ada, grace]}");
  }
  SW_CHECK_OK(yaml::only(node, {"count", "by", "own"}, file, "approval"));
  Approval out;
  if (const auto* by = node.find("by")) {
    SW_TRY(out.by, read_people(*by, file));
  }
  if (const auto* count = node.find("count")) {
    const auto number = count->kind == Node::Kind::integer ? parse_int(count->text) : std::nullopt;
    if (!number || *number < 1 || *number > static_cast<std::int64_t>(kPeopleLimit)) {
      return yaml::error_at(file, count->line, "approval.count is a whole number from 1 to 100");
    }
    out.count = *number;
  }
  if (!out.by.empty() && out.count > static_cast<std::int64_t>(out.by.size())) {
    return yaml::error_at(file, node.line,
                          "approval.count is " + std::to_string(out.count) + ", but only " +
                              std::to_string(out.by.size()) + " people may approve");
  }
  if (const auto* own = node.find("own")) {
    if (own->kind != Node::Kind::boolean) {
      return yaml::error_at(file, own->line, "approval.own is true or false");
    }
    out.own = own->text == "true";
  }
  return out;
}

Result<double> read_undecided(const Node& node, const std::string& file) {
  SW_TRY(const double seconds, read_number(node, file, "undecided_seconds"));
  if (seconds >= 1 && seconds <= 31'536'000) return seconds;
  return yaml::error_at(file, node.line, "undecided_seconds must be 1 to 31536000");
}

std::string signed_text(double delta) {
  return (delta < 0 ? "- " : "+ ") + number_text(std::abs(delta));
}

}  // namespace

std::string Rule::key() const {
  return (recent ? "recent:" : "") + name + (slice.empty() ? "" : " by " + slice);
}

std::string Rule::label() const {
  std::string out = name;
  if (!slice.empty()) out += " of the worst " + slice;
  if (recent) out += " on recent requests";
  if (!group.empty()) out += " of " + group;
  if (against_champion) out += " against the champion";
  return out;
}

std::string Rule::wanted() const {
  std::string out;
  const auto add = [&](const std::string& text) { out += (out.empty() ? "" : " and ") + text; };
  if (min) add(">= " + number_text(*min));
  if (max) add("<= " + number_text(*max));
  if (min_delta) add(">= champion " + signed_text(*min_delta));
  if (max_delta) add("<= champion " + signed_text(*max_delta));
  if (max_ratio) add("<= champion x " + number_text(*max_ratio));
  return out;
}

Result<Policy> parse_policy(std::string_view text, const std::string& file) {
  if (text.size() > kSizeLimit) return invalid(file + ": a policy is at most 256 KiB long");
  SW_TRY(const auto root, yaml::parse(text, file));
  if (root->kind != Node::Kind::map) {
    return yaml::error_at(file, root->line,
                          "a policy is a map, got " + std::string(yaml::kind_of(*root)),
                          "start with name: and rules:");
  }
  SW_CHECK_OK(yaml::only(*root, {"name", "description", "rules", "approval", "undecided_seconds"},
                         file, "policy"));
  Policy out{.text = std::string(text)};
  const auto* name = root->find("name");
  if (name == nullptr) return yaml::error_at(file, root->line, "the policy has no name");
  SW_TRY(out.name, read_text(*name, file, "name"));
  if (const auto* description = root->find("description")) {
    if (!description->is_scalar()) {
      return yaml::error_at(file, description->line, "description must be a text");
    }
    out.description = description->text;
  }
  if (const auto* approval = root->find("approval")) {
    SW_TRY(out.approval, read_approval(*approval, file));
  }
  if (const auto* undecided = root->find("undecided_seconds")) {
    SW_TRY(out.undecided_seconds, read_undecided(*undecided, file));
  }
  const auto* rules = root->find("rules");
  if (rules == nullptr && out.approval) return out;
  if (rules == nullptr || rules->kind != Node::Kind::list || rules->items.empty()) {
    return yaml::error_at(file, rules == nullptr ? root->line : rules->line,
                          "a policy has a list of rules with at least one",
                          "for example rules: [{metric: roc_auc, min: 0.65}]");
  }
  if (rules->items.size() > kRuleLimit) {
    return yaml::error_at(file, rules->line, "more than 200 rules");
  }
  for (const auto& item : rules->items) {
    SW_TRY(auto rule, read_rule(*item, file));
    out.rules.push_back(std::move(rule));
  }
  return out;
}

}  // namespace slipway::govern
