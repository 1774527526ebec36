// SPDX-License-Identifier: Apache-2.0
// GraphQL documents: operations and fragments as a tree. Only the executable part of the language;
// no subscriptions and no type definitions.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "json/value.h"

namespace slipway::wire::mlflow::graphql {

struct Value {
  enum class Kind { scalar, variable, list, object } kind = Kind::scalar;
  json::value scalar;                                // an enumeration's word is a string
  std::string name;                                  // of the variable
  std::vector<std::pair<std::string, Value>> items;  // of an object; of a list without keys
};
using Arguments = std::vector<std::pair<std::string, Value>>;

struct Directive {
  std::string name;
  Arguments arguments;
};

struct Selection {
  enum class Kind { field, spread, inline_fragment } kind = Kind::field;
  std::string name;   // of the field, or of the fragment that is spread
  std::string alias;  // empty when there is none
  std::string on;     // an inline fragment's type; may be empty
  Arguments arguments;
  std::vector<Directive> directives;
  std::vector<Selection> selections;

  const std::string& key() const { return alias.empty() ? name : alias; }
};

struct Operation {
  std::string kind;  // "query" or "mutation"
  std::string name;
  std::vector<std::pair<std::string, std::optional<Value>>> variables;  // with their defaults
  std::vector<Selection> selections;
};

struct Fragment {
  std::string on;
  std::vector<Selection> selections;
};

struct Document {
  std::vector<Operation> operations;
  std::map<std::string, Fragment, std::less<>> fragments;
};

// At most 100,000 bytes and 32 levels of nesting.
Result<Document> parse_document(std::string_view text);

}  // namespace slipway::wire::mlflow::graphql
