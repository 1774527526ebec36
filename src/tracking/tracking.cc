// SPDX-License-Identifier: Apache-2.0
#include "tracking/tracking.h"

#include "base/log.h"
#include "old_rows_sql.h"
#include "store/database.h"

namespace slipway::tracking {
namespace {

constexpr auto kInsertDefault =
    "INSERT INTO experiments (id, name, artifact_root, state, created, updated)"
    " VALUES (0, 'Default', '0', 0, ?, ?) ON CONFLICT DO NOTHING";

void make_default_experiment(store::Database& db, Clock& clock) {
  const auto there = db.read([](store::Connection& c) {
    return c.first("SELECT 1 FROM experiments WHERE id = 0", {}, [](const auto&) { return true; });
  });
  if (there && *there) return;
  const auto now = clock.now().ms;
  const auto made = db.write([&](store::Connection& c) -> Result<void> {
    SW_CHECK_OK(c.exec(kInsertDefault, {now, now}));
    return {};
  });
  if (!made) log::error("tracking.default_experiment", {{"error", made.error().message}});
}

}  // namespace

Tracking::Tracking(store::Database& db, EventSink& events, Clock& clock, Ids& ids)
    : experiments_(std::make_unique<Experiments>(db, clock)),
      runs_(std::make_unique<Runs>(db, events, clock, ids)),
      models_(std::make_unique<LoggedModels>(db, clock, ids)),
      series_(std::make_unique<Series>(db)),
      console_(std::make_unique<Console>(db)) {
  make_default_experiment(db, clock);
  if (const auto moved = move_old_rows(db); !moved) {
    log::error("tracking.move_metrics", {{"error", moved.error().message}});
  }
}

Tracking::~Tracking() = default;

Result<void> Tracking::remove(Removal what, const std::string& id, bool anyway) {
  if (keeper_) SW_CHECK_OK(keeper_(what, id, anyway));
  switch (what) {
    case Removal::experiment:
      return experiments_->remove(ExperimentId(id));
    case Removal::run:
      return runs_->remove(RunId(id));
    case Removal::logged_model:
      return models_->remove(LoggedModelId(id));
  }
  return {};
}

}  // namespace slipway::tracking
