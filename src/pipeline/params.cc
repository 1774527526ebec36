// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/text.h"
#include "pipeline/definition.h"
#include "yaml/yaml.h"

namespace slipway::pipeline {

Result<Params> with_params(const Params& declared, const Params& given) {
  Params out = declared;
  for (const auto& [name, value] : given) {
    const auto same = [&key = name](const auto& entry) { return entry.first == key; };
    const auto at = std::find_if(out.begin(), out.end(), same);
    if (at == out.end()) {
      std::vector<std::string_view> names;
      for (const auto& [known, unused] : declared) names.push_back(known);
      const auto meant = yaml::nearest(name, names);
      return invalid(
          "the pipeline has no parameter '" + name.substr(0, 80) + "'",
          meant.empty() ? "declare it under 'params:'" : "did you mean '" + meant + "'?");
    }
    SW_TRY(at->second, converted(name, at->second, value));
  }
  return out;
}

Result<Params> params_from_words(const Params& declared, const std::vector<std::string>& words) {
  Params out;
  for (const auto& word : words) {
    const auto equals = word.find('=');
    if (equals == word.npos || equals == 0) {
      return invalid("'" + word.substr(0, 80) + "' is not KEY=VALUE");
    }
    const auto name = word.substr(0, equals);
    Value like;
    for (const auto& [known, value] : declared) {
      if (known == name) like = value;
    }
    SW_TRY(auto value, typed(name, like, std::string_view(word).substr(equals + 1)));
    out.emplace_back(name, std::move(value));
  }
  SW_CHECK_OK(with_params(declared, out));
  return out;
}

namespace {

Result<void> check_param(const std::string& name, const Value& value, const ParamRule& rule) {
  const bool missing = value.text.empty() && value.kind != Value::Kind::null;
  if (rule.required && missing) {
    return invalid("parameter '" + name + "' is not given",
                   "-p " + name + "=..; it has no default" +
                       (rule.description.empty() ? "" : " (" + rule.description + ")"));
  }
  if (!rule.choices.empty()) {
    std::string all;
    for (const auto& choice : rule.choices) {
      if (choice.text == value.text) return {};
      (all += all.empty() ? "" : ", ") += choice.text;
    }
    return invalid("parameter '" + name + "' must be one of " + all + ", not '" +
                   value.text.substr(0, 80) + "'");
  }
  const auto number = parse_double(value.text);
  if (number && rule.least && *number < *rule.least) {
    return invalid("parameter '" + name + "' must be at least " + number_text(*rule.least) +
                   ", not " + value.text.substr(0, 80));
  }
  if (number && rule.most && *number > *rule.most) {
    return invalid("parameter '" + name + "' must be at most " + number_text(*rule.most) +
                   ", not " + value.text.substr(0, 80));
  }
  return {};
}

}  // namespace

Result<void> check_params(const Definition& definition, const Params& params) {
  for (const auto& [name, value] : params) {
    const auto rule = definition.rules.find(name);
    if (rule == definition.rules.end()) continue;
    SW_CHECK_OK(check_param(name, value, rule->second));
  }
  return {};
}

}  // namespace slipway::pipeline
