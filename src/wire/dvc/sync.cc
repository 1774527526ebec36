// SPDX-License-Identifier: Apache-2.0
#include "wire/dvc/sync.h"

#include <algorithm>
#include <mutex>
#include <set>
#include <utility>

#include "data/read_files.h"
#include "data/transfer.h"
#include "objects.h"
#include "remotes.h"

namespace slipway::wire::dvc {
namespace {

std::vector<data::ObjectId> ids_of(const Objects& objects) {
  std::vector<data::ObjectId> out;
  out.reserve(objects.size());
  for (const auto& [id, path] : objects) out.push_back(id);
  return out;
}

// What of `all` is not in the sorted `some`.
std::vector<data::ObjectId> without(const std::vector<data::ObjectId>& all,
                                    const std::vector<data::ObjectId>& some) {
  std::vector<data::ObjectId> out;
  std::set_difference(all.begin(), all.end(), some.begin(), some.end(), std::back_inserter(out));
  return out;
}

class Syncing {
 public:
  static Result<Syncing> open(const Common& common, const std::vector<std::string>& targets,
                              const SyncOptions& options) {
    Syncing out(common, options);
    SW_TRY(out.repository_, Repository::open(common));
    SW_TRY(out.remote_, open_remote(*out.repository_, common, options.remote));
    if (options.jobs > 0) out.remote_.jobs = options.jobs;
    SW_TRY(out.wanted_, wanted_outputs(*out.repository_, common.folder, targets, options));
    return out;
  }

  Result<Synced> push() {
    SW_TRY(const auto lock, repository_->lock());
    SW_TRY(const auto objects, objects_of(*repository_, wanted_, nullptr));
    const auto all = ids_of(objects);
    SW_TRY(const auto there, present(all));
    const auto lacking = without(all, there);
    std::vector<data::ObjectId> gone;
    for (const auto place : cache().absent(lacking)) gone.push_back(lacking[place]);
    const auto ready = without(lacking, gone);
    note_missing(gone);
    SW_TRY(const auto safe, without_broken_folders(ready, there));
    SW_TRY(auto moved,
           data::push(cache(), *remote_.store, safe, remote_.jobs, common_->on_progress));
    note(objects, moved);
    return finish();
  }

  // Manifests come first: they say what else is needed.
  Result<Synced> fetch() {
    SW_TRY(const auto lock, repository_->lock());
    std::set<data::ObjectId> unknown;
    SW_TRY(auto objects, objects_of(*repository_, wanted_, &unknown));
    SW_CHECK_OK(fetch_these(objects, {unknown.begin(), unknown.end()}));
    SW_TRY(objects, objects_of(*repository_, wanted_, nullptr));
    const auto all = ids_of(objects);
    std::vector<data::ObjectId> lacking;
    for (const auto place : cache().absent(all)) {
      if (!unknown.contains(all[place])) lacking.push_back(all[place]);
    }
    SW_CHECK_OK(fetch_these(objects, lacking));
    return finish();
  }

  Result<CloudStatus> status() {
    std::set<data::ObjectId> unknown;
    SW_TRY(const auto objects, objects_of(*repository_, wanted_, &unknown));
    const auto all = ids_of(objects);
    SW_TRY(const auto there, present(all));
    CloudStatus out{.remote = remote_.name};
    for (const auto& [id, path] : objects) {
      const bool here = cache().has(id);
      const bool shared = std::binary_search(there.begin(), there.end(), id);
      if (here == shared && here) continue;
      out.words[shown(path)] = here ? "new" : shared ? "deleted" : "missing";
    }
    return out;
  }

 private:
  Syncing(const Common& common, const SyncOptions& options)
      : common_(&common), options_(&options) {}

  data::ObjectCache& cache() { return repository_->cache(); }

  std::string shown(const std::string& path) const {
    return Repository::shown(common_->folder, repository_->absolute(path));
  }

  // Sorted, as `ids` are.
  Result<std::vector<data::ObjectId>> present(const std::vector<data::ObjectId>& ids) {
    return remote_.store->present(ids);
  }

  // A manifest in a remote says that its files are there: one whose files are not all there, or
  // about to be, waits.
  Result<std::vector<data::ObjectId>> without_broken_folders(
      const std::vector<data::ObjectId>& ready, const std::vector<data::ObjectId>& there) {
    std::vector<data::ObjectId> out;
    for (const auto& id : ready) {
      if (!id.manifest) {
        out.push_back(id);
        continue;
      }
      SW_TRY(const auto manifest, repository_->recorded({.md5 = id.text()}));
      std::vector<data::ObjectId> others;
      for (const auto& entry : manifest.entries) {
        const data::ObjectId file{entry.md5};
        if (std::binary_search(there.begin(), there.end(), file)) continue;
        if (!std::binary_search(ready.begin(), ready.end(), file)) others.push_back(file);
      }
      std::sort(others.begin(), others.end());
      others.erase(std::unique(others.begin(), others.end()), others.end());
      SW_TRY(const auto found, present(others));
      if (found.size() == others.size()) out.push_back(id);
    }
    return out;
  }

  Result<void> fetch_these(const Objects& objects, std::vector<data::ObjectId> ids) {
    std::sort(ids.begin(), ids.end());
    SW_TRY(const auto there, present(ids));
    note_missing(without(ids, there));
    SW_TRY(auto moved,
           data::fetch(cache(), *remote_.store, there, remote_.jobs, common_->on_progress));
    note(objects, moved);
    return {};
  }

  void note_missing(const std::vector<data::ObjectId>& ids) {
    for (const auto& id : ids) out_.missing.push_back(id.text());
  }

  void note(const Objects& objects, const data::Transferred& moved) {
    out_.objects += moved.objects;
    for (const auto& [id, error] : moved.failed) {
      const auto path = objects.find(id);
      const auto what = path == objects.end() ? id.text() : shown(path->second);
      out_.failed.push_back("failed to transfer '" + what + "': " + error.message +
                            (error.hint.empty() ? "" : " (" + error.hint + ")"));
    }
  }

  Result<Synced> finish() {
    (void)repository_->stats().save().ok();  // only a cache
    return std::move(out_);
  }

  const Common* common_;
  const SyncOptions* options_;
  std::unique_ptr<Repository> repository_;
  OpenRemote remote_;
  std::vector<Wanted> wanted_;
  Synced out_;
};

}  // namespace

Result<Synced> push(const Common& common, const std::vector<std::string>& targets,
                    const SyncOptions& options) {
  SW_TRY(auto syncing, Syncing::open(common, targets, options));
  return syncing.push();
}

Result<Synced> fetch(const Common& common, const std::vector<std::string>& targets,
                     const SyncOptions& options) {
  SW_TRY(auto syncing, Syncing::open(common, targets, options));
  return syncing.fetch();
}

Result<CloudStatus> cloud_status(const Common& common, const std::vector<std::string>& targets,
                                 const SyncOptions& options) {
  SW_TRY(auto syncing, Syncing::open(common, targets, options));
  return syncing.status();
}

Result<Verified> verify(const Common& common, const std::vector<std::string>& targets) {
  SW_TRY(const auto repository, Repository::open(common));
  SW_TRY(const auto wanted, wanted_outputs(*repository, common.folder, targets, {}));
  SW_TRY(const auto objects, objects_of(*repository, wanted, nullptr));
  Verified out;
  data::Progress progress{.total_files = objects.size()};
  const auto& cache = repository->cache();
  std::vector<std::pair<data::ObjectId, std::string>> all(objects.begin(), objects.end());
  std::mutex mutex;
  data::read_files(
      {.count = all.size(),
       .file =
           [&](std::size_t i) {
             return data::FileToRead{cache.path_of(all[i].first), {}};
           },
       .done =
           [&](std::size_t i, Result<data::FileRead>&& read) {
             const auto& [id, path] = all[i];
             const auto shown = Repository::shown(common.folder, repository->absolute(path));
             const std::scoped_lock lock(mutex);
             ++progress.files;
             if (common.on_progress) common.on_progress(progress);
             if (!read && read.error().code == Code::not_found) {
               out.missing.push_back(shown);
             } else if (!read) {
               out.corrupt.push_back(shown + ": " + read.error().message);
             } else if (++out.objects; read->md5 != id.md5) {
               out.corrupt.push_back(
                   shown + ": " + data::corrupt_object(id, cache.path_of(id), read->md5).message);
             }
             return true;
           },
       .on_bytes = {}});
  std::sort(out.missing.begin(), out.missing.end());
  std::sort(out.corrupt.begin(), out.corrupt.end());
  return out;
}

}  // namespace slipway::wire::dvc
