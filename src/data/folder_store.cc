// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <thread>

#include <unistd.h>

#include "data/object_cache.h"
#include "data/object_store.h"
#include "file_copy.h"

namespace slipway::data {
namespace {

class FolderStore : public ObjectStore {
 public:
  explicit FolderStore(const std::string& root) : objects_(root) {}

  Result<std::vector<ObjectId>> present(const std::vector<ObjectId>& ids) override {
    std::vector<ObjectId> out;
    std::size_t next = 0;
    for (const auto absent : objects_.absent(ids)) {
      out.insert(out.end(), ids.begin() + static_cast<std::ptrdiff_t>(next),
                 ids.begin() + static_cast<std::ptrdiff_t>(absent));
      next = absent + 1;
    }
    out.insert(out.end(), ids.begin() + static_cast<std::ptrdiff_t>(next), ids.end());
    return out;
  }

  Result<std::vector<ObjectId>> all() override { return objects_.all(); }

  Result<void> put(const ObjectId& id, const std::string& path) override {
    return objects_.receive(id, [&](const std::string& to) -> Result<std::optional<Md5>> {
      SW_TRY(const auto copied, copy_and_hash(path, to, 0444));
      if (copied.md5 != id.md5) return corrupt_object(id, path, copied.md5);
      return std::optional(copied.md5);
    });
  }

  Result<std::optional<Md5>> get(const ObjectId& id, const std::string& path) override {
    ::unlink(path.c_str());
    SW_TRY(const auto copied, copy_and_hash(address_of(id), path, 0444));
    return std::optional(copied.md5);
  }

  Result<void> remove(const std::vector<ObjectId>& ids) override {
    for (const auto& id : ids) SW_CHECK_OK(objects_.remove(id));
    return {};
  }

  std::string address_of(const ObjectId& id) const override { return objects_.path_of(id); }

  std::size_t usual_jobs() const override {
    return std::max(1u, std::thread::hardware_concurrency());
  }

  ObjectCache* folder() override { return &objects_; }

 private:
  ObjectCache objects_;
};

}  // namespace

std::unique_ptr<ObjectStore> folder_store(const std::string& root) {
  return std::make_unique<FolderStore>(root);
}

}  // namespace slipway::data
