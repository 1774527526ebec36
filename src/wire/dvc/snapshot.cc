// SPDX-License-Identifier: Apache-2.0
#include "snapshot.h"

#include <filesystem>

#include "git.h"
#include "objects.h"
#include "state.h"

namespace slipway::wire::dvc {
namespace {

void put_manifest(Snapshot& out, const std::string& path, const data::Manifest& manifest) {
  for (const auto& entry : manifest.entries) {
    out.items[path + "/" + entry.path] = data::ObjectId{entry.md5};
  }
}

// An output with the files that the cache knows of.
Result<void> put_recorded(Repository& repository, const std::string& path, const Output& recorded,
                          Snapshot& out) {
  const auto id = data::ObjectId::parse(recorded.md5);
  if (!id) return {};
  const auto name = id->manifest ? path + "/" : path;
  out.items[name] = *id;
  out.outputs.insert(name);
  if (!repository.cache().has(*id)) {
    out.not_in_cache.insert(name);
    return {};
  }
  if (!id->manifest) return {};
  SW_TRY(const auto manifest, repository.recorded(recorded));
  put_manifest(out, path, manifest);
  if (!are_cached(repository, manifest)) out.not_in_cache.insert(name);
  return {};
}

bool is_folder(const std::string& path) {
  return path.ends_with('/');
}

// A file that went and one with the same content that came are one that was renamed.
void find_renamed(const Snapshot& before, const Snapshot& after, Difference& out) {
  std::multimap<data::ObjectId, std::string> came;
  for (const auto& path : out.added) {
    if (!is_folder(path)) came.emplace(after.items.at(path), path);
  }
  for (const auto& path : std::set<std::string>(out.deleted)) {
    if (is_folder(path)) continue;
    const auto found = came.find(before.items.at(path));
    if (found == came.end()) continue;
    out.renamed[path] = found->second;
    out.added.erase(found->second);
    out.deleted.erase(path);
    came.erase(found);
  }
}

}  // namespace

Result<Snapshot> snapshot_of_commit(Repository& repository, const std::string& revision) {
  SW_TRY(const auto commit, commit_in_git(repository.root(), revision));
  SW_TRY(const auto prefix, prefix_in_git(repository.root()));
  SW_TRY(const auto files, files_of_commit(repository.root(), commit));
  Snapshot out;
  for (const auto& [full, id] : files) {
    if (!full.starts_with(prefix)) continue;
    const auto path = full.substr(prefix.size());
    if (!tells_outputs(path)) continue;
    SW_TRY(const auto text, content_in_git(repository.root(), id));
    SW_TRY(const auto outputs, outputs_of_file(text, path));
    for (const auto& one : outputs) {
      SW_CHECK_OK(put_recorded(repository, one.path, one.out, out));
    }
  }
  return out;
}

Result<Snapshot> snapshot_of_pointers(Repository& repository) {
  SW_TRY(const auto wanted, wanted_outputs(repository, repository.root(), {}, {}));
  Snapshot out;
  for (const auto& one : wanted) {
    SW_CHECK_OK(put_recorded(repository, one.path, one.out, out));
  }
  return out;
}

Result<Snapshot> snapshot_of_files(Repository& repository, const data::OnProgress& on_progress) {
  SW_TRY(const auto wanted, wanted_outputs(repository, repository.root(), {}, {}));
  Snapshot out;
  for (const auto& one : wanted) {
    std::error_code error;
    if (!std::filesystem::exists(repository.absolute(one.path), error)) continue;
    SW_TRY(const auto now, repository.scan(one.path, on_progress));
    const auto name = now.folder ? one.path + "/" : one.path;
    const auto id = data::ObjectId::parse(id_of(now));
    SW_ASSERT(id);
    out.items[name] = *id;
    out.outputs.insert(name);
    if (now.folder) put_manifest(out, one.path, now);
  }
  return out;
}

Difference compare(const Snapshot& before, const Snapshot& after) {
  Difference out;
  for (const auto& [path, id] : before.items) {
    const auto found = after.items.find(path);
    if (found == after.items.end()) {
      out.deleted.insert(path);
    } else if (found->second != id) {
      out.modified.insert(path);
    } else {
      out.unchanged.insert(path);
    }
  }
  for (const auto& [path, id] : after.items) {
    if (!before.items.contains(path)) out.added.insert(path);
  }
  find_renamed(before, after, out);
  return out;
}

}  // namespace slipway::wire::dvc
