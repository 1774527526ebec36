// SPDX-License-Identifier: Apache-2.0
// Single rows against a suite: what one request tells.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "expectation/suite.h"

namespace slipway::expectation {

// A number (NaN: missing) or a text. true and false are 1 and 0, times milliseconds since 1970 UTC.
using Value = std::variant<double, std::string>;

// The checks of a suite that one row can tell, for rows of these columns. What is about a column
// that rows do not have is left out: requests come without labels. Thread-safe once made.
class RowChecks {
 public:
  RowChecks(std::shared_ptr<const Suite> suite, const std::vector<std::string>& columns);

  bool empty() const { return bound_.empty(); }
  // Calls `broken` for each check that the row breaks, with words for what was found. Numbers are
  // compared in single precision, since models are fed 32-bit floats. A missing value breaks
  // not_null only.
  using Broken = std::function<void(const Check& check, const std::string& found)>;
  void look(const std::vector<Value>& row, const Broken& broken) const;

 private:
  struct Bound {
    const Check* check = nullptr;
    std::vector<std::size_t> at;
  };
  std::shared_ptr<const Suite> suite_;
  std::vector<Bound> bound_;
};

}  // namespace slipway::expectation
