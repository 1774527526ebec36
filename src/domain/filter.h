// SPDX-License-Identifier: Apache-2.0
// A search condition as a tree. Each wire parses its own grammar into it; each room turns it into
// SQL for its own tables and refuses fields that it does not have.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace slipway {

struct Filter {
  enum class Kind { all_of, any_of, none_of, compare };
  enum class Op { eq, ne, lt, le, gt, ge, like, ilike, rlike, in, not_in, is_null, is_not_null };
  using Value = std::variant<std::monostate, double, std::string, std::vector<std::string>>;

  Kind kind = Kind::all_of;
  std::vector<Filter> parts;  // all_of, any_of, none_of; an empty all_of holds for everything

  std::string entity;  // compare: "metric", "param", "tag", "attribute", "dataset"
  std::string key;
  Op op = Op::eq;
  Value value;
};

struct OrderBy {
  std::string entity;
  std::string key;
  bool ascending = true;
};

}  // namespace slipway
