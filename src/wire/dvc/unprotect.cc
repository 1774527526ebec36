// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include <sys/stat.h>

#include "data/deliver.h"
#include "state.h"

namespace slipway::wire::dvc {
namespace {

// Read-only, or another name of the object: what a link leaves behind.
bool is_protected(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return false;
  return S_ISLNK(info.st_mode) || info.st_nlink > 1 || (info.st_mode & S_IWUSR) == 0;
}

}  // namespace

Result<void> unprotect(const Common& common, const std::vector<std::string>& targets) {
  SW_TRY(const auto repository, Repository::open(common));
  SW_TRY(const auto lock, repository->lock());
  for (const auto& target : targets) {
    SW_TRY(const auto path, repository->locate(common.folder, target));
    std::error_code error;
    if (!std::filesystem::exists(repository->absolute(path), error)) {
      return not_found("'" + target + "' does not exist", "name a file or folder that is there");
    }
    SW_TRY(const auto now, repository->scan(path, common.on_progress));
    std::vector<std::string> files;
    for (const auto& entry : now.entries) {
      auto file = repository->absolute(entry.path.empty() ? path : path + "/" + entry.path);
      // A folder may be a link to elsewhere: what is there is not ours to change.
      if (is_protected(file) && repository->holder_of(file).inside)
        files.push_back(std::move(file));
    }
    SW_CHECK_OK(data::own_copies(files, common.on_progress));
  }
  return {};
}

}  // namespace slipway::wire::dvc
