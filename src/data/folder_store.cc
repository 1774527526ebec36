// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

#include "base/ids.h"
#include "data/object_cache.h"
#include "data/object_store.h"
#include "file_copy.h"

namespace slipway::data {
namespace {

namespace fs = std::filesystem;

constexpr int kObjectMode = 0444;

Result<void> make_parent(const std::string& path) {
  std::error_code error;
  fs::create_directories(fs::path(path).parent_path(), error);
  if (!error) return {};
  return unavailable("cannot make the folder of '" + path + "': " + error.message());
}

class FolderStore : public ObjectStore {
 public:
  explicit FolderStore(std::string root) : root_(std::move(root)) {}

  Result<std::vector<std::string>> present(const std::vector<std::string>& ids) override {
    std::vector<std::string> out;
    struct stat info {};
    for (const auto& id : ids) {
      const auto path = address_of(id);
      if (::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode)) out.push_back(id);
    }
    return out;
  }

  Result<std::vector<std::string>> all() override { return objects_below(root_); }

  Result<void> put(const std::string& id, const std::string& path) override {
    const auto target = address_of(id);
    SW_CHECK_OK(make_parent(target));
    const auto temporary = target + "." + system_ids().hex32().substr(0, 12) + ".tmp";
    const auto copied = copy_and_hash(path, temporary, kObjectMode);
    Result<void> outcome;
    if (!copied) {
      outcome = copied.error();
    } else if (copied->md5 != id.substr(0, 32)) {
      outcome = corrupt_object(id, path, copied->md5);
    } else if (::rename(temporary.c_str(), target.c_str()) != 0) {
      outcome = file_error("cannot store", target);
    }
    if (!outcome) ::unlink(temporary.c_str());
    return outcome;
  }

  Result<std::string> get(const std::string& id, const std::string& path) override {
    const auto source = address_of(id);
    std::error_code error;
    if (!fs::exists(source, error)) return not_found("there is no '" + source + "'");
    ::unlink(path.c_str());
    SW_TRY(const auto copied, copy_and_hash(source, path, kObjectMode));
    return copied.md5;
  }

  Result<void> remove(const std::vector<std::string>& ids) override {
    for (const auto& id : ids) {
      const auto path = address_of(id);
      if (::unlink(path.c_str()) != 0 && errno != ENOENT) return file_error("cannot remove", path);
    }
    return {};
  }

  Result<void> settle() override {
    const int fd = ::open(root_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT ? Result<void>{} : Result<void>(file_error("sync", root_));
    const int outcome = ::syncfs(fd);
    ::close(fd);
    if (outcome != 0) return file_error("cannot sync", root_);
    return {};
  }

  std::string address_of(const std::string& id) const override {
    return root_ + "/" + object_path(id);
  }

  std::size_t usual_jobs() const override {
    return std::max(1u, std::thread::hardware_concurrency());
  }

 private:
  std::string root_;
};

}  // namespace

std::unique_ptr<ObjectStore> folder_store(const std::string& root) {
  return std::make_unique<FolderStore>(root);
}

}  // namespace slipway::data
