// SPDX-License-Identifier: Apache-2.0
// The door for models and versions that were made elsewhere: names, numbers (with their gaps),
// times and stages are given. Each one taken is an entry of the history, with the time and the user
// that it had there.
//
// All of it runs inside the caller's transaction and may be repeated.
#pragma once

#include <cstdint>
#include <string>

#include "base/ids.h"
#include "base/result.h"
#include "registry/history.h"
#include "registry/types.h"

namespace slipway::registry {

class Intake {
 public:
  Intake(const History& history, Ids& ids) : history_(history), ids_(ids) {}

  // Without `latest`; aliases come after their versions, by take_alias. The next version will be
  // numbered after `last_version`, and after every one that is taken.
  Result<void> take_model(store::Connection& db, const Model& model, std::int64_t last_version,
                          const By& by) const;
  // `version.location` is where the files are here.
  Result<void> take_version(store::Connection& db, const Version& version, const By& by) const;
  Result<void> take_alias(store::Connection& db, const VersionRef& ref, const std::string& alias,
                          const By& by) const;

 private:
  const History& history_;
  Ids& ids_;
};

}  // namespace slipway::registry
