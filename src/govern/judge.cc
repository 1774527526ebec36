// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "base/text.h"
#include "govern/govern.h"

namespace slipway::govern {
namespace {

std::optional<double> find(const std::map<std::string, double>& numbers, const std::string& name) {
  const auto at = numbers.find(name);
  if (at == numbers.end() || std::isnan(at->second)) return std::nullopt;
  return at->second;
}

std::optional<double> fact(const Rule& rule, const Facts& facts) {
  switch (rule.about) {
    case Rule::About::metric:
      return find(facts.metrics, rule.key());
    case Rule::About::latency:
      return find(facts.latency, rule.name);
    case Rule::About::fairness: {
      const auto group = facts.fairness.find(rule.group);
      return group == facts.fairness.end() ? std::nullopt : find(group->second, rule.name);
    }
  }
  return std::nullopt;
}

std::string missing_text(const Rule& rule, const Facts& facts) {
  std::string how = "log it with the run, or log an evaluation.csv so that the server measures it";
  if (rule.recent) {
    how = "name the endpoint, which must know the outcomes of at least 100 requests";
  } else if (!rule.slice.empty()) {
    how = "log an evaluation.csv with the label and the column '" + rule.slice + "'";
  } else if (rule.about == Rule::About::fairness) {
    how = "log an evaluation.csv with the label and the column '" + rule.group + "'";
  } else if (rule.about == Rule::About::latency) {
    how = "log an evaluation.csv so that the server can time the version";
  }
  return "not known (" + facts.source + "); " + how;
}

std::string shortened(double x) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", x);
  return text;
}

// Checks the limits; the first that is passed over is the reason.
std::string broken_limit(const Rule& rule, double actual, double champion) {
  const auto over = [&](double bound, bool low, const std::string& what) {
    return shortened(actual) + (low ? " is below " : " is above ") + what + shortened(bound);
  };
  if (rule.min && actual < *rule.min) return over(*rule.min, true, "");
  if (rule.max && actual > *rule.max) return over(*rule.max, false, "");
  const std::string of = " (champion " + shortened(champion) + ")";
  if (rule.min_delta && actual < champion + *rule.min_delta) {
    return over(champion + *rule.min_delta, true, "") + of;
  }
  if (rule.max_delta && actual > champion + *rule.max_delta) {
    return over(champion + *rule.max_delta, false, "") + of;
  }
  if (rule.max_ratio && actual > champion * *rule.max_ratio) {
    return over(champion * *rule.max_ratio, false, "") + of;
  }
  return {};
}

Verdict judge_rule(const Rule& rule, const Subject& subject) {
  Verdict out{.rule = rule.label(), .wanted = rule.wanted(), .actual = fact(rule, subject.facts)};
  if (rule.against_champion && !subject.champion) {
    out.passed = true;
    out.reason = "there is no champion to compare with";
    return out;
  }
  if (!out.actual) {
    out.reason = missing_text(rule, subject.facts);
    return out;
  }
  if (rule.against_champion) {
    out.champion = fact(rule, subject.champion_facts);
    if (!out.champion) {
      out.reason = "the champion's number is not known (" + subject.champion_facts.source + ")";
      return out;
    }
  }
  out.reason = broken_limit(rule, *out.actual, out.champion.value_or(0));
  out.passed = out.reason.empty();
  if (out.passed) {
    out.reason = shortened(*out.actual);
    if (out.champion) out.reason += " (champion " + shortened(*out.champion) + ")";
    out.reason += ", " + subject.facts.source;
  }
  return out;
}

}  // namespace

std::vector<Verdict> judge(const Policy& policy, const Subject& subject) {
  std::vector<Verdict> out;
  for (const auto& rule : policy.rules) out.push_back(judge_rule(rule, subject));
  return out;
}

std::string Decision::summary() const {
  std::string out = (allowed ? "allowed by " : "refused by ") + policy;
  if (allowed && rules.empty()) return out + ", which has no rules about numbers";
  if (allowed) return out + ": all " + std::to_string(rules.size()) + " rules passed";
  bool first = true;
  for (const auto& rule : rules) {
    if (rule.passed) continue;
    out += (first ? ": " : "; ") + rule.rule + ": " + rule.reason;
    first = false;
  }
  return out;
}

}  // namespace slipway::govern
