// SPDX-License-Identifier: Apache-2.0
#include "secret_key.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "blob/atomic_file.h"

namespace slipway::app {
namespace {

constexpr mode_t kOwnerOnly = 0600;
constexpr std::size_t kLimit = 4096;

Error cannot(const std::string& what, const std::string& path) {
  return unavailable("cannot " + what + " '" + path + "': " + std::strerror(errno));
}

// Whole or not at all, and never over one that another process made meanwhile.
Result<void> make(const std::string& path) {
  const auto fresh = path + "." + std::to_string(::getpid());
  const int file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kOwnerOnly);
  if (file < 0) return cannot("write", fresh);
  const auto key = Seal::new_key() + "\n";
  const bool written = ::write(file, key.data(), key.size()) == static_cast<ssize_t>(key.size()) &&
                       ::fsync(file) == 0;
  ::close(file);
  const bool linked = written && (::link(fresh.c_str(), path.c_str()) == 0 || errno == EEXIST);
  const auto failed = cannot("write", path);
  ::unlink(fresh.c_str());
  return linked ? Result<void>() : Result<void>(failed);
}

}  // namespace

Result<Seal> open_secret_key(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    if (errno != ENOENT) return cannot("read", path);
    SW_CHECK_OK(make(path));
  } else if ((info.st_mode & 077) != 0) {
    ::chmod(path.c_str(), kOwnerOnly);  // a restored one, say
  }
  SW_TRY(const auto text, blob::read_file(path, kLimit));
  const auto seal = Seal::from_hex(trim(text));
  if (seal) return *seal;
  return Error{Code::data_loss, "'" + path + "' is damaged: " + seal.error().message,
               "bring it back from a backup, or remove it and set the webhooks' secrets anew"};
}

}  // namespace slipway::app
