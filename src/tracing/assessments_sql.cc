// SPDX-License-Identifier: Apache-2.0
#include "rows.h"
#include "tracing/assessments.h"

namespace slipway::tracing {
namespace {

using store::Connection;
using store::Row;

Result<Assessment> load(Connection& db, const TraceId& trace, const AssessmentId& id) {
  SW_TRY(const auto key, key_of(db, trace));
  SW_TRY(auto found, db.first(std::string("SELECT ") + kAssessmentColumns +
                                  " FROM assessments a WHERE a.trace = ? AND a.id = ?",
                              {key, id.str()},
                              [&](const Row& row) { return assessment_from_row(row, trace); }));
  if (!found) {
    return not_found("no assessment with id '" + id.str() + "' of trace '" + trace.str() + "'");
  }
  return *std::move(found);
}

}  // namespace

Result<Assessment> Assessments::create(Assessment assessment) {
  const auto now = clock_.now();
  if (assessment.id.empty()) assessment.id = AssessmentId("a-" + ids_.hex32());
  if (assessment.created.ms == 0) assessment.created = now;
  if (assessment.updated.ms == 0) assessment.updated = now;
  assessment.valid = true;
  return db_.write([&](Connection& db) -> Result<Assessment> {
    SW_TRY(const auto trace, key_of(db, assessment.trace));
    SW_TRY(const auto taken, db.first("SELECT 1 FROM assessments WHERE id = ?",
                                      {assessment.id.str()}, [](const Row&) { return true; }));
    if (taken) return invalid("the assessment id '" + assessment.id.str() + "' is taken");
    if (assessment.overrides) {
      SW_TRY(const auto found,
             db.exec("UPDATE assessments SET valid = 0 WHERE trace = ? AND id = ?",
                     {trace, *assessment.overrides}));
      if (found == 0) {
        return not_found("no assessment with id '" + *assessment.overrides + "' of trace '" +
                         assessment.trace.str() + "'");
      }
    }
    SW_CHECK_OK(insert_assessment(db, trace, assessment));
    return assessment;
  });
}

Result<Assessment> Assessments::get(const TraceId& trace, const AssessmentId& id) const {
  return db_.read([&](Connection& db) { return load(db, trace, id); });
}

Result<Assessment> Assessments::update(const TraceId& trace, const AssessmentId& id,
                                       const Change& change) {
  return db_.write([&](Connection& db) -> Result<Assessment> {
    SW_TRY(auto one, load(db, trace, id));
    SW_CHECK_OK(change(one));
    one.updated = clock_.now();
    SW_TRY(const auto key, key_of(db, trace));
    SW_CHECK_OK(insert_assessment(db, key, one));
    return one;
  });
}

Result<std::map<std::string, std::int64_t>> Assessments::traces_by_issue() const {
  return db_.read([](Connection& db) -> Result<std::map<std::string, std::int64_t>> {
    std::map<std::string, std::int64_t> out;
    SW_CHECK_OK(
        db.query("SELECT name, COUNT(DISTINCT trace) FROM assessments WHERE kind = ? GROUP BY name",
                 {static_cast<std::int64_t>(AssessmentKind::issue)}, [&](const store::Row& row) {
                   out[std::string(row.text(0))] = row.int64(1);
                   return true;
                 }));
    return out;
  });
}

Result<void> Assessments::remove(const TraceId& trace, const AssessmentId& id) {
  return db_.write([&](Connection& db) -> Result<void> {
    SW_TRY(const auto key, key_of(db, trace));
    SW_CHECK_OK(
        db.exec("UPDATE assessments SET valid = 1 WHERE trace = ? AND id IN"
                " (SELECT overrides FROM assessments WHERE trace = ? AND id = ?)",
                {key, key, id.str()}));
    SW_CHECK_OK(db.exec("DELETE FROM assessments WHERE trace = ? AND id = ?", {key, id.str()}));
    return {};
  });
}

}  // namespace slipway::tracing
