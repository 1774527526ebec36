// SPDX-License-Identifier: Apache-2.0
// What a run reports, stored: the tail of its history, the latest value of each metric, and the
// logged models that were measured.
#include <algorithm>
#include <map>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "arrays.h"
#include "chunks_sql.h"
#include "rows.h"
#include "runs_sql.h"

namespace slipway::tracking {
namespace {

using store::Cells;
using store::Connection;

// The latest is the greatest by step, time and value, and NaN is less than any number.
#define SET_LATEST                                                             \
  " ON CONFLICT (run, metric) DO UPDATE SET step = excluded.step,"             \
  " step_part = excluded.step_part, at = excluded.at, value = excluded.value," \
  " kind = excluded.kind"                                                      \
  " WHERE (excluded.step, excluded.step_part, excluded.at,"                    \
  "        CASE excluded.kind WHEN 1 THEN 0 ELSE 1 END, excluded.value)"       \
  " > (latest_metrics.step, latest_metrics.step_part, latest_metrics.at,"      \
  "    CASE latest_metrics.kind WHEN 1 THEN 0 ELSE 1 END, latest_metrics.value)"
constexpr auto kSetLatest =
    "INSERT INTO latest_metrics (run, metric, step, step_part, at, value, kind)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)" SET_LATEST;
// PostgreSQL: one statement for any number of metrics.
constexpr auto kSetManyLatest =
    "INSERT INTO latest_metrics (run, metric, step, step_part, at, value, kind)"
    " SELECT * FROM unnest(?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[],"
    " ?::double precision[], ?::smallint[])" SET_LATEST;
#undef SET_LATEST
constexpr auto kAddModelMetric =
    "INSERT INTO logged_model_metrics (model, key, step, step_part, at, value, kind, run,"
    " dataset_name, dataset_digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";

struct AddCell {
  ArrayText& out;
  void operator()(std::int64_t n) const { out.add(n); }
  void operator()(double x) const { out.add(x); }
  template <class Other>
  void operator()(const Other&) const {
    SW_ASSERT(false);
  }
};

// Rows to columns, each a text that PostgreSQL reads as an array.
Cells arrays_of(const std::vector<Cells>& rows) {
  Cells out;
  for (std::size_t column = 0; column < rows.front().size(); ++column) {
    ArrayText array;
    for (const auto& row : rows) std::visit(AddCell{array}, row[column]);
    out.emplace_back(array.str());
  }
  return out;
}

Result<void> set_latest(Connection& db, const std::vector<Cells>& rows) {
  constexpr std::size_t kFew = 3;
  if (db.dialect() == store::Dialect::sqlite) return db.exec_many(kSetLatest, rows);
  if (rows.size() >= kFew) return db.exec_later(kSetManyLatest, arrays_of(rows));
  for (const auto& row : rows) SW_CHECK_OK(db.exec_later(kSetLatest, row));
  return {};
}

Cells latest_row(std::int64_t run, std::int64_t key, const Point& point) {
  const auto [value, kind] = to_stored(point.value);
  return {run, key, point.step.whole(), point.step.part(), point.at.ms, value, kind};
}

Cells model_row(const RunId& run, const Metric& metric) {
  const auto [value, kind] = to_stored(metric.value);
  return {metric.model, metric.key, metric.step.whole(), metric.step.part(),   metric.at.ms, value,
          kind,         run.str(),  metric.dataset_name, metric.dataset_digest};
}

}  // namespace

Result<void> insert_metrics(Connection& db, const RunKey& run, const RunId& id,
                            const std::vector<Metric>& metrics, MetricKeys& keys,
                            MetricKeys::Learned& learned) {
  if (metrics.empty()) return {};
  struct Latest {
    std::int64_t key = 0;
    Point point;
  };
  std::unordered_map<std::string_view, Latest> latest;
  std::vector<KeyedPoint> history;
  std::vector<Cells> of_models;
  history.reserve(metrics.size());
  for (const auto& metric : metrics) {
    const Point point{metric.value, metric.at, metric.step};
    const auto [newest, is_new] = latest.try_emplace(metric.key, Latest{0, point});
    if (is_new) {
      SW_TRY(newest->second.key, keys.number_of(db, metric.key, learned));
    } else if (outranks(point, newest->second.point)) {
      newest->second.point = point;
    }
    history.push_back({newest->second.key, point});
    if (!metric.model.empty()) of_models.push_back(model_row(id, metric));
  }
  SW_CHECK_OK(append_points(db, run.id, std::move(history)));
  std::vector<Latest> in_order;  // neighbours in the table follow each other
  in_order.reserve(latest.size());
  for (const auto& [name, newest] : latest) in_order.push_back(newest);
  std::sort(in_order.begin(), in_order.end(),
            [](const Latest& a, const Latest& b) { return a.key < b.key; });
  std::vector<Cells> rows;
  rows.reserve(in_order.size());
  for (const auto& newest : in_order) rows.push_back(latest_row(run.id, newest.key, newest.point));
  SW_CHECK_OK(set_latest(db, rows));
  if (!of_models.empty()) SW_CHECK_OK(db.exec_many(kAddModelMetric, of_models));
  return {};
}

Result<void> set_latest_of(Connection& db, const PointsByRun& points) {
  std::vector<Cells> rows;
  for (const auto& [run, of_run] : points) {
    std::map<std::int64_t, Point> latest;
    for (const auto& [metric, point] : of_run) {
      const auto [newest, is_new] = latest.try_emplace(metric, point);
      if (!is_new && outranks(point, newest->second)) newest->second = point;
    }
    for (const auto& [metric, point] : latest) rows.push_back(latest_row(run, metric, point));
  }
  return set_latest(db, rows);
}

Result<void> insert_model_metrics(Connection& db,
                                  const std::vector<LoggedModel::Measured>& measured) {
  std::vector<Cells> rows;
  rows.reserve(measured.size());
  for (const auto& [metric, run] : measured) rows.push_back(model_row(run, metric));
  return db.exec_many(kAddModelMetric, rows);
}

}  // namespace slipway::tracking
