// SPDX-License-Identifier: Apache-2.0
// System calls of this room, with errors in our words.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include <sys/stat.h>

#include "base/result.h"
#include "data/data.h"

namespace slipway::data {

// Owns a file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  bool ok() const { return fd_ >= 0; }
  int get() const { return fd_; }

 private:
  int fd_;
};

struct Copied {
  Md5 md5{};
  struct stat source {};  // as it was when reading began and, checked, when it ended
};

// `to` must not exist and gets `mode`, whatever the umask; empty: only hashes. A source that
// changes meanwhile is `conflict`; one that is neither a file nor a link to one is invalid_argument
// and named. The copy is not synced to disk.
Result<Copied> copy_and_hash(const std::string& from, const std::string& to, int mode,
                             const std::function<void(std::size_t)>& on_bytes = {});

// From errno.
Error file_error(const std::string& what, const std::string& path);
Error changed_while_read(const std::string& path);
bool same_file(const struct stat& a, const struct stat& b);
// Opens for reading; only regular files.
Result<Descriptor> open_to_read(const std::string& path, struct stat& info);
// Makes a file that must not exist.
Result<Descriptor> create(const std::string& path, int mode);
// Makes `path`, which must not exist, with these bytes; nothing is left of it after an error.
Result<void> write_new(const std::string& path, int mode, std::string_view bytes,
                       struct stat* info = nullptr);
Result<void> write_whole(int fd, std::string_view bytes, const std::string& path);
// Bytes read, less than asked only at the end of the file.
Result<std::size_t> read_up_to(int fd, char* into, std::size_t most, const std::string& path);
// Makes the empty file `to` a copy of `from` that shares its blocks; false where the file system
// cannot.
bool share_blocks(int from, int to);
Result<void> make_parent(const std::string& path);
// A name beside `path` that nobody else has, with `.tmp` behind it.
std::string temporary_beside(const std::string& path);
// What the umask of this process leaves of `mode`.
int masked(int mode);
// Gives a file that was made with `mode` what the umask took of it.
Result<void> set_mode(int fd, int mode, const std::string& path);

}  // namespace slipway::data
