// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include "blob/atomic_file.h"
#include "git.h"
#include "wire/dvc/commands.h"

namespace slipway::wire::dvc {
namespace {

namespace fs = std::filesystem;

constexpr char kIgnoreText[] =
    "# Add patterns of files dvc should ignore, which could improve\n"
    "# the performance. Learn more at\n"
    "# https://dvc.org/doc/user-guide/dvcignore\n";

}  // namespace

Result<void> init(const Common& common, const InitOptions& options) {
  const auto& root = common.folder;
  std::error_code error;
  const bool git = fs::exists(root + "/.git", error);
  if (!git && !options.no_scm) {
    return precondition("'" + root + "' is not the top of a git repository",
                        "call it there, run `git init` first, or use --no-scm");
  }
  if (fs::exists(root + "/.dvc", error)) {
    if (!options.force) {
      return precondition("failed to initiate DVC - '.dvc' exists", "use -f to make it anew");
    }
    fs::remove_all(root + "/.dvc", error);
    if (error) return unavailable("cannot remove '" + root + "/.dvc': " + error.message());
  }
  const std::string config = options.no_scm ? "[core]\n    no_scm = True\n" : "";
  SW_CHECK_OK(blob::write_file_atomically(root + "/.dvc/config", config));
  SW_CHECK_OK(blob::write_file_atomically(root + "/.dvc/tmp/btime", ""));
  std::vector<std::string> files{".dvc/config"};
  if (!options.no_scm) {
    SW_CHECK_OK(
        blob::write_file_atomically(root + "/.dvc/.gitignore", "/config.local\n/tmp\n/cache\n"));
    files.emplace_back(".dvc/.gitignore");
  }
  if (!fs::exists(root + "/.dvcignore", error)) {
    SW_CHECK_OK(blob::write_file_atomically(root + "/.dvcignore", kIgnoreText));
    files.emplace_back(".dvcignore");
  }
  if (options.no_scm) return {};
  return stage_in_git(root, files);
}

}  // namespace slipway::wire::dvc
