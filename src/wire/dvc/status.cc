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
  if (!manifest.folder) return data::hex_of(manifest.entries.at(0).md5);
  blob::Hasher hasher(blob::Hasher::Kind::md5);
  write_dir_object(manifest, [&](std::string_view piece) { hasher.add(piece); });
  return hasher.finish() + ".dir";
}

bool are_cached(Repository& repository, const data::Manifest& manifest) {
  std::vector<data::ObjectId> ids;
  ids.reserve(manifest.entries.size());
  for (const auto& entry : manifest.entries) ids.push_back({entry.md5});
  return repository.cache().absent(ids).empty();
}

namespace {

// `same`: what the output records, when it is known already.
bool is_cached(Repository& repository, const Output& out, const data::Manifest* same) {
  const auto id = data::ObjectId::parse(out.md5);
  if (!id || !repository.cache().has(*id)) return false;
  if (same != nullptr) return are_cached(repository, *same);
  const auto manifest = repository.recorded(out);
  return manifest && are_cached(repository, *manifest);
}

}  // namespace

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
  const bool equal = state.exists && !out.md5.empty() && id_of(state.now) == out.md5;
  if (!out.md5.empty() && check_cache && out.cached &&
      !is_cached(repository, out, equal ? &state.now : nullptr)) {
    state.kind = State::Kind::not_in_cache;
  } else if (!state.exists) {
    state.kind = State::Kind::deleted;
  } else if (out.md5.empty()) {
    state.kind = State::Kind::fresh;
  } else if (!equal) {
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
