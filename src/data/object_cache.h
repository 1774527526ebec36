// SPDX-License-Identifier: Apache-2.0
// A folder of objects named by the MD5 of their content: <root>/files/md5/<2 hex>/<30 hex>, with
// `.dir` behind the name of a manifest. The layout is the one that DVC 3 shares caches in.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/stat_cache.h"

namespace slipway::data {

bool is_object_id(std::string_view id);  // 32 lower-case hex digits, `.dir` behind them or not
// "files/md5/ab/cdef.." of an id, and back; empty for what is no object's path.
std::string object_path(const std::string& id);
std::string object_id(std::string_view path);
// Ids of all objects in a folder of this layout; none when it is not there.
Result<std::vector<std::string>> objects_below(const std::string& root);
// Of an object whose bytes hash to `actual`.
Error corrupt_object(const std::string& id, const std::string& path, const std::string& actual);

// Safe for use by several threads and processes: objects appear whole or not at all.
class ObjectCache {
 public:
  // Objects that this process has to trust are verified once and remembered in `stats`.
  ObjectCache(std::string root, StatCache& stats) : root_(std::move(root)), stats_(stats) {}

  bool has(const std::string& id) const;
  std::string path_of(const std::string& id) const;

  // Copies the file in, hashing on the way; answers its id. `expected` (may be empty): another hash
  // is `conflict`, the file changed since it was scanned.
  Result<std::string> add_file(const std::string& path, const std::string& expected,
                               const std::function<void(std::size_t)>& on_bytes = {});
  // `suffix` is "" or ".dir".
  Result<std::string> add_bytes(std::string_view bytes, const std::string& suffix);
  Result<std::string> read(const std::string& id) const;
  // Everything added so far is on disk when it returns. One sync of the file system is cheaper than
  // one for each of thousands of objects.
  Result<void> sync() const;

  // Brings an object in from elsewhere: `fill` writes it to the path that it gets and answers its
  // MD5, or nothing when it did not compute it. Other bytes than the id says are data_loss and are
  // not kept.
  Result<void> receive(const std::string& id,
                       const std::function<Result<std::string>(const std::string& path)>& fill);
  Result<std::vector<std::string>> all() const { return objects_below(root_); }
  // Files that writers which were killed left behind, a day old or older, go away.
  void drop_leftovers() const;
  Result<void> remove(const std::string& id);

  // Delivers an object to `target`, replacing what is there, at once and whole. A corrupt object is
  // `data_loss` and is not delivered.
  Result<void> restore(const std::string& id, const std::string& target, bool executable,
                       const std::function<void(std::size_t)>& on_bytes = {});

 private:
  Result<std::string> keep(const std::string& temporary, const std::string& id);
  std::string root_;
  StatCache& stats_;
};

}  // namespace slipway::data
