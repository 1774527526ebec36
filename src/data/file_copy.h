// SPDX-License-Identifier: Apache-2.0
// Copies a file and hashes it on the way, so that bytes are never read twice.
#pragma once

#include <functional>
#include <string>

#include <sys/stat.h>

#include "base/result.h"

namespace slipway::data {

struct Copied {
  std::string md5;
  struct stat source {};  // as it was when reading began and, checked, when it ended
};

// `to` must not exist and gets `mode`; empty: only hashes. A source that changes meanwhile is
// `conflict`; one that is neither a file nor a link to one is invalid_argument and named.
// The copy is not synced to disk: see ObjectCache::sync.
Result<Copied> copy_and_hash(const std::string& from, const std::string& to, int mode,
                             const std::function<void(std::size_t)>& on_bytes = {});

Error file_error(const std::string& what, const std::string& path);

}  // namespace slipway::data
