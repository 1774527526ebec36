// SPDX-License-Identifier: Apache-2.0
#include "file_copy.h"

#include <cerrno>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "blob/hash.h"

namespace slipway::data {
namespace {

constexpr std::size_t kPiece = 256 << 10;

struct Descriptor {
  int fd = -1;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

bool same_file(const struct stat& a, const struct stat& b) {
  return a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec &&
         a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

Result<void> write_piece(int fd, const char* bytes, std::size_t size, const std::string& path) {
  while (size > 0) {
    const ssize_t n = ::write(fd, bytes, size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return file_error("cannot write", path);
    bytes += n;
    size -= static_cast<std::size_t>(n);
  }
  return {};
}

}  // namespace

Error file_error(const std::string& what, const std::string& path) {
  const int number = errno;
  const std::string message = what + " '" + path + "': " + std::strerror(number);
  if (number == ENOENT) return not_found(message);
  if (number == ENOSPC || number == EDQUOT) {
    return exhausted(message, "free some space on that disk and run the command again");
  }
  if (number == EACCES || number == EPERM || number == EROFS) {
    return unavailable(message, "check the rights on it");
  }
  return internal(message);
}

Result<Copied> copy_and_hash(const std::string& from, const std::string& to, int mode,
                             const std::function<void(std::size_t)>& on_bytes) {
  // NONBLOCK: opening a FIFO must not wait for its writer.
  Descriptor in{::open(from.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (in.fd < 0) return file_error("cannot read", from);
  Copied out;
  if (::fstat(in.fd, &out.source) != 0) return file_error("cannot read", from);
  if (!S_ISREG(out.source.st_mode)) {
    return invalid("'" + from + "' is not a regular file", "remove it or ignore it");
  }
  Descriptor copy;
  if (!to.empty()) {
    copy.fd = ::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (copy.fd < 0) return file_error("cannot write", to);
  }
  blob::Hasher hasher(blob::Hasher::Kind::md5);
  thread_local std::vector<char> buffer(kPiece);
  while (true) {
    const ssize_t n = ::read(in.fd, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return file_error("cannot read", from);
    if (n == 0) break;
    hasher.add({buffer.data(), static_cast<std::size_t>(n)});
    if (copy.fd >= 0) {
      SW_CHECK_OK(write_piece(copy.fd, buffer.data(), static_cast<std::size_t>(n), to));
    }
    if (on_bytes) on_bytes(static_cast<std::size_t>(n));
  }
  struct stat after {};
  if (::fstat(in.fd, &after) != 0 || !same_file(out.source, after)) {
    return Error{Code::conflict, "'" + from + "' changed while it was read",
                 "wait until it is complete and run the command again"};
  }
  if (copy.fd >= 0 && ::fchmod(copy.fd, mode) != 0) {
    return file_error("cannot write", to);
  }
  out.md5 = hasher.finish();
  return out;
}

}  // namespace slipway::data
