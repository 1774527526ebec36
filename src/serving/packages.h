// SPDX-License-Identifier: Apache-2.0
// Where versions come from.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "serving/backend.h"

namespace slipway::registry {
class Registry;
}

namespace slipway::serving {

// Thread-safe.
class PackageSource {
 public:
  virtual ~PackageSource() = default;
  // The version that the alias names now; not_found when the model or the alias is unknown.
  virtual Result<std::string> resolve(const std::string& model, const std::string& alias) = 0;
  // The newest version's number; not_found when there is no such model, or it has no version.
  virtual Result<std::string> newest(const std::string& model) = 0;
  virtual Result<Package> package(const std::string& model, const std::string& version) = 0;
};

// The registered models of this server; `registry` must outlive it.
std::unique_ptr<PackageSource> packages_of(const registry::Registry& registry);

}  // namespace slipway::serving
