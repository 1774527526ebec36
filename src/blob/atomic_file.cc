// SPDX-License-Identifier: Apache-2.0
#include "blob/atomic_file.h"

#include <cstdio>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ids.h"
#include "files.h"

namespace slipway::blob {

Result<void> write_file_atomically(const std::string& path, std::string_view bytes) {
  SW_CHECK_OK(make_folders(parent_of(path)));
  const std::string temporary = path + ".tmp-" + system_ids().hex32().substr(0, 8);
  const File file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!file.ok()) return system_error("cannot write '" + path + "'");
  auto result = write_all(file.fd(), bytes);
  if (result && ::fsync(file.fd()) != 0) result = system_error("cannot sync '" + path + "'");
  if (result && ::rename(temporary.c_str(), path.c_str()) != 0) {
    result = system_error("cannot write '" + path + "'");
  }
  if (!result) {
    ::unlink(temporary.c_str());
    return result;
  }
  return sync_folder(parent_of(path));
}

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.ok()) return system_error("cannot read '" + path + "'");
  std::string out;
  while (true) {
    char buffer[16 << 10];
    const ssize_t n = ::read(file.fd(), buffer, sizeof(buffer));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error("cannot read '" + path + "'");
    if (n == 0) return out;
    out.append(buffer, static_cast<std::size_t>(n));
    if (out.size() > limit) {
      return exhausted("'" + path + "' is larger than " + std::to_string(limit) + " bytes");
    }
  }
}

}  // namespace slipway::blob
