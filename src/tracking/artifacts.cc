// SPDX-License-Identifier: Apache-2.0
#include "tracking/artifacts.h"

#include <algorithm>
#include <utility>

namespace slipway::tracking {

std::string beneath(std::string_view root, std::string_view path) {
  const bool is_url = root.find("://") != std::string_view::npos;
  const auto end = is_url ? std::min(root.find_first_of("?#"), root.size()) : root.size();
  std::string out(root.substr(0, end));
  out += path;
  return out += root.substr(end);
}

Result<std::string> Artifacts::key_of(std::string_view root, std::string_view path) {
  if (root.starts_with('/') || root.find("://") != std::string_view::npos) {
    return Error{Code::unimplemented,
                 "the artifacts under '" + std::string(root) + "' are not kept by this server",
                 "read and write them where they are"};
  }
  std::string out = "artifacts";
  if (!root.empty()) (out += '/') += root;
  if (!path.empty()) (out += '/') += path;
  return out;
}

Result<std::vector<blob::Stat>> Artifacts::list(std::string_view root, std::string_view path) {
  SW_TRY(const auto key, key_of(root, path));
  return blobs_.list(key);
}

Result<std::optional<blob::Stat>> Artifacts::stat(std::string_view root, std::string_view path) {
  SW_TRY(const auto key, key_of(root, path));
  return blobs_.stat(key);
}

Result<std::unique_ptr<blob::Reader>> Artifacts::open(std::string_view root, std::string_view path,
                                                      std::uint64_t offset,
                                                      std::optional<std::uint64_t> length) {
  SW_TRY(const auto key, key_of(root, path));
  return blobs_.get(key, offset, length);
}

Result<std::unique_ptr<blob::Writer>> Artifacts::put(std::string_view root, std::string_view path) {
  SW_TRY(const auto key, key_of(root, path));
  return blobs_.put(key);
}

Result<void> Artifacts::remove(std::string_view root, std::string_view path) {
  SW_TRY(const auto key, key_of(root, path));
  return blobs_.remove(key);
}

}  // namespace slipway::tracking
