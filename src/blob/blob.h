// SPDX-License-Identifier: Apache-2.0
// Bytes by name or by content hash: the one place where artifacts, model packages and data live.
//
// Keys are relative paths of UTF-8 segments ("0/9f.../artifacts/model/MLmodel"); a key that could
// leave the store (empty or . or .. segments, also between backslashes, absolute, NUL, line ends,
// over 3,072 bytes or a segment over 255) is invalid_argument. A finished put is on disk; an
// unfinished one leaves nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace slipway::blob {

struct Stat {
  std::string key;  // relative to the listed prefix in listings
  std::uint64_t size = 0;
  Timestamp modified;
  bool folder = false;
};

// Fills at most `size` bytes and answers how many; 0 is the end.
class Reader {
 public:
  virtual ~Reader() = default;
  virtual Result<std::size_t> read(char* into, std::size_t size) = 0;
  virtual std::uint64_t size() const = 0;  // of the whole object
};

// Bytes go in by `write`; nothing is visible before `finish`, and nothing remains without it.
class Writer {
 public:
  virtual ~Writer() = default;
  virtual Result<void> write(std::string_view bytes) = 0;
  // Durable when it returns. Answers the lower-case hex SHA-256 of what was written.
  virtual Result<std::string> finish() = 0;
};

// Thread-safe.
class BlobStore {
 public:
  virtual ~BlobStore() = default;

  // Replaces what the key held, at once and whole.
  virtual Result<std::unique_ptr<Writer>> put(const std::string& key) = 0;
  // `offset` bytes are skipped; at most `length` are read.
  virtual Result<std::unique_ptr<Reader>> get(const std::string& key, std::uint64_t offset = 0,
                                              std::optional<std::uint64_t> length = {}) = 0;
  virtual Result<std::optional<Stat>> stat(const std::string& key) = 0;
  // The direct children of a folder, by name; empty for one that does not exist.
  virtual Result<std::vector<Stat>> list(const std::string& prefix) = 0;
  // Everything under a folder, or the one object. Absent is fine.
  virtual Result<void> remove(const std::string& prefix) = 0;
  // Where the object can be read as a local file (model runtimes want one), fetched if need be.
  virtual Result<std::string> local_path(const std::string& key) = 0;

  Result<std::string> get_all(const std::string& key, std::size_t limit = 64 << 20);
  Result<std::string> put_all(const std::string& key, std::string_view bytes);
};

// `folder` is made when missing. Identical bytes are stored once: objects/ holds content by
// SHA-256, names/ the tree of keys that point at it (hard links where the file system has them).
Result<std::unique_ptr<BlobStore>> open_local(const std::string& folder);

}  // namespace slipway::blob
