// SPDX-License-Identifier: Apache-2.0
// YAML that strangers wrote: bounded, with the line of everything, strict about keys.
//
// At most 4 MiB, 64 levels and 400,000 nodes (aliases count as what they stand for); one document;
// a key may be there once; `<<` merges. The only room that knows yaml-cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace slipway::yaml {

struct Node;
using NodePtr = std::shared_ptr<const Node>;

struct Node {
  enum class Kind { null, boolean, integer, real, text, list, map };
  Kind kind = Kind::null;
  int line = 0;      // from 1
  std::string text;  // a scalar as it was written
  std::vector<NodePtr> items;
  std::vector<std::pair<std::string, NodePtr>> members;  // in the order of the file
  std::vector<int> key_lines;                            // of the members
  std::size_t size = 1;                                  // nodes in this tree

  bool is_scalar() const { return kind != Kind::list && kind != Kind::map; }
  // The member of a map; null when absent.
  const Node* find(std::string_view key) const;
};

// `name` stands in messages: "pipeline.yaml:3: ..".
Result<NodePtr> parse(std::string_view text, const std::string& name);

// invalid_argument "name:line: message".
Error error_at(const std::string& name, int line, const std::string& message,
               std::string hint = {});

// An error for the first member of a map whose key is none of `allowed`; the hint has the nearest.
Result<void> only(const Node& map, const std::vector<std::string_view>& allowed,
                  const std::string& name, std::string_view what);

// "a map", "a list", "text", ..
std::string_view kind_of(const Node& node);

// As JSON; texts stay texts.
std::string to_json(const Node& node);

// The word of `words` that was most likely meant; empty when none is near.
std::string nearest(std::string_view word, const std::vector<std::string_view>& words);

}  // namespace slipway::yaml
