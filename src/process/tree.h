// SPDX-License-Identifier: Apache-2.0
// Finding and ending what belongs to one child: its group, orphans that came to us, tagged ones.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

namespace slipway::process {

inline constexpr char kTagVariable[] = "SLIPWAY_TAG";

// The value of SLIPWAY_TAG in the environment that a process was started with; empty without one.
std::string tag_of(int pid);

// Kills the group and reaps those of it that are our children, until it is empty (at most 2 s).
void end_group(int group);

// Kills and reaps the orphans among our children (`known` are not orphans) that carry `tag`, and
// untagged ones too when `untagged` is set. Repeats until there is none.
void end_orphans(const std::set<int>& known, const std::string& tag, bool untagged);

// All processes that carry the tag, or one that goes on after it with a dot.
std::vector<int> tagged(const std::string& tag);

}  // namespace slipway::process
