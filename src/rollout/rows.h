// SPDX-License-Identifier: Apache-2.0
// Rollouts as they are stored.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "rollout/evidence.h"
#include "rollout/types.h"
#include "serving/endpoint.h"
#include "store/database.h"

namespace slipway::rollout {

// What is begun and not yet known to be done. After a crash it is done again.
enum class Phase {
  shift,      // the shares of the step are being set
  watch,      // nothing is open: evidence is gathered
  promote,    // the challenger becomes champion
  roll_back,  // all traffic goes back, because of the evidence or because somebody asked
  abort,      // the same, because somebody gave up
  revert,     // a promotion that was done is undone
  done,
};

struct Counts {
  Traffic champion;  // since the challenger answers callers
  Traffic challenger;
  Traffic beside;                  // of the champion while the challenger was a shadow
  Traffic mirrored;                // copies that the challenger answered
  Timestamp live_since;            // when the challenger first answered callers; 0: not yet
  std::int64_t step_requests = 0;  // of the challenger when the step began
  std::int64_t step_labels = 0;
  Timestamp doubted_since;  // without a break; 0: there is no doubt
};

struct Row {
  Rollout rollout;
  Phase phase = Phase::shift;
  Timestamp alone_since;                   // when the challenger got all the traffic; 0: not yet
  std::vector<serving::RouteSpec> routes;  // of the endpoint before the rollout
  Counts counts;
};

Result<void> insert(store::Connection& db, const Row& row);
// Everything that changes, with new evidence, at once.
Result<void> update(store::Connection& db, const Row& row,
                    const std::vector<EvidenceItem>& evidence);
Result<std::optional<Row>> find(store::Connection& db, const std::string& id);
// Those that a tick has to look at.
Result<std::vector<Row>> open_rows(store::Connection& db);
// Newest first.
Result<std::vector<Row>> of_endpoint(store::Connection& db, const std::string& endpoint,
                                     const std::string& before, std::int64_t limit);
Result<std::vector<EvidenceItem>> evidence_of(store::Connection& db, const std::string& id);

}  // namespace slipway::rollout
