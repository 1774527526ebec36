// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

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

}  // namespace slipway::pipeline
