// SPDX-License-Identifier: Apache-2.0
// Shared libraries that are opened when they are first needed, so that no other command pays for
// them.
#pragma once

#include <string>

#include "base/result.h"

namespace slipway {

struct OpenedLibrary {
  void* handle = nullptr;  // for dlsym; stays open for the life of the process
  std::string path;
};

std::string folder_of_executable();

// `path` when it is not empty; else `file` in lib/ beside the executable, beside it, in
// ../lib/slipway, and where the system finds it. What cannot be opened is unavailable, with the
// reasons and `hint`. `name` is what people call it.
Result<OpenedLibrary> open_library(const std::string& name, const std::string& path,
                                   const std::string& file, const std::string& hint);

}  // namespace slipway
