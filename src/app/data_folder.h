// SPDX-License-Identifier: Apache-2.0
// The data folder: made, checked for its format, and held by at most one server.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"

namespace slipway::app {

inline constexpr int kDataFormat = 1;  // see docs/formats; a newer number is refused

class DataFolder {
 public:
  static Result<std::unique_ptr<DataFolder>> open(const std::string& path, bool exclusive);
  ~DataFolder();
  DataFolder(const DataFolder&) = delete;
  DataFolder& operator=(const DataFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  DataFolder() = default;
  std::string path_;
  int lock_ = -1;
};

}  // namespace slipway::app
