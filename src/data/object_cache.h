// SPDX-License-Identifier: Apache-2.0
// A folder of objects named by the MD5 of their content: <root>/files/md5/<2 hex>/<30 hex>, with
// `.dir` behind the name of a manifest. The layout is the one that DVC 3 shares caches and folders
// in.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "data/object_id.h"

namespace slipway::data {

struct FileRead;
struct FileToRead;

// Of an object whose bytes hash to `actual`.
Error corrupt_object(const ObjectId& id, const std::string& path, const Md5& actual);

// Safe for use by several threads and processes: objects appear whole or not at all. They are not
// synced to disk (decision 23): what a power cut leaves of the last ones is found to be corrupt.
class ObjectCache {
 public:
  explicit ObjectCache(std::string root) : root_(std::move(root)) {}

  const std::string& root() const { return root_; }
  bool has(const ObjectId& id) const;
  std::string path_of(const ObjectId& id) const;
  // The places in `ids` of those that are not there; ascending. Asks for many at once: by lists of
  // folders where that is cheaper.
  std::vector<std::size_t> absent(std::span<const ObjectId> ids) const;

  // How a file is read that is to become an object, and what then has to be done: `id` is what it
  // was read as. What is there already stays.
  FileToRead to_take(const std::string& path);
  Result<void> take(const ObjectId& id, const FileToRead& file, const FileRead& read);
  Result<ObjectId> add_bytes(std::string_view bytes, bool manifest);
  // A manifest's bytes.
  Result<std::string> read(const ObjectId& id) const;

  // Brings an object in from elsewhere: `fill` writes it to the path that it gets and answers its
  // MD5, or nothing when it did not compute it. Other bytes than the id says are data_loss and are
  // not kept.
  using Fill = std::function<Result<std::optional<Md5>>(const std::string& path)>;
  Result<void> receive(const ObjectId& id, const Fill& fill);
  Result<std::vector<ObjectId>> all() const;
  // Files that writers which were killed left behind, a day old or older, go away.
  void drop_leftovers() const;
  Result<void> remove(const ObjectId& id);

 private:
  Result<void> make_folder_of(const ObjectId& id);
  Result<void> keep(const std::string& temporary, const ObjectId& id);
  std::string root_;
  std::atomic<bool> made_root_ = false;
  std::array<std::atomic<bool>, 256> made_{};  // folders that are known to be there
};

}  // namespace slipway::data
