// SPDX-License-Identifier: Apache-2.0
// What the files that read a suite share: readers of one value, with the line in every error.
#pragma once

#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "expectation/suite.h"
#include "yaml/yaml.h"

namespace slipway::expectation {

using yaml::Node;

constexpr std::size_t kValueLimit = 10'000;
constexpr std::size_t kTextLimit = 1'000;
constexpr std::size_t kColumnLimit = 10'000;

// Where a value stands, for messages.
struct Place {
  const std::string& file;
  Error at(const Node& node, const std::string& message, std::string hint = {}) const {
    return yaml::error_at(file, node.line, message, std::move(hint));
  }
};

Result<std::string> read_text(const Place& place, const Node& node, std::string_view what);
Result<double> read_number(const Place& place, const Node& node, std::string_view what);
Result<bool> read_bool(const Place& place, const Node& node, std::string_view what);
Result<std::vector<std::string>> read_names(const Place& place, const Node& node,
                                            std::string_view what);
// {min: .., max: ..}, or one number that is both.
Result<Bounds> read_bounds(const Place& place, const Node& node, std::string_view what);
// "2h", "1d12h", or seconds.
Result<double> read_span(const Place& place, const Node& node, std::string_view what);
Result<std::shared_ptr<const Pattern>> compile(const Place& place, const Node& node);

// The checks that a rule about one column asks for; `common` has what they share.
Result<void> read_column_checks(const Place& place, const Node& rule, const Check& common,
                                std::vector<Check>& out);
extern const std::vector<std::string_view> kColumnKeys;

}  // namespace slipway::expectation
