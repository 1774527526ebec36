// SPDX-License-Identifier: Apache-2.0
// The search language, read into clauses; what a clause may say is up to each search.
//
//   filter   = clause { AND clause } [ AND ]
//   clause   = identifier comparator value | identifier IS [NOT] NULL
//   order_by = identifier [ ASC | DESC ]
//
// It is the language of MLflow's searches. Our own API also takes OR, NOT and parentheses:
//
//   filter   = all { OR all }
//   all      = part { AND part }
//   part     = NOT part | ( filter ) | clause
//
// Keywords in any case; identifiers `[entity.]key`, keys with other characters in backticks or
// double quotes; texts in single or double quotes; numbers bare.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "domain/filter.h"

namespace slipway {

struct Clause {
  std::string entity;  // as written; empty when there is none
  std::string key;
  Filter::Op op = Filter::Op::eq;
  Filter::Value value;
  bool integer = false;  // the number was written without point and exponent
};

// An empty text has no clauses; one of blanks only is refused.
Result<std::vector<Clause>> parse_clauses(std::string_view text);

// With OR, NOT and parentheses; `to_leaf` turns a clause into a comparison or refuses it.
using ToLeaf = std::function<Result<Filter>(Clause)>;
Result<Filter> parse_filter(std::string_view text, const ToLeaf& to_leaf);

struct OrderClause {
  std::string entity;
  std::string key;
  bool ascending = true;
};
Result<OrderClause> parse_order(std::string_view text);

std::string_view text_of(Filter::Op op);  // "NOT IN"

}  // namespace slipway
