// SPDX-License-Identifier: Apache-2.0
// What this room's SQL files share: keys, states, stored metric values, page tokens.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/database.h"
#include "tracking/types.h"

namespace slipway::tracking {

// The number behind an experiment's id; an id that is no number is invalid_argument.
Result<std::int64_t> number_of(const ExperimentId& id);
Error no_experiment(const ExperimentId& id);
Error deleted_experiment(const ExperimentId& id);

Error no_run(const RunId& id);
Error deleted_run(const RunId& id);

struct RunKey {
  std::int64_t id = 0;
  std::int64_t experiment = 0;
};
// A run that is there, deleted or not; `active` wants one that is not deleted.
Result<RunKey> find_run(store::Connection& db, const RunId& id);
Result<RunKey> find_active_run(store::Connection& db, const RunId& id);

// A double as it is kept: no NaN, no infinity, and a kind that tells them apart.
struct Stored {
  double value = 0;
  std::int64_t kind = 0;
};
Stored to_stored(double value);
double from_stored(double value, std::int64_t kind);

// " IN (0)", " IN (1)" or " IN (0,1)".
std::string_view states_of(View view);
inline Lifecycle lifecycle_of(std::int64_t state) {
  return state == 0 ? Lifecycle::active : Lifecycle::deleted;
}

// "?,?,?"; the text depends on the rounded-up number only, so that few statements are prepared.
// `ids` is padded with its last element to that number.
std::string placeholders(store::Cells& ids);
inline constexpr std::size_t kIdsAtOnce = 512;

// Page tokens that count rows.
std::string offset_token(std::size_t offset);
Result<std::size_t> offset_of(std::string_view token);

// "brave-otter-417"
std::string made_up_name();

}  // namespace slipway::tracking
