// SPDX-License-Identifier: Apache-2.0
// What data and push triggers look at. Implemented by the application.
#pragma once

#include <string>

#include "base/result.h"

namespace slipway::pipeline {

// Ids of content; empty: there is none.
struct Content {
  std::string present;   // of what is there
  std::string recorded;  // of what a pointer beside it says should be there
  bool operator==(const Content&) const = default;
};

// Thread-safe. Cheap when nothing changed since the last look.
class Sources {
 public:
  virtual ~Sources() = default;
  // A file or a folder, by its absolute path. Nothing there is no error.
  virtual Result<Content> data(const std::string& path) = 0;
  // The commit of a branch of the repository that holds `folder`, as `present`. A branch that does
  // not exist (yet) is no error, no repository is.
  virtual Result<Content> branch(const std::string& folder, const std::string& name) = 0;
};

}  // namespace slipway::pipeline
