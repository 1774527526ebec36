// SPDX-License-Identifier: Apache-2.0
// The local folder: objects/<2 hex>/<62 hex> by SHA-256, names/<key> hard-linked to them, tmp/ for
// what is being written. A file's link count tells whether its object is still used.
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ids.h"
#include "base/log.h"
#include "blob/blob.h"
#include "blob/hash.h"
#include "files.h"
#include "key.h"

namespace slipway::blob {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kStaleMs = 24 * 3'600'000;

Timestamp modified_at(const struct stat& info) {
  return {info.st_mtim.tv_sec * 1000 + info.st_mtim.tv_nsec / 1'000'000};
}

struct Folders {
  std::string root;
  std::string name(const std::string& key) const { return root + "/names/" + key; }
  std::string names() const { return root + "/names"; }
  std::string temporary() const { return root + "/tmp/" + system_ids().hex32(); }
  std::string object(const std::string& hash) const {
    return root + "/objects/" + hash.substr(0, 2) + "/" + hash.substr(2);
  }

  // Does a folder on the way to the key, or the key itself, link to somewhere else? We make no
  // links, so one leads out of the store.
  bool leaves(const std::string& key) const {
    for (std::size_t end = key.find('/');; end = key.find('/', end + 1)) {
      struct stat info {};
      if (::lstat(name(key.substr(0, end)).c_str(), &info) != 0) return false;
      if (S_ISLNK(info.st_mode)) return true;
      if (end == std::string::npos) return false;
    }
  }
};

class LocalReader : public Reader {
 public:
  LocalReader(File file, std::uint64_t left, std::uint64_t size)
      : file_(std::move(file)), left_(left), size_(size) {}

  Result<std::size_t> read(char* into, std::size_t size) override {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(size, left_));
    while (wanted > 0) {
      const ssize_t n = ::read(file_.fd(), into, wanted);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return system_error("cannot read an object");
      left_ -= static_cast<std::uint64_t>(n);
      return static_cast<std::size_t>(n);
    }
    return std::size_t{0};
  }
  std::uint64_t size() const override { return size_; }

 private:
  File file_;
  std::uint64_t left_;
  std::uint64_t size_;
};

class LocalWriter : public Writer {
 public:
  LocalWriter(const Folders& folders, std::string key, std::string temporary, File file)
      : folders_(folders),
        key_(std::move(key)),
        temporary_(std::move(temporary)),
        file_(std::move(file)) {}
  ~LocalWriter() override { ::unlink(temporary_.c_str()); }

  Result<void> write(std::string_view bytes) override {
    hasher_.add(bytes);
    return write_all(file_.fd(), bytes);
  }

  Result<std::string> finish() override {
    if (::fsync(file_.fd()) != 0) return system_error("cannot sync '" + key_ + "'");
    const auto hash = hasher_.finish();
    SW_TRY(const auto source, share(folders_.object(hash)));
    const auto target = folders_.name(key_);
    SW_CHECK_OK(make_folders(parent_of(target)));
    if (::rename(source.c_str(), target.c_str()) != 0) {
      ::unlink(source.c_str());
      return system_error("cannot store '" + key_ + "'");
    }
    ::unlink(source.c_str());  // rename leaves it when both are the same file already
    SW_CHECK_OK(sync_folder(parent_of(target)));
    return hash;
  }

 private:
  // A name in tmp/ for the bytes: a link to the object that holds them already, or to ours, which
  // becomes that object. Without hard links the temporary file itself.
  Result<std::string> share(const std::string& object) {
    SW_CHECK_OK(make_folders(parent_of(object)));
    const auto linked = folders_.temporary();
    for (int attempt = 0; attempt < 3; ++attempt) {
      if (::link(object.c_str(), linked.c_str()) == 0) return linked;
      if (errno != ENOENT) break;
      if (::link(temporary_.c_str(), object.c_str()) != 0 && errno != EEXIST) break;
      SW_CHECK_OK(sync_folder(parent_of(object)));
    }
    if (errno == EMLINK || errno == EPERM || errno == ENOTSUP || errno == EXDEV) return temporary_;
    return system_error("cannot store '" + key_ + "'");
  }

  Folders folders_;
  std::string key_;
  std::string temporary_;
  File file_;
  Hasher hasher_{Hasher::Kind::sha256};
};

class LocalStore : public BlobStore {
 public:
  explicit LocalStore(std::string root) : folders_{std::move(root)} {}

  Result<void> prepare() {
    for (const char* name : {"/names", "/objects", "/tmp"}) {
      SW_CHECK_OK(make_folders(folders_.root + name));
    }
    sweep_stale();
    return {};
  }

  Result<std::unique_ptr<Writer>> put(const std::string& key) override {
    SW_CHECK_OK(check_key(key, false));
    if (folders_.leaves(key)) return outside(key);
    auto temporary = folders_.temporary();
    File file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (!file.ok()) return system_error("cannot store '" + key + "'");
    return std::unique_ptr<Writer>(
        std::make_unique<LocalWriter>(folders_, key, std::move(temporary), std::move(file)));
  }

  Result<std::unique_ptr<Reader>> get(const std::string& key, std::uint64_t offset,
                                      std::optional<std::uint64_t> length) override {
    SW_CHECK_OK(check_key(key, false));
    if (folders_.leaves(key)) return missing(key);
    File file(::open(folders_.name(key).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!file.ok()) return missing(key);
    struct stat info {};
    if (::fstat(file.fd(), &info) != 0 || !S_ISREG(info.st_mode)) {
      return not_found("'" + key + "' is a folder");
    }
    const auto size = static_cast<std::uint64_t>(info.st_size);
    if (offset > size) return invalid("offset " + std::to_string(offset) + " is behind the end");
    if (::lseek(file.fd(), static_cast<off_t>(offset), SEEK_SET) < 0) {
      return system_error("cannot read '" + key + "'");
    }
    const auto left = std::min(size - offset, length.value_or(size));
    return std::unique_ptr<Reader>(std::make_unique<LocalReader>(std::move(file), left, size));
  }

  Result<std::optional<Stat>> stat(const std::string& key) override {
    SW_CHECK_OK(check_key(key, true));
    if (folders_.leaves(key)) return std::optional<Stat>{};
    struct stat info {};
    if (::lstat(folders_.name(key).c_str(), &info) != 0) {
      if (errno == ENOENT || errno == ENOTDIR) return std::optional<Stat>{};
      return system_error("cannot look at '" + key + "'");
    }
    return std::optional<Stat>{to_stat(key, info)};
  }

  Result<std::vector<Stat>> list(const std::string& prefix) override {
    SW_CHECK_OK(check_key(prefix, true));
    std::vector<Stat> out;
    if (folders_.leaves(prefix)) return out;
    std::error_code error;
    for (fs::directory_iterator it(folders_.name(prefix), error), end; !error && it != end;
         it.increment(error)) {
      struct stat info {};
      if (::lstat(it->path().c_str(), &info) == 0) {
        out.push_back(to_stat(it->path().filename().string(), info));
      }
    }
    const bool absent =
        error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory;
    if (error && !absent) return internal("cannot list '" + prefix + "': " + error.message());
    std::sort(out.begin(), out.end(), [](const Stat& a, const Stat& b) { return a.key < b.key; });
    return out;
  }

  Result<void> remove(const std::string& prefix) override {
    SW_CHECK_OK(check_key(prefix, false));
    if (folders_.leaves(prefix)) return outside(prefix);
    const auto path = folders_.name(prefix);
    std::error_code error;
    for (fs::recursive_directory_iterator it(path, error), end; !error && it != end;
         it.increment(error)) {
      if (it->is_regular_file(error)) release_object(it->path().string());
    }
    release_object(path);
    fs::remove_all(path, error);
    if (error) return internal("cannot remove '" + prefix + "': " + error.message());
    if (fs::exists(parent_of(path), error)) SW_CHECK_OK(sync_folder(parent_of(path)));
    return {};
  }

  Result<std::string> local_path(const std::string& key) override {
    SW_TRY(const auto found, stat(key));
    if (!found) return missing(key);
    return folders_.name(key);
  }

 private:
  static Error missing(const std::string& key) { return not_found("there is no '" + key + "'"); }

  static Error outside(const std::string& key) {
    return invalid("'" + key + "' leads out of the store through a link");
  }

  static Stat to_stat(std::string key, const struct stat& info) {
    const bool folder = S_ISDIR(info.st_mode);
    return {.key = std::move(key),
            .size = folder ? 0 : static_cast<std::uint64_t>(info.st_size),
            .modified = modified_at(info),
            .folder = folder};
  }

  // Two links left: this name and the object. The hash is read off the bytes, so nothing has to be
  // kept beside them. When somebody links the object meanwhile only the sharing is lost.
  void release_object(const std::string& path) {
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode) || info.st_nlink != 2) return;
    const auto hash = hash_of_file(Hasher::Kind::sha256, path);
    if (!hash) return;
    struct stat object {};
    const auto object_path = folders_.object(*hash);
    if (::lstat(object_path.c_str(), &object) == 0 && object.st_ino == info.st_ino) {
      ::unlink(object_path.c_str());
    }
  }

  // What a killed process left in tmp/; younger files may belong to one that runs.
  void sweep_stale() {
    const auto now = system_clock().now().ms;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folders_.root + "/tmp", error)) {
      struct stat info {};
      if (::lstat(entry.path().c_str(), &info) == 0 && now - modified_at(info).ms > kStaleMs) {
        ::unlink(entry.path().c_str());
      }
    }
  }

  Folders folders_;
};

}  // namespace

Result<std::unique_ptr<BlobStore>> open_local(const std::string& folder) {
  auto store = std::make_unique<LocalStore>(folder);
  SW_CHECK_OK(store->prepare());
  return std::unique_ptr<BlobStore>(std::move(store));
}

}  // namespace slipway::blob
