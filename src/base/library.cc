// SPDX-License-Identifier: Apache-2.0
#include "base/library.h"

#include <filesystem>
#include <vector>

#include <dlfcn.h>

namespace slipway {

std::string folder_of_executable() {
  std::error_code failed;
  const auto own = std::filesystem::read_symlink("/proc/self/exe", failed);
  return failed ? "." : own.parent_path().string();
}

Result<OpenedLibrary> open_library(const std::string& name, const std::string& path,
                                   const std::string& file, const std::string& hint) {
  const auto folder = folder_of_executable();
  std::vector<std::string> candidates = {folder + "/lib/" + file, folder + "/" + file,
                                         folder + "/../lib/slipway/" + file, file};
  if (!path.empty()) candidates = {path};
  std::string tried;
  for (const auto& candidate : candidates) {
    if (void* handle = ::dlopen(candidate.c_str(), RTLD_NOW | RTLD_LOCAL)) {
      return OpenedLibrary{handle, candidate};
    }
    const char* why = ::dlerror();
    tried += (tried.empty() ? "" : "; ") + std::string(why == nullptr ? candidate : why);
  }
  return unavailable("cannot open " + name + ": " + tried, hint);
}

}  // namespace slipway
