// SPDX-License-Identifier: Apache-2.0
// Remembers the hash of a file by its identity (device, inode, size, modification and change time),
// so that unchanged files are not read again. Bytes on disk: docs/formats/stat-cache.md.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include <sys/stat.h>

#include "base/clock.h"
#include "base/result.h"

namespace slipway::data {

// Thread-safe. Only a cache: a damaged or missing file is an empty one.
class StatCache {
 public:
  // Loads `path`; an empty path keeps nothing.
  explicit StatCache(std::string path, Clock& clock = system_clock());

  std::optional<std::string> find(const struct stat& info) const;
  // A file that changed within the last moments is not remembered: it could change again within the
  // same tick of the file system's clock and look the same.
  void remember(const struct stat& info, const std::string& md5);
  // Writes what was found or remembered since loading (entries nobody asked for are dropped once
  // there are over 4 million).
  Result<void> save();

 private:
  struct Key {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::uint64_t size = 0;
    std::int64_t modified_ns = 0;
    std::int64_t changed_ns = 0;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const {
      return static_cast<std::size_t>((key.inode * 0x9e3779b97f4a7c15ULL) ^
                                      static_cast<std::uint64_t>(key.changed_ns));
    }
  };
  struct Known {
    std::array<unsigned char, 16> md5{};
    mutable bool used = false;
  };
  static Key key_of(const struct stat& info);
  void load();

  std::string path_;
  Clock& clock_;
  mutable std::mutex mutex_;
  std::unordered_map<Key, Known, KeyHash> known_;
  bool changed_ = false;
};

}  // namespace slipway::data
