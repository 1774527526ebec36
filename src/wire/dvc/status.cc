// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include "blob/hash.h"
#include "dir_object.h"
#include "state.h"

namespace slipway::wire::dvc {
namespace {

const char* word_for(State::Kind kind) {
  switch (kind) {
    case State::Kind::up_to_date:
      return "";
    case State::Kind::modified:
      return "modified";
    case State::Kind::deleted:
      return "deleted";
    case State::Kind::fresh:
      return "new";
    case State::Kind::not_in_cache:
      return "not in cache";
  }
  return "";
}

}  // namespace

std::string id_of(const data::Manifest& manifest) {
  if (!manifest.folder) return manifest.entries.at(0).md5;
  return blob::hash_of(blob::Hasher::Kind::md5, write_dir_object(manifest)) + ".dir";
}

bool is_cached(Repository& repository, const Output& out) {
  if (!repository.cache().has(out.md5)) return false;
  const auto manifest = repository.recorded(out);
  if (!manifest) return false;
  for (const auto& entry : manifest->entries) {
    if (!repository.cache().has(entry.md5)) return false;
  }
  return true;
}

Result<void> refuse_legacy(const Tracked& tracked) {
  if (tracked.out.current_hash) return {};
  return precondition("'" + tracked.pointer + "' was written by DVC 2, whose hashes differ",
                      "upgrade it: slipway data add " + tracked.path);
}

Result<State> state_of(Repository& repository, const Tracked& tracked, bool check_cache,
                       const data::OnProgress& on_progress) {
  const auto& out = tracked.out;
  State state;
  std::error_code error;
  state.exists = std::filesystem::exists(repository.absolute(tracked.path), error);
  if (state.exists) {
    SW_TRY(state.now, repository.scan(tracked.path, on_progress));
  }
  if (!out.md5.empty() && check_cache && out.cached && !is_cached(repository, out)) {
    state.kind = State::Kind::not_in_cache;
  } else if (!state.exists) {
    state.kind = State::Kind::deleted;
  } else if (out.md5.empty()) {
    state.kind = State::Kind::fresh;
  } else if (id_of(state.now) != out.md5) {
    state.kind = State::Kind::modified;
  }
  return state;
}

Result<Status> status(const Common& common, const std::vector<std::string>& targets) {
  SW_TRY(const auto repository, Repository::open(common));
  SW_TRY(const auto selected, repository->select(common.folder, targets));
  Status out;
  for (const auto& tracked : selected) {
    SW_CHECK_OK(refuse_legacy(tracked));
    SW_TRY(const auto state, state_of(*repository, tracked, true, common.on_progress));
    if (state.kind == State::Kind::up_to_date) continue;
    const auto pointer = Repository::shown(common.folder, repository->absolute(tracked.pointer));
    const auto path = Repository::shown(common.folder, repository->absolute(tracked.path));
    out[pointer][path] = word_for(state.kind);
  }
  (void)repository->stats().save().ok();  // only a cache; the folder may be read-only
  return out;
}

}  // namespace slipway::wire::dvc
