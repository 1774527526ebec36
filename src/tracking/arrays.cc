// SPDX-License-Identifier: Apache-2.0
#include "arrays.h"

#include "base/text.h"

namespace slipway::tracking {

std::string& ArrayText::next() {
  if (!text_.empty()) text_ += ',';
  return text_;
}

void ArrayText::add(std::int64_t number) {
  next() += std::to_string(number);
}

void ArrayText::add(double number) {
  next() += number_text(number);
}

void ArrayText::add(std::string_view text) {
  next() += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') text_ += '\\';
    text_ += c;
  }
  text_ += '"';
}

void ArrayText::add_bytes(std::string_view bytes) {
  add("\\x" + to_hex(bytes));
}

}  // namespace slipway::tracking
