// SPDX-License-Identifier: Apache-2.0
#include "trigger_records.h"

#include <algorithm>

namespace slipway::pipeline {
namespace {

Watched from_row(const store::Row& row) {
  return {.pipeline = std::string(row.text(0)),
          .kind = std::string(row.text(1)),
          .subject = std::string(row.text(2)),
          .seen = {std::string(row.text(3)), std::string(row.text(4))},
          .started_for = std::string(row.text(5))};
}

}  // namespace

Result<std::vector<Watched>> watched_of(store::Connection& db, const std::string& pipeline) {
  return db.all(
      "SELECT pipeline, kind, subject, present, recorded, started_for FROM pipeline_triggers "
      "WHERE ? = '' OR pipeline = ? ORDER BY pipeline, kind",
      {pipeline, pipeline}, from_row);
}

Result<void> put_watched(store::Connection& db, const std::string& pipeline,
                         const std::vector<Watched>& watched, Timestamp now) {
  SW_TRY(const auto before, watched_of(db, pipeline));
  SW_CHECK_OK(remove_watched(db, pipeline));
  for (auto one : watched) {
    const auto known = std::find_if(before.begin(), before.end(), [&](const Watched& old) {
      return old.kind == one.kind && old.subject == one.subject;
    });
    if (known != before.end()) one = *known;
    SW_CHECK_OK(db.exec(
        "INSERT INTO pipeline_triggers (pipeline, kind, subject, present, recorded, started_for, "
        "changed) VALUES (?, ?, ?, ?, ?, ?, ?)",
        {pipeline, one.kind, one.subject, one.seen.present, one.seen.recorded, one.started_for,
         now.ms}));
  }
  return {};
}

Result<void> remove_watched(store::Connection& db, const std::string& pipeline) {
  SW_CHECK_OK(db.exec("DELETE FROM pipeline_triggers WHERE pipeline = ?", {pipeline}));
  return {};
}

Result<bool> move_watched(store::Connection& db, const Watched& before, const Content& now,
                          const std::string& started_for, Timestamp at) {
  SW_TRY(const auto changed,
         db.exec("UPDATE pipeline_triggers SET present = ?, recorded = ?, started_for = ?, "
                 "changed = ? WHERE pipeline = ? AND kind = ? AND subject = ? AND present = ? AND "
                 "recorded = ? AND started_for = ?",
                 {now.present, now.recorded, started_for, at.ms, before.pipeline, before.kind,
                  before.subject, before.seen.present, before.seen.recorded, before.started_for}));
  return changed > 0;
}

}  // namespace slipway::pipeline
