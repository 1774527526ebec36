// SPDX-License-Identifier: Apache-2.0
#include "objects.h"

#include <filesystem>

#include "base/text.h"
#include "blob/atomic_file.h"
#include "git.h"
#include "yaml/yaml.h"

namespace slipway::wire::dvc {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLockLimit = 64u << 20;

bool is_below(std::string_view path, std::string_view folder) {
  return path == folder ||
         (path.starts_with(folder) && path.substr(folder.size()).starts_with('/'));
}

bool is_lock(std::string_view path) {
  return path == "dvc.lock" || path.ends_with("/dvc.lock");
}

bool counts(const Output& out) {
  return out.cached && out.current_hash && data::ObjectId::parse(out.md5);
}

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == path.npos ? "" : path.substr(0, slash + 1);
}

std::string scalar(const yaml::Node& node, std::string_view key) {
  const auto* found = node.find(key);
  return found != nullptr && found->is_scalar() ? found->text : std::string();
}

// The outputs of the stages in a dvc.lock at `path`.
Result<std::vector<Wanted>> outputs_of_lock(std::string_view text, const std::string& path) {
  SW_TRY(const auto root, yaml::parse(text, path));
  std::vector<Wanted> out;
  const auto* stages = root->find("stages");
  if (stages == nullptr) return out;
  for (const auto& [name, stage] : stages->members) {
    const auto* outs = stage->find("outs");
    if (outs == nullptr) continue;
    for (const auto& item : outs->items) {
      Wanted one{.path = folder_of(path) + scalar(*item, "path")};
      one.out.path = scalar(*item, "path");
      one.out.md5 = scalar(*item, "md5");
      one.out.current_hash = scalar(*item, "hash") == "md5";
      if (counts(one.out)) out.push_back(std::move(one));
    }
  }
  return out;
}

}  // namespace

bool tells_outputs(std::string_view path) {
  return path.ends_with(".dvc") || is_lock(path);
}

Result<std::vector<Wanted>> outputs_of_file(std::string_view text, const std::string& path) {
  if (is_lock(path)) return outputs_of_lock(text, path);
  std::vector<Wanted> out;
  SW_TRY(const auto file, parse_dvc_file(text, path));
  const auto base = folder_of(path) + (file.wdir.empty() ? "" : file.wdir + "/");
  for (const auto& each : file.outs) {
    if (counts(each)) out.push_back({each, (fs::path(base) / each.path).lexically_normal(), {}});
  }
  return out;
}

namespace {

// The files that tell outputs, in every commit that is asked for; each content once.
Result<void> add_commits(const Repository& repository, const SyncOptions& options,
                         std::vector<Wanted>& into) {
  SW_TRY(const auto commits, commits_in_git(repository.root(), options.all_branches,
                                            options.all_tags, options.all_commits));
  std::map<std::string, std::string> contents;  // by id, a path that it has
  for (const auto& commit : commits) {
    SW_TRY(const auto files, files_of_commit(repository.root(), commit));
    for (const auto& [path, id] : files) {
      if (tells_outputs(path)) contents.try_emplace(id, path);
    }
  }
  for (const auto& [id, path] : contents) {
    SW_TRY(const auto text, content_in_git(repository.root(), id));
    // Left out, its objects would be taken for unused, or not be shared.
    auto outputs = outputs_of_file(text, path);
    if (!outputs) {
      return precondition("in another commit, " + outputs.error().message,
                          "leave that commit out: -w, -a or -T instead of -A");
    }
    for (auto& one : *outputs) into.push_back(std::move(one));
  }
  return {};
}

// dvc.lock files of the work tree.
Result<std::vector<Wanted>> locked_outputs(Repository& repository) {
  std::vector<Wanted> out;
  SW_TRY(const auto locks, repository.files("dvc.lock"));
  for (const auto& path : locks) {
    SW_TRY(const auto text, blob::read_file(repository.absolute(path), kLockLimit));
    SW_TRY(auto outputs, outputs_of_lock(text, path));
    for (auto& one : outputs) out.push_back(std::move(one));
  }
  return out;
}

// Narrows `one` to a target; false when the target does not name it.
bool narrow(Wanted& one, const std::string& pointer, const std::string& target, bool& whole) {
  if (target.empty() || target == pointer || is_below(one.path, target)) return whole = true;
  if (!is_below(target, one.path)) return false;
  one.inside.push_back(target.substr(one.path.size() + 1));
  return true;
}

}  // namespace

bool Wanted::takes(const std::string& entry) const {
  if (inside.empty()) return true;
  for (const auto& path : inside) {
    if (is_below(entry, path)) return true;
  }
  return false;
}

Result<std::vector<Wanted>> wanted_outputs(Repository& repository, const std::string& folder,
                                           const std::vector<std::string>& targets,
                                           const SyncOptions& options) {
  SW_TRY(const auto tracked, repository.tracked());
  SW_TRY(auto locked, locked_outputs(repository));
  std::vector<std::pair<std::string, Wanted>> all;
  for (const auto& one : tracked) {
    if (counts(one.out)) all.push_back({one.pointer, {one.out, one.path, {}}});
  }
  for (auto& one : locked) all.push_back({folder_of(one.path) + "dvc.lock", std::move(one)});
  std::vector<std::string> paths;
  for (const auto& target : targets) {
    SW_TRY(auto path, repository.locate(folder, target));
    const auto names = [&](const auto& one) {
      Wanted probe = one.second;
      bool whole = false;
      return narrow(probe, one.first, path, whole);
    };
    if (std::none_of(all.begin(), all.end(), names)) {
      return not_found("'" + target + "' does not exist as an output or a stage name",
                       "`slipway data status` names what is tracked");
    }
    paths.push_back(std::move(path));
  }
  std::vector<Wanted> out;
  for (auto& [pointer, one] : all) {
    bool named = paths.empty();
    bool whole = false;
    for (const auto& path : paths) named = narrow(one, pointer, path, whole) || named;
    if (!named) continue;
    if (whole) one.inside.clear();
    out.push_back(std::move(one));
  }
  if (options.all_branches || options.all_tags || options.all_commits) {
    SW_CHECK_OK(add_commits(repository, options, out));
  }
  return out;
}

Result<Objects> objects_of(Repository& repository, const std::vector<Wanted>& wanted,
                           std::set<data::ObjectId>* unknown) {
  Objects out;
  for (const auto& one : wanted) {
    const auto id = data::ObjectId::parse(one.out.md5);
    SW_ASSERT(id);
    out.try_emplace(*id, one.path);
    if (!id->manifest) continue;
    if (!repository.cache().has(*id)) {
      if (unknown != nullptr) unknown->insert(*id);
      continue;
    }
    SW_TRY(const auto manifest, repository.recorded(one.out));
    for (const auto& entry : manifest.entries) {
      if (one.takes(entry.path)) out.try_emplace({entry.md5}, one.path + "/" + entry.path);
    }
  }
  return out;
}

}  // namespace slipway::wire::dvc
