// SPDX-License-Identifier: Apache-2.0
#include "blob/sweep.h"

#include <filesystem>

#include <sys/stat.h>
#include <unistd.h>

namespace slipway::blob {

Result<std::string> root_of(BlobStore& local) {
  SW_TRY(auto names, local.local_path(""));
  while (names.ends_with('/')) names.pop_back();
  return names.substr(0, names.rfind('/'));
}

Result<std::int64_t> sweep_objects(BlobStore& local, bool only_count) {
  namespace fs = std::filesystem;
  constexpr std::int64_t kYoungMs = 3'600'000;
  SW_TRY(const auto root, root_of(local));
  std::int64_t unused = 0;
  const auto now = system_clock().now().ms;
  std::error_code error;
  for (fs::recursive_directory_iterator it(root + "/objects", error), end; !error && it != end;
       it.increment(error)) {
    struct stat info {};
    if (::lstat(it->path().c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
    const auto modified = info.st_mtim.tv_sec * 1000 + info.st_mtim.tv_nsec / 1'000'000;
    if (info.st_nlink != 1 || now - modified < kYoungMs) continue;
    ++unused;
    if (!only_count) ::unlink(it->path().c_str());
  }
  if (error) return internal("cannot list the objects: " + error.message());
  return unused;
}

}  // namespace slipway::blob
