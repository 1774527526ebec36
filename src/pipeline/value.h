// SPDX-License-Identifier: Apache-2.0
// A value of a parameter or of a foreach element, and the three forms it is used in: text in an
// environment, a word of a shell command, JSON.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace slipway::yaml {
struct Node;
}

namespace slipway::pipeline {

struct Value {
  enum class Kind { null, boolean, integer, real, text, list, map };
  Kind kind = Kind::null;
  std::string text;  // a scalar as written (null: empty); JSON of a list or map

  bool operator==(const Value&) const = default;
};

using Params = std::vector<std::pair<std::string, Value>>;

std::string_view name_of(Value::Kind kind);

Value value_of(const yaml::Node& node);
std::string json_of(const Value& value);
std::string json_of(const Params& params);
Result<Value> value_from_json(std::string_view json);
Result<std::vector<Value>> list_from_json(std::string_view json);
Result<Params> params_from_json(std::string_view json);

// The part of a list or map that `path` (".a.0.b") leads to.
Result<Value> part_of(const Value& value, std::string_view path);

// `text` read as a value of the same type as `like` (a null takes any text).
Result<Value> typed(const std::string& name, const Value& like, std::string_view text);
// The same for a value that has a type already.
Result<Value> converted(const std::string& name, const Value& like, Value value);

// One word for a POSIX shell, quoted when it must be.
std::string shell_quoted(std::string_view text);

}  // namespace slipway::pipeline
