// SPDX-License-Identifier: Apache-2.0
// The name of an object: the MD5 of its content, and whether it is a folder's manifest.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "data/data.h"

namespace slipway::data {

struct ObjectId {
  Md5 md5{};
  bool manifest = false;

  auto operator<=>(const ObjectId&) const = default;
  // 32 lower-case hex digits, `.dir` behind those of manifests.
  std::string text() const;
  static std::optional<ObjectId> parse(std::string_view text);

  // "files/md5/ab/cdef..", and back; nothing for what is no object's path.
  std::string path() const;
  static std::optional<ObjectId> at_path(std::string_view path);
};

}  // namespace slipway::data
