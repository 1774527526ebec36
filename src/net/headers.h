// SPDX-License-Identifier: Apache-2.0
// The fields of a request's or an answer's head.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/recycle.h"

namespace slipway::net {

// Header fields in order of arrival; names compare without case.
class Headers {
 public:
  using Field = std::pair<std::string, std::string>;

  Headers() = default;
  Headers(const Headers&) = default;
  Headers& operator=(const Headers&) = default;
  Headers(Headers&& other) noexcept
      : fields_(std::move(other.fields_)), count_(std::exchange(other.count_, 0)) {}
  Headers& operator=(Headers&& other) noexcept {
    fields_ = std::move(other.fields_);
    count_ = std::exchange(other.count_, 0);
    return *this;
  }

  void add(std::string_view name, std::string_view value);
  void set(std::string_view name, std::string_view value);
  // The first value, or empty text.
  std::string_view get(std::string_view name) const;
  bool has(std::string_view name) const;
  std::span<const Field> all() const { return {fields_.data(), count_}; }
  // Keeps the memory.
  void clear() { count_ = 0; }
  // Empty ones with room for the usual, and their way back.
  static Headers take();
  static void give(Headers headers);

 private:
  std::vector<Field, Recycled<Field>> fields_;  // the first `count_` are there
  std::size_t count_ = 0;
};

}  // namespace slipway::net
