// SPDX-License-Identifier: Apache-2.0
#include "data_folder.h"

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/text.h"
#include "blob/atomic_file.h"

namespace slipway::app {
namespace {

namespace fs = std::filesystem;

Error cannot(const std::string& what, const std::string& path, int error) {
  return precondition("cannot " + what + " '" + path + "': " + std::strerror(error),
                      "give a folder that this user may write: --data DIR or SLIPWAY_DATA");
}

Result<void> check_format(const std::string& path) {
  const std::string file = path + "/version";
  std::error_code ec;
  if (!fs::exists(file, ec)) {
    return blob::write_file_atomically(file, std::to_string(kDataFormat) + "\n");
  }
  SW_TRY(const auto text, blob::read_file(file, 1024));
  const auto format = parse_int(trim(text));
  if (!format || *format < 1) {
    return Error{Code::data_loss, "'" + file + "' does not hold a format number",
                 "is '" + path + "' a data folder of Slipway? Give another one with --data"};
  }
  if (*format > kDataFormat) {
    return precondition("the data folder '" + path + "' has format " + std::to_string(*format) +
                            ", and this version knows formats up to " + std::to_string(kDataFormat),
                        "install the newer Slipway that wrote it, or give another --data folder");
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<DataFolder>> DataFolder::open(const std::string& path, bool exclusive) {
  std::unique_ptr<DataFolder> out(new DataFolder);
  out->path_ = path;
  std::error_code ec;
  fs::create_directories(path, ec);
  if (ec) return cannot("create the data folder", path, ec.value());
  const std::string lock = path + "/server.lock";
  out->lock_ = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (out->lock_ < 0) return cannot("write in the data folder", path, errno);
  if (exclusive && ::flock(out->lock_, LOCK_EX | LOCK_NB) != 0) {
    return precondition("another server uses the data folder '" + path + "'",
                        "stop it, or give this one another folder with --data");
  }
  SW_CHECK_OK(check_format(path));
  return out;
}

DataFolder::~DataFolder() {
  if (lock_ >= 0) ::close(lock_);
}

}  // namespace slipway::app
