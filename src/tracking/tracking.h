// SPDX-License-Identifier: Apache-2.0
// Experiments, runs, and what runs report about themselves.
//
// This room knows nothing of HTTP, SQL dialects or MLflow; `wire/` translates into its calls.
// Every call may be made from any thread, and its effect is durable when it returns.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/ids.h"
#include "domain/event.h"
#include "tracking/console.h"
#include "tracking/experiments.h"
#include "tracking/keeper.h"
#include "tracking/logged_models.h"
#include "tracking/runs.h"
#include "tracking/series.h"
#include "tracking/types.h"

namespace slipway::tracking {

// The aggregates over one database. Makes the experiment "0" ("Default") when it is missing.
class Tracking {
 public:
  Tracking(store::Database& db, EventSink& events, Clock& clock, Ids& ids);
  ~Tracking();

  Experiments& experiments() { return *experiments_; }
  const Experiments& experiments() const { return *experiments_; }
  Runs& runs() { return *runs_; }
  const Runs& runs() const { return *runs_; }
  LoggedModels& models() { return *models_; }
  const LoggedModels& models() const { return *models_; }
  Series& series() { return *series_; }
  Console& console() { return *console_; }

  // Hides the thing until it is restored, unless the keeper holds on to it. What people and
  // clients ask for goes through here; the `remove` of the aggregates asks nobody.
  Result<void> remove(Removal what, const std::string& id, bool anyway = false);
  // From now on `keeper` is asked by `remove`; an empty one ends that. Set it while nobody calls.
  void keep(Keeper keeper) { keeper_ = std::move(keeper); }

 private:
  Keeper keeper_;
  std::unique_ptr<Experiments> experiments_;
  std::unique_ptr<Runs> runs_;
  std::unique_ptr<LoggedModels> models_;
  std::unique_ptr<Series> series_;
  std::unique_ptr<Console> console_;
};

}  // namespace slipway::tracking
