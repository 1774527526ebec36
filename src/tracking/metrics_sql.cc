// SPDX-License-Identifier: Apache-2.0
// What a run reports, stored: the tail of its history, the last values, and the logged models that
// were measured.
#include <utility>

#include "chunks_sql.h"
#include "latest.h"
#include "rows.h"
#include "runs_sql.h"

namespace slipway::tracking {
namespace {

using store::Cells;
using store::Connection;

constexpr auto kAddModelMetric =
    "INSERT INTO logged_model_metrics (model, key, step, step_part, at, value, kind, run,"
    " dataset_name, dataset_digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";

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
  Placed placed;
  PointsByRun points;
  auto& history = points[run.id];
  std::vector<Cells> of_models;
  history.reserve(metrics.size());
  for (const auto& metric : metrics) {
    SW_TRY(const auto number, keys.number_of(db, metric.key, learned));
    placed.add(number);
    history.push_back({number.id, {metric.value, metric.at, metric.step}});
    if (!metric.model.empty()) of_models.push_back(model_row(id, metric));
  }
  put_in_order(history);
  SW_CHECK_OK(set_latest(db, points, std::move(placed), keys, learned));
  SW_CHECK_OK(append_points(db, run.id, std::move(history)));
  if (!of_models.empty()) SW_CHECK_OK(db.exec_many(kAddModelMetric, of_models));
  return {};
}

Result<void> insert_model_metrics(Connection& db,
                                  const std::vector<LoggedModel::Measured>& measured) {
  std::vector<Cells> rows;
  rows.reserve(measured.size());
  for (const auto& [metric, run] : measured) rows.push_back(model_row(run, metric));
  return db.exec_many(kAddModelMetric, rows);
}

}  // namespace slipway::tracking
