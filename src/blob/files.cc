// SPDX-License-Identifier: Apache-2.0
#include "files.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace slipway::blob {

File::~File() {
  if (fd_ >= 0) ::close(fd_);
}

File& File::operator=(File&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

Error system_error(const std::string& what) {
  const int number = errno;
  const std::string message = what + ": " + std::strerror(number);
  switch (number) {
    case ENOSPC:
    case EDQUOT:
      return unavailable(message, "free some space on that disk and retry");
    case ENOENT:
      return not_found(message);
    case EACCES:
    case EPERM:
    case EROFS:
      return unavailable(message, "check the rights on that folder");
    case ENOTDIR:
    case EISDIR:
    case EEXIST:
    case ENOTEMPTY:
      return precondition(message, "a file and a folder cannot have the same name");
    case ENAMETOOLONG:
      return invalid(message, "use shorter names");
    case EMFILE:
    case ENFILE:
      return exhausted(message, "raise the limit on open files");
    default:
      return internal(message);
  }
}

Result<void> write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error("cannot write");
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Result<void> sync_folder(const std::string& path) {
  const File folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.ok() || ::fsync(folder.fd()) != 0) return system_error("cannot sync '" + path + "'");
  return {};
}

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == path.npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<void> make_folders(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0) {
    if (S_ISDIR(info.st_mode)) return {};
    errno = ENOTDIR;
    return system_error("cannot make folder '" + path + "'");
  }
  const auto parent = parent_of(path);
  if (parent != path) SW_CHECK_OK(make_folders(parent));
  if (::mkdir(path.c_str(), 0777) != 0 && errno != EEXIST) {
    return system_error("cannot make folder '" + path + "'");
  }
  return sync_folder(parent);
}

}  // namespace slipway::blob
