// SPDX-License-Identifier: Apache-2.0
#include "domain/comparison.h"

namespace slipway {

std::string_view sign_of(Filter::Op op) {
  switch (op) {
    case Filter::Op::eq:
      return " = ";
    case Filter::Op::ne:
      return " <> ";
    case Filter::Op::lt:
      return " < ";
    case Filter::Op::le:
      return " <= ";
    case Filter::Op::gt:
      return " > ";
    case Filter::Op::ge:
      return " >= ";
    default:
      return {};
  }
}

std::string glob_of(std::string_view like) {
  std::string out;
  for (const char c : like) {
    if (c == '%') {
      out += '*';
    } else if (c == '_') {
      out += '?';
    } else if (c == '*' || c == '?' || c == '[') {
      ((out += '[') += c) += ']';
    } else {
      out += c;
    }
  }
  return out;
}

Error misfit(const Filter& leaf, std::string_view what) {
  return invalid("the field '" + leaf.entity + "." + leaf.key + "' " + std::string(what));
}

}  // namespace slipway
