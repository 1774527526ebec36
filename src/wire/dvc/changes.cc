// SPDX-License-Identifier: Apache-2.0
#include "wire/dvc/changes.h"

#include <algorithm>
#include <iterator>

#include "git.h"
#include "remotes.h"
#include "repository.h"
#include "snapshot.h"

namespace slipway::wire::dvc {
namespace {

// Turns what was found into what is said: shown paths, only what the targets name.
class Telling {
 public:
  static Result<Telling> of(const Repository& repository, const std::string& folder,
                            const std::vector<std::string>& targets, bool granular) {
    Telling out(repository, folder, granular);
    for (const auto& target : targets) {
      SW_TRY(auto path, repository.locate(folder, target));
      if (path.ends_with(".dvc")) path.resize(path.size() - 4);
      out.targets_.push_back(std::move(path));
    }
    return out;
  }

  Changes tell(const Snapshot& before, const Snapshot& after) const {
    const auto difference = compare(before, after);
    Changes out;
    const auto is_told = [&](const std::string& path) {
      const bool whole = before.outputs.contains(path) || after.outputs.contains(path);
      return (granular_ || whole) && is_wanted(path);
    };
    for (const auto& path : difference.added) {
      if (is_told(path)) out.added[shown(path)] = after.items.at(path).text();
    }
    for (const auto& path : difference.deleted) {
      if (is_told(path)) out.deleted[shown(path)] = before.items.at(path).text();
    }
    for (const auto& path : difference.modified) {
      if (!is_told(path)) continue;
      out.modified[shown(path)] = {before.items.at(path).text(), after.items.at(path).text()};
    }
    for (const auto& [from, to] : difference.renamed) {
      if (!is_told(from) && !is_told(to)) continue;
      out.renamed.push_back({shown(from), shown(to), before.items.at(from).text()});
    }
    for (const auto& path : difference.unchanged) {
      if (is_told(path)) out.unchanged.insert(shown(path));
    }
    for (const auto& path : before.not_in_cache) {
      const bool changed = difference.deleted.contains(path) || difference.modified.contains(path);
      if (changed && is_wanted(path)) {
        out.not_in_cache[shown(path)] = before.items.at(path).text();
      }
    }
    return out;
  }

  std::set<std::string> tell(const std::set<std::string>& paths) const {
    std::set<std::string> out;
    for (const auto& path : paths) {
      if (is_wanted(path)) out.insert(shown(path));
    }
    return out;
  }

 private:
  Telling(const Repository& repository, const std::string& folder, bool granular)
      : repository_(&repository), folder_(folder), granular_(granular) {}

  bool is_wanted(const std::string& path) const {
    if (targets_.empty()) return true;
    return std::any_of(targets_.begin(), targets_.end(), [&](const std::string& target) {
      return target.empty() || path == target || path == target + "/" ||
             path.starts_with(target + "/") || (path.ends_with('/') && target.starts_with(path));
    });
  }

  std::string shown(const std::string& path) const {
    const bool folder = path.ends_with('/');
    const auto plain = folder ? path.substr(0, path.size() - 1) : path;
    return Repository::shown(folder_, repository_->absolute(plain)) + (folder ? "/" : "");
  }

  const Repository* repository_;
  std::string folder_;
  bool granular_;
  std::vector<std::string> targets_;
};

Result<std::set<std::string>> lacking_in_remote(Repository& repository, const Common& common,
                                                const std::string& name, const Snapshot& pointers,
                                                bool granular) {
  SW_TRY(const auto remote, open_remote(repository, common, name));
  std::vector<data::ObjectId> ids;
  for (const auto& [path, id] : pointers.items) ids.push_back(id);
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  SW_TRY(const auto there, remote.store->present(ids));
  std::set<std::string> out;
  for (const auto& [path, id] : pointers.items) {
    if (!granular && !pointers.outputs.contains(path)) continue;
    if (!std::binary_search(there.begin(), there.end(), id)) out.insert(path);
  }
  return out;
}

Result<void> look_at_git(const Repository& repository, const Telling& telling, DataStatus& out) {
  SW_TRY(const auto changes, changes_in_git(repository.root()));
  SW_TRY(const auto prefix, prefix_in_git(repository.root()));
  for (const auto& [path, untracked] : changes) {
    out.git_is_dirty = true;
    if (!untracked || !path.starts_with(prefix)) continue;
    out.untracked.merge(telling.tell(std::set<std::string>{path.substr(prefix.size())}));
  }
  return {};
}

}  // namespace

Result<Changes> diff(const Common& common, const DiffOptions& options) {
  SW_TRY(const auto repository, Repository::open(common));
  if (!repository->has_git()) {
    return precondition("there is no git repository to compare with", "make commits with git");
  }
  SW_TRY(const auto telling, Telling::of(*repository, common.folder, options.targets, true));
  SW_TRY(const auto before, snapshot_of_commit(*repository, options.from));
  Snapshot after;
  if (options.to) {
    SW_TRY(after, snapshot_of_commit(*repository, *options.to));
  } else {
    SW_TRY(after, snapshot_of_files(*repository, common.on_progress));
  }
  (void)repository->stats().save().ok();  // only a cache
  return telling.tell(before, after);
}

Result<DataStatus> data_status(const Common& common, const DataStatusOptions& options) {
  SW_TRY(const auto repository, Repository::open(common));
  SW_TRY(const auto telling,
         Telling::of(*repository, common.folder, options.targets, options.granular));
  Snapshot head;
  DataStatus out;
  if (repository->has_git()) {
    out.git_is_empty = !commit_in_git(repository->root(), "HEAD");
    if (!out.git_is_empty) {
      SW_TRY(head, snapshot_of_commit(*repository, "HEAD"));
    }
    SW_CHECK_OK(look_at_git(*repository, telling, out));
  }
  SW_TRY(const auto pointers, snapshot_of_pointers(*repository));
  SW_TRY(const auto files, snapshot_of_files(*repository, common.on_progress));
  out.committed = telling.tell(head, pointers);
  out.uncommitted = telling.tell(pointers, files);
  out.not_in_cache = telling.tell(pointers.not_in_cache);
  std::set_intersection(out.committed.unchanged.begin(), out.committed.unchanged.end(),
                        out.uncommitted.unchanged.begin(), out.uncommitted.unchanged.end(),
                        std::inserter(out.unchanged, out.unchanged.end()));
  if (options.not_in_remote) {
    SW_TRY(const auto lacking,
           lacking_in_remote(*repository, common, options.remote, pointers, options.granular));
    out.not_in_remote = telling.tell(lacking);
  }
  (void)repository->stats().save().ok();  // only a cache
  return out;
}

}  // namespace slipway::wire::dvc
