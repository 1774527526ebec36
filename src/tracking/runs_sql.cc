// SPDX-License-Identifier: Apache-2.0
#include "runs_sql.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include "latest.h"

namespace slipway::tracking {
namespace {

using store::Cells;
using store::Connection;
using store::Row;

using ByKey = std::unordered_map<std::int64_t, Run*>;

std::string text(const Row& row, int column) {
  return std::string(row.text(column));
}

// The runs of one round, as statements want them.
struct Round {
  ByKey runs;
  Cells ids;
  std::string marks;
};

using Names = std::optional<std::vector<std::string>>;

// " AND <column> IN (..)" for the names that are wanted, whose cells are added.
std::string only(std::string_view before, const Names& names, std::string_view behind,
                 Cells& cells) {
  if (!names) return "";
  std::string out(before);
  for (std::size_t i = 0; i < names->size(); ++i) {
    out += i == 0 ? "?" : ",?";
    cells.emplace_back((*names)[i]);
  }
  return out += behind;
}

using NamesById = std::unordered_map<std::int64_t, std::string>;

// Adds the names of the metrics of these points, as far as they are not there.
Result<void> add_names(Connection& db, const std::vector<KeyedPoint>& points, NamesById& names) {
  Cells ids;
  const auto ask = [&]() -> Result<void> {
    const auto marks = placeholders(ids);
    SW_CHECK_OK(db.query("SELECT id, name FROM metric_keys WHERE id IN (" + marks + ")", ids,
                         [&](const Row& row) {
                           names.emplace(row.int64(0), row.text(1));
                           return true;
                         }));
    ids.clear();
    return {};
  };
  for (const auto& keyed : points) {
    if (names.contains(keyed.metric)) continue;
    ids.emplace_back(keyed.metric);
    if (ids.size() == kIdsAtOnce) SW_CHECK_OK(ask());
  }
  return ids.empty() ? Result<void>{} : ask();
}

// " AND <column> IN (1,2)"; nothing that any row has when the list is empty.
std::string among(std::string_view column, const std::set<std::int64_t>& numbers) {
  std::string list;
  for (const auto number : numbers) (list += list.empty() ? "" : ",") += std::to_string(number);
  return " AND " + std::string(column) + " IN (" + (list.empty() ? "-1" : list) + ")";
}

// One statement, since it may be a trip to a server.
constexpr auto kLastRows =
    "SELECT l.run, k.name, l.step, l.step_part, l.at, l.value, l.kind, NULL AS data"
    " FROM latest_metrics l JOIN metric_keys k ON k.id = l.metric WHERE l.run IN (";
constexpr auto kLastBlocks =
    " UNION ALL SELECT run, '', 0, 0, 0, 0, 0, data FROM latest_blocks WHERE run IN (";

// Adds what blocks have of a run to what its rows had.
void add_last(Run& run, const std::vector<KeyedPoint>& points, const NamesById& names) {
  std::unordered_map<std::string, std::size_t> rows;
  for (std::size_t i = 0; i < run.metrics.size(); ++i) rows.emplace(run.metrics[i].key, i);
  run.metrics.reserve(run.metrics.size() + points.size());
  for (const auto& [metric, point] : points) {
    const auto name = names.find(metric);
    if (name == names.end()) continue;  // not wanted
    const auto row = rows.find(name->second);
    if (row == rows.end()) {
      run.metrics.push_back(
          {.key = name->second, .value = point.value, .at = point.at, .step = point.step});
      continue;
    }
    auto& last = run.metrics[row->second];
    if (outranks(point, {last.value, last.at, last.step})) {
      last.value = point.value;
      last.at = point.at;
      last.step = point.step;
    }
  }
}

Result<void> load_metrics(Connection& db, const Round& round, const Names& wanted) {
  if (wanted && wanted->empty()) return {};
  NamesById names;
  std::string of_rows;
  std::string of_blocks;
  if (wanted) {
    Cells cells;
    std::string sql = "SELECT id, name FROM metric_keys WHERE ";
    sql += only("name IN (", wanted, ")", cells);
    std::set<std::int64_t> metrics;
    std::set<std::int64_t> blocks;
    SW_CHECK_OK(db.query(sql, cells, [&](const Row& row) {
      names.emplace(row.int64(0), row.text(1));
      metrics.insert(row.int64(0));
      blocks.insert(block_of(row.int64(0)));
      return true;
    }));
    of_rows = among("l.metric", metrics);
    of_blocks = among("first", blocks);
  }
  Cells cells = round.ids;
  cells.insert(cells.end(), round.ids.begin(), round.ids.end());
  const auto sql =
      kLastRows + round.marks + ")" + of_rows + kLastBlocks + round.marks + ")" + of_blocks;
  std::map<std::int64_t, std::vector<KeyedPoint>> blocks;
  Result<void> good;
  SW_CHECK_OK(db.query(sql, cells, [&](const Row& row) {
    if (!row.is_null(7)) {
      good = decode(row.text(7), blocks[row.int64(0)]);
      return good.ok();
    }
    Metric metric{.key = text(row, 1),
                  .value = from_stored(row.real(5), row.int64(6)),
                  .at = {row.int64(4)},
                  .step = Step(row.int64(2), static_cast<std::int32_t>(row.int64(3)))};
    round.runs.at(row.int64(0))->metrics.push_back(std::move(metric));
    return true;
  }));
  SW_CHECK_OK(std::move(good));
  for (const auto& [run, points] : blocks) {
    if (!wanted) SW_CHECK_OK(add_names(db, points, names));
    add_last(*round.runs.at(run), points, names);
  }
  return {};
}

template <class Pair>
Result<void> load_pairs(Connection& db, const Round& round, const std::string& table,
                        const Names& wanted, std::vector<Pair> Run::*list) {
  if (wanted && wanted->empty()) return {};
  Cells cells = round.ids;
  std::string sql = "SELECT run, key, value FROM " + table + " WHERE run IN (" + round.marks + ")";
  sql += only(" AND key IN (", wanted, ")", cells);
  return db.query(sql, cells, [&](const Row& row) {
    (round.runs.at(row.int64(0))->*list).push_back({text(row, 1), text(row, 2)});
    return true;
  });
}

Result<void> load_inputs(Connection& db, const Round& round) {
  const auto& [runs, ids, marks] = round;
  std::map<std::pair<std::int64_t, std::int64_t>, std::vector<Tag>> tags;
  SW_CHECK_OK(
      db.query("SELECT run, dataset, key, value FROM run_input_tags WHERE run IN (" + marks + ")",
               ids, [&](const Row& row) {
                 tags[{row.int64(0), row.int64(1)}].push_back({text(row, 2), text(row, 3)});
                 return true;
               }));
  SW_CHECK_OK(db.query(
      "SELECT i.run, i.dataset, d.name, d.digest, d.source_type, d.source, d.schema_text, d.profile"
      " FROM run_inputs i JOIN run_datasets d ON d.id = i.dataset WHERE i.run IN (" +
          marks + ") ORDER BY i.run, i.dataset",
      ids, [&](const Row& row) {
        DatasetInput input{.dataset = {.name = text(row, 2),
                                       .digest = text(row, 3),
                                       .source_type = text(row, 4),
                                       .source = text(row, 5),
                                       .schema = row.maybe_text(6),
                                       .profile = row.maybe_text(7)},
                           .tags = {}};
        if (auto found = tags.find({row.int64(0), row.int64(1)}); found != tags.end()) {
          input.tags = std::move(found->second);
        }
        runs.at(row.int64(0))->datasets.push_back(std::move(input));
        return true;
      }));
  return db.query("SELECT run, role, model, step FROM run_models WHERE run IN (" + marks + ")", ids,
                  [&](const Row& row) {
                    auto* run = runs.at(row.int64(0));
                    LoggedModelId model(text(row, 2));
                    if (row.int64(1) == 0) {
                      run->model_inputs.push_back(std::move(model));
                    } else {
                      run->model_outputs.push_back({std::move(model), row.int64(3)});
                    }
                    return true;
                  });
}

}  // namespace

FoundRun run_from_row(const Row& row) {
  FoundRun out;
  out.key = row.int64(0);
  out.run.id = RunId(text(row, 1));
  out.run.experiment = ExperimentId(std::to_string(row.int64(2)));
  out.run.name = text(row, 3);
  out.run.user = text(row, 4);
  out.run.status = static_cast<RunStatus>(row.int64(5));
  out.run.started = {row.int64(6)};
  if (const auto ended = row.maybe_int64(7)) out.run.ended = Timestamp{*ended};
  out.run.artifact_root = text(row, 8);
  out.run.lifecycle = lifecycle_of(row.int64(9));
  return out;
}

Result<void> load_data(Connection& db, std::vector<FoundRun>& runs, const WantedKeys& wanted) {
  for (std::size_t first = 0; first < runs.size(); first += kIdsAtOnce) {
    Round round;
    for (std::size_t i = first; i < runs.size() && i < first + kIdsAtOnce; ++i) {
      round.runs[runs[i].key] = &runs[i].run;
      round.ids.emplace_back(runs[i].key);
    }
    round.marks = placeholders(round.ids);
    SW_CHECK_OK(load_metrics(db, round, wanted.metrics));
    SW_CHECK_OK(load_pairs(db, round, "run_params", wanted.params, &Run::params));
    SW_CHECK_OK(load_pairs(db, round, "run_tags", wanted.tags, &Run::tags));
    SW_CHECK_OK(load_inputs(db, round));
  }
  return {};
}

Result<RunKeys> keys_of(Connection& db, const std::vector<FoundRun>& runs) {
  RunKeys out;
  if (runs.empty()) return out;
  Cells ids;
  for (const auto& run : runs) ids.emplace_back(run.key);
  const auto marks = placeholders(ids);
  const auto name = [](const Row& row) { return text(row, 0); };
  SW_TRY(out.metrics, db.all("SELECT name FROM metric_keys WHERE id IN (SELECT metric FROM"
                             " latest_metrics WHERE run IN (" +
                                 marks + "))",
                             ids, name));
  NamesById names;
  SW_TRY(const auto blocks,
         db.all("SELECT data FROM latest_blocks WHERE run IN (" + marks + ")", ids, name));
  for (const auto& block : blocks) {
    std::vector<KeyedPoint> points;
    SW_CHECK_OK(decode(block, points));
    SW_CHECK_OK(add_names(db, points, names));
  }
  for (auto& [number, metric] : names) out.metrics.push_back(std::move(metric));
  std::sort(out.metrics.begin(), out.metrics.end());
  out.metrics.erase(std::unique(out.metrics.begin(), out.metrics.end()), out.metrics.end());
  SW_TRY(out.params,
         db.all("SELECT DISTINCT key FROM run_params WHERE run IN (" + marks + ") ORDER BY key",
                ids, name));
  return out;
}

Result<Run> load_run(Connection& db, const RunId& id) {
  SW_TRY(auto found, db.all("SELECT " + std::string(kRunColumns) + " FROM runs r WHERE r.uuid = ?",
                            {id.str()}, run_from_row));
  if (found.empty()) return not_found("no run with id '" + id.str() + "'");
  SW_CHECK_OK(load_data(db, found));
  return std::move(found.front().run);
}

}  // namespace slipway::tracking
