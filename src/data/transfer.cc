// SPDX-License-Identifier: Apache-2.0
#include "data/transfer.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <mutex>

#include "base/pool.h"

namespace slipway::data {
namespace {

constexpr std::size_t kMostJobs = 256;

using Move = std::function<Result<void>(const std::string& id)>;

// Each id on one of `jobs` threads.
class Moving {
 public:
  Moving(Move move, std::size_t total, const OnProgress& on_progress)
      : move_(std::move(move)), on_progress_(on_progress) {
    progress_.total_files = total;
  }

  void run(const std::vector<std::string>& ids, std::size_t jobs) {
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

  Transferred take() { return std::exchange(out_, {}); }

 private:
  void one(const std::string& id) {
    auto moved = move_(id);
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

Result<Transferred> push(ObjectCache& cache, ObjectStore& store,
                         const std::vector<std::string>& ids, std::size_t jobs,
                         const OnProgress& on_progress) {
  std::vector<std::string> manifests;
  std::vector<std::string> files;
  for (const auto& id : ids) (id.ends_with(".dir") ? manifests : files).push_back(id);
  Moving moving([&](const std::string& id) { return store.put(id, cache.path_of(id)); }, ids.size(),
                on_progress);
  moving.run(files, jobs);
  SW_CHECK_OK(store.settle());
  auto out = moving.take();
  if (!out.failed.empty()) return out;
  moving.run(manifests, jobs);
  if (!manifests.empty()) SW_CHECK_OK(store.settle());
  auto last = moving.take();
  out.objects += last.objects;
  out.failed = std::move(last.failed);
  return out;
}

Result<Transferred> fetch(ObjectCache& cache, ObjectStore& store,
                          const std::vector<std::string>& ids, std::size_t jobs,
                          const OnProgress& on_progress) {
  Moving moving(
      [&](const std::string& id) {
        return cache.receive(id, [&](const std::string& path) { return store.get(id, path); });
      },
      ids.size(), on_progress);
  moving.run(ids, jobs);
  SW_CHECK_OK(cache.sync());
  return moving.take();
}

}  // namespace slipway::data
