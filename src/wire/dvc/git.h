// SPDX-License-Identifier: Apache-2.0
// The little that data versioning needs of git: the ignore file, what is tracked, staging.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway::wire::dvc {

// Adds "/name" for `path` to the .gitignore beside it; answers that file's path when it changed.
Result<std::string> ignore_in_git(const std::string& path);
// `folder` is inside the work tree. False without git.
bool is_tracked_by_git(const std::string& folder, const std::string& path);
Result<void> stage_in_git(const std::string& folder, const std::vector<std::string>& paths);
// Ids of the commits at the heads of branches and tags, or of every commit there is.
Result<std::vector<std::string>> commits_in_git(const std::string& folder, bool branches, bool tags,
                                                bool all);
// By path, the id of the content.
Result<std::map<std::string, std::string>> files_of_commit(const std::string& folder,
                                                           const std::string& commit);
Result<std::string> content_in_git(const std::string& folder, const std::string& id);
// A line of .gitignore that stands for exactly this name.
std::string gitignore_line(std::string_view name);

}  // namespace slipway::wire::dvc
