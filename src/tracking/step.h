// SPDX-License-Identifier: Apache-2.0
// Where in its course a run was when it measured something: an exact decimal, no double.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace slipway::tracking {

// A whole number of 64 bits and nine decimal places after it. A whole number is a step.
class Step {
 public:
  static constexpr std::int32_t kParts = 1'000'000'000;

  constexpr Step() = default;
  constexpr Step(std::int64_t whole) : whole_(whole) {}  // NOLINT: by design
  // whole + part / 1e9, with 0 <= part < 1e9: -0.25 is (-1, 750'000'000).
  constexpr Step(std::int64_t whole, std::int32_t part) : whole_(whole), part_(part) {}

  // "12", "-0.25", "3.500"; nothing for anything else, more than nine places or too large.
  static std::optional<Step> parse(std::string_view text);
  // Without trailing zeros: "12", "-0.25".
  std::string text() const;

  constexpr std::int64_t whole() const { return whole_; }  // rounded down
  constexpr std::int32_t part() const { return part_; }    // billionths above that
  constexpr auto operator<=>(const Step&) const = default;

 private:
  std::int64_t whole_ = 0;
  std::int32_t part_ = 0;
};

}  // namespace slipway::tracking
