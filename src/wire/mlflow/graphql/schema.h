// SPDX-License-Identifier: Apache-2.0
// What may be asked for: the types of MLflow's GraphQL interface and their fields.
#pragma once

#include <string_view>
#include <vector>

namespace slipway::wire::mlflow::graphql {

enum class Kind {
  text,
  whole,   // a 64-bit number, answered as text
  number,  // a double; NaN is null
  flag,
  word,     // of an enumeration
  texts,    // a list of texts
  object,   // of the type that is named
  objects,  // a list of those
  nothing,  // always null, though fields of the type may be asked for
};

struct Field {
  std::string_view name;
  Kind kind = Kind::text;
  std::string_view of;  // object(s): the type's name; word: what stands for "not given"
};

struct Type {
  std::string_view name;
  std::vector<Field> fields;

  const Field* field(std::string_view name) const;
};

// Null when there is no such type.
const Type* find_type(std::string_view name);

// What can be asked for at the root, and the REST call that answers it.
struct Root {
  std::string_view name;
  std::string_view type;
  std::string_view path;  // below /api/2.0/mlflow/
  bool posted = false;
  std::vector<std::string_view> inputs;
  bool query = true;
  bool mutation = false;
};
const Root* find_root(std::string_view name);

}  // namespace slipway::wire::mlflow::graphql
