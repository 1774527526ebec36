// SPDX-License-Identifier: Apache-2.0
// Reads the fields of one YAML file; everything that fails says where.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "pipeline/definition.h"
#include "pipeline/expression.h"
#include "yaml/yaml.h"

namespace slipway::pipeline {

inline constexpr std::size_t kMaxSteps = 10'000;
inline constexpr std::size_t kMaxItems = 100'000;
inline constexpr const char* kNameHint =
    "letters, digits, '_', '-' and '.', starting with a letter or digit, at most 100";

bool is_name(std::string_view name);
bool is_variable(std::string_view name);
bool is_branch(std::string_view name);  // by git's rules, so that it is also a safe relative path

class Fields {
 public:
  explicit Fields(const std::string& file) : file_(file) {}

  Error fail(const yaml::Node& at, const std::string& message, std::string hint = {}) const {
    return yaml::error_at(file_, at.line, message, std::move(hint));
  }
  Error moved(const yaml::Node& at, Error error) const {
    return fail(at, error.message, std::move(error.hint));
  }
  const std::string& file() const { return file_; }

  // All of these leave `out` alone when the key is absent.
  Result<void> text(const yaml::Node& map, const std::string& key, std::string& out) const;
  Result<void> number(const yaml::Node& map, const std::string& key, double least, double most,
                      double& out) const;
  Result<void> integer(const yaml::Node& map, const std::string& key, double least, double most,
                       int& out) const;
  Result<void> boolean(const yaml::Node& map, const std::string& key, bool& out) const;
  // Seconds: a number, or text such as 30s, 5m, 2h, 1d.
  Result<void> seconds(const yaml::Node& map, const std::string& key, double& out) const;
  Result<void> words(const yaml::Node& map, const std::string& key,
                     std::vector<std::string>& out) const;
  // Words whose references are known.
  Result<void> checked_words(const yaml::Node& map, const std::string& key, const Known& known,
                             std::vector<std::string>& out) const;
  Result<void> checked_texts(const yaml::Node& map, const std::string& key, const Known& known,
                             EnvList& out) const;
  Result<void> env(const yaml::Node& map, EnvList& out, const Known& known) const;
  template <class Enum>
  Result<void> choice(const yaml::Node& map, const std::string& key,
                      const std::vector<std::pair<std::string_view, Enum>>& known,
                      Enum& out) const {
    std::string word;
    SW_CHECK_OK(text(map, key, word));
    if (map.find(key) == nullptr) return {};
    std::string all;
    for (const auto& [name, value] : known) {
      if (name == word) return out = value, Result<void>{};
      (all += all.empty() ? "" : ", ") += name;
    }
    return fail(*map.find(key), "'" + key + "': '" + word.substr(0, 80) + "' is none of " + all);
  }

 private:
  const std::string& file_;
};

// One element of `steps`; `params` are what it may refer to.
Result<Step> read_step(const Fields& fields, const yaml::Node& node, const Params& params);
// `params:` of a file: defaults, or maps with a type.
Result<void> read_params(const Fields& fields, const yaml::Node& root, Definition& out);
Result<Foreach> read_foreach(const Fields& fields, const yaml::Node& node, const Params& params);
Result<Foreach> read_matrix(const Fields& fields, const yaml::Node& node);
Result<void> read_retries(const Fields& fields, const yaml::Node& step, RetryRule& out);

}  // namespace slipway::pipeline
