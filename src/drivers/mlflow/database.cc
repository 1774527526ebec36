// SPDX-License-Identifier: Apache-2.0
// MLflow's SQL store, SQLite or PostgreSQL. Tables and columns that an older version did not have
// are left out of the questions.
#include "store/database.h"

#include <filesystem>
#include <limits>
#include <map>
#include <set>

#include "database_extras.h"
#include "database_traces.h"
#include "places.h"
#include "revisions.h"
#include "sources.h"

namespace slipway::drivers::mlflow {
namespace {

using store::Cells;
using store::Connection;
using store::Row;
using transfer::Record;

constexpr std::size_t kRunsAtOnce = 200;
constexpr std::size_t kPointsAtOnce = 8192;

std::string text(const Row& row, int column) {
  return row.is_null(column) ? std::string() : std::string(row.text(column));
}
std::int64_t number(const Row& row, int column) {
  return row.maybe_int64(column).value_or(0);
}

class DatabaseSource : public transfer::Source {
 public:
  DatabaseSource(std::unique_ptr<store::Database> db, std::string name, std::string base,
                 std::string artifacts)
      : db_(std::move(db)),
        name_(std::move(name)),
        base_(std::move(base)),
        artifacts_(std::move(artifacts)) {}

  Result<void> prepare() {
    return db_->read([this](Connection& c) -> Result<void> {
      SW_CHECK_OK(learn_columns(c));
      if (!has("alembic_version", "version_num") || !has("runs", "run_uuid")) {
        return invalid("'" + name_ + "' is not an MLflow tracking database",
                       "it lacks the tables runs and alembic_version");
      }
      SW_TRY(const auto revision, c.first("SELECT version_num FROM alembic_version", {},
                                          [](const Row& row) { return text(row, 0); }));
      if (!revision || !is_known_revision(*revision)) {
        return precondition("the schema of '" + name_ + "' has the revision '" +
                                revision.value_or("") + "', which this version does not know",
                            "it knows MLflow up to 3.17: install a newer Slipway, or import from "
                            "the running MLflow server by its http URL");
      }
      if (!has("metrics", "step") || !has("metrics", "is_nan")) {
        return precondition("the schema of '" + name_ + "' is from before MLflow 1.1",
                            "run `mlflow db upgrade` on a copy of it first");
      }
      return {};
    });
  }

  std::string name() const override { return name_; }

  Result<std::int64_t> count_runs() override {
    return db_->read([](Connection& c) -> Result<std::int64_t> {
      SW_TRY(const auto n,
             c.first("SELECT COUNT(*) FROM runs", {}, [](const Row& row) { return row.int64(0); }));
      return n.value_or(0);
    });
  }

  Result<void> experiments(const Each<transfer::ExperimentRecord>& each) override;
  Result<void> runs(const Each<std::vector<transfer::SourceRun>>& each) override;
  Result<void> points(const std::vector<std::string>& runs,
                      const Each<transfer::PointsRecord>& each) override;
  Result<void> logged_models(const Each<transfer::LoggedModelRecord>& each) override;
  Result<void> models(const Each<Record>& each) override;
  Result<void> traces(const Each<std::vector<transfer::TraceRecord>>& each) override {
    return traces_.traces(each);
  }
  Result<void> spans(transfer::TraceRecord& trace) override { return traces_.spans(trace); }
  Result<void> datasets(const Each<std::vector<Record>>& e) override { return traces_.datasets(e); }
  Result<void> issues(const Each<Record>& each) override { return extras_.issues(each); }
  Result<void> extras(const Each<Record>& each) override { return extras_.extras(each); }
  Result<std::vector<std::string>> left_out() override { return extras_.left_out(); }
  Result<std::vector<transfer::SourceFile>> files(transfer::Owner owner,
                                                  const std::string& id) override;
  Result<std::unique_ptr<blob::Reader>> open(const transfer::SourceFile& file) override {
    return open_file(file.handle);
  }

 private:
  using ByRun = std::map<std::string, transfer::SourceRun*>;

  Result<void> learn_columns(Connection& c) {
    const std::string sql =
        c.dialect() == store::Dialect::sqlite
            ? "SELECT m.name, p.name FROM sqlite_master m, pragma_table_info(m.name) p"
              " WHERE m.type = 'table'"
            : "SELECT table_name, column_name FROM information_schema.columns"
              " WHERE table_schema = ANY (current_schemas(false))";
    return c.query(sql, {}, [this](const Row& row) {
      columns_.insert(text(row, 0) + "." + text(row, 1));
      return true;
    });
  }
  bool has(const std::string& table, const std::string& column) const {
    return columns_.contains(table + "." + column);
  }
  // The column, or `other` where there is none.
  std::string column(const std::string& table, const std::string& name, const char* as,
                     const char* other = "NULL") const {
    return has(table, name) ? std::string(as) + "." + name : std::string(other);
  }

  Result<std::vector<transfer::SourceRun>> runs_after(Connection& c, const std::string& last);
  Result<void> load_pairs(Connection& c, const Cells& ids, const ByRun& by_run);
  Result<void> load_inputs(Connection& c, const Cells& ids, const ByRun& by_run);
  Result<void> load_model_details(Connection& c,
                                  std::map<std::string, transfer::LoggedModelRecord>& models);

  std::unique_ptr<store::Database> db_;
  std::string name_;
  std::string base_;       // relative paths are taken from here
  std::string artifacts_;  // what proxied URIs stand for; empty: not known
  std::set<std::string> columns_;
  TraceTables traces_{*db_, columns_, base_, artifacts_};
  ExtraTables extras_{*db_, columns_};
};

Result<void> DatabaseSource::experiments(const Each<transfer::ExperimentRecord>& each) {
  std::map<std::int64_t, transfer::ExperimentRecord> all;
  SW_CHECK_OK(db_->read([&](Connection& c) -> Result<void> {
    SW_CHECK_OK(c.query("SELECT e.experiment_id, e.name, e.artifact_location, e.lifecycle_stage, " +
                            column("experiments", "creation_time", "e") + ", " +
                            column("experiments", "last_update_time", "e") + " FROM experiments e",
                        {}, [&](const Row& row) {
                          const auto id = row.int64(0);
                          all[id] = {.id = std::to_string(id),
                                     .name = text(row, 1),
                                     .created = number(row, 4),
                                     .updated = number(row, 5),
                                     .deleted = text(row, 3) == "deleted",
                                     .tags = {},
                                     .artifacts = staying_uri(text(row, 2), base_)};
                          return true;
                        }));
    if (!has("experiment_tags", "key")) return {};
    return c.query("SELECT t.experiment_id, t.key, t.value FROM experiment_tags t", {},
                   [&](const Row& row) {
                     all[row.int64(0)].tags.push_back({text(row, 1), text(row, 2)});
                     return true;
                   });
  }));
  for (auto& [id, experiment] : all) SW_CHECK_OK(each(std::move(experiment)));
  return {};
}

Result<std::vector<transfer::SourceRun>> DatabaseSource::runs_after(Connection& c,
                                                                    const std::string& last) {
  std::vector<transfer::SourceRun> out;
  out.reserve(kRunsAtOnce);
  SW_CHECK_OK(c.query(
      "SELECT r.run_uuid, r.experiment_id, r.name, r.user_id, r.status, r.start_time, r.end_time,"
      " r.lifecycle_stage, r.artifact_uri, " +
          column("runs", "deleted_time", "r") +
          " FROM runs r WHERE r.run_uuid > ? ORDER BY r.run_uuid LIMIT " +
          std::to_string(kRunsAtOnce),
      {last}, [&](const Row& row) {
        transfer::RunRecord run{.id = text(row, 0),
                                .experiment = std::to_string(row.int64(1)),
                                .name = text(row, 2),
                                .user = text(row, 3),
                                .status = status_word(text(row, 4)),
                                .started = number(row, 5)};
        run.ended = row.maybe_int64(6);
        run.deleted = text(row, 7) == "deleted";
        run.artifacts = staying_uri(text(row, 8), base_);
        run.deleted_at = row.maybe_int64(9);
        out.push_back({.record = std::move(run), .points = 0, .state = ""});
        return true;
      }));
  ByRun by_run;
  Cells ids;
  for (auto& run : out) {
    by_run[run.record.id] = &run;
    ids.emplace_back(run.record.id);
  }
  if (ids.empty()) return out;
  SW_CHECK_OK(load_pairs(c, ids, by_run));
  for (auto& run : out) name_from_tags(run.record);
  SW_CHECK_OK(load_inputs(c, ids, by_run));
  return out;
}

Result<void> DatabaseSource::runs(const Each<std::vector<transfer::SourceRun>>& each) {
  std::string last;
  for (;;) {
    SW_TRY(auto batch, db_->read([&](Connection& c) { return runs_after(c, last); }));
    if (batch.empty()) return {};
    last = batch.back().record.id;
    SW_CHECK_OK(each(std::move(batch)));
  }
}

Result<void> DatabaseSource::load_pairs(Connection& c, const Cells& ids, const ByRun& by_run) {
  const auto in = " IN (" + question_marks(ids.size()) + ")";
  SW_CHECK_OK(
      c.query("SELECT p.run_uuid, p.key, p.value FROM params p WHERE p.run_uuid" + in +
                  " ORDER BY p.run_uuid, p.key",
              ids, [&](const Row& row) {
                by_run.at(text(row, 0))->record.params.push_back({text(row, 1), text(row, 2)});
                return true;
              }));
  SW_CHECK_OK(
      c.query("SELECT t.run_uuid, t.key, t.value FROM tags t WHERE t.run_uuid" + in +
                  " ORDER BY t.run_uuid, t.key",
              ids, [&](const Row& row) {
                by_run.at(text(row, 0))->record.tags.push_back({text(row, 1), text(row, 2)});
                return true;
              }));
  return c.query(
      "SELECT m.run_uuid, COUNT(*) FROM metrics m WHERE m.run_uuid" + in + " GROUP BY m.run_uuid",
      ids, [&](const Row& row) {
        by_run.at(text(row, 0))->points = row.int64(1);
        return true;
      });
}

Result<void> DatabaseSource::load_inputs(Connection& c, const Cells& ids, const ByRun& by_run) {
  if (!has("inputs", "input_uuid")) return {};
  const auto in = " IN (" + question_marks(ids.size()) + ")";
  std::map<std::string, transfer::Pairs> tags;
  SW_CHECK_OK(c.query(
      "SELECT t.input_uuid, t.name, t.value FROM input_tags t JOIN inputs i ON i.input_uuid ="
      " t.input_uuid WHERE i.destination_type = 'RUN' AND i.destination_id" +
          in + " ORDER BY t.input_uuid, t.name",
      ids, [&](const Row& row) {
        tags[text(row, 0)].push_back({text(row, 1), text(row, 2)});
        return true;
      }));
  SW_CHECK_OK(
      c.query("SELECT i.input_uuid, i.destination_id, d.name, d.digest, d.dataset_source_type,"
              " d.dataset_source, d.dataset_schema, d.dataset_profile FROM inputs i JOIN datasets d"
              " ON d.dataset_uuid = i.source_id WHERE i.source_type = 'DATASET' AND"
              " i.destination_type = 'RUN' AND i.destination_id" +
                  in + " ORDER BY i.input_uuid",
              ids, [&](const Row& row) {
                by_run.at(text(row, 1))
                    ->record.inputs.push_back({.name = text(row, 2),
                                               .digest = text(row, 3),
                                               .source_type = text(row, 4),
                                               .source = text(row, 5),
                                               .schema = row.maybe_text(6),
                                               .profile = row.maybe_text(7),
                                               .tags = tags[text(row, 0)]});
                return true;
              }));
  return c.query("SELECT i.source_id, i.destination_type, i.destination_id, " +
                     column("inputs", "step", "i", "0") +
                     " FROM inputs i WHERE i.source_type IN ('RUN_INPUT', 'RUN_OUTPUT')"
                     " AND i.source_id" +
                     in + " ORDER BY i.destination_id",
                 ids, [&](const Row& row) {
                   auto& run = by_run.at(text(row, 0))->record;
                   if (text(row, 1) == "MODEL_INPUT") run.model_inputs.push_back(text(row, 2));
                   if (text(row, 1) == "MODEL_OUTPUT") {
                     run.model_outputs.push_back({text(row, 2), number(row, 3)});
                   }
                   return true;
                 });
}

Result<void> DatabaseSource::points(const std::vector<std::string>& runs,
                                    const Each<transfer::PointsRecord>& each) {
  for (const auto& run : runs) {
    // The rows are handed on after the question, so that a slow target holds no snapshot for long.
    std::vector<transfer::PointsRecord> ready;
    transfer::PointsRecord now{.run = run};
    const auto next = [&](std::string key) {
      if (!now.values.empty()) ready.push_back(std::move(now));
      now = {.run = run, .key = std::move(key)};
    };
    SW_CHECK_OK(db_->read([&](Connection& c) {
      return c.query(
          "SELECT m.key, m.value, m.timestamp, m.step, CAST(m.is_nan AS INTEGER) FROM metrics m"
          " WHERE m.run_uuid = ? ORDER BY m.key, m.step, m.timestamp",
          {run}, [&](const Row& row) {
            if (row.text(0) != now.key || now.values.size() >= kPointsAtOnce) next(text(row, 0));
            const bool nan = row.int64(4) != 0 || row.is_null(1);
            now.values.push_back(nan ? std::numeric_limits<double>::quiet_NaN() : row.real(1));
            now.times.push_back(number(row, 2));
            now.steps.push_back(number(row, 3));
            return true;
          });
    }));
    next("");
    for (auto& record : ready) SW_CHECK_OK(each(std::move(record)));
  }
  return {};
}

Result<void> DatabaseSource::logged_models(const Each<transfer::LoggedModelRecord>& each) {
  if (!has("logged_models", "model_id")) return {};
  constexpr const char* kStatus[] = {"", "pending", "ready", "upload_failed"};
  std::string last;
  for (;;) {
    std::map<std::string, transfer::LoggedModelRecord> batch;
    SW_CHECK_OK(db_->read([&](Connection& c) -> Result<void> {
      SW_CHECK_OK(c.query(
          "SELECT m.model_id, m.experiment_id, m.name, m.model_type, m.status, m.source_run_id,"
          " m.creation_timestamp_ms, m.last_updated_timestamp_ms, m.lifecycle_stage,"
          " m.artifact_location FROM logged_models m WHERE m.model_id > ? ORDER BY m.model_id"
          " LIMIT 200",
          {last}, [&](const Row& row) {
            const auto status = number(row, 4);
            batch[text(row, 0)] = {.id = text(row, 0),
                                   .experiment = std::to_string(row.int64(1)),
                                   .name = text(row, 2),
                                   .type = text(row, 3),
                                   .status = status >= 0 && status <= 3 ? kStatus[status] : "",
                                   .source_run = text(row, 5),
                                   .created = number(row, 6),
                                   .updated = number(row, 7),
                                   .deleted = text(row, 8) == "deleted",
                                   .params = {},
                                   .tags = {},
                                   .metrics = {},
                                   .artifacts = staying_uri(text(row, 9), base_)};
            return true;
          }));
      return batch.empty() ? Result<void>() : load_model_details(c, batch);
    }));
    if (batch.empty()) return {};
    last = batch.rbegin()->first;
    for (auto& [id, model] : batch) SW_CHECK_OK(each(std::move(model)));
  }
}

Result<void> DatabaseSource::load_model_details(
    Connection& c, std::map<std::string, transfer::LoggedModelRecord>& models) {
  Cells ids;
  for (const auto& [id, model] : models) ids.emplace_back(id);
  const auto in = " IN (" + question_marks(ids.size()) + ")";
  const auto pairs = [&](const std::string& sql,
                         transfer::Pairs transfer::LoggedModelRecord::*into) {
    return c.query(sql + in + " ORDER BY 1, 2", ids, [&](const Row& row) {
      (models.at(text(row, 0)).*into).push_back({text(row, 1), text(row, 2)});
      return true;
    });
  };
  SW_CHECK_OK(
      pairs("SELECT model_id, param_key, param_value FROM logged_model_params"
            " WHERE model_id",
            &transfer::LoggedModelRecord::params));
  SW_CHECK_OK(pairs("SELECT model_id, tag_key, tag_value FROM logged_model_tags WHERE model_id",
                    &transfer::LoggedModelRecord::tags));
  return c.query(
      "SELECT model_id, metric_name, metric_value, metric_timestamp_ms, metric_step, run_id,"
      " dataset_name, dataset_digest FROM logged_model_metrics WHERE model_id" +
          in + " ORDER BY model_id, metric_name, metric_step, metric_timestamp_ms, run_id",
      ids, [&](const Row& row) {
        models.at(text(row, 0))
            .metrics.push_back(
                {.key = text(row, 1),
                 .value = row.maybe_real(2).value_or(std::numeric_limits<double>::quiet_NaN()),
                 .time = number(row, 3),
                 .step = number(row, 4),
                 .run = text(row, 5),
                 .dataset_name = text(row, 6),
                 .dataset_digest = text(row, 7)});
        return true;
      });
}

Result<std::vector<transfer::SourceFile>> DatabaseSource::files(transfer::Owner owner,
                                                                const std::string& id) {
  if (owner == transfer::Owner::trace) return traces_.files(id);
  const std::string sql = owner == transfer::Owner::run
                              ? "SELECT artifact_uri FROM runs WHERE run_uuid = ?"
                              : "SELECT artifact_location FROM logged_models WHERE model_id = ?";
  SW_TRY(const auto uri, db_->read([&](Connection& c) {
    return c.first(sql, {id}, [](const Row& row) { return text(row, 0); });
  }));
  const auto place = place_of(uri.value_or(""), base_);
  switch (place.kind) {
    case Place::Kind::folder:
      return files_below(place.path);
    case Place::Kind::proxied:
      if (artifacts_.empty()) {
        return precondition("it is not known where '" + *uri + "' is kept",
                            "name the server's artifact folder with --artifacts DIR");
      }
      return files_below(artifacts_ + "/" + place.path);
    case Place::Kind::foreign:
      break;
  }
  return std::vector<transfer::SourceFile>();
}

Result<void> DatabaseSource::models(const Each<Record>& each) {
  if (!has("registered_models", "name")) return {};
  std::map<std::string, transfer::ModelRecord> models;
  std::map<std::string, std::map<std::int64_t, transfer::VersionRecord>> versions;
  SW_CHECK_OK(db_->read([&](Connection& c) -> Result<void> {
    SW_CHECK_OK(
        c.query("SELECT name, creation_time, last_updated_time, description FROM registered_models",
                {}, [&](const Row& row) {
                  models[text(row, 0)] = {.name = text(row, 0),
                                          .description = text(row, 3),
                                          .created = number(row, 1),
                                          .updated = number(row, 2)};
                  return true;
                }));
    SW_CHECK_OK(
        c.query("SELECT v.name, v.version, v.creation_time, v.last_updated_time, v.description,"
                " v.user_id, v.current_stage, v.source, v.run_id, " +
                    column("model_versions", "run_link", "v") + ", " +
                    column("model_versions", "storage_location", "v") + " FROM model_versions v",
                {}, [&](const Row& row) {
                  auto& model = models[text(row, 0)];
                  model.last_version = std::max(model.last_version, row.int64(1));
                  if (text(row, 6) == kDeletedStage) return true;
                  auto& version = versions[text(row, 0)][row.int64(1)];
                  version = {.model = text(row, 0),
                             .version = row.int64(1),
                             .created = number(row, 2),
                             .updated = number(row, 3),
                             .description = row.maybe_text(4),
                             .stage = text(row, 6),
                             .source = text(row, 7)};
                  version.run_id = text(row, 8);
                  version.run_link = text(row, 9);
                  version.user = text(row, 5);
                  locate_files(version, text(row, 10));
                  return true;
                }));
    const auto of_version = [&](const Row& row) -> transfer::VersionRecord* {
      const auto model = versions.find(text(row, 0));
      if (model == versions.end()) return nullptr;
      const auto found = model->second.find(row.int64(1));
      return found == model->second.end() ? nullptr : &found->second;
    };
    if (has("registered_model_tags", "name")) {
      SW_CHECK_OK(c.query("SELECT t.name, t.key, t.value FROM registered_model_tags t", {},
                          [&](const Row& row) {
                            models[text(row, 0)].tags.push_back({text(row, 1), text(row, 2)});
                            return true;
                          }));
      SW_CHECK_OK(c.query("SELECT t.name, t.version, t.key, t.value FROM model_version_tags t", {},
                          [&](const Row& row) {
                            if (auto* v = of_version(row)) {
                              v->tags.push_back({text(row, 2), text(row, 3)});
                            }
                            return true;
                          }));
    }
    if (!has("registered_model_aliases", "alias")) return {};
    return c.query("SELECT a.name, a.version, a.alias FROM registered_model_aliases a", {},
                   [&](const Row& row) {
                     if (auto* v = of_version(row)) v->aliases.push_back(text(row, 2));
                     return true;
                   });
  }));
  for (auto& [name, model] : models) {
    SW_CHECK_OK(each({.model = std::move(model)}));
    for (auto& [number, version] : versions[name]) {
      SW_CHECK_OK(each({.version = std::move(version)}));
    }
  }
  return {};
}

}  // namespace

Result<SourcePtr> open_database(const std::string& url, const std::string& artifacts) {
  namespace fs = std::filesystem;
  SW_TRY(auto db, store::Database::open_foreign(url));
  std::string base = fs::current_path().string();
  std::string folder = artifacts;
  constexpr std::string_view kSqlite = "sqlite:///";
  if (url.starts_with(kSqlite)) {
    base = fs::absolute(url.substr(kSqlite.size())).parent_path().string();
    std::error_code error;
    if (folder.empty() && fs::is_directory(base + "/mlartifacts", error)) {
      folder = base + "/mlartifacts";
    }
  }
  auto source =
      std::make_unique<DatabaseSource>(std::move(db), without_password(url), base, folder);
  SW_CHECK_OK(source->prepare());
  return SourcePtr(std::move(source));
}

}  // namespace slipway::drivers::mlflow
