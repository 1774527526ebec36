// SPDX-License-Identifier: Apache-2.0
// Starts a program in a session of its own, within its limits from its first instruction on.
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

#include "process/process.h"

namespace slipway::process {

// The child's environment, with its tag.
std::vector<std::string> environment_of(const Command& command);

// 0 or an errno. Both of its streams go to `output`; nothing else of ours stays open.
int spawn(const Command& command, int output, pid_t& pid);

}  // namespace slipway::process
