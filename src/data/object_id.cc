// SPDX-License-Identifier: Apache-2.0
#include "data/object_id.h"

namespace slipway::data {

std::string ObjectId::text() const {
  return manifest ? hex_of(md5) + ".dir" : hex_of(md5);
}

std::optional<ObjectId> ObjectId::parse(std::string_view text) {
  ObjectId out;
  out.manifest = text.ends_with(".dir");
  if (out.manifest) text.remove_suffix(4);
  const auto md5 = md5_of_hex(text);
  if (!md5) return std::nullopt;
  out.md5 = *md5;
  return out;
}

std::string ObjectId::path() const {
  const auto id = text();
  return "files/md5/" + id.substr(0, 2) + "/" + id.substr(2);
}

std::optional<ObjectId> ObjectId::at_path(std::string_view path) {
  constexpr std::string_view kBase = "files/md5/";
  if (!path.starts_with(kBase)) return std::nullopt;
  path.remove_prefix(kBase.size());
  if (path.size() < 3 || path[2] != '/') return std::nullopt;
  return parse(std::string(path.substr(0, 2)) + std::string(path.substr(3)));
}

}  // namespace slipway::data
