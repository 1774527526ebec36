// SPDX-License-Identifier: Apache-2.0
// Files that are there whole or not at all: temporary name, fsync, rename, fsync of the folder.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway::blob {

Result<void> write_file_atomically(const std::string& path, std::string_view bytes);
Result<std::string> read_file(const std::string& path, std::size_t limit = 256 << 20);

}  // namespace slipway::blob
