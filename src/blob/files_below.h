// SPDX-License-Identifier: Apache-2.0
// Somebody else's folder on this machine, to be read.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "blob/blob.h"

namespace slipway::blob {

struct FoundFile {
  std::string path;  // below the folder
  std::string full_path;
  std::uint64_t size = 0;
  std::int64_t modified_ms = 0;
};

// All regular files below, by path; none when the folder is not there. Links are not followed.
Result<std::vector<FoundFile>> files_below(const std::string& folder);
Result<std::unique_ptr<Reader>> open_file(const std::string& path);

}  // namespace slipway::blob
