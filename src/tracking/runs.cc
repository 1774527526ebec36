// SPDX-License-Identifier: Apache-2.0
#include "tracking/runs.h"

#include <condition_variable>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "base/text.h"
#include "chunks_sql.h"
#include "latest.h"
#include "rows.h"
#include "run_search.h"
#include "runs_sql.h"
#include "store/database.h"
#include "together.h"
#include "tracking/artifacts.h"

namespace slipway::tracking {
namespace {

using store::Cell;
using store::Connection;
using store::Row;

constexpr auto kInsertRun =
    "INSERT INTO runs (uuid, experiment, name, user_name, status, started, artifact_root, state)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, 0) RETURNING id";
constexpr auto kSetTag =
    "INSERT INTO run_tags (run, key, value) VALUES (?, ?, ?)"
    " ON CONFLICT (run, key) DO UPDATE SET value = excluded.value";
constexpr auto kAddParam =
    "INSERT INTO run_params (run, key, value) VALUES (?, ?, ?) ON CONFLICT (run, key) DO NOTHING";

Result<void> set_tags(Connection& db, std::int64_t run, const std::vector<Tag>& tags) {
  for (const auto& tag : tags) SW_CHECK_OK(db.exec_later(kSetTag, {run, tag.key, tag.value}));
  return {};
}

struct Parent {
  std::string artifact_root;
  bool active = false;
};

Result<Parent> parent_of(Connection& db, const ExperimentId& id, std::int64_t number) {
  SW_TRY(auto found, db.first("SELECT artifact_root, state FROM experiments WHERE id = ?", {number},
                              [](const Row& row) {
                                return Parent{std::string(row.text(0)), row.int64(1) == 0};
                              }));
  if (!found) return no_experiment(id);
  if (!found->active) return deleted_experiment(id);
  return *std::move(found);
}

// Gives the run its artifact root too.
Result<void> add_run(Connection& db, const ExperimentId& experiment, Run& run) {
  SW_TRY(const auto number, number_of(run.experiment));
  SW_TRY(const auto parent, parent_of(db, experiment, number));
  run.artifact_root = beneath(parent.artifact_root, "/" + run.id.str() + "/artifacts");
  SW_TRY(const auto key,
         db.first(kInsertRun,
                  {run.id.str(), number, run.name, run.user, static_cast<std::int64_t>(run.status),
                   run.started.ms, run.artifact_root},
                  [](const Row& row) { return row.int64(0); }));
  if (!key) return internal("a run got no id");
  return set_tags(db, *key, run.tags);
}

bool is_final(RunStatus status) {
  return status == RunStatus::finished || status == RunStatus::failed ||
         status == RunStatus::killed;
}

Result<void> set_state(store::Database& db, const RunId& id, std::int64_t state, Cell deleted_at) {
  return db.write([&](Connection& c) -> Result<void> {
    SW_TRY(const auto run, find_run(c, id));
    SW_CHECK_OK(c.exec("UPDATE runs SET state = ?, deleted_at = ? WHERE id = ?",
                       {state, deleted_at, run.id}));
    return {};
  });
}

}  // namespace

namespace {

Error changed_param(const Param& param, const std::string& present) {
  return invalid("changing param values is not allowed: param '" + param.key + "' is already '" +
                     present + "', not '" + param.value + "'",
                 "log the other value to another run");
}

// Adds all at once and then looks at what stands: two trips to a server, however many they are.
Result<void> insert_params_together(Connection& db, std::int64_t run,
                                    const std::vector<Param>& params) {
  store::Cells cells{run};
  std::string marks;
  for (const auto& param : params) {
    SW_CHECK_OK(db.exec_later(kAddParam, {run, param.key, param.value}));
    cells.emplace_back(param.key);
    marks += marks.empty() ? "?" : ",?";
  }
  std::unordered_map<std::string, std::string> present;
  SW_CHECK_OK(db.query("SELECT key, value FROM run_params WHERE run = ? AND key IN (" + marks + ")",
                       cells, [&](const Row& row) {
                         present.emplace(row.text(0), row.text(1));
                         return true;
                       }));
  for (const auto& param : params) {
    const auto& value = present[param.key];
    if (value != param.value) return changed_param(param, value);
  }
  return {};
}

}  // namespace

Result<void> insert_params(Connection& db, std::int64_t run, const std::vector<Param>& params) {
  constexpr std::size_t kMany = 500;  // a statement a number of them
  if (db.dialect() == store::Dialect::postgres && params.size() > 1 && params.size() < kMany) {
    return insert_params_together(db, run, params);
  }
  for (const auto& param : params) {
    SW_TRY(const auto added, db.exec(kAddParam, {run, param.key, param.value}));
    if (added != 0) continue;
    SW_TRY(const auto present,
           db.first("SELECT value FROM run_params WHERE run = ? AND key = ?", {run, param.key},
                    [](const Row& row) { return std::string(row.text(0)); }));
    if (!present || *present != param.value) return changed_param(param, present.value_or(""));
  }
  return {};
}

// Calls that wait for the disk.
struct Runs::InFlight {
  void begin() {
    const std::scoped_lock lock(mutex);
    ++count;
  }
  void end() {
    const std::scoped_lock lock(mutex);
    if (--count == 0) none.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex);
    none.wait(lock, [this] { return count == 0; });
  }

  std::mutex mutex;
  std::condition_variable none;
  std::size_t count = 0;
};

template <class T>
Runs::Done<T> Runs::counted(Done<T> done) {
  in_flight_->begin();
  return [flight = in_flight_.get(), done = std::move(done)](Result<T> result) {
    done(std::move(result));
    flight->end();
  };
}

struct Runs::Joint {
  Joint(store::Database& db, MetricKeys& keys)
      : reports(db, [&keys](Connection& c, auto& items) { return store_together(c, items, keys); }),
        runs(db, [](Connection& c, auto& items) { return store_together(c, items); }) {}

  Together<JointReport> reports;
  Together<JointRun> runs;
};

Runs::Runs(store::Database& db, EventSink& events, Clock& clock, Ids& ids)
    : db_(db),
      events_(events),
      clock_(clock),
      ids_(ids),
      keys_(std::make_unique<MetricKeys>()),
      in_flight_(std::make_unique<InFlight>()) {
  if (db.dialect() == store::Dialect::postgres) joint_ = std::make_unique<Joint>(db, *keys_);
}

Runs::~Runs() {
  in_flight_->wait();
}

// The run as it will be, but for its artifact root.
Result<Run> Runs::draft(const NewRun& in) const {
  SW_TRY(const auto experiment, number_of(in.experiment));
  return Run{.id = RunId(ids_.hex32()),
             .experiment = ExperimentId(std::to_string(experiment)),
             .name = in.name.empty() ? made_up_name() : in.name,
             .user = in.user,
             .started = in.started.value_or(clock_.now()),
             .tags = in.tags};
}

Result<Run> Runs::start(const NewRun& in) {
  SW_TRY(auto run, draft(in));
  SW_CHECK_OK(db_.write([&](Connection& c) { return add_run(c, in.experiment, run); }));
  return run;
}

void Runs::start_later(const NewRun& in, Done<Run> wanted) {
  auto done = counted<Run>(std::move(wanted));
  auto drafted = draft(in);
  if (!drafted) return done(std::move(drafted.error()));
  if (joint_ != nullptr) {
    const auto tell = [done = std::move(done)](JointRun& made) {
      if (!made.result) return done(std::move(made.result.error()));
      done(std::move(made.run));
    };
    return joint_->runs.add({in.experiment, *std::move(drafted), {}, tell});
  }
  const auto run = std::make_shared<Run>(*std::move(drafted));
  db_.write_later(
      [run, experiment = in.experiment](Connection& c) { return add_run(c, experiment, *run); },
      [run, done = std::move(done)](Result<void> kept) {
        if (!kept) return done(std::move(kept.error()));
        done(std::move(*run));
      });
}

Result<Run> Runs::change(const RunId& id, const RunChange& change) {
  bool ended_now = false;
  SW_TRY(auto run, db_.write([&](Connection& c) -> Result<Run> {
    SW_TRY(const auto key, find_active_run(c, id));
    SW_TRY(const auto before, c.first("SELECT status FROM runs WHERE id = ?", {key.id},
                                      [](const Row& row) { return row.int64(0); }));
    if (change.status) {
      ended_now = is_final(*change.status) && !is_final(static_cast<RunStatus>(before.value_or(0)));
      SW_CHECK_OK(c.exec("UPDATE runs SET status = ? WHERE id = ?",
                         {static_cast<std::int64_t>(*change.status), key.id}));
      if (ended_now) SW_CHECK_OK(compact(c, key.id));
    }
    if (change.ended) {
      SW_CHECK_OK(c.exec("UPDATE runs SET ended = ? WHERE id = ?", {change.ended->ms, key.id}));
    }
    if (change.name && !change.name->empty()) {
      SW_CHECK_OK(c.exec("UPDATE runs SET name = ? WHERE id = ?", {*change.name, key.id}));
    }
    return load_run(c, id);
  }));
  if (ended_now) {
    std::string data = "{\"experiment\":";
    append_json_string(data, run.experiment.str());
    append_json_string(data += ",\"status\":", name_of(run.status));
    append_json_string(data += ",\"name\":", run.name);
    events_.publish({.type = "run.finished",
                     .subject = run.id.str(),
                     .actor = run.user,
                     .at = clock_.now(),
                     .data = data + "}"});
  }
  return run;
}

Result<Run> Runs::get(const RunId& id) const {
  return db_.read([&](Connection& c) { return load_run(c, id); });
}

Result<Page<Run>> Runs::search(const Search& search) const {
  for (;;) {
    SW_TRY(auto found, db_.read([&](Connection& c) -> Result<FoundRuns> {
      SW_TRY(auto out, find_runs(c, search));
      SW_CHECK_OK(load_data(c, out.runs, search.keys));
      return out;
    }));
    if (found.not_in_rows.empty()) {
      Page<Run> page{.items = {}, .next_token = std::move(found.next_token)};
      page.items.reserve(found.runs.size());
      for (auto& each : found.runs) page.items.push_back(std::move(each.run));
      return page;
    }
    // Once a metric: a search may name it from now on.
    for (const auto metric : found.not_in_rows) SW_CHECK_OK(make_rows(db_, metric));
  }
}

Result<RunKeys> Runs::keys(const ExperimentId& experiment, std::size_t runs) const {
  const Search newest{.experiments = {experiment}, .page = {.size = runs, .token = {}}};
  return db_.read([&](Connection& c) -> Result<RunKeys> {
    SW_TRY(const auto found, find_runs(c, newest));
    return keys_of(c, found.runs);
  });
}

Result<void> Runs::remove(const RunId& id) {
  return set_state(db_, id, 1, clock_.now().ms);
}

Result<void> Runs::restore(const RunId& id) {
  return set_state(db_, id, 0, nullptr);
}

namespace {

// A report while it is stored; what its transaction learned is remembered when that was kept.
struct Report {
  RunId id;
  Batch batch;
  MetricKeys::Learned learned;
};

Result<void> store_report(Connection& db, const RunId& id, const Batch& batch, MetricKeys& keys,
                          MetricKeys::Learned& learned) {
  learned = {};
  SW_TRY(const auto run, find_active_run(db, id));
  SW_CHECK_OK(insert_params(db, run.id, batch.params));
  SW_CHECK_OK(insert_metrics(db, run, id, batch.metrics, keys, learned));
  SW_CHECK_OK(set_tags(db, run.id, batch.tags));
  if (batch.name && !batch.name->empty()) {
    SW_CHECK_OK(db.exec("UPDATE runs SET name = ? WHERE id = ?", {*batch.name, run.id}));
  }
  return {};
}

}  // namespace

Result<void> Runs::log(const RunId& id, const Batch& batch) {
  MetricKeys::Learned learned;
  SW_CHECK_OK(
      db_.write([&](Connection& c) { return store_report(c, id, batch, *keys_, learned); }));
  keys_->remember(std::move(learned));
  return {};
}

void Runs::log_later(const RunId& id, Batch batch, Done<void> wanted) {
  auto done = counted<void>(std::move(wanted));
  if (joint_ != nullptr && fits_together(batch)) {
    const auto tell = [this, done = std::move(done)](JointReport& report) {
      if (report.result) keys_->remember(std::move(report.learned));
      done(std::move(report.result));
    };
    return joint_->reports.add({id, std::move(batch.metrics), {}, {}, tell});
  }
  const auto report = std::make_shared<Report>(Report{id, std::move(batch), {}});
  db_.write_later(
      [this, report](Connection& c) {
        return store_report(c, report->id, report->batch, *keys_, report->learned);
      },
      [this, report, done = std::move(done)](Result<void> kept) {
        if (kept) keys_->remember(std::move(report->learned));
        done(std::move(kept));
      });
}

Result<void> Runs::edit_tag(const RunId& id, const std::string& key, const NextValue& next) {
  return db_.write([&](Connection& c) -> Result<void> {
    SW_TRY(const auto run, find_active_run(c, id));
    SW_TRY(const auto present,
           c.first("SELECT value FROM run_tags WHERE run = ? AND key = ?", {run.id, key},
                   [](const Row& row) { return std::string(row.text(0)); }));
    SW_TRY(const auto value, next(present));
    SW_CHECK_OK(c.exec(kSetTag, {run.id, key, value}));
    return {};
  });
}

Result<void> Runs::remove_tag(const RunId& id, const std::string& key) {
  return db_.write([&](Connection& c) -> Result<void> {
    SW_TRY(const auto run, find_active_run(c, id));
    SW_TRY(const auto removed,
           c.exec("DELETE FROM run_tags WHERE run = ? AND key = ?", {run.id, key}));
    if (removed == 0) return not_found("no tag with name '" + key + "' in run '" + id.str() + "'");
    return {};
  });
}

}  // namespace slipway::tracking
