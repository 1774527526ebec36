// SPDX-License-Identifier: Apache-2.0
// A Python interpreter with what a version requires.
#pragma once

#include <string>

#include "base/result.h"

namespace slipway::drivers::python {

struct Requirements {
  std::string python;  // "3.11"; empty: any
  std::string lines;   // of requirements.txt
};

// From requirements.txt and python_env.yaml in a model's folder.
Result<Requirements> read_requirements(const std::string& folder);

// The interpreter of the environment for these requirements in `folder`, which is made with uv
// unless it is there. Takes as long as that takes; two callers that want the same one make it once.
// The processes that make it carry `tag` and one more word.
Result<std::string> environment_of(const Requirements& requirements, const std::string& folder,
                                   const std::string& uv, const std::string& tag);

}  // namespace slipway::drivers::python
