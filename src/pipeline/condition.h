// SPDX-License-Identifier: Apache-2.0
// What `when:` asks: params.mode == 'full' and steps.train.result.auc > 0.9. A small language over
// values; there is nothing in it that could be executed.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "pipeline/expression.h"

namespace slipway::pipeline {

// How what a step needs ended.
struct NeedsEnd {
  bool failed = false;
  bool left_out = false;  // all of them
};

// A value; copies share the tree.
class Condition {
 public:
  Condition() = default;  // always holds

  // At most 4096 bytes and 64 levels. {{ .. }} around the whole may be there.
  static Result<Condition> parse(std::string_view text);

  bool empty() const { return root_ == nullptr; }
  Result<void> check(const Known& known) const;
  std::vector<std::string> steps() const;  // that it refers to
  bool is_about_element() const;           // another one for each element of a foreach
  // Whether it says itself when a failure matters: always(), failed(), succeeded().
  bool asks_for_needs() const;

  Result<bool> holds(const Scope& scope, const NeedsEnd& needs) const;

  struct Node;

 private:
  std::shared_ptr<const Node> root_;
};

}  // namespace slipway::pipeline
