// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "base/text.h"
#include "score.h"

namespace slipway::tracing {
namespace {

using store::Cells;
using store::Row;

constexpr auto kInsertAssessment =
    "INSERT INTO assessments (id, trace, kind, name, value, number, is_number, error, source_kind,"
    " source, run, span, rationale, overrides, valid, metadata, by_session, created, updated)"
    " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
    " ON CONFLICT (id) DO UPDATE SET name = excluded.name, value = excluded.value,"
    " number = excluded.number, is_number = excluded.is_number, error = excluded.error,"
    " rationale = excluded.rationale, metadata = excluded.metadata,"
    " by_session = excluded.by_session, updated = excluded.updated"
    " WHERE assessments.trace = excluded.trace";

// Calls `each` with the rows of all traces in `by_key`, so many at once.
template <class Each>
Result<void> for_all(store::Connection& db, const std::string& before, const std::string& after,
                     const std::vector<std::int64_t>& keys, const Each& each) {
  for (std::size_t at = 0; at < keys.size(); at += kAtOnce) {
    Cells some(keys.begin() + static_cast<std::ptrdiff_t>(at),
               keys.begin() + static_cast<std::ptrdiff_t>(std::min(keys.size(), at + kAtOnce)));
    const auto sql = before + placeholders(some) + after;
    SW_CHECK_OK(db.query(sql, some, [&](const Row& row) {
      each(row);
      return true;
    }));
  }
  return {};
}

}  // namespace

FoundTrace trace_from_row(const Row& row) {
  FoundTrace out;
  out.key = row.int64(0);
  auto& trace = out.trace;
  trace.id = TraceId(std::string(row.text(1)));
  trace.experiment = ExperimentId(std::to_string(row.int64(2)));
  trace.requested = {row.int64(3)};
  trace.duration_ms = row.maybe_int64(4);
  trace.state = static_cast<TraceState>(row.int64(5));
  trace.told = row.int64(6) != 0;
  trace.has_spans = row.int64(7) != 0;
  trace.name = row.maybe_text(8);
  trace.session = row.maybe_text(9);
  trace.client_id = row.maybe_text(10);
  trace.request = row.maybe_text(11);
  trace.response = row.maybe_text(12);
  trace.artifact_root = row.text(13);
  trace.usage = {row.maybe_int64(14), row.maybe_int64(15), row.maybe_int64(16),
                 row.maybe_int64(17), row.maybe_int64(18), row.maybe_int64(19)};
  trace.cost = {row.maybe_real(20), row.maybe_real(21), row.maybe_real(22)};
  return out;
}

Result<void> load_details(store::Connection& db, std::vector<FoundTrace>& traces) {
  if (traces.empty()) return {};
  std::unordered_map<std::int64_t, Trace*> by_key;
  std::vector<std::int64_t> keys;
  for (auto& found : traces) {
    by_key[found.key] = &found.trace;
    keys.push_back(found.key);
  }
  const auto pairs = [&](const std::string& table, std::vector<Tag> Trace::*into) {
    return for_all(db, "SELECT trace, key, value FROM " + table + " WHERE trace IN (",
                   ") ORDER BY trace, key", keys, [&](const Row& row) {
                     (by_key[row.int64(0)]->*into)
                         .push_back({std::string(row.text(1)), std::string(row.text(2))});
                   });
  };
  SW_CHECK_OK(pairs("trace_tags", &Trace::tags));
  SW_CHECK_OK(pairs("trace_metadata", &Trace::metadata));
  return for_all(db,
                 std::string("SELECT ") + kAssessmentColumns +
                     ", a.trace FROM assessments a WHERE a.trace IN (",
                 ") ORDER BY a.created, a.seq", keys, [&](const Row& row) {
                   auto& trace = *by_key[row.int64(kAssessmentColumnCount)];
                   trace.assessments.push_back(assessment_from_row(row, trace.id));
                 });
}

Error no_trace(const TraceId& id) {
  return not_found("no trace with id '" + id.str() + "'");
}

Result<std::int64_t> key_of(store::Connection& db, const TraceId& id) {
  SW_TRY(const auto key, db.first("SELECT id FROM traces WHERE uuid = ?", {id.str()},
                                  [](const Row& row) { return row.int64(0); }));
  if (!key) return no_trace(id);
  return *key;
}

Result<void> claim_early_links(store::Connection& db, const TraceId& id, std::int64_t key) {
  SW_TRY(const auto claimed,
         db.exec("INSERT INTO trace_links (kind, target, trace) SELECT kind, target, ? FROM "
                 "trace_early_links WHERE trace = ? ON CONFLICT DO NOTHING",
                 {key, id.str()}));
  if (claimed == 0) return {};
  SW_CHECK_OK(db.exec("DELETE FROM trace_early_links WHERE trace = ?", {id.str()}));
  return {};
}

Result<Trace> load_trace(store::Connection& db, const TraceId& id) {
  SW_TRY(auto found,
         db.all(std::string("SELECT ") + kTraceColumns + " FROM traces t WHERE uuid = ?",
                {id.str()}, trace_from_row));
  if (found.empty()) return no_trace(id);
  SW_CHECK_OK(load_details(db, found));
  return Trace(std::move(found.front().trace));
}

Result<std::int64_t> number_of(const ExperimentId& id) {
  const auto number = parse_int(id.str());
  if (!number || *number < 0) {
    return invalid("invalid experiment id '" + id.str().substr(0, 100) + "'",
                   "it must be a valid integer");
  }
  return *number;
}

std::string placeholders(Cells& cells) {
  SW_ASSERT(!cells.empty());
  std::size_t size = 1;
  while (size < cells.size()) size *= 4;
  cells.resize(size, cells.back());
  std::string out = "?";
  for (std::size_t i = 1; i < size; ++i) out += ",?";
  return out;
}

Assessment assessment_from_row(const Row& row, const TraceId& trace) {
  Assessment out;
  out.id = AssessmentId(std::string(row.text(0)));
  out.trace = trace;
  out.kind = static_cast<AssessmentKind>(row.int64(1));
  out.name = row.text(2);
  out.value = row.text(3);
  out.error = row.maybe_text(4);
  out.source_kind = row.text(5);
  out.source = row.maybe_text(6);
  out.run = row.maybe_text(7);
  out.span = row.maybe_text(8);
  out.rationale = row.maybe_text(9);
  out.overrides = row.maybe_text(10);
  out.valid = row.int64(11) != 0;
  out.metadata = row.maybe_text(12);
  out.by_session = row.int64(13) != 0;
  out.created = {row.int64(14)};
  out.updated = {row.int64(15)};
  return out;
}

Result<void> insert_assessment(store::Connection& db, std::int64_t trace, const Assessment& one) {
  const auto score = score_of(one.value);
  SW_TRY(const auto changed,
         db.exec(kInsertAssessment,
                 {one.id.str(), trace, static_cast<std::int64_t>(one.kind), one.name, one.value,
                  cell_of(score.number), std::int64_t{score.is_number}, cell_of(one.error),
                  one.source_kind, cell_of(one.source), cell_of(one.run), cell_of(one.span),
                  cell_of(one.rationale), cell_of(one.overrides), std::int64_t{one.valid},
                  cell_of(one.metadata), std::int64_t{one.by_session}, one.created.ms,
                  one.updated.ms}));
  if (changed == 0) return invalid("the assessment id '" + one.id.str() + "' is taken");
  return {};
}

Result<void> set_pairs(store::Connection& db, std::string_view table, std::int64_t trace,
                       const std::vector<Tag>& pairs) {
  if (pairs.empty()) return {};
  std::vector<Cells> rows;
  for (const auto& pair : pairs) rows.push_back({trace, pair.key, pair.value});
  return db.exec_many("INSERT INTO " + std::string(table) +
                          " (trace, key, value) VALUES (?, ?, ?)"
                          " ON CONFLICT (trace, key) DO UPDATE SET value = excluded.value",
                      rows);
}

}  // namespace slipway::tracing
