// SPDX-License-Identifier: Apache-2.0
#include "key.h"

#include <algorithm>

#include "base/text.h"

namespace slipway::blob {
namespace {

constexpr std::size_t kKeyLimit = 3072;  // with the folder it must stay below PATH_MAX
constexpr std::size_t kSegmentLimit = 255;

// A backslash is a letter here, but a separator for whoever copies the object to Windows.
bool leads_up(std::string_view segment) {
  const auto parts = split(segment, '\\');
  return std::find(parts.begin(), parts.end(), "..") != parts.end();
}

bool good_segment(std::string_view segment) {
  constexpr std::string_view kRefused{"\0\n\r", 3};
  return !segment.empty() && segment != "." && segment.size() <= kSegmentLimit &&
         segment.find_first_of(kRefused) == segment.npos && !leads_up(segment);
}

}  // namespace

Result<void> check_key(std::string_view key, bool empty_allowed) {
  const auto refuse = [key](const char* why) {
    return invalid("'" + std::string(key.substr(0, 200)) + "' is not a valid path: " + why,
                   "use relative paths of plain names");
  };
  if (key.empty()) return empty_allowed ? Result<void>{} : Result<void>(refuse("it is empty"));
  if (key.size() > kKeyLimit) return refuse("it is longer than 3072 bytes");
  if (!is_valid_utf8(key)) return refuse("it is not UTF-8");
  for (const auto segment : split(key, '/')) {
    if (!good_segment(segment)) return refuse("it has a bad segment");
  }
  return {};
}

}  // namespace slipway::blob
