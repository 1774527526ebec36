// SPDX-License-Identifier: Apache-2.0
#include "data/transfer.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <mutex>

#include <unistd.h>

#include "base/pool.h"
#include "data/read_files.h"

namespace slipway::data {
namespace {

constexpr std::size_t kMostJobs = 256;

using Move = std::function<Result<void>(const ObjectId& id)>;

// Each id on one of `jobs` threads.
class Moving {
 public:
  Moving(Move move, std::size_t total, const OnProgress& on_progress)
      : move_(std::move(move)), on_progress_(on_progress) {
    progress_.total_files = total;
  }

  void run(const std::vector<ObjectId>& ids, std::size_t jobs) {
    const auto threads = std::clamp<std::size_t>(std::min(jobs, ids.size()), 1, kMostJobs);
    if (threads == 1) {
      for (const auto& id : ids) one(id);
      return;
    }
    std::atomic<std::size_t> next = 0;
    Pool pool("transfer", threads, threads);
    for (std::size_t i = 0; i < threads; ++i) {
      SW_ASSERT(pool.post([&] {
        for (std::size_t at = next++; at < ids.size(); at = next++) one(ids[at]);
      }));
    }
    pool.drain();
  }

  // From one folder of this machine to another, many files at once.
  // Neighbours lie in different folders, or the threads would wait for one another's.
  void copy(std::vector<ObjectId> ids, ObjectCache& from, ObjectCache& to) {
    std::sort(ids.begin(), ids.end(), [](const ObjectId& a, const ObjectId& b) {
      return std::lexicographical_compare(a.md5.rbegin(), a.md5.rend(), b.md5.rbegin(),
                                          b.md5.rend());
    });
    std::vector<std::string> temporary(ids.size());
    read_files({.count = ids.size(),
                .file =
                    [&](std::size_t i) {
                      auto file = to.to_take(from.path_of(ids[i]));
                      temporary[i] = file.copy_to;
                      return file;
                    },
                .done =
                    [&](std::size_t i, Result<FileRead>&& read) {
                      note(ids[i], taken(ids[i], from, to, temporary[i], std::move(read)));
                      return true;
                    },
                .on_bytes = {}});
  }

  Transferred take() { return std::exchange(out_, {}); }

 private:
  void one(const ObjectId& id) { note(id, move_(id)); }

  static Result<void> taken(const ObjectId& id, const ObjectCache& from, ObjectCache& to,
                            const std::string& temporary, Result<FileRead>&& read) {
    if (!read) return read.error();
    if (read->md5 != id.md5) {
      if (read->copied) ::unlink(temporary.c_str());
      return corrupt_object(id, from.path_of(id), read->md5);
    }
    return to.take(id, {.from = {}, .copy_to = temporary}, *read);
  }

  void note(const ObjectId& id, Result<void>&& moved) {
    const std::scoped_lock lock(mutex_);
    if (moved) {
      ++out_.objects;
    } else {
      out_.failed.emplace_back(id, std::move(moved.error()));
    }
    ++progress_.files;
    if (on_progress_) on_progress_(progress_);
  }

  Move move_;
  const OnProgress& on_progress_;
  std::mutex mutex_;
  Progress progress_;
  Transferred out_;
};

}  // namespace

Result<Transferred> push(ObjectCache& cache, ObjectStore& store, const std::vector<ObjectId>& ids,
                         std::size_t jobs, const OnProgress& on_progress) {
  std::vector<ObjectId> manifests;
  std::vector<ObjectId> files;
  for (const auto& id : ids) (id.manifest ? manifests : files).push_back(id);
  Moving moving([&](const ObjectId& id) { return store.put(id, cache.path_of(id)); }, ids.size(),
                on_progress);
  if (store.folder() != nullptr) {
    moving.copy(files, cache, *store.folder());
  } else {
    moving.run(files, jobs);
  }
  auto out = moving.take();
  if (!out.failed.empty()) return out;
  moving.run(manifests, jobs);
  auto last = moving.take();
  out.objects += last.objects;
  out.failed = std::move(last.failed);
  return out;
}

Result<Transferred> fetch(ObjectCache& cache, ObjectStore& store, const std::vector<ObjectId>& ids,
                          std::size_t jobs, const OnProgress& on_progress) {
  Moving moving(
      [&](const ObjectId& id) {
        return cache.receive(id, [&](const std::string& path) { return store.get(id, path); });
      },
      ids.size(), on_progress);
  if (store.folder() != nullptr) {
    moving.copy(ids, *store.folder(), cache);
  } else {
    moving.run(ids, jobs);
  }
  return moving.take();
}

}  // namespace slipway::data
