// SPDX-License-Identifier: Apache-2.0
// The search language against hostile text: no crash, no hang, and whatever is accepted becomes SQL
// with exactly as many parameters as it has places for them.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "domain/clauses.h"
#include "tracking/filter_sql.h"

namespace {

using slipway::Clause;
using slipway::Filter;
using slipway::Result;

Result<Filter> to_leaf(Clause clause) {
  Filter out;
  out.kind = Filter::Kind::compare;
  out.entity = std::move(clause.entity);
  out.key = std::move(clause.key);
  out.op = clause.op;
  out.value = std::move(clause.value);
  return out;
}

void to_sql(const Filter& filter, slipway::store::Dialect dialect) {
  slipway::store::Cells parameters;
  const auto sql = slipway::tracking::where_of(
      filter, parameters,
      [&](const Filter& leaf, slipway::store::Cells& cells) -> Result<std::string> {
        if (std::holds_alternative<double>(leaf.value)) {
          return slipway::tracking::compare_metric(dialect, leaf, cells);
        }
        return slipway::tracking::compare_value(dialect, "value", leaf, cells);
      });
  if (!sql) return;
  const auto places = std::count(sql->begin(), sql->end(), '?');
  if (static_cast<std::size_t>(places) != parameters.size()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (const auto tree = slipway::parse_filter(text, to_leaf)) {
    to_sql(*tree, slipway::store::Dialect::sqlite);
    to_sql(*tree, slipway::store::Dialect::postgres);
  }
  (void)slipway::parse_order(text);
  return 0;
}
