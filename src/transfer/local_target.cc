// SPDX-License-Identifier: Apache-2.0
// Records into our own store: each put is one transaction.
#include <map>
#include <utility>

#include "base/text.h"
#include "extra_records.h"
#include "marks_sql.h"
#include "registry/intake.h"
#include "registry/registry.h"
#include "series_records.h"
#include "store/database.h"
#include "trace_records.h"
#include "tracing/intake.h"
#include "tracking/artifacts.h"
#include "tracking/intake.h"
#include "transfer/transfer.h"

namespace slipway::transfer {
namespace {

using store::Connection;
using tracking::ExperimentId;
using tracking::LoggedModelId;
using tracking::RunId;

std::vector<Tag> tags_of(const Pairs& pairs) {
  std::vector<Tag> out;
  out.reserve(pairs.size());
  for (const auto& pair : pairs) out.push_back({pair.key, pair.value});
  return out;
}

std::vector<tracking::Param> params_of(const Pairs& pairs) {
  std::vector<tracking::Param> out;
  out.reserve(pairs.size());
  for (const auto& pair : pairs) out.push_back({pair.key, pair.value});
  return out;
}

tracking::Lifecycle lifecycle_of(bool deleted) {
  return deleted ? tracking::Lifecycle::deleted : tracking::Lifecycle::active;
}

Result<tracking::RunStatus> status_of(const RunRecord& run) {
  using tracking::RunStatus;
  for (const auto status : {RunStatus::scheduled, RunStatus::running, RunStatus::finished,
                            RunStatus::failed, RunStatus::killed}) {
    if (tracking::name_of(status) == run.status) return status;
  }
  return invalid("run '" + run.id + "' has the unknown status '" + run.status + "'",
                 "scheduled, running, finished, failed and killed are known");
}

tracking::ModelStatus model_status_of(std::string_view text) {
  if (text == "pending") return tracking::ModelStatus::pending;
  if (text == "ready") return tracking::ModelStatus::ready;
  if (text == "upload_failed") return tracking::ModelStatus::upload_failed;
  return tracking::ModelStatus::unspecified;
}

std::string joined(const std::string& root, const std::string& path) {
  return path.empty() ? root : root + "/" + path;
}

// Takes records of one source in, inside one transaction.
class Taker {
 public:
  Taker(Connection& db, const registry::Intake& models, const std::string& source)
      : db_(db), models_(models), source_(source) {}

  Result<void> take(const Record& record) {
    if (record.experiment) return experiment(*record.experiment);
    if (record.run) return run(*record.run);
    if (record.points) return points(*record.points);
    if (record.series) return series(*record.series);
    if (record.console) return console(*record.console);
    if (record.logged_model) return logged_model(*record.logged_model);
    if (record.trace) return trace(*record.trace);
    if (record.dataset) return dataset(*record.dataset);
    if (record.example) return take_example(db_, *record.example);
    if (record.model) return model(*record.model);
    if (record.version) return version(*record.version);
    if (record.mark) return set_mark(db_, source_, *record.mark);
    if (record.question) return question(*record.question);
    if (record.queue) return queue(*record.queue);
    if (record.scorer) return scorer(*record.scorer);
    if (record.issue) return issue(*record.issue);
    if (record.tool_server) return take_tool_server(db_, *record.tool_server);
    if (record.webhook) return take_webhook(db_, *record.webhook);
    return invalid("a record without content");
  }

 private:
  Result<void> experiment(const ExperimentRecord& in) {
    SW_TRY(const auto known, mark_of(db_, source_, "experiment", in.id));
    std::optional<ExperimentId> before;
    if (known) before = ExperimentId(*known);
    SW_TRY(const auto id, tracking::take_experiment(db_,
                                                    {.id = ExperimentId(in.id),
                                                     .name = in.name,
                                                     .artifact_root = in.artifacts,
                                                     .lifecycle = lifecycle_of(in.deleted),
                                                     .created = {in.created},
                                                     .updated = {in.updated},
                                                     .tags = tags_of(in.tags)},
                                                    before));
    return set_mark(db_, source_, {"experiment", in.id, id.str()});
  }

  Result<ExperimentId> experiment_of(const std::string& theirs) {
    if (const auto found = experiments_.find(theirs); found != experiments_.end()) {
      return found->second;
    }
    SW_TRY(const auto ours, mark_of(db_, source_, "experiment", theirs));
    if (!ours) {
      return invalid("experiment '" + theirs + "' of '" + source_ + "' was not taken in",
                     "send experiments before what belongs to them");
    }
    return experiments_.emplace(theirs, ExperimentId(*ours)).first->second;
  }

  Result<void> run(const RunRecord& in) {
    tracking::Run run{.id = RunId(in.id), .name = in.name, .user = in.user};
    SW_TRY(run.experiment, experiment_of(in.experiment));
    SW_TRY(run.status, status_of(in));
    run.started = {in.started};
    if (in.ended) run.ended = Timestamp{*in.ended};
    run.artifact_root = in.artifacts;
    run.lifecycle = lifecycle_of(in.deleted);
    run.params = params_of(in.params);
    run.tags = tags_of(in.tags);
    for (const auto& input : in.inputs) {
      run.datasets.push_back({.dataset = {.name = input.name,
                                          .digest = input.digest,
                                          .source_type = input.source_type,
                                          .source = input.source,
                                          .schema = input.schema,
                                          .profile = input.profile},
                              .tags = tags_of(input.tags)});
    }
    for (const auto& model : in.model_inputs) run.model_inputs.emplace_back(model);
    for (const auto& out : in.model_outputs) {
      run.model_outputs.push_back({LoggedModelId(out.model), out.step});
    }
    std::optional<Timestamp> deleted;
    if (in.deleted_at) deleted = Timestamp{*in.deleted_at};
    return tracking::take_run(db_, run, deleted);
  }

  Result<void> points(const PointsRecord& in) {
    if (in.values.size() != in.times.size() || in.values.size() != in.steps.size() ||
        (!in.parts.empty() && in.parts.size() != in.values.size())) {
      return invalid("the columns of metric '" + in.key + "' of run '" + in.run +
                     "' are not equally long");
    }
    std::vector<tracking::Metric> metrics(in.values.size());
    for (std::size_t i = 0; i < metrics.size(); ++i) {
      metrics[i].key = in.key;
      metrics[i].value = in.values[i];
      metrics[i].at = {in.times[i]};
      const auto part = in.parts.empty() ? 0 : in.parts[i];
      if (part < 0 || part >= tracking::Step::kParts) {
        return invalid("a step of metric '" + in.key + "' of run '" + in.run + "' has " +
                       std::to_string(part) + " billionths");
      }
      metrics[i].step = {in.steps[i], static_cast<std::int32_t>(part)};
    }
    return tracking::take_metrics(db_, RunId(in.run), metrics);
  }

  Result<void> series(const SeriesRecord& in) {
    SW_TRY(const auto entries, series_of(in));
    return tracking::take_series(db_, RunId(in.run), entries);
  }

  Result<void> console(const ConsoleRecord& in) {
    SW_TRY(auto lines, lines_of(in));
    SW_CHECK_OK(tracking::take_console(db_, RunId(in.run), std::move(lines), in.first));
    return {};
  }

  Result<void> logged_model(const LoggedModelRecord& in) {
    tracking::LoggedModel model{.id = LoggedModelId(in.id), .name = in.name, .type = in.type};
    SW_TRY(model.experiment, experiment_of(in.experiment));
    model.status = model_status_of(in.status);
    if (!in.source_run.empty()) model.source_run = RunId(in.source_run);
    model.artifact_root = in.artifacts;
    model.created = {in.created};
    model.updated = {in.updated};
    model.params = params_of(in.params);
    model.tags = tags_of(in.tags);
    for (const auto& m : in.metrics) {
      model.metrics.push_back({.metric = {.key = m.key,
                                          .value = m.value,
                                          .at = {m.time},
                                          .step = m.step,
                                          .model = in.id,
                                          .dataset_name = m.dataset_name,
                                          .dataset_digest = m.dataset_digest},
                               .run = RunId(m.run)});
    }
    return tracking::take_logged_model(db_, model, lifecycle_of(in.deleted));
  }

  Result<void> trace(const TraceRecord& in) {
    SW_TRY(const auto experiment, experiment_of(in.experiment));
    return take_trace(db_, in, experiment);
  }

  // Experiments that were not taken in are no experiments of the dataset here.
  Result<void> dataset(const DatasetRecord& in) {
    std::vector<std::string> experiments;
    for (const auto& theirs : in.experiments) {
      SW_TRY(const auto ours, mark_of(db_, source_, "experiment", theirs));
      if (ours) experiments.push_back(*ours);
    }
    return take_dataset(db_, in, experiments);
  }

  // The standard question of an experiment is one here too, under its own id.
  Result<void> question(const QuestionRecord& in) {
    SW_TRY(const auto experiment, experiment_of(in.experiment));
    SW_TRY(const auto id, take_question(db_, in, experiment));
    return set_mark(db_, source_, {"question_id", in.id, id});
  }

  Result<void> queue(const QueueRecord& in) {
    SW_TRY(const auto experiment, experiment_of(in.experiment));
    std::vector<std::string> questions;
    for (const auto& theirs : in.questions) {
      SW_TRY(const auto ours, mark_of(db_, source_, "question_id", theirs));
      if (ours) questions.push_back(*ours);
    }
    return take_queue(db_, in, experiment, questions);
  }

  Result<void> scorer(const ScorerRecord& in) {
    SW_TRY(const auto experiment, experiment_of(in.experiment));
    return take_scorer(db_, in, experiment);
  }

  Result<void> issue(const IssueRecord& in) {
    SW_TRY(const auto experiment, experiment_of(in.experiment));
    return take_issue(db_, in, experiment);
  }

  registry::By by(const std::string& user) const {
    return {user.empty() ? "import" : user, "imported from " + source_};
  }

  Result<void> model(const ModelRecord& in) {
    return models_.take_model(db_,
                              {.name = in.name,
                               .created = {in.created},
                               .updated = {in.updated},
                               .description = in.description,
                               .tags = tags_of(in.tags)},
                              in.last_version, by(""));
  }

  Result<void> version(const VersionRecord& in) {
    registry::Version version{.model = in.model,
                              .version = in.version,
                              .created = {in.created},
                              .updated = {in.updated},
                              .description = in.description,
                              .source = in.source,
                              .location = in.location,
                              .run_id = in.run_id,
                              .run_link = in.run_link,
                              .logged_model_id = in.logged_model_id,
                              .tags = tags_of(in.tags)};
    SW_TRY(version.stage, registry::parse_stage(in.stage.empty() ? "None" : in.stage));
    std::optional<std::string> root;
    if (!in.files_model.empty()) {
      SW_TRY(root, tracking::root_of_model(db_, LoggedModelId(in.files_model)));
    } else if (!in.files_run.empty()) {
      SW_TRY(root, tracking::root_of_run(db_, RunId(in.files_run)));
    }
    if (root) {
      version.location = joined(*root, in.location);
      const bool named = in.source.starts_with("runs:/") || in.source.starts_with("models:/");
      if (!named && root->find(':') == std::string::npos) {
        version.source = "mlflow-artifacts:/" + version.location;
      }
    }
    SW_CHECK_OK(models_.take_version(db_, version, by(in.user)));
    for (const auto& alias : in.aliases) {
      SW_CHECK_OK(models_.take_alias(db_, version.ref(), alias, by(in.user)));
    }
    return {};
  }

  Connection& db_;
  const registry::Intake& models_;
  const std::string& source_;
  std::map<std::string, ExperimentId> experiments_;
};

class LocalTarget : public Target {
 public:
  LocalTarget(store::Database& db, registry::Registry& registry, blob::BlobStore& blobs, Ids& ids)
      : db_(db), models_(registry.history(), ids), artifacts_(blobs) {}

  Result<void> put(const std::string& source, const std::vector<Record>& records) override {
    return db_.write([&](Connection& db) -> Result<void> {
      Taker taker(db, models_, source);
      for (const auto& record : records) SW_CHECK_OK(taker.take(record));
      return {};
    });
  }

  Result<std::map<std::string, std::string>> marks(const std::string& source,
                                                   const std::string& kind,
                                                   const std::vector<std::string>& ids) override {
    return db_.read([&](Connection& db) { return marks_of(db, source, kind, ids); });
  }

  Result<std::vector<RunSizes>> sizes(const std::vector<std::string>& runs) override {
    std::vector<RunId> ids(runs.begin(), runs.end());
    SW_TRY(const auto found, db_.read([&](Connection& db) { return tracking::sizes_of(db, ids); }));
    std::vector<RunSizes> out;
    for (const auto& s : found) {
      out.push_back({s.id.str(), s.points, s.params, s.tags, s.inputs});
    }
    return out;
  }

  Result<std::map<std::string, std::string>> folders(Owner owner,
                                                     const std::vector<std::string>& ids) override {
    using Roots = std::map<std::string, std::string>;
    return db_.read([&](Connection& db) -> Result<Roots> {
      Roots out;
      for (const auto& id : ids) {
        std::optional<std::string> root;
        if (owner == Owner::run) {
          SW_TRY(root, tracking::root_of_run(db, RunId(id)));
        } else if (owner == Owner::trace) {
          SW_TRY(root, tracing::root_of_trace(db, tracing::TraceId(id)));
        } else {
          SW_TRY(root, tracking::root_of_model(db, LoggedModelId(id)));
        }
        if (root && root->find(':') == std::string::npos) out[id] = *root;
      }
      return out;
    });
  }

  Result<void> put_file(const std::string& folder, const std::string& path,
                        blob::Reader& content) override {
    SW_TRY(const auto writer, artifacts_.put(folder, path));
    std::vector<char> buffer(1 << 20);
    for (;;) {
      SW_TRY(const auto n, content.read(buffer.data(), buffer.size()));
      if (n == 0) break;
      SW_CHECK_OK(writer->write({buffer.data(), n}));
    }
    SW_CHECK_OK(writer->finish());
    return {};
  }

 private:
  store::Database& db_;
  registry::Intake models_;
  tracking::Artifacts artifacts_;
};

}  // namespace

std::unique_ptr<Target> open_local_target(store::Database& db, registry::Registry& registry,
                                          blob::BlobStore& blobs, Ids& ids) {
  return std::make_unique<LocalTarget>(db, registry, blobs, ids);
}

Result<void> Source::series(const std::vector<std::string>&, const Each<SeriesRecord>&) {
  return {};
}
Result<void> Source::console(const std::vector<std::string>&, const Each<ConsoleRecord>&) {
  return {};
}
Result<void> Source::traces(const Each<std::vector<TraceRecord>>&) {
  return {};
}
Result<void> Source::spans(TraceRecord&) {
  return {};
}
Result<void> Source::datasets(const Each<std::vector<Record>>&) {
  return {};
}
Result<void> Source::logged_models(const Each<LoggedModelRecord>&) {
  return {};
}
Result<void> Source::models(const Each<Record>&) {
  return {};
}
Result<void> Source::issues(const Each<Record>&) {
  return {};
}
Result<void> Source::extras(const Each<Record>&) {
  return {};
}
Result<std::vector<SourceFile>> Source::files(Owner, const std::string&) {
  return std::vector<SourceFile>();
}
Result<std::unique_ptr<blob::Reader>> Source::open(const SourceFile& file) {
  return not_found("there is no file '" + file.path + "'");
}

}  // namespace slipway::transfer
