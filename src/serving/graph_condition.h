// SPDX-License-Identifier: Apache-2.0
// What a switch asks of each row: X[2] > 1000 and (carrier == "UA" or not delay.y in [1, 2]).
// Private to this room.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "serving/graph_spec.h"

namespace slipway::serving {

struct GraphCondition {
  enum class Kind { any, all, negation, compare, among };
  enum class Op { less, less_equal, greater, greater_equal, equal, unequal };
  using Literal = std::variant<double, std::string>;
  struct Operand {
    std::optional<GraphRef> ref;
    Literal literal;       // when there is no ref
    std::size_t slot = 0;  // of the ref's value: set when the graph is put together
  };

  Kind kind = Kind::compare;
  std::vector<std::shared_ptr<GraphCondition>> parts;  // of any, all, negation
  Op op = Op::equal;
  Operand left;
  Operand right;
  std::vector<Literal> list;  // of among
};

// `line` is that of the text in its file and goes into the references.
Result<std::shared_ptr<GraphCondition>> parse_condition(std::string_view text, int line);

void for_each_ref(const GraphCondition& condition,
                  const std::function<void(const GraphRef&)>& visit);

// Gives each reference the place of its value.
Result<std::shared_ptr<const GraphCondition>> placed(
    const GraphCondition& condition,
    const std::function<Result<std::size_t>(const GraphRef&)>& place);

// `values` by slot, each of one value a row. A text is never less than a number, nor equal to one.
bool holds(const GraphCondition& condition, const Tensors& values, std::size_t row);

}  // namespace slipway::serving
