// SPDX-License-Identifier: Apache-2.0
#include "app/backup.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/platform.h"
#include "app/version.h"
#include "base/ids.h"
#include "base/text.h"
#include "blob/atomic_file.h"
#include "blob/blob.h"
#include "blob/hash.h"
#include "blob/sweep.h"
#include "data_folder.h"
#include "manifest.h"
#include "store/database.h"
#include "tables.h"

namespace slipway::app {
namespace {

namespace fs = std::filesystem;
using blob::Hasher;

constexpr const char* kManifest = "manifest.ndjson";
constexpr const char* kTables = "tables.ndjson";  // instead of slipway.db: a PostgreSQL store
constexpr std::size_t kManifestLimit = std::size_t{2} << 30;

Error cannot(const std::string& what, const std::string& path) {
  const int code = errno;
  const auto message = "cannot " + what + " '" + path + "': " + std::strerror(code);
  return code == ENOSPC || code == EDQUOT ? exhausted(message, "free some space and repeat")
                                          : unavailable(message);
}

Result<void> sync_path(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return cannot("open", path);
  const bool good = ::fsync(fd) == 0;
  ::close(fd);
  return good ? Result<void>() : Result<void>(cannot("sync", path));
}

struct Copied {
  std::string sha256;
  std::uint64_t size = 0;
};

// Copies and hashes in one go. Nothing when the source is gone.
Result<std::optional<Copied>> copy_file(const std::string& from, const std::string& to) {
  std::ifstream in(from, std::ios::binary);
  if (!in) {
    if (errno == ENOENT) return std::optional<Copied>();
    return cannot("read", from);
  }
  std::ofstream out(to, std::ios::binary | std::ios::trunc);
  Hasher hasher(Hasher::Kind::sha256);
  std::vector<char> buffer(1 << 20);
  Copied copied;
  while (in && out) {
    in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    const auto n = in.gcount();
    hasher.add({buffer.data(), static_cast<std::size_t>(n)});
    out.write(buffer.data(), n);
    copied.size += static_cast<std::uint64_t>(n);
  }
  out.flush();
  if (!out) return cannot("write", to);
  if (in.bad()) return cannot("read", from);
  out.close();
  SW_CHECK_OK(sync_path(to));
  copied.sha256 = hasher.finish();
  return std::optional<Copied>(std::move(copied));
}

std::string object_path(const std::string& root, const std::string& hash) {
  return root + "/objects/" + hash.substr(0, 2) + "/" + hash.substr(2);
}

Result<void> make_folder(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) {
    errno = error.value();
    return cannot("make the folder", path);
  }
  return {};
}

class BackingUp {
 public:
  BackingUp(Platform& platform, std::string path, const BackupWatch& watch)
      : platform_(platform), path_(std::move(path)), watch_(watch) {}

  Result<BackupReport> all() {
    SW_CHECK_OK(check_target());
    SW_CHECK_OK(database());
    SW_CHECK_OK(folder_files());
    SW_CHECK_OK(blobs());
    manifest_.made = platform_.clock().now().ms;
    manifest_.version = version();
    SW_CHECK_OK(blob::write_file_atomically(path_ + "/" + kManifest, to_text(manifest_)));
    std::error_code error;
    fs::remove_all(temporary(), error);
    report_.path = path_;
    report_.files = static_cast<std::int64_t>(1 + manifest_.files.size() + manifest_.blobs.size());
    return report_;
  }

 private:
  std::string temporary() const { return path_ + "/tmp"; }

  Result<void> check_target() {
    std::error_code error;
    if (fs::exists(path_, error) && !fs::is_empty(path_, error) &&
        !fs::exists(path_ + "/" + kManifest, error) && !fs::exists(temporary(), error)) {
      return precondition("'" + path_ + "' is not empty, and holds no backup",
                          "name a new folder, or one of an earlier backup");
    }
    SW_CHECK_OK(make_folder(temporary()));
    return make_folder(path_ + "/objects");
  }

  // The copy is made first: what it names was stored before it.
  Result<void> database() {
    const auto copy = temporary() + "/slipway.db-" + system_ids().hex32().substr(0, 8);
    const bool file = platform_.database().dialect() == store::Dialect::sqlite;
    SW_CHECK_OK(file ? platform_.database().copy_to(copy)
                     : dump_tables(platform_.database(), copy));
    SW_CHECK_OK(sync_path(copy));
    SW_TRY(const auto hash, blob::hash_of_file(Hasher::Kind::sha256, copy));
    struct stat info {};
    if (::stat(copy.c_str(), &info) != 0) return cannot("look at", copy);
    manifest_.database = {file ? "slipway.db" : kTables, hash,
                          static_cast<std::uint64_t>(info.st_size)};
    report_.bytes += info.st_size;
    report_.copied_bytes += info.st_size;
    return keep_object(copy, hash);
  }

  Result<void> keep_object(const std::string& from, const std::string& hash) {
    const auto object = object_path(path_, hash);
    SW_CHECK_OK(make_folder(fs::path(object).parent_path().string()));
    if (::rename(from.c_str(), object.c_str()) != 0) return cannot("keep", object);
    return sync_path(fs::path(object).parent_path().string());
  }

  bool has_object(const std::string& hash, std::uint64_t size) const {
    std::error_code error;
    return fs::file_size(object_path(path_, hash), error) == size && !error;
  }

  // Brings one file into objects/. `known`: its hash, when that is known beforehand.
  Result<std::optional<Manifest::File>> take(const std::string& from, const std::string& name,
                                             const std::string& known) {
    std::error_code error;
    const auto size = fs::file_size(from, error);
    if (error) return std::optional<Manifest::File>();  // removed meanwhile
    report_.bytes += static_cast<std::int64_t>(size);
    if (!known.empty() && has_object(known, size)) {
      return std::optional<Manifest::File>({name, known, size});
    }
    const auto copy = temporary() + "/" + system_ids().hex32();
    SW_TRY(const auto copied, copy_file(from, copy));
    if (!copied) return std::optional<Manifest::File>();
    if (!known.empty() && copied->sha256 != known) {
      return Error{Code::data_loss, "the stored content of '" + name + "' is damaged",
                   "restore that file from an older backup"};
    }
    if (has_object(copied->sha256, copied->size)) {
      fs::remove(copy, error);
    } else {
      SW_CHECK_OK(keep_object(copy, copied->sha256));
      report_.copied_bytes += static_cast<std::int64_t>(copied->size);
    }
    return std::optional<Manifest::File>({name, copied->sha256, copied->size});
  }

  // Logs of steps and the like: all but the database, the blobs and the lock.
  Result<void> folder_files() {
    const fs::path root(platform_.path("."));
    std::error_code error;
    fs::recursive_directory_iterator it(root, error);
    for (const fs::recursive_directory_iterator end; !error && it != end; it.increment(error)) {
      const auto name = it->path().lexically_relative(root).generic_string();
      if (it.depth() == 0 && (name == "blobs" || name.starts_with("slipway.db"))) {
        it.disable_recursion_pending();
        continue;
      }
      std::error_code ignored;
      if (name == "server.lock" || !it->is_regular_file(ignored) || it->is_symlink(ignored)) {
        continue;
      }
      SW_TRY(auto file, take(it->path().string(), name, ""));
      if (file) manifest_.files.push_back(*std::move(file));
    }
    return {};
  }

  // Names are hard links to objects that are named by their hash, so that most need no reading.
  Result<void> blobs() {
    SW_TRY(const auto folder, blob::root_of(platform_.blobs()));
    const fs::path root(folder);
    std::map<ino_t, std::string> hashes;
    std::error_code error;
    for (fs::recursive_directory_iterator it(root / "objects", error), end; !error && it != end;
         it.increment(error)) {
      struct stat info {};
      if (::lstat(it->path().c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
      hashes[info.st_ino] =
          it->path().parent_path().filename().string() + it->path().filename().string();
    }
    std::int64_t done = 0;
    error.clear();
    for (fs::recursive_directory_iterator it(root / "names", error), end; !error && it != end;
         it.increment(error)) {
      struct stat info {};
      if (::lstat(it->path().c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
      const auto found = hashes.find(info.st_ino);
      SW_TRY(auto file,
             take(it->path().string(), it->path().lexically_relative(root / "names").string(),
                  found == hashes.end() ? "" : found->second));
      if (file) manifest_.blobs.push_back(*std::move(file));
      if (watch_) watch_(++done, static_cast<std::int64_t>(hashes.size()));
    }
    if (error) return unavailable("cannot list the stored files: " + error.message());
    return {};
  }

  Platform& platform_;
  const std::string path_;
  const BackupWatch& watch_;
  Manifest manifest_;
  BackupReport report_;
};

Result<void> check_object(const std::string& path, const Manifest::File& file) {
  const auto object = object_path(path, file.sha256);
  std::error_code error;
  const auto size = fs::file_size(object, error);
  const auto damaged = [&](const std::string& why) {
    return Error{Code::data_loss, "the backup of '" + file.path + "' " + why + ": '" + object + "'",
                 "nothing was changed; take an older backup"};
  };
  if (error) return damaged("is missing");
  if (size != file.size) {
    return damaged("has " + std::to_string(size) + " bytes instead of " +
                   std::to_string(file.size));
  }
  SW_TRY(const auto hash, blob::hash_of_file(Hasher::Kind::sha256, object));
  if (hash != file.sha256) return damaged("is damaged: its checksum does not fit");
  return {};
}

bool holds_tables(const Manifest& manifest) {
  return manifest.database.path == kTables;
}

Result<void> check_store(const Manifest& manifest, const std::string& store) {
  const bool tables = holds_tables(manifest);
  if (tables == store.starts_with("postgres")) return {};
  return precondition(
      tables ? "this is the backup of a PostgreSQL store" : "this is the backup of an SQLite store",
      tables ? "name the database to fill with --store postgresql://USER@HOST:PORT/NAME"
             : "leave --store out: the database becomes a file in the data folder");
}

// Checks a backup, and makes a data folder of it.
class Restoring {
 public:
  Restoring(const std::string& path, const Manifest& manifest, const BackupWatch& watch)
      : path_(path), manifest_(manifest), watch_(watch) {
    for (const auto& each : manifest.files) objects_[each.sha256] = &each;
    for (const auto& each : manifest.blobs) objects_[each.sha256] = &each;
    objects_[manifest.database.sha256] = &manifest.database;
  }

  Result<void> check() {
    for (const auto& [hash, each] : objects_) {
      SW_CHECK_OK(check_object(path_, *each));
      step();
    }
    return {};
  }

  Result<void> make(const std::string& folder) {
    SW_CHECK_OK(make_folder(folder));
    if (!holds_tables(manifest_)) SW_CHECK_OK(copy(manifest_.database, folder + "/slipway.db"));
    for (const auto& each : manifest_.files) SW_CHECK_OK(copy(each, folder + "/" + each.path));
    SW_TRY(const auto blobs, blob::open_local(folder + "/blobs"));
    for (const auto& each : manifest_.blobs) SW_CHECK_OK(put(*blobs, each));
    return {};
  }

  std::int64_t files() const { return files_; }
  std::int64_t bytes() const { return bytes_; }

 private:
  static Error changed(const Manifest::File& file) {
    return {Code::data_loss, "'" + file.path + "' changed while it was restored", "repeat it"};
  }

  void step() {
    if (watch_) watch_(++done_, static_cast<std::int64_t>(2 * objects_.size()));
  }

  void count(const Manifest::File& file) {
    ++files_;
    bytes_ += static_cast<std::int64_t>(file.size);
    step();
  }

  Result<void> copy(const Manifest::File& file, const std::string& to) {
    SW_CHECK_OK(make_folder(fs::path(to).parent_path().string()));
    SW_TRY(const auto copied, copy_file(object_path(path_, file.sha256), to));
    if (!copied || copied->sha256 != file.sha256) return changed(file);
    count(file);
    return {};
  }

  Result<void> put(blob::BlobStore& blobs, const Manifest::File& file) {
    std::ifstream in(object_path(path_, file.sha256), std::ios::binary);
    SW_TRY(const auto writer, blobs.put(file.path));
    std::vector<char> buffer(1 << 20);
    while (in.read(buffer.data(), static_cast<std::streamsize>(buffer.size())), in.gcount() > 0) {
      SW_CHECK_OK(writer->write({buffer.data(), static_cast<std::size_t>(in.gcount())}));
    }
    SW_TRY(const auto hash, writer->finish());
    if (hash != file.sha256) return changed(file);
    count(file);
    return {};
  }

  const std::string& path_;
  const Manifest& manifest_;
  const BackupWatch& watch_;
  std::map<std::string, const Manifest::File*> objects_;
  std::int64_t done_ = 0;
  std::int64_t files_ = 0;
  std::int64_t bytes_ = 0;
};

Result<void> check_data_folder(const std::string& data, bool force) {
  std::error_code error;
  if (!fs::exists(data, error)) return {};
  if (!fs::is_directory(data, error)) {
    return precondition("'" + data + "' is no folder", "give another one with --data");
  }
  if (fs::is_empty(data, error)) return {};
  if (!force) {
    return precondition("the data folder '" + data + "' is not empty",
                        "give an empty one with --data, or replace this one with --force");
  }
  if (!fs::exists(data + "/version", error)) {
    return precondition("'" + data + "' is no data folder of Slipway, and is not replaced",
                        "give another one with --data");
  }
  SW_CHECK_OK(DataFolder::open(data, true));  // no server may be using it
  return {};
}

Result<void> put_in_place(const std::string& made, const std::string& data) {
  std::error_code error;
  const auto aside = data + ".before-restore-" + system_ids().hex32().substr(0, 8);
  if (fs::exists(data, error)) {
    if (::rename(data.c_str(), aside.c_str()) != 0) return cannot("move", data);
  }
  if (::rename(made.c_str(), data.c_str()) != 0) {
    auto failed = cannot("make", data);
    fs::rename(aside, data, error);
    return failed;
  }
  fs::remove_all(aside, error);
  return sync_path(fs::path(data).parent_path().string());
}

}  // namespace

std::string to_json(const BackupReport& report) {
  std::string out = "{\"path\":";
  append_json_string(out, report.path);
  return out + ",\"files\":" + std::to_string(report.files) +
         ",\"bytes\":" + std::to_string(report.bytes) +
         ",\"copied_bytes\":" + std::to_string(report.copied_bytes) + "}";
}

Result<BackupReport> back_up(Platform& platform, const std::string& path,
                             const BackupWatch& watch) {
  if (path.empty()) return invalid("it is not said where the backup goes");
  return BackingUp(platform, fs::absolute(path).lexically_normal().string(), watch).all();
}

Result<BackupReport> restore(const std::string& path, const std::string& data,
                             const std::string& store, bool force, const BackupWatch& watch) {
  const auto file = path + "/" + kManifest;
  std::error_code error;
  if (!fs::exists(file, error)) {
    return not_found("there is no backup in '" + path + "': it has no " + kManifest,
                     "name the folder that `slipway backup` wrote");
  }
  SW_TRY(const auto text, blob::read_file(file, kManifestLimit));
  SW_TRY(const auto manifest, parse_manifest(text, file));
  const auto target = fs::absolute(data).lexically_normal().string();
  SW_CHECK_OK(check_data_folder(target, force));
  SW_CHECK_OK(check_store(manifest, store));
  Restoring restoring(path, manifest, watch);
  SW_CHECK_OK(restoring.check());
  const auto made = target + ".restoring-" + system_ids().hex32().substr(0, 8);
  auto done = restoring.make(made);
  if (done && holds_tables(manifest)) {
    done = load_tables(store, object_path(path, manifest.database.sha256), force);
  }
  if (done) done = put_in_place(made, target);
  fs::remove_all(made, error);
  if (!done) return done.error();
  return BackupReport{.path = target, .files = restoring.files(), .bytes = restoring.bytes()};
}

}  // namespace slipway::app
