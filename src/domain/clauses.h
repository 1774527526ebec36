// SPDX-License-Identifier: Apache-2.0
// The search language, read into a Filter; what a clause may say is up to each search.
//
//   filter   = [ any [ AND ] ]
//   any      = all { OR all }
//   all      = part { AND part }
//   part     = NOT part | ( any ) | clause
//   clause   = identifier comparator value | identifier IS [NOT] NULL
//   order_by = identifier [ ASC | DESC ]
//
// Clauses joined by AND, with a last AND that joins nothing, are the language of MLflow's searches;
// OR, NOT and parentheses are ours, in every search. Keywords in any case; identifiers
// `[entity.]key`, keys with other characters in backticks or double quotes; texts in single or
// double quotes; numbers bare. Size and depth are bounded.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "domain/filter.h"

namespace slipway {

struct Clause {
  std::string entity;  // as written; empty when there is none
  std::string key;
  Filter::Op op = Filter::Op::eq;
  Filter::Value value;
  bool integer = false;  // the number was written without point and exponent
  bool upper = true;     // the comparator was written without small letters
};

// An empty text holds for everything; one of blanks only is refused. `to_leaf` turns a clause into
// a comparison (or into a small tree), or refuses it.
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
