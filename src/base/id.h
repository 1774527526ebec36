// SPDX-License-Identifier: Apache-2.0
// Strongly typed identifiers: a RunId cannot be passed where an ExperimentId is wanted.
#pragma once

#include <compare>
#include <functional>
#include <string>
#include <utility>

namespace slipway {

// Opaque text. Never parse an id.
template <class Tag>
class Id {
 public:
  Id() = default;
  explicit Id(std::string text) : text_(std::move(text)) {}

  const std::string& str() const { return text_; }
  bool empty() const { return text_.empty(); }
  auto operator<=>(const Id&) const = default;

 private:
  std::string text_;
};

}  // namespace slipway

template <class Tag>
struct std::hash<slipway::Id<Tag>> {
  std::size_t operator()(const slipway::Id<Tag>& id) const noexcept {
    return std::hash<std::string>{}(id.str());
  }
};
