// SPDX-License-Identifier: Apache-2.0
// What a file or a folder holds now, as a manifest: walked once, hashed by all cores, unchanged
// files by the stat cache.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "data/data.h"
#include "data/stat_cache.h"

namespace slipway::data {

class ObjectCache;

// Says whether the entry at `path` (relative to the scanned root) is left out.
using Ignore = std::function<bool(const std::string& path, bool folder)>;

// Symbolic links are followed (a cycle of them is an error that names it; one to nothing is listed
// in Manifest::dangling); FIFOs, sockets and devices are refused by name; names that are not UTF-8
// are refused. `path` must exist. With `into`, every file's content is in that cache afterwards: it
// is copied while it is hashed.
Result<Manifest> scan(const std::string& path, const Ignore& ignore, StatCache& stats,
                      const OnProgress& on_progress = {}, ObjectCache* into = nullptr);

}  // namespace slipway::data
