// SPDX-License-Identifier: Apache-2.0
// The door for history that was made elsewhere: ids, times, users and states are given here, not
// made. What may not be after it may not come in by it either: params stay write-once, a name
// belongs to one experiment, the same observation is kept once.
//
// All of it runs inside the caller's transaction, and may be repeated: what is there already is
// left, what changed since (status, name, tags, lifecycle) is brought up to date.
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

// An empty artifact_root of what is taken means: a folder of ours.

// Keeps the id when nobody else has it; an experiment of the same name is the same experiment.
// Answers the id that it has here; `known` is what it answered before, if it did.
Result<ExperimentId> take_experiment(store::Connection& db, const Experiment& experiment,
                                     const std::optional<ExperimentId>& known = {});

// `run.metrics` is not looked at: see take_metrics. A run with this id in another experiment is
// already_exists.
Result<void> take_run(store::Connection& db, const Run& run, std::optional<Timestamp> deleted);
Result<void> take_metrics(store::Connection& db, const RunId& run,
                          const std::vector<Metric>& metrics);
Result<void> take_logged_model(store::Connection& db, const LoggedModel& model,
                               Lifecycle lifecycle);

// How much there is of a run, to compare with where it came from.
struct RunSize {
  RunId id;
  std::int64_t points = 0;
  std::int64_t params = 0;
  std::int64_t tags = 0;
  std::int64_t inputs = 0;
};
// Runs that are not here are left out.
Result<std::vector<RunSize>> sizes_of(store::Connection& db, const std::vector<RunId>& runs);

// The artifact root of a run or logged model; nothing when it is not here.
Result<std::optional<std::string>> root_of_run(store::Connection& db, const RunId& id);
// not_found when it is not here.
Result<std::string> root_of_experiment(store::Connection& db, const ExperimentId& id);
Result<std::optional<std::string>> root_of_model(store::Connection& db, const LoggedModelId& id);

}  // namespace slipway::tracking
