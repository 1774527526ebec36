// SPDX-License-Identifier: Apache-2.0
#include "file_copy.h"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/ids.h"
#include "data/read_files.h"

namespace slipway::data {

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

bool same_file(const struct stat& a, const struct stat& b) {
  return a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec &&
         a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

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

Error changed_while_read(const std::string& path) {
  return {Code::conflict, "'" + path + "' changed while it was read",
          "wait until it is complete and run the command again"};
}

Result<Descriptor> open_to_read(const std::string& path, struct stat& info) {
  // NONBLOCK: opening a FIFO must not wait for its writer.
  Descriptor out(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!out.ok() || ::fstat(out.get(), &info) != 0) return file_error("cannot read", path);
  if (!S_ISREG(info.st_mode)) {
    return invalid("'" + path + "' is not a regular file", "remove it or ignore it");
  }
  return out;
}

Result<Descriptor> create(const std::string& path, int mode) {
  Descriptor out(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!out.ok()) return file_error("cannot write", path);
  return out;
}

Result<void> write_whole(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return file_error("cannot write", path);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Result<void> write_new(const std::string& path, int mode, std::string_view bytes,
                       struct stat* info) {
  SW_TRY(const auto file, create(path, mode));
  auto outcome = write_whole(file.get(), bytes, path);
  if (outcome) outcome = set_mode(file.get(), mode, path);
  if (outcome && info != nullptr && ::fstat(file.get(), info) != 0) {
    outcome = file_error("cannot write", path);
  }
  if (!outcome) ::unlink(path.c_str());
  return outcome;
}

Result<std::size_t> read_up_to(int fd, char* into, std::size_t most, const std::string& path) {
  std::size_t got = 0;
  while (got < most) {
    const ssize_t n = ::read(fd, into + got, most - got);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return file_error("cannot read", path);
    if (n == 0) break;
    got += static_cast<std::size_t>(n);
  }
  return got;
}

Result<void> make_parent(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  if (error) return unavailable("cannot make the folder of '" + path + "': " + error.message());
  return {};
}

std::string temporary_beside(const std::string& path) {
  static const std::string kProcess = system_ids().hex32().substr(0, 12);
  static std::atomic<std::uint64_t> next = 0;
  return path + "." + kProcess + "-" + std::to_string(next++) + ".tmp";
}

int masked(int mode) {
  static const ::mode_t kMask = [] {
    const ::mode_t mask = ::umask(0);
    ::umask(mask);
    return mask;
  }();
  return mode & ~static_cast<int>(kMask);
}

Result<void> set_mode(int fd, int mode, const std::string& path) {
  if (masked(mode) == mode || ::fchmod(fd, static_cast<::mode_t>(mode)) == 0) return {};
  return file_error("cannot set the mode of", path);
}

bool share_blocks(int from, int to) {
  static std::atomic<bool> cannot = false;  // what one file system says holds for all: asking costs
  if (cannot) return false;
  if (::ioctl(to, FICLONE, from) == 0) return true;
  if (errno == EOPNOTSUPP || errno == ENOTTY || errno == EXDEV || errno == ENOSYS) cannot = true;
  return false;
}

Result<Copied> copy_and_hash(const std::string& from, const std::string& to, int mode,
                             const std::function<void(std::size_t)>& on_bytes) {
  std::optional<Result<Copied>> out;
  read_files({.count = 1,
              .file =
                  [&](std::size_t) {
                    return FileToRead{from, to, mode};
                  },
              .done =
                  [&](std::size_t, Result<FileRead>&& read) {
                    const auto finish = [&]() -> Result<Copied> {
                      if (!read) return read.error();
                      if (read->in_memory && !to.empty()) {
                        SW_CHECK_OK(write_new(to, mode, read->content));
                      }
                      return Copied{read->md5, read->source};
                    };
                    out = finish();
                    return true;
                  },
              .on_bytes = on_bytes});
  return *std::move(out);
}

}  // namespace slipway::data
