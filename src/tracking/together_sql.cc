// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <unordered_map>

#include "arrays.h"
#include "chunks_sql.h"
#include "latest.h"
#include "rows.h"
#include "runs_sql.h"
#include "together.h"
#include "tracking/artifacts.h"

namespace slipway::tracking {
namespace {

using store::Cells;
using store::Connection;
using store::Row;

constexpr auto kInsertRuns =
    "INSERT INTO runs (uuid, experiment, name, user_name, status, started, artifact_root, state)"
    " SELECT v.uuid, v.experiment, v.name, v.user_name, v.status, v.started, v.root, 0"
    " FROM unnest(?::text[], ?::bigint[], ?::text[], ?::text[], ?::smallint[], ?::bigint[],"
    " ?::text[]) AS v (uuid, experiment, name, user_name, status, started, root)"
    " RETURNING id, uuid";
constexpr auto kInsertTags =
    "INSERT INTO run_tags (run, key, value)"
    " SELECT * FROM unnest(?::bigint[], ?::text[], ?::text[])";

struct Active {
  std::int64_t id = 0;
  bool active = false;
};

// The runs that are named, by id.
Result<std::unordered_map<std::string, Active>> runs_of(Connection& db,
                                                        const std::vector<JointReport>& reports) {
  Cells ids;
  for (const auto& report : reports) ids.emplace_back(report.run.str());
  const auto marks = placeholders(ids);
  std::unordered_map<std::string, Active> out;
  SW_CHECK_OK(db.query("SELECT uuid, id, state FROM runs WHERE uuid IN (" + marks + ")", ids,
                       [&](const Row& row) {
                         out[std::string(row.text(0))] = {row.int64(1), row.int64(2) == 0};
                         return true;
                       }));
  return out;
}

struct Parent {
  std::string artifact_root;
  bool active = false;
};

Result<std::map<std::int64_t, Parent>> parents_of(Connection& db,
                                                  const std::vector<std::int64_t>& numbers) {
  Cells ids(numbers.begin(), numbers.end());
  const auto marks = placeholders(ids);
  std::map<std::int64_t, Parent> out;
  SW_CHECK_OK(
      db.query("SELECT id, artifact_root, state FROM experiments WHERE id IN (" + marks + ")", ids,
               [&](const Row& row) {
                 out[row.int64(0)] = {std::string(row.text(1)), row.int64(2) == 0};
                 return true;
               }));
  return out;
}

// Looks up what each run needs; those whose experiment is not there or deleted get their error.
Result<std::vector<std::pair<JointRun*, std::int64_t>>> welcome(Connection& db,
                                                                std::vector<JointRun>& runs) {
  std::vector<std::int64_t> numbers;
  for (const auto& each : runs) {
    SW_TRY(const auto number, number_of(each.run.experiment));
    numbers.push_back(number);
  }
  SW_TRY(const auto parents, parents_of(db, numbers));
  std::vector<std::pair<JointRun*, std::int64_t>> out;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    auto& each = runs[i];
    const auto parent = parents.find(numbers[i]);
    if (parent == parents.end()) {
      each.result = no_experiment(each.experiment);
    } else if (!parent->second.active) {
      each.result = deleted_experiment(each.experiment);
    } else {
      auto& run = each.run;
      run.artifact_root = beneath(parent->second.artifact_root, "/" + run.id.str() + "/artifacts");
      out.emplace_back(&each, numbers[i]);
    }
  }
  return out;
}

Result<void> insert_tags(Connection& db, const std::vector<JointRun>& runs,
                         const std::unordered_map<std::string, std::int64_t>& ids) {
  ArrayText run_ids;
  ArrayText keys;
  ArrayText values;
  bool any = false;
  for (const auto& each : runs) {
    if (!each.result) continue;
    std::map<std::string_view, std::string_view> last;  // of a key given twice
    for (const auto& tag : each.run.tags) last[tag.key] = tag.value;
    for (const auto& [key, value] : last) {
      any = true;
      run_ids.add(ids.at(each.run.id.str()));
      keys.add(key);
      values.add(value);
    }
  }
  return any ? db.exec_later(kInsertTags, {run_ids.str(), keys.str(), values.str()})
             : Result<void>{};
}

}  // namespace

bool fits_together(const Batch& batch) {
  return !batch.metrics.empty() && batch.params.empty() && batch.tags.empty() && !batch.name &&
         std::all_of(batch.metrics.begin(), batch.metrics.end(),
                     [](const Metric& metric) { return metric.model.empty(); });
}

Result<void> store_together(Connection& db, std::vector<JointRun>& runs) {
  SW_TRY(const auto welcomed, welcome(db, runs));
  if (welcomed.empty()) return {};
  ArrayText uuids;
  ArrayText experiments;
  ArrayText names;
  ArrayText users;
  ArrayText states;
  ArrayText starts;
  ArrayText roots;
  for (const auto& [each, experiment] : welcomed) {
    const auto& run = each->run;
    uuids.add(run.id.str());
    experiments.add(experiment);
    names.add(run.name);
    users.add(run.user);
    states.add(static_cast<std::int64_t>(run.status));
    starts.add(run.started.ms);
    roots.add(run.artifact_root);
  }
  std::unordered_map<std::string, std::int64_t> ids;
  SW_CHECK_OK(db.query(kInsertRuns,
                       {uuids.str(), experiments.str(), names.str(), users.str(), states.str(),
                        starts.str(), roots.str()},
                       [&](const Row& row) {
                         ids[std::string(row.text(1))] = row.int64(0);
                         return true;
                       }));
  if (ids.size() != welcomed.size()) return internal("new runs got no ids");
  return insert_tags(db, runs, ids);
}

Result<void> store_together(Connection& db, std::vector<JointReport>& reports, MetricKeys& keys) {
  MetricKeys::Learned learned;
  SW_TRY(const auto runs, runs_of(db, reports));
  PointsByRun points;
  Placed placed;
  JointReport* first = nullptr;
  for (auto& report : reports) {
    report.learned = {};
    const auto found = runs.find(report.run.str());
    if (found == runs.end()) {
      report.result = no_run(report.run);
      continue;
    }
    if (!found->second.active) {
      report.result = deleted_run(report.run);
      continue;
    }
    if (first == nullptr) first = &report;
    auto& of_run = points[found->second.id];
    for (const auto& metric : report.metrics) {
      SW_TRY(const auto number, keys.number_of(db, metric.key, learned));
      placed.add(number);
      of_run.push_back({number.id, {metric.value, metric.at, metric.step}});
    }
  }
  if (first == nullptr) return {};
  for (auto& [run, of_run] : points) put_in_order(of_run);
  SW_CHECK_OK(set_latest(db, points, std::move(placed), keys, learned));
  first->learned = std::move(learned);
  return append_points(db, std::move(points));
}

}  // namespace slipway::tracking
