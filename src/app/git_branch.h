// SPDX-License-Identifier: Apache-2.0
// The commit that a branch of a local git repository is at, read from its files.
#pragma once

#include <string>

#include "base/result.h"

namespace slipway::app {

// The repository that holds `folder` (also a linked work tree, also a bare one). Empty when it has
// no such branch.
Result<std::string> commit_of_branch(const std::string& folder, const std::string& branch);

}  // namespace slipway::app
