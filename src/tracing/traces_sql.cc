// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "erase_keys.h"
#include "rows.h"
#include "tracing/intake.h"
#include "tracing/traces.h"
#include "tracking/intake.h"
#include "tracking/tracking.h"

namespace slipway::tracing {
namespace {

using store::Cell;
using store::Cells;
using store::Connection;
using store::Row;

constexpr auto kInsert =
    "INSERT INTO traces (uuid, experiment, requested, duration, state, told, has_spans, name,"
    " session, client_id, request, response, artifact_root, input_tokens, output_tokens,"
    " total_tokens, cache_read_tokens, cache_write_tokens, cache_write_1h_tokens, input_cost,"
    " output_cost, total_cost) VALUES (?,?,?,?,?,?,0,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
    " ON CONFLICT (uuid) DO UPDATE SET experiment = excluded.experiment,"
    " requested = excluded.requested, duration = excluded.duration, state = excluded.state,"
    " told = excluded.told, name = coalesce(excluded.name, traces.name),"
    " session = coalesce(excluded.session, traces.session), client_id = excluded.client_id,"
    " request = coalesce(excluded.request, traces.request),"
    " response = coalesce(excluded.response, traces.response),"
    " input_tokens = coalesce(excluded.input_tokens, traces.input_tokens),"
    " output_tokens = coalesce(excluded.output_tokens, traces.output_tokens),"
    " total_tokens = coalesce(excluded.total_tokens, traces.total_tokens),"
    " cache_read_tokens = coalesce(excluded.cache_read_tokens, traces.cache_read_tokens),"
    " cache_write_tokens = coalesce(excluded.cache_write_tokens, traces.cache_write_tokens),"
    " cache_write_1h_tokens = coalesce(excluded.cache_write_1h_tokens,"
    " traces.cache_write_1h_tokens),"
    " input_cost = coalesce(excluded.input_cost, traces.input_cost),"
    " output_cost = coalesce(excluded.output_cost, traces.output_cost),"
    " total_cost = coalesce(excluded.total_cost, traces.total_cost)";
constexpr auto kEnd =
    "UPDATE traces SET duration = ? - requested, state = ?, name = coalesce(?, name),"
    " session = coalesce(?, session), input_tokens = coalesce(?, input_tokens),"
    " output_tokens = coalesce(?, output_tokens), total_tokens = coalesce(?, total_tokens),"
    " cache_read_tokens = coalesce(?, cache_read_tokens),"
    " cache_write_tokens = coalesce(?, cache_write_tokens),"
    " cache_write_1h_tokens = coalesce(?, cache_write_1h_tokens),"
    " input_cost = coalesce(?, input_cost), output_cost = coalesce(?, output_cost),"
    " total_cost = coalesce(?, total_cost) WHERE id = ?";

void append(Cells& cells, const Usage& usage, const Cost& cost) {
  for (const auto& count : {usage.input, usage.output, usage.total, usage.cache_read,
                            usage.cache_write, usage.cache_write_1h}) {
    cells.push_back(cell_of(count));
  }
  for (const auto& dollars : {cost.input, cost.output, cost.total}) {
    cells.push_back(cell_of(dollars));
  }
}

Result<std::vector<FoundTrace>> find(Connection& db, const std::vector<TraceId>& ids) {
  std::vector<FoundTrace> out;
  for (std::size_t at = 0; at < ids.size(); at += kAtOnce) {
    Cells some;
    for (std::size_t i = at; i < std::min(ids.size(), at + kAtOnce); ++i) {
      some.emplace_back(ids[i].str());
    }
    const auto list = placeholders(some);
    SW_CHECK_OK(db.query(
        std::string("SELECT ") + kTraceColumns + " FROM traces t WHERE t.uuid IN (" + list + ")",
        some, [&](const Row& row) {
          out.push_back(trace_from_row(row));
          return true;
        }));
  }
  return out;
}

Result<void> link(Connection& db, std::int64_t kind, const std::vector<std::int64_t>& traces,
                  const std::vector<std::string>& targets) {
  std::vector<Cells> rows;
  for (const auto trace : traces) {
    for (const auto& target : targets) rows.push_back({kind, target, trace});
  }
  if (rows.empty()) return {};
  return db.exec_many(
      "INSERT INTO trace_links (kind, target, trace) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
      rows);
}

// The row of a trace, with what hangs on it but assessments and spans; answers its key.
Result<std::int64_t> put_trace(Connection& db, const TraceId& id, std::int64_t experiment,
                               const Trace& trace, const std::string& root) {
  Cells cells = {id.str(),
                 experiment,
                 trace.requested.ms,
                 cell_of(trace.duration_ms),
                 static_cast<std::int64_t>(trace.state),
                 std::int64_t{trace.told},
                 cell_of(trace.name),
                 cell_of(trace.session),
                 cell_of(trace.client_id),
                 cell_of(trace.request),
                 cell_of(trace.response),
                 root};
  append(cells, trace.usage, trace.cost);
  SW_CHECK_OK(db.exec(kInsert, cells));
  SW_TRY(const auto key, key_of(db, id));
  SW_CHECK_OK(set_pairs(db, "trace_tags", key, trace.tags));
  SW_CHECK_OK(set_pairs(db, "trace_metadata", key, trace.metadata));
  SW_CHECK_OK(claim_early_links(db, id, key));
  return key;
}

}  // namespace

Result<void> take_trace(Connection& db, const Trace& trace, const std::vector<Span>& spans,
                        const std::vector<std::string>& runs) {
  SW_TRY(const auto experiment, number_of(trace.experiment));
  struct Known {
    std::int64_t key;
    std::int64_t experiment;
  };
  SW_TRY(const auto known, db.first("SELECT id, experiment FROM traces WHERE uuid = ?",
                                    {trace.id.str()}, [](const Row& row) {
                                      return Known{row.int64(0), row.int64(1)};
                                    }));
  if (known && known->experiment != experiment) {
    return Error{Code::already_exists,
                 "trace '" + trace.id.str() + "' belongs to experiment '" +
                     std::to_string(known->experiment) + "' here",
                 "it cannot be in two"};
  }
  SW_TRY(const auto root, tracking::root_of_experiment(db, trace.experiment));
  SW_TRY(const auto key, put_trace(db, trace.id, experiment, trace,
                                   root + "/traces/" + trace.id.str() + "/artifacts"));
  for (const auto& one : trace.assessments) SW_CHECK_OK(insert_assessment(db, key, one));
  SW_CHECK_OK(put_spans(db, key, spans));
  return link(db, 0, {key}, runs);
}

Result<std::optional<std::string>> root_of_trace(Connection& db, const TraceId& id) {
  return db.first("SELECT artifact_root FROM traces WHERE uuid = ?", {id.str()},
                  [](const Row& row) { return std::string(row.text(0)); });
}

Result<Trace> Traces::report(const Trace& trace) {
  SW_CHECK_OK(number_of(trace.experiment));
  SW_TRY(const auto experiment, tracking_.experiments().get(trace.experiment));
  if (experiment.lifecycle == tracking::Lifecycle::deleted) {
    return precondition("experiment '" + trace.experiment.str() + "' is deleted",
                        "restore it first");
  }
  const TraceId id = trace.id.empty() ? TraceId(ids_.hex32()) : trace.id;
  SW_TRY(const auto number, number_of(experiment.id));
  return db_.write([&](Connection& db) -> Result<Trace> {
    SW_TRY(const auto key,
           put_trace(db, id, number, trace,
                     experiment.artifact_root + "/traces/" + id.str() + "/artifacts"));
    for (auto one : trace.assessments) {
      if (one.id.empty()) one.id = AssessmentId("a-" + ids_.hex32());
      SW_CHECK_OK(insert_assessment(db, key, one));
    }
    return load_trace(db, id);
  });
}

Result<Trace> Traces::end(const TraceId& id, const Ending& ending) {
  return db_.write([&](Connection& db) -> Result<Trace> {
    SW_TRY(const auto key, key_of(db, id));
    Cells cells = {ending.ended.ms, static_cast<std::int64_t>(ending.state), cell_of(ending.name),
                   cell_of(ending.session)};
    append(cells, ending.usage, ending.cost);
    cells.emplace_back(key);
    SW_CHECK_OK(db.exec(kEnd, cells));
    SW_CHECK_OK(set_pairs(db, "trace_tags", key, ending.tags));
    SW_CHECK_OK(set_pairs(db, "trace_metadata", key, ending.metadata));
    return load_trace(db, id);
  });
}

Result<Trace> Traces::get(const TraceId& id) const {
  return db_.read([&](Connection& db) { return load_trace(db, id); });
}

Result<std::vector<Trace>> Traces::get_all(
    const std::vector<TraceId>& ids,
    const std::optional<std::vector<ExperimentId>>& experiments) const {
  std::unordered_set<std::string> wanted;
  for (const auto& id : experiments.value_or(std::vector<ExperimentId>())) {
    SW_TRY(const auto number, number_of(id));
    wanted.insert(std::to_string(number));
  }
  return db_.read([&](Connection& db) -> Result<std::vector<Trace>> {
    SW_TRY(auto found, find(db, ids));
    SW_CHECK_OK(load_details(db, found));
    std::unordered_map<std::string, Trace*> by_id;
    for (auto& one : found) {
      if (experiments && !wanted.contains(one.trace.experiment.str())) continue;
      by_id[one.trace.id.str()] = &one.trace;
    }
    std::vector<Trace> out;  // an id that is given twice counts where it is last
    for (auto id = ids.rbegin(); id != ids.rend(); ++id) {
      const auto at = by_id.find(id->str());
      if (at == by_id.end()) continue;
      out.push_back(std::move(*at->second));
      by_id.erase(at);
    }
    std::reverse(out.begin(), out.end());
    return out;
  });
}

Result<void> Traces::set_tag(const TraceId& id, const Tag& tag) {
  return db_.write([&](Connection& db) -> Result<void> {
    SW_TRY(const auto key, key_of(db, id));
    return set_pairs(db, "trace_tags", key, {tag});
  });
}

Result<void> Traces::remove_tag(const TraceId& id, const std::string& key) {
  return db_.write([&](Connection& db) -> Result<void> {
    SW_TRY(const auto trace, key_of(db, id));
    SW_TRY(const auto gone,
           db.exec("DELETE FROM trace_tags WHERE trace = ? AND key = ?", {trace, key}));
    if (gone == 0) return not_found("trace '" + id.str() + "' has no tag '" + key + "'");
    return {};
  });
}

Result<void> Traces::set_name(const TraceId& id, const std::optional<std::string>& name) {
  return db_.write([&](Connection& db) -> Result<void> {
    SW_TRY(const auto key, key_of(db, id));
    if (!name) {
      SW_TRY(const auto gone,
             db.exec("UPDATE traces SET name = NULL WHERE id = ? AND name IS NOT NULL", {key}));
      if (gone == 0) return not_found("trace '" + id.str() + "' has no name");
      return {};
    }
    SW_CHECK_OK(db.exec("UPDATE traces SET name = ? WHERE id = ?", {*name, key}));
    return {};
  });
}

Result<std::int64_t> Traces::remove(const Removal& removal) {
  SW_TRY(const auto experiment, number_of(removal.experiment));
  return db_.write([&](Connection& db) -> Result<std::int64_t> {
    std::unordered_set<std::string> among;
    for (const auto& id : removal.ids) among.insert(id.str());
    std::string sql = "SELECT id, uuid FROM traces WHERE experiment = ?";
    Cells cells = {experiment};
    if (removal.up_to_ms) {
      sql += " AND requested <= ?";
      cells.emplace_back(*removal.up_to_ms);
    }
    sql += " ORDER BY requested, uuid";
    std::vector<std::int64_t> keys;
    const auto most = static_cast<std::size_t>(std::max<std::int64_t>(0, removal.most.value_or(0)));
    SW_CHECK_OK(db.query(sql, cells, [&](const Row& row) {
      if (removal.most && keys.size() >= most) return false;
      if (among.empty() || among.contains(std::string(row.text(1)))) keys.push_back(row.int64(0));
      return true;
    }));
    SW_CHECK_OK(erase_keys(db, keys));
    return static_cast<std::int64_t>(keys.size());
  });
}

Result<void> Traces::link_to_run(const std::vector<TraceId>& ids, const RunId& run) {
  SW_CHECK_OK(tracking_.runs().get(run));
  return db_.write([&](Connection& db) -> Result<void> {
    SW_TRY(const auto found, find(db, ids));
    std::vector<std::int64_t> keys;
    std::unordered_set<std::string> here;
    for (const auto& one : found) {
      keys.push_back(one.key);
      here.insert(one.trace.id.str());
    }
    std::vector<Cells> early;
    for (const auto& id : ids) {
      if (!here.contains(id.str())) early.push_back({id.str(), std::int64_t{0}, run.str()});
    }
    if (!early.empty()) {
      SW_CHECK_OK(
          db.exec_many("INSERT INTO trace_early_links (trace, kind, target) "
                       "VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                       early));
    }
    return link(db, 0, keys, {run.str()});
  });
}

Result<void> Traces::link_prompts(const TraceId& id, const std::vector<std::string>& prompts) {
  return db_.write([&](Connection& db) -> Result<void> {
    SW_TRY(const auto key, key_of(db, id));
    return link(db, 1, {key}, prompts);
  });
}

}  // namespace slipway::tracing
