// SPDX-License-Identifier: Apache-2.0
// Texts that PostgreSQL reads as arrays: many rows travel as one parameter a column.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace slipway::tracking {

class ArrayText {
 public:
  void add(std::int64_t number);
  void add(double number);
  void add(std::string_view text);
  void add_bytes(std::string_view bytes);
  // "{1,2}"
  std::string str() const { return "{" + text_ + "}"; }

 private:
  std::string& next();

  std::string text_;
};

}  // namespace slipway::tracking
