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
// The id of the commit that a revision names; not_found when there is none.
Result<std::string> commit_in_git(const std::string& folder, const std::string& revision);
// Where `folder` is within its work tree: empty, or with a / behind it.
Result<std::string> prefix_in_git(const std::string& folder);
// What differs from the last commit, by path from the top; true: git does not track it.
Result<std::map<std::string, bool>> changes_in_git(const std::string& folder);
// A line of .gitignore that stands for exactly this name.
std::string gitignore_line(std::string_view name);

}  // namespace slipway::wire::dvc
