// SPDX-License-Identifier: Apache-2.0
#include "data/scan.h"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include <dirent.h>
#include <fcntl.h>

#include "base/text.h"
#include "data/object_cache.h"
#include "data/read_files.h"
#include "file_copy.h"

namespace slipway::data {
namespace {

constexpr int kDepthLimit = 200;

// What a folder holds, with the hashes that are known; the others are to be found out.
struct Found {
  std::vector<Entry> entries;
  std::vector<std::size_t> unknown;  // places in entries
  std::vector<std::string> dangling;
};

class Walk {
 public:
  Walk(std::string root, const Ignore& ignore, const StatCache& stats)
      : root_(std::move(root)), ignore_(ignore), stats_(stats) {}

  Result<Found> run() {
    SW_CHECK_OK(folder("", 0));
    std::sort(out_.entries.begin(), out_.entries.end(),
              [](const Entry& a, const Entry& b) { return a.path < b.path; });
    for (std::size_t i = 0; i < out_.entries.size(); ++i) {
      if (out_.entries[i].md5 == kNoMd5) out_.unknown.push_back(i);
    }
    return std::move(out_);
  }

 private:
  struct Closing {
    void operator()(DIR* dir) const { ::closedir(dir); }
  };

  std::string absolute(const std::string& relative) const {
    return relative.empty() ? root_ : root_ + "/" + relative;
  }

  // Names are looked up in the open folder: a path from the root for each would cost more.
  Result<void> folder(const std::string& relative, int depth) {
    if (depth > kDepthLimit) {
      return invalid("'" + absolute(relative) + "' is nested too deeply",
                     "look for a symbolic link cycle");
    }
    const std::unique_ptr<DIR, Closing> dir(::opendir(absolute(relative).c_str()));
    if (dir == nullptr) return file_error("cannot list", absolute(relative));
    std::vector<std::string> folders;
    while (true) {
      errno = 0;
      const auto* entry = ::readdir(dir.get());
      if (entry == nullptr && errno != 0) return file_error("cannot list", absolute(relative));
      if (entry == nullptr) break;
      const std::string_view name = entry->d_name;
      if (name == "." || name == "..") continue;
      auto path = relative.empty() ? std::string(name) : relative + "/" + std::string(name);
      SW_TRY(const bool is_folder, one(::dirfd(dir.get()), name, path));
      if (is_folder) folders.push_back(std::move(path));
    }
    for (const auto& each : folders) SW_CHECK_OK(folder(each, depth + 1));
    return {};
  }

  // True for a folder that is not ignored; files are noted.
  Result<bool> one(int parent, std::string_view name, const std::string& path) {
    struct stat info {};
    if (::fstatat(parent, name.data(), &info, 0) != 0) {
      if (ignore_ && ignore_(path, false)) return false;
      const bool to_nothing = errno == ENOENT;
      if (!to_nothing || ::fstatat(parent, name.data(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
        return file_error("cannot read", absolute(path));
      }
      out_.dangling.push_back(path);
      return false;
    }
    const bool is_folder = S_ISDIR(info.st_mode);
    if (ignore_ && ignore_(path, is_folder)) return false;
    if (!is_valid_utf8(name)) return invalid("the name of '" + absolute(path) + "' is not UTF-8");
    if (is_folder) return true;
    if (!S_ISREG(info.st_mode)) {
      return invalid("'" + absolute(path) + "' is not a regular file", "remove it or ignore it");
    }
    out_.entries.push_back(entry_of(path, info, stats_));
    return false;
  }

 public:
  static Entry entry_of(const std::string& path, const struct stat& info, const StatCache& stats) {
    return {path, stats.find(info).value_or(kNoMd5), static_cast<std::uint64_t>(info.st_size),
            (info.st_mode & S_IXUSR) != 0};
  }

 private:
  std::string root_;
  const Ignore& ignore_;
  const StatCache& stats_;
  Found out_;
};

// Fills in the hashes, on every core, and keeps the contents where they are to be kept.
class Hashing {
 public:
  Hashing(const std::string& root, Found& found, StatCache& stats, ObjectCache* into,
          const OnProgress& on_progress)
      : root_(root), found_(found), stats_(stats), into_(into), on_progress_(on_progress) {
    progress_.total_files = found.entries.size();
    for (const auto& entry : found.entries) progress_.total_bytes += entry.size;
  }

  Result<void> run() {
    if (into_ != nullptr) add_absent();
    progress_.files = found_.entries.size() - found_.unknown.size();
    progress_.bytes = progress_.total_bytes;
    for (const auto place : found_.unknown) progress_.bytes -= found_.entries[place].size;
    advance(0, 0);
    read_files({.count = found_.unknown.size(),
                .file = [this](std::size_t i) { return file(i); },
                .done = [this](std::size_t i,
                               Result<FileRead>&& read) { return done(i, std::move(read)); },
                .on_bytes = [this](std::size_t n) { advance(0, n); }});
    if (error_) return *std::move(error_);
    return {};
  }

 private:
  // Files that are known and whose content the cache lost are read as well.
  void add_absent() {
    std::vector<std::size_t> known;
    std::vector<ObjectId> ids;
    for (std::size_t i = 0; i < found_.entries.size(); ++i) {
      if (found_.entries[i].md5 == kNoMd5) continue;
      known.push_back(i);
      ids.push_back({found_.entries[i].md5});
    }
    for (const auto place : into_->absent(ids)) found_.unknown.push_back(known[place]);
    temporary_.resize(found_.unknown.size());
  }

  FileToRead file(std::size_t i) {
    const auto& path = found_.entries[found_.unknown[i]].path;
    const auto from = path.empty() ? root_ : root_ + "/" + path;
    if (into_ == nullptr) return {.from = from, .copy_to = {}};
    auto out = into_->to_take(from);
    temporary_[i] = out.copy_to;
    return out;
  }

  bool done(std::size_t i, Result<FileRead>&& read) {
    const auto kept = keep(i, std::move(read));
    if (kept) {
      advance(1, 0);
      return true;
    }
    const std::scoped_lock lock(mutex_);
    if (!error_) error_ = kept.error();
    return false;
  }

  Result<void> keep(std::size_t i, Result<FileRead>&& read) {
    if (!read) return read.error();
    auto& entry = found_.entries[found_.unknown[i]];
    entry.size = static_cast<std::uint64_t>(read->source.st_size);
    entry.md5 = read->md5;
    stats_.remember(read->source, read->md5);
    if (into_ == nullptr) return {};
    return into_->take({read->md5}, {.from = {}, .copy_to = temporary_[i]}, *read);
  }

  void advance(std::uint64_t files, std::uint64_t bytes) {
    const std::scoped_lock lock(mutex_);
    progress_.files += files;
    progress_.bytes += bytes;
    if (on_progress_) on_progress_(progress_);
  }

  const std::string& root_;
  Found& found_;
  StatCache& stats_;
  ObjectCache* into_;
  const OnProgress& on_progress_;
  std::vector<std::string> temporary_;  // by place in found_.unknown: where large ones are copied
  std::mutex mutex_;
  Progress progress_;
  std::optional<Error> error_;
};

}  // namespace

Result<Manifest> scan(const std::string& path, const Ignore& ignore, StatCache& stats,
                      const OnProgress& on_progress, ObjectCache* into) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return file_error("cannot read", path);
  Manifest out{.folder = S_ISDIR(info.st_mode)};
  Found found;
  if (out.folder) {
    SW_TRY(found, Walk(path, ignore, stats).run());
    out.dangling = std::move(found.dangling);
  } else if (S_ISREG(info.st_mode)) {
    found.entries.push_back(Walk::entry_of("", info, stats));
    if (found.entries[0].md5 == kNoMd5) found.unknown.push_back(0);
  } else {
    return invalid("'" + path + "' is neither a file nor a folder");
  }
  SW_CHECK_OK(Hashing(path, found, stats, into, on_progress).run());
  out.entries = std::move(found.entries);
  return out;
}

}  // namespace slipway::data
