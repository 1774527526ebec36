// SPDX-License-Identifier: Apache-2.0
// Where objects are shared beside the cache: a folder, a bucket. The layout is the cache's
// (object_cache.h), so that DVC reads and writes the same remotes.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "data/object_cache.h"
#include "data/object_id.h"

namespace slipway::fetch {
struct S3Access;
struct S3Place;
}  // namespace slipway::fetch

namespace slipway::data {

// Thread-safe. Objects appear whole or not at all.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  // Those of `ids` that are there; in their order.
  virtual Result<std::vector<ObjectId>> present(const std::vector<ObjectId>& ids) = 0;
  // Every object, by id.
  virtual Result<std::vector<ObjectId>> all() = 0;
  // Takes the file's bytes. A file whose content is not `id` is data_loss and is not stored.
  virtual Result<void> put(const ObjectId& id, const std::string& path) = 0;
  // Writes the object to `path`, which is made or replaced; answers the MD5 of what was written, or
  // nothing when it was not computed on the way. not_found when there is no such object.
  virtual Result<std::optional<Md5>> get(const ObjectId& id, const std::string& path) = 0;
  // Absent ones are fine.
  virtual Result<void> remove(const std::vector<ObjectId>& ids) = 0;
  // Where an object is, for messages.
  virtual std::string address_of(const ObjectId& id) const = 0;
  // How many calls at a time make it fastest.
  virtual std::size_t usual_jobs() const = 0;
  // The store as a folder of this machine, whose files are read and written many at once; null when
  // it is none.
  virtual ObjectCache* folder() { return nullptr; }
};

// A folder is made when the first object comes.
std::unique_ptr<ObjectStore> folder_store(const std::string& root);
// `place.key` is the prefix. `noting` is a folder on this machine for what is under way, so that an
// upload in parts that was cut off leaves none behind.
std::unique_ptr<ObjectStore> s3_store(const fetch::S3Access& access, const fetch::S3Place& place,
                                      const std::string& noting, Clock& clock);

}  // namespace slipway::data
