// SPDX-License-Identifier: Apache-2.0
// System calls of this room, with errors in our words.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace slipway::blob {

// Owns a file descriptor.
class File {
 public:
  explicit File(int fd = -1) : fd_(fd) {}
  ~File();
  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  File& operator=(File&& other) noexcept;
  bool ok() const { return fd_ >= 0; }
  int fd() const { return fd_; }

 private:
  int fd_;
};

// From errno: a full disk and missing rights are unavailable, and so on.
Error system_error(const std::string& what);
Result<void> write_all(int fd, std::string_view bytes);
Result<void> sync_folder(const std::string& path);
// Makes what is missing of `path`, durably.
Result<void> make_folders(const std::string& path);
std::string parent_of(const std::string& path);

}  // namespace slipway::blob
