// SPDX-License-Identifier: Apache-2.0
// Which content stands at a path, and which a pointer beside it records; for whoever watches.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"

namespace slipway::wire::dvc {

// Ids as a pointer has them; empty: there is none.
struct ContentIds {
  std::string present;
  std::string recorded;
};

// Remembers the hashes of files that did not change since. Not thread-safe.
class Contents {
 public:
  Contents();
  ~Contents();
  // A file or a folder, by its absolute path; inside a repository .dvcignore holds. The path of a
  // pointer stands for what it records.
  Result<ContentIds> of(const std::string& path);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway::wire::dvc
