// SPDX-License-Identifier: Apache-2.0
#include "blob/files_below.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace slipway::blob {
namespace {

namespace fs = std::filesystem;

class FileReader : public Reader {
 public:
  FileReader(int fd, std::uint64_t size) : fd_(fd), size_(size) {}
  ~FileReader() override { ::close(fd_); }
  FileReader(const FileReader&) = delete;
  FileReader& operator=(const FileReader&) = delete;

  Result<std::size_t> read(char* into, std::size_t size) override {
    for (;;) {
      const ssize_t n = ::read(fd_, into, size);
      if (n >= 0) return static_cast<std::size_t>(n);
      if (errno != EINTR) return unavailable(std::string("cannot read: ") + std::strerror(errno));
    }
  }
  std::uint64_t size() const override { return size_; }

 private:
  int fd_;
  std::uint64_t size_;
};

}  // namespace

Result<std::vector<FoundFile>> files_below(const std::string& folder) {
  std::vector<FoundFile> out;
  std::error_code error;
  if (folder.empty() || !fs::is_directory(folder, error)) return out;
  fs::recursive_directory_iterator it(folder, error);
  for (const fs::recursive_directory_iterator end; !error && it != end; it.increment(error)) {
    struct stat info {};
    if (::lstat(it->path().c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
    out.push_back({.path = it->path().lexically_relative(folder).generic_string(),
                   .full_path = it->path().string(),
                   .size = static_cast<std::uint64_t>(info.st_size),
                   .modified_ms = info.st_mtim.tv_sec * 1000 + info.st_mtim.tv_nsec / 1'000'000});
  }
  if (error) return unavailable("cannot list '" + folder + "': " + error.message());
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  return out;
}

Result<std::unique_ptr<Reader>> open_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  struct stat info {};
  if (fd < 0 || ::fstat(fd, &info) != 0) {
    auto error = not_found("cannot open '" + path + "': " + std::strerror(errno));
    if (fd >= 0) ::close(fd);
    return error;
  }
  return std::unique_ptr<Reader>(
      std::make_unique<FileReader>(fd, static_cast<std::uint64_t>(info.st_size)));
}

}  // namespace slipway::blob
