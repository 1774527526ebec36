// SPDX-License-Identifier: Apache-2.0
#include "data/object_cache.h"

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>

#include <fcntl.h>
#include <unistd.h>

#include "base/ids.h"
#include "blob/atomic_file.h"
#include "blob/hash.h"
#include "file_copy.h"

namespace slipway::data {
namespace {

constexpr std::size_t kManifestLimit = std::size_t{1} << 30;
constexpr int kObjectMode = 0444;

std::string temporary_beside(const std::string& path) {
  return path + "." + system_ids().hex32().substr(0, 12) + ".tmp";
}

// A temporary file that goes away unless it was renamed.
struct Temporary {
  std::string path;
  ~Temporary() { ::unlink(path.c_str()); }
};

Result<void> make_parent(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  if (error) return unavailable("cannot make the folder of '" + path + "': " + error.message());
  return {};
}

}  // namespace

bool is_object_id(std::string_view id) {
  if (id.ends_with(".dir")) id.remove_suffix(4);
  return id.size() == 32 && id.find_first_not_of("0123456789abcdef") == id.npos;
}

Error corrupt_object(const std::string& id, const std::string& path, const std::string& actual) {
  return {Code::data_loss,
          "object " + id + " is corrupt: its content has hash " + actual + " ('" + path + "')",
          "delete that file and fetch a good copy, or add the data again"};
}

std::string object_path(const std::string& id) {
  SW_ASSERT(is_object_id(id));
  return "files/md5/" + id.substr(0, 2) + "/" + id.substr(2);
}

std::string object_id(std::string_view path) {
  constexpr std::string_view kBase = "files/md5/";
  if (!path.starts_with(kBase)) return {};
  path.remove_prefix(kBase.size());
  if (path.size() < 3 || path[2] != '/') return {};
  auto id = std::string(path.substr(0, 2)) + std::string(path.substr(3));
  return is_object_id(id) ? id : std::string();
}

Result<std::vector<std::string>> objects_below(const std::string& root) {
  namespace fs = std::filesystem;
  std::vector<std::string> out;
  std::error_code error;
  const auto base = root + "/files/md5";
  if (!fs::exists(base, error)) return out;
  for (fs::directory_iterator outer(base, error), end; !error && outer != end;
       outer.increment(error)) {
    if (!outer->is_directory(error)) continue;
    for (fs::directory_iterator inner(outer->path(), error); !error && inner != end;
         inner.increment(error)) {
      auto id = outer->path().filename().string() + inner->path().filename().string();
      if (is_object_id(id)) out.push_back(std::move(id));
    }
  }
  if (error) return unavailable("cannot list '" + base + "': " + error.message());
  return out;
}

std::string ObjectCache::path_of(const std::string& id) const {
  return root_ + "/" + object_path(id);
}

bool ObjectCache::has(const std::string& id) const {
  struct stat info {};
  return ::stat(path_of(id).c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

Result<std::string> ObjectCache::keep(const std::string& temporary, const std::string& id) {
  if (::rename(temporary.c_str(), path_of(id).c_str()) != 0) {
    return file_error("cannot store", path_of(id));
  }
  return id;
}

Result<std::string> ObjectCache::add_file(const std::string& path, const std::string& expected,
                                          const std::function<void(std::size_t)>& on_bytes) {
  const Temporary temporary{temporary_beside(root_ + "/files/md5/incoming")};
  SW_CHECK_OK(make_parent(temporary.path));
  SW_TRY(const auto copied, copy_and_hash(path, temporary.path, kObjectMode, on_bytes));
  if (!expected.empty() && copied.md5 != expected) {
    return Error{Code::conflict, "'" + path + "' changed while it was added",
                 "wait until it is complete and add it again"};
  }
  stats_.remember(copied.source, copied.md5);
  if (has(copied.md5)) return copied.md5;
  SW_CHECK_OK(make_parent(path_of(copied.md5)));
  return keep(temporary.path, copied.md5);
}

Result<std::string> ObjectCache::add_bytes(std::string_view bytes, const std::string& suffix) {
  const auto id = blob::hash_of(blob::Hasher::Kind::md5, bytes) + suffix;
  if (has(id)) return id;
  const Temporary temporary{temporary_beside(path_of(id))};
  SW_CHECK_OK(make_parent(temporary.path));
  SW_CHECK_OK(blob::write_file_atomically(temporary.path, bytes));
  if (::chmod(temporary.path.c_str(), kObjectMode) != 0) return file_error("cannot store", id);
  return keep(temporary.path, id);
}

Result<std::string> ObjectCache::read(const std::string& id) const {
  SW_TRY(auto bytes, blob::read_file(path_of(id), kManifestLimit));
  const auto actual = blob::hash_of(blob::Hasher::Kind::md5, bytes);
  if (actual != id.substr(0, 32)) return corrupt_object(id, path_of(id), actual);
  return bytes;
}

Result<void> ObjectCache::sync() const {
  const int fd = ::open(root_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return errno == ENOENT ? Result<void>{} : Result<void>(file_error("cannot sync", root_));
  const int outcome = ::syncfs(fd);
  ::close(fd);
  if (outcome != 0) return file_error("cannot sync", root_);
  return {};
}

Result<void> ObjectCache::receive(
    const std::string& id, const std::function<Result<std::string>(const std::string&)>& fill) {
  const Temporary temporary{temporary_beside(path_of(id))};
  SW_CHECK_OK(make_parent(temporary.path));
  SW_TRY(auto md5, fill(temporary.path));
  if (md5.empty()) {
    SW_TRY(md5, blob::hash_of_file(blob::Hasher::Kind::md5, temporary.path));
  }
  if (md5 != id.substr(0, 32)) return corrupt_object(id, temporary.path, md5);
  if (::chmod(temporary.path.c_str(), kObjectMode) != 0) return file_error("cannot store", id);
  SW_TRY(const auto kept, keep(temporary.path, id));
  struct stat info {};
  if (::stat(path_of(kept).c_str(), &info) == 0) stats_.remember(info, md5);
  return {};
}

void ObjectCache::drop_leftovers() const {
  namespace fs = std::filesystem;
  const auto old = fs::file_time_type::clock::now() - std::chrono::hours(24);
  std::error_code error;
  for (fs::recursive_directory_iterator it(root_ + "/files/md5", error), end; !error && it != end;
       it.increment(error)) {
    if (it->path().extension() != ".tmp") continue;
    std::error_code gone;
    const auto written = it->last_write_time(gone);
    if (!gone && written < old) fs::remove(it->path(), gone);
  }
}

Result<void> ObjectCache::remove(const std::string& id) {
  if (::unlink(path_of(id).c_str()) != 0 && errno != ENOENT) {
    return file_error("cannot remove", path_of(id));
  }
  return {};
}

Result<void> ObjectCache::restore(const std::string& id, const std::string& target, bool executable,
                                  const std::function<void(std::size_t)>& on_bytes) {
  SW_CHECK_OK(make_parent(target));
  const Temporary temporary{temporary_beside(target)};
  const ::mode_t mask = ::umask(0);
  ::umask(mask);
  const int mode = static_cast<int>((executable ? 0777u : 0666u) & ~mask);
  SW_TRY(const auto copied, copy_and_hash(path_of(id), temporary.path, mode, on_bytes));
  if (copied.md5 != id.substr(0, 32)) return corrupt_object(id, path_of(id), copied.md5);
  if (::rename(temporary.path.c_str(), target.c_str()) != 0) {
    return file_error("cannot write", target);
  }
  struct stat info {};
  if (::stat(target.c_str(), &info) == 0) stats_.remember(info, copied.md5);
  return {};
}

}  // namespace slipway::data
