// SPDX-License-Identifier: Apache-2.0
// The end of what was deleted: rows that go for good. Files are the caller's business.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "tracking/types.h"

namespace slipway::store {
class Connection;
}

namespace slipway::tracking {

struct Erasable {
  std::string id;
  std::string artifact_root;
  ExperimentId experiment;
  Timestamp deleted;
};

// What was deleted before `before`. A deleted experiment's runs and logged models are erasable with
// it, whatever their own state.
Result<std::vector<Erasable>> erasable_runs(store::Connection& db, Timestamp before);
Result<std::vector<Erasable>> erasable_models(store::Connection& db, Timestamp before);
Result<std::vector<Erasable>> erasable_experiments(store::Connection& db, Timestamp before);

// With everything that hangs on it. False when it is there no more, or was restored meanwhile.
Result<bool> erase_run(store::Connection& db, const RunId& id);
Result<bool> erase_model(store::Connection& db, const LoggedModelId& id);
// Is it there, deleted, and without runs and logged models? False when it is not there or was
// restored; failed_precondition when it still holds some.
Result<bool> may_erase_experiment(store::Connection& db, const ExperimentId& id);
// Only an experiment without runs and logged models; another one is failed_precondition.
Result<bool> erase_experiment(store::Connection& db, const ExperimentId& id);

// Is there a run or logged model of this id, deleted or not?
Result<bool> is_known_owner(store::Connection& db, const std::string& id);

}  // namespace slipway::tracking
