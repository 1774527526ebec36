// SPDX-License-Identifier: Apache-2.0
// Filter -> WHERE: the shape is done here, the meaning of a field by each aggregate.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "domain/filter.h"
#include "store/database.h"

namespace slipway::tracking {

// A condition in SQL with its parameters appended to the list in order of appearance.
using Leaf = std::function<Result<std::string>(const Filter& compare, store::Cells& parameters)>;

Result<std::string> where_of(const Filter& filter, store::Cells& parameters, const Leaf& leaf);

enum class ColumnType { number, text };
// `column` compared as the leaf says. A value or an operator that does not fit is invalid_argument.
Result<std::string> compare(store::Dialect dialect, std::string_view column, ColumnType type,
                            const Filter& leaf, store::Cells& parameters, bool nullable = false);

// The same for a text column of a table of keys and values, helped by its index on both.
Result<std::string> compare_value(store::Dialect dialect, std::string_view column,
                                  const Filter& leaf, store::Cells& parameters);

// A metric's value, in columns `value` and `kind`: NaN matches != and nothing else.
Result<std::string> compare_metric(store::Dialect dialect, const Filter& leaf,
                                   store::Cells& parameters);

}  // namespace slipway::tracking
