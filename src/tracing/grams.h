// SPDX-License-Identifier: Apache-2.0
// A small sketch of a text that tells which words cannot be in it, so that a search need not read
// every text: a set of bits, one (of some) for each three bytes in a row, letters in lower case.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::tracing {

// A power of two of bytes, 8 to 65,536, by the number of different threes in the text.
std::string grams_of(std::string_view text);

// What has to be in the sketch of any text that contains all of `parts`, in any case.
class GramQuery {
 public:
  explicit GramQuery(const std::vector<std::string>& parts);
  // False: none of them is there. True: perhaps.
  bool may_match(std::string_view grams) const;

 private:
  std::vector<std::uint32_t> hashes_;
};

}  // namespace slipway::tracing
