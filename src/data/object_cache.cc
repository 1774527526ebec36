// SPDX-License-Identifier: Apache-2.0
#include "data/object_cache.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <unordered_set>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "blob/atomic_file.h"
#include "blob/md5.h"
#include "data/read_files.h"
#include "file_copy.h"

namespace slipway::data {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kManifestLimit = std::size_t{1} << 30;
constexpr int kObjectMode = 0444;
// What one name takes in a folder, and how many of them are listed in the time of one stat.
constexpr std::size_t kNameBytes = 48;
constexpr std::size_t kNamesAStat = 8;

// A temporary file that goes away unless it was renamed.
struct Temporary {
  std::string path;
  ~Temporary() { ::unlink(path.c_str()); }
};

Md5 md5_of_text(std::string_view bytes) {
  return blob::md5_of(std::span(&bytes, 1)).front();
}

// Which of the ids that begin with the same byte a folder lacks.
class Prefix {
 public:
  Prefix(const std::string& root, std::span<const ObjectId> ids) : ids_(ids), root_(root) {}

  // `places` in ids_, which are of one prefix.
  void look(std::span<const std::size_t> places, std::vector<std::size_t>& absent) {
    const auto path = ids_[places[0]].path();
    const auto folder = root_ + "/" + path.substr(0, path.rfind('/'));
    const Descriptor at(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    struct stat info {};
    if (!at.ok() || ::fstat(at.get(), &info) != 0) {
      absent.insert(absent.end(), places.begin(), places.end());
      return;
    }
    const auto names = static_cast<std::size_t>(info.st_size) / kNameBytes;
    const bool listed = names < places.size() * kNamesAStat && list(folder);
    for (const auto place : places) {
      const auto name = ids_[place].text().substr(2);
      const bool there = listed ? names_.contains(name) : is_file(at.get(), name);
      if (!there) absent.push_back(place);
    }
  }

 private:
  bool list(const std::string& folder) {
    names_.clear();
    DIR* dir = ::opendir(folder.c_str());
    if (dir == nullptr) return false;
    while (const auto* entry = ::readdir(dir)) {
      const bool file = entry->d_type == DT_REG ||
                        (entry->d_type == DT_UNKNOWN && is_file(::dirfd(dir), entry->d_name));
      if (file) names_.emplace(entry->d_name);
    }
    ::closedir(dir);
    return true;
  }

  static bool is_file(int folder, const std::string& name) {
    struct stat info {};
    return ::fstatat(folder, name.c_str(), &info, 0) == 0 && S_ISREG(info.st_mode);
  }

  std::span<const ObjectId> ids_;
  const std::string& root_;
  std::unordered_set<std::string> names_;
};

}  // namespace

Error corrupt_object(const ObjectId& id, const std::string& path, const Md5& actual) {
  return {Code::data_loss,
          "object " + id.text() + " is corrupt: its content has hash " + hex_of(actual) + " ('" +
              path + "')",
          "delete that file and fetch a good copy, or add the data again"};
}

std::string ObjectCache::path_of(const ObjectId& id) const {
  return root_ + "/" + id.path();
}

bool ObjectCache::has(const ObjectId& id) const {
  struct stat info {};
  return ::stat(path_of(id).c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

std::vector<std::size_t> ObjectCache::absent(std::span<const ObjectId> ids) const {
  std::vector<std::vector<std::size_t>> by_prefix(256);
  for (std::size_t i = 0; i < ids.size(); ++i) by_prefix[ids[i].md5[0]].push_back(i);
  std::vector<std::size_t> out;
  Prefix prefix(root_, ids);
  for (const auto& places : by_prefix) {
    if (!places.empty()) prefix.look(places, out);
  }
  std::sort(out.begin(), out.end());
  return out;
}

Result<void> ObjectCache::make_folder_of(const ObjectId& id) {
  auto& made = made_[id.md5[0]];
  if (made) return {};
  SW_CHECK_OK(make_parent(path_of(id)));
  made = true;
  return {};
}

Result<void> ObjectCache::keep(const std::string& temporary, const ObjectId& id) {
  const auto path = path_of(id);
  if (::rename(temporary.c_str(), path.c_str()) == 0) return {};
  return file_error("cannot store", path);
}

FileToRead ObjectCache::to_take(const std::string& path) {
  if (!made_root_) {  // where it cannot be made, writing there says why
    std::error_code error;
    fs::create_directories(root_ + "/files/md5", error);
    made_root_ = !error;
  }
  return {.from = path,
          .copy_to = temporary_beside(root_ + "/files/md5/incoming"),
          .mode = kObjectMode};
}

Result<void> ObjectCache::take(const ObjectId& id, const FileToRead& file, const FileRead& read) {
  const Temporary copied{read.copied ? file.copy_to : std::string()};
  if (has(id)) return {};
  SW_CHECK_OK(make_folder_of(id));
  if (!read.in_memory) return keep(file.copy_to, id);
  const Temporary temporary{temporary_beside(path_of(id))};
  SW_CHECK_OK(write_new(temporary.path, kObjectMode, read.content));
  return keep(temporary.path, id);
}

Result<ObjectId> ObjectCache::add_bytes(std::string_view bytes, bool manifest) {
  const ObjectId id{md5_of_text(bytes), manifest};
  if (has(id)) return id;
  const Temporary temporary{temporary_beside(path_of(id))};
  SW_CHECK_OK(make_folder_of(id));
  SW_CHECK_OK(write_new(temporary.path, kObjectMode, bytes));
  SW_CHECK_OK(keep(temporary.path, id));
  return id;
}

Result<std::string> ObjectCache::read(const ObjectId& id) const {
  SW_TRY(auto bytes, blob::read_file(path_of(id), kManifestLimit));
  const auto actual = md5_of_text(bytes);
  if (actual != id.md5) return corrupt_object(id, path_of(id), actual);
  return bytes;
}

Result<void> ObjectCache::receive(const ObjectId& id, const Fill& fill) {
  const Temporary temporary{temporary_beside(path_of(id))};
  SW_CHECK_OK(make_folder_of(id));
  SW_TRY(auto md5, fill(temporary.path));
  if (!md5) {
    SW_TRY(const auto copied, copy_and_hash(temporary.path, "", 0));
    md5 = copied.md5;
  }
  if (*md5 != id.md5) return corrupt_object(id, temporary.path, *md5);
  if (::chmod(temporary.path.c_str(), kObjectMode) != 0) {
    return file_error("cannot store", temporary.path);
  }
  return keep(temporary.path, id);
}

Result<std::vector<ObjectId>> ObjectCache::all() const {
  std::vector<ObjectId> out;
  std::error_code error;
  const auto base = root_ + "/files/md5";
  if (!fs::exists(base, error)) return out;
  for (fs::directory_iterator outer(base, error), end; !error && outer != end;
       outer.increment(error)) {
    if (!outer->is_directory(error)) continue;
    for (fs::directory_iterator inner(outer->path(), error); !error && inner != end;
         inner.increment(error)) {
      const auto id =
          ObjectId::parse(outer->path().filename().string() + inner->path().filename().string());
      if (id) out.push_back(*id);
    }
  }
  if (error) return unavailable("cannot list '" + base + "': " + error.message());
  return out;
}

void ObjectCache::drop_leftovers() const {
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

Result<void> ObjectCache::remove(const ObjectId& id) {
  if (::unlink(path_of(id).c_str()) == 0 || errno == ENOENT) return {};
  return file_error("cannot remove", path_of(id));
}

}  // namespace slipway::data
