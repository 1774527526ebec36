// SPDX-License-Identifier: Apache-2.0
// Remembers the hash of a file by its identity (device, inode, size, modification and change time),
// so that unchanged files are not read again. Bytes on disk: docs/formats/stat-cache.md.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <sys/stat.h>

#include "base/clock.h"
#include "base/result.h"
#include "data/data.h"

namespace slipway::data {

// Thread-safe. Only a cache: a damaged or missing file is an empty one.
class StatCache {
 public:
  // Loads `path`; an empty path keeps nothing.
  explicit StatCache(std::string path, Clock& clock = system_clock());

  std::optional<Md5> find(const struct stat& info) const;
  // A file that changed within the last moments is not remembered: it could change again within the
  // same tick of the file system's clock and look the same.
  void remember(const struct stat& info, const Md5& md5);
  // Of a file that this process has just written whole, under a name that nobody else knew.
  void remember_written(const struct stat& info, const Md5& md5);
  // Writes what is remembered (entries nobody asked for are dropped once there are over 4 million).
  Result<void> save();

 private:
  // A file as it was; one a device and inode.
  struct Record {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::uint64_t size = 0;
    std::int64_t modified_ns = 0;
    std::int64_t changed_ns = 0;
    Md5 md5{};
  };
  static Record record_of(const struct stat& info, const Md5& md5);
  void load();
  void keep(const Record& record);
  // The place in slots_ where a device and inode is, or would be.
  std::size_t slot_of(std::uint64_t device, std::uint64_t inode) const;
  void grow(std::size_t records);

  std::string path_;
  Clock& clock_;
  mutable std::mutex mutex_;
  std::vector<Record> records_;
  std::vector<std::uint32_t> slots_;  // open addressing: place in records_ + 1; 0: free
  mutable std::vector<bool> used_;    // by record
  bool changed_ = false;
};

}  // namespace slipway::data
