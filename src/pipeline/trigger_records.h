// SPDX-License-Identifier: Apache-2.0
// The store's side of data and push triggers.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "pipeline/execution.h"
#include "pipeline/sources.h"
#include "store/database.h"

namespace slipway::pipeline {

struct Watched {
  std::string pipeline;
  std::string kind;     // data, push
  std::string subject;  // the path, the branch
  Content seen;
  std::string started_for;  // the content of the last execution; at first what was there
};

Result<std::vector<Watched>> watched_of(store::Connection& db, const std::string& pipeline);
// The triggers that a pipeline has from now on. One that it had already keeps what it saw.
Result<void> put_watched(store::Connection& db, const std::string& pipeline,
                         const std::vector<Watched>& watched, Timestamp now);
Result<void> remove_watched(store::Connection& db, const std::string& pipeline);
// From what `before` holds to `now`; false when another process was quicker.
Result<bool> move_watched(store::Connection& db, const Watched& before, const Content& now,
                          const std::string& started_for, Timestamp at);

}  // namespace slipway::pipeline
