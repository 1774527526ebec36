// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>

#include "base/text.h"
#include "blob/atomic_file.h"
#include "data/deliver.h"
#include "dir_object.h"
#include "git.h"
#include "repository.h"
#include "state.h"

namespace slipway::wire::dvc {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPointerLimit = 4u << 20;

bool is_inside(std::string_view path, std::string_view folder) {
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

class Adding {
 public:
  Adding(Repository& repository, const Common& common, const AddOptions& options)
      : repository_(repository), common_(common), options_(options) {}

  Result<Added> run(const std::vector<std::string>& targets) {
    SW_TRY(tracked_, repository_.tracked());
    // All targets are checked before anything is written.
    std::vector<std::string> paths;
    for (const auto& target : targets) {
      SW_TRY(auto path, check(target));
      paths.push_back(std::move(path));
    }
    for (const auto& path : paths) SW_CHECK_OK(add_one(path));
    (void)repository_.stats().save().ok();  // only a cache
    return finish();
  }

 private:
  Result<std::string> check(const std::string& target) {
    SW_TRY(const auto path, repository_.locate(common_.folder, target));
    const auto absolute = repository_.absolute(path);
    std::error_code error;
    if (path.empty()) return invalid("the repository itself cannot be added", "name what is in it");
    if (!fs::exists(absolute, error)) return not_found("output '" + target + "' does not exist");
    if (path.ends_with(".dvc")) {
      return invalid("'" + target + "' is a pointer file", "add the data that it points to");
    }
    const bool folder = fs::is_directory(absolute, error);
    if (repository_.ignored().ignores_deeply(path, folder)) {
      return invalid("'" + target + "' is ignored", "take it out of .dvcignore first");
    }
    for (const auto& one : tracked_) {
      if (is_inside(one.path, path)) {
        return precondition("cannot add '" + target + "', because it is overlapping with '" +
                                one.path + "' of '" + one.pointer + "'",
                            "remove that pointer first, or add it alone");
      }
    }
    if (repository_.has_git() && is_tracked_by_git(repository_.root(), path)) {
      return precondition("output '" + target + "' is already tracked by git",
                          "stop tracking it: git rm -r --cached '" + target + "'");
    }
    return path;
  }

  const Tracked* pointer_of(const std::string& path) const {
    for (const auto& one : tracked_) {
      if (one.path == path || is_inside(path, one.path)) return &one;
    }
    return nullptr;
  }

  Result<void> add_one(const std::string& path) {
    const Tracked* existing = pointer_of(path);
    SW_TRY(auto manifest, repository_.scan(path, common_.on_progress, !options_.no_commit));
    if (!manifest.dangling.empty()) {
      return invalid("'" + path + "/" + manifest.dangling[0] + "' is a link to nothing",
                     "remove it, mend it, or ignore it");
    }
    if (!options_.no_commit) SW_CHECK_OK(relink(path, manifest));
    std::string data = path;
    if (existing != nullptr && existing->path != path) {
      data = existing->path;
      SW_TRY(manifest, merged(*existing, path, manifest));
    }
    SW_TRY(const auto out, output_for(data, manifest, existing));
    return write_pointer(data, out, existing);
  }

  // Where links are preferred to copies, the files that were added become links.
  Result<void> relink(const std::string& path, const data::Manifest& manifest) {
    const auto links = repository_.links();
    if (links[0] == data::Link::copy || links[0] == data::Link::reflink) return {};
    // A folder may be a link to elsewhere: what is there is not ours to change.
    std::vector<data::Delivery> files;
    for (const auto& entry : manifest.entries) {
      auto file = repository_.absolute(entry.path.empty() ? path : path + "/" + entry.path);
      if (repository_.holder_of(file).inside)
        files.push_back({entry.md5, std::move(file), entry.executable});
    }
    return data::deliver(repository_.cache(), repository_.stats(),
                         {.count = files.size(),
                          .item = [&](std::size_t i) { return files[i]; },
                          .links = links,
                          .fresh = false,
                          .on_progress = common_.on_progress});
  }

  // The folder as its pointer records it, with the part at `path` as it is now.
  Result<data::Manifest> merged(const Tracked& folder, const std::string& path,
                                const data::Manifest& part) {
    const auto inside = path.substr(folder.path.size() + 1);
    SW_TRY(auto out, repository_.recorded(folder.out));
    std::erase_if(out.entries, [&](const data::Entry& entry) {
      return entry.path == inside || is_inside(entry.path, inside);
    });
    for (auto entry : part.entries) {
      entry.path = entry.path.empty() ? inside : inside + "/" + entry.path;
      out.entries.push_back(std::move(entry));
    }
    std::sort(out.entries.begin(), out.entries.end(),
              [](const auto& a, const auto& b) { return a.path < b.path; });
    // The manifest holds no sizes; those of what was not scanned come from the cache.
    for (auto& entry : out.entries) {
      std::error_code error;
      if (entry.size != 0) continue;
      entry.size = fs::file_size(repository_.cache().path_of({entry.md5}), error);
      if (error) entry.size = 0;
    }
    return out;
  }

  Result<Output> output_for(const std::string& path, const data::Manifest& manifest,
                            const Tracked* existing) {
    Output out;
    if (existing != nullptr) out = existing->out;
    if (existing == nullptr) out.path = path.substr(path.rfind('/') + 1);
    out.size = manifest.size();
    out.nfiles.reset();
    out.executable = false;
    if (manifest.folder) {
      out.nfiles = manifest.entries.size();
      if (options_.no_commit) {
        out.md5 = id_of(manifest);
      } else {
        SW_TRY(const auto id, repository_.cache().add_bytes(write_dir_object(manifest), true));
        out.md5 = id.text();
      }
    } else {
      out.md5 = data::hex_of(manifest.entries[0].md5);
      out.executable = manifest.entries[0].executable;
    }
    return out;
  }

  Result<void> write_pointer(const std::string& path, const Output& out, const Tracked* existing) {
    const auto pointer = existing != nullptr ? existing->pointer : path + ".dvc";
    const auto absolute = repository_.absolute(pointer);
    std::string text;
    if (existing != nullptr) {
      SW_TRY(const auto old, blob::read_file(absolute, kPointerLimit));
      SW_TRY(text, update_dvc_file(old, existing->index, out));
    } else {
      text = write_dvc_file(out, options_.desc);
    }
    SW_CHECK_OK(blob::write_file_atomically(absolute, text));
    changed_.push_back(absolute);
    if (repository_.has_git()) {
      SW_TRY(const auto gitignore, ignore_in_git(repository_.absolute(path)));
      if (!gitignore.empty()) changed_.push_back(gitignore);
    }
    return {};
  }

  Result<Added> finish() {
    Added out;
    for (const auto& path : changed_) {
      out.for_git.push_back(Repository::shown(common_.folder, path));
    }
    std::sort(out.for_git.begin(), out.for_git.end());
    out.for_git.erase(std::unique(out.for_git.begin(), out.for_git.end()), out.for_git.end());
    if (!repository_.has_git()) {
      out.for_git.clear();
    } else if (is_true(repository_.settings(), "core.autostage")) {
      SW_CHECK_OK(stage_in_git(repository_.root(), changed_));
      out.staged = true;
    }
    return out;
  }

  Repository& repository_;
  const Common& common_;
  const AddOptions& options_;
  std::vector<Tracked> tracked_;
  std::vector<std::string> changed_;
};

}  // namespace

Result<Added> add(const Common& common, const std::vector<std::string>& targets,
                  const AddOptions& options) {
  SW_TRY(const auto repository, Repository::open(common));
  SW_TRY(const auto lock, repository->lock());
  return Adding(*repository, common, options).run(targets);
}

}  // namespace slipway::wire::dvc
