// SPDX-License-Identifier: Apache-2.0
#include "data/data.h"

#include <algorithm>

#include "base/text.h"

namespace slipway::data {

std::string hex_of(const Md5& md5) {
  return to_hex({reinterpret_cast<const char*>(md5.data()), md5.size()});
}

std::optional<Md5> md5_of_hex(std::string_view hex) {
  if (hex.size() != 32 || hex.find_first_not_of("0123456789abcdef") != hex.npos) return {};
  const auto bytes = from_hex(hex);
  Md5 out{};
  if (bytes) std::copy(bytes->begin(), bytes->end(), out.begin());
  return out;
}

std::uint64_t Manifest::size() const {
  std::uint64_t sum = 0;
  for (const auto& entry : entries) sum += entry.size;
  return sum;
}

}  // namespace slipway::data
