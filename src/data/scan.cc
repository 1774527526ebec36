// SPDX-License-Identifier: Apache-2.0
#include "data/scan.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/pool.h"
#include "base/text.h"
#include "file_copy.h"

namespace slipway::data {
namespace {

namespace fs = std::filesystem;

constexpr int kDepthLimit = 200;

struct Found {
  Entry entry;
  std::string path;
  struct stat info {};
};

class Walk {
 public:
  Walk(std::string root, const Ignore& ignore) : root_(std::move(root)), ignore_(ignore) {}

  Result<std::vector<Found>> run() {
    SW_CHECK_OK(folder("", 0));
    return std::move(found_);
  }
  std::vector<std::string> dangling() { return std::move(dangling_); }

 private:
  Result<void> folder(const std::string& relative, int depth) {
    const std::string absolute = relative.empty() ? root_ : root_ + "/" + relative;
    if (depth > kDepthLimit) {
      return invalid("'" + absolute + "' is nested too deeply", "look for a symbolic link cycle");
    }
    std::error_code error;
    for (fs::directory_iterator it(absolute, error), end; !error && it != end;
         it.increment(error)) {
      SW_CHECK_OK(one(relative, it->path().filename().string(), depth));
    }
    if (error) return unavailable("cannot list '" + absolute + "': " + error.message());
    return {};
  }

  Result<void> one(const std::string& relative, const std::string& name, int depth) {
    const std::string path = relative.empty() ? name : relative + "/" + name;
    const std::string absolute = root_ + "/" + path;
    struct stat info {};
    if (::stat(absolute.c_str(), &info) != 0) {
      if (ignore_ && ignore_(path, false)) return {};
      const bool to_nothing = errno == ENOENT;
      struct stat link {};
      if (!to_nothing || ::lstat(absolute.c_str(), &link) != 0) {
        return file_error("cannot read", absolute);
      }
      dangling_.push_back(path);
      return {};
    }
    const bool is_folder = S_ISDIR(info.st_mode);
    if (ignore_ && ignore_(path, is_folder)) return {};
    if (!is_valid_utf8(name)) return invalid("the name of '" + absolute + "' is not UTF-8");
    if (is_folder) return folder(path, depth + 1);
    if (!S_ISREG(info.st_mode)) {
      return invalid("'" + absolute + "' is not a regular file", "remove it or ignore it");
    }
    found_.push_back(
        {{path, "", static_cast<std::uint64_t>(info.st_size), (info.st_mode & S_IXUSR) != 0},
         absolute,
         info});
    return {};
  }

  std::string root_;
  const Ignore& ignore_;
  std::vector<Found> found_;
  std::vector<std::string> dangling_;
};

// Fills in the hashes, on every core.
class Hashing {
 public:
  Hashing(std::vector<Found>& found, StatCache& stats, const OnProgress& on_progress)
      : found_(found), stats_(stats), on_progress_(on_progress) {
    progress_.total_files = found.size();
    for (const auto& file : found) progress_.total_bytes += file.entry.size;
  }

  Result<void> run() {
    std::vector<Found*> unknown;
    for (auto& file : found_) {
      if (auto md5 = stats_.find(file.info)) {
        file.entry.md5 = *std::move(md5);
        advance(1, file.entry.size);
      } else {
        unknown.push_back(&file);
      }
    }
    const std::size_t threads =
        std::min<std::size_t>(std::max(1u, std::thread::hardware_concurrency()),
                              std::max<std::size_t>(1, unknown.size()));
    if (threads == 1) {
      for (auto* file : unknown) hash(*file);
    } else {
      in_parallel(unknown, threads);
    }
    if (error_) return *std::move(error_);
    return {};
  }

 private:
  void in_parallel(const std::vector<Found*>& unknown, std::size_t threads) {
    Pool pool("hash", threads, threads);
    std::atomic<std::size_t> next = 0;
    for (std::size_t i = 0; i < threads; ++i) {
      SW_ASSERT(pool.post([&] {
        for (std::size_t at = next++; at < unknown.size() && !failed_; at = next++) {
          hash(*unknown[at]);
        }
      }));
    }
    pool.drain();
  }

  void hash(Found& file) {
    auto copied = copy_and_hash(file.path, "", 0, [this](std::size_t n) { advance(0, n); });
    if (!copied) {
      const std::scoped_lock lock(mutex_);
      failed_ = true;
      if (!error_) error_ = copied.error();
      return;
    }
    stats_.remember(copied->source, copied->md5);
    file.entry.size = static_cast<std::uint64_t>(copied->source.st_size);
    file.entry.md5 = std::move(copied->md5);
    advance(1, 0);
  }

  void advance(std::uint64_t files, std::uint64_t bytes) {
    const std::scoped_lock lock(mutex_);
    progress_.files += files;
    progress_.bytes += bytes;
    if (on_progress_) on_progress_(progress_);
  }

  std::vector<Found>& found_;
  StatCache& stats_;
  const OnProgress& on_progress_;
  std::mutex mutex_;
  Progress progress_;
  std::atomic<bool> failed_ = false;
  std::optional<Error> error_;
};

}  // namespace

Result<Manifest> scan(const std::string& path, const Ignore& ignore, StatCache& stats,
                      const OnProgress& on_progress) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return file_error("cannot read", path);
  Manifest out{.folder = S_ISDIR(info.st_mode)};
  std::vector<Found> found;
  if (out.folder) {
    Walk walk(path, ignore);
    SW_TRY(found, walk.run());
    out.dangling = walk.dangling();
  } else if (S_ISREG(info.st_mode)) {
    found.push_back(
        {{"", "", static_cast<std::uint64_t>(info.st_size), (info.st_mode & S_IXUSR) != 0},
         path,
         info});
  } else {
    return invalid("'" + path + "' is neither a file nor a folder");
  }
  std::sort(found.begin(), found.end(),
            [](const Found& a, const Found& b) { return a.entry.path < b.entry.path; });
  SW_CHECK_OK(Hashing(found, stats, on_progress).run());
  out.entries.reserve(found.size());
  for (auto& file : found) out.entries.push_back(std::move(file.entry));
  return out;
}

}  // namespace slipway::data
