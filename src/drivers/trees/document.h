// SPDX-License-Identifier: Apache-2.0
// JSON (with the NaN and Infinity that XGBoost writes) and UBJSON as one kind of tree. Lists of
// numbers, which are nearly all of a model file, are kept as plain numbers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway::drivers::trees {

struct Document {
  enum class Kind { nothing, number, text, numbers, list, object };
  Kind kind = Kind::nothing;
  double number = 0;  // booleans are 0 and 1
  std::string text;
  std::vector<double> numbers;  // of a list that holds nothing else; an empty list is one of these
  std::vector<Document> items;  // of a list, or of an object by `names`
  std::vector<std::string> names;

  // Of an object; null when there is none.
  const Document* find(std::string_view name) const;
  // find, along "a.b.c".
  const Document* at(std::string_view path) const;
};

// Members of objects that are named in `skip` are read and thrown away. Nesting (32) and the number
// of values that are no plain numbers (4 million) are bounded; what is allocated is bounded by what
// was read.
Result<Document> parse_document(std::string_view bytes, const std::vector<std::string_view>& skip);

}  // namespace slipway::drivers::trees
