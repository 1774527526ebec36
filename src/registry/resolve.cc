// SPDX-License-Identifier: Apache-2.0
// Where a version's files are, and the run behind them.
#include "base/text.h"
#include "impl.h"
#include "rows.h"
#include "source.h"
#include "tracking/tracking.h"

namespace slipway::registry {
namespace {

using tracking::LoggedModelId;
using tracking::RunId;

std::string joined(const std::string& root, const std::string& path) {
  return path.empty() ? root : root + "/" + path;
}

Error not_of(const std::string& source, const std::string& id_name) {
  return invalid("invalid model version source: '" + source + "': the " + id_name +
                     " request parameter must identify the resource that contains the source",
                 "pass the " + id_name + " of the run or logged model that wrote the files");
}

std::string tag_of(const std::vector<Tag>& tags, std::string_view key) {
  for (const auto& tag : tags) {
    if (tag.key == key) return tag.value;
  }
  return {};
}

}  // namespace

Result<void> Registry::Impl::resolve(const NewVersion& wanted, Version& version) const {
  SW_TRY(const auto source, parse_source(wanted.source));
  if (!wanted.logged_model_id.empty()) {
    auto model = tracking.models().get(LoggedModelId{wanted.logged_model_id});
    if (!model && model.error().code == Code::not_found) return not_of(wanted.source, "model_id");
    SW_CHECK_OK(model);
    if (version.run_id.empty() && model->source_run) version.run_id = model->source_run->str();
    version.location = model->artifact_root;
  }
  switch (source.kind) {
    case Source::Kind::run: {
      if (!wanted.logged_model_id.empty()) return not_of(wanted.source, "model_id");
      if (source.id != wanted.run_id) return not_of(wanted.source, "run_id");
      const auto run = tracking.runs().get(RunId{source.id});
      // An unknown run is taken, as MLflow takes it; its files are looked for when they are needed.
      version.location = run ? joined(run->artifact_root, source.path) : std::string();
      return {};
    }
    case Source::Kind::logged_model:
      if (source.id != wanted.logged_model_id) return not_of(wanted.source, "model_id");
      return {};
    case Source::Kind::version:
      return resolve_version(source, wanted, version);
    case Source::Kind::artifact: {
      std::string root = version.location;
      if (wanted.logged_model_id.empty()) {
        const auto run = tracking.runs().get(RunId{wanted.run_id});
        if (run) root = run->artifact_root;
      }
      if (!is_within(source.path, root)) {
        return not_of(wanted.source, wanted.logged_model_id.empty() ? "run_id" : "model_id");
      }
      version.location = source.path;
      return {};
    }
    case Source::Kind::foreign:
      version.location = wanted.source;
      return {};
  }
  return {};
}

Result<void> Registry::Impl::resolve_version(const Source& source, const NewVersion& wanted,
                                             Version& version) const {
  auto found = db.read([&](store::Connection& connection) -> Result<VersionRow> {
    if (source.version > 0) return find_version(connection, {source.id, source.version});
    SW_TRY(const auto model, find_model(connection, source.id));
    std::optional<std::int64_t> number;
    if (source.alias.empty()) {
      if (model.last_version > 0) number = model.last_version;
    } else {
      SW_TRY(number, find_alias(connection, model.id, source.alias));
    }
    if (!number) {
      return invalid("registered model '" + source.id + "' has no version '" +
                     (source.alias.empty() ? std::string("latest") : source.alias) + "'");
    }
    return find_version(connection, {source.id, *number});
  });
  SW_CHECK_OK(found);
  const auto& from = found->version;
  if ((!wanted.run_id.empty() && wanted.run_id != from.run_id) ||
      (!wanted.logged_model_id.empty() && wanted.logged_model_id != from.logged_model_id)) {
    return invalid("invalid model version source: '" + wanted.source +
                   "': run_id and model_id must match the referenced model version");
  }
  version.source = "models:/" + from.model + "/" + std::to_string(from.version);
  version.location = from.location;
  version.run_id = from.run_id;
  version.logged_model_id = from.logged_model_id;
  return {};
}

Result<std::string> Registry::Impl::location_of(const Version& version) const {
  if (!version.location.empty()) return version.location;
  SW_TRY(const auto source, parse_source(version.source));
  if (source.kind == Source::Kind::run) {
    auto run = tracking.runs().get(RunId{source.id});
    if (run) return joined(run->artifact_root, source.path);
  }
  return precondition("version " + std::to_string(version.version) + " of model '" + version.model +
                          "' has no files: its source '" + version.source + "' names nothing here",
                      "register the version from a run or logged model of this server");
}

namespace {

void read_tags(const std::vector<Tag>& tags, Lineage& out) {
  out.git_commit = tag_of(tags, "mlflow.source.git.commit");
  out.git_branch = tag_of(tags, "mlflow.source.git.branch");
  out.git_repository = tag_of(tags, "mlflow.source.git.repoURL");
  out.entry_point = tag_of(tags, "mlflow.source.name");
  for (const auto& tag : tags) {
    if (tag.key.starts_with("slipway.")) out.recorded[tag.key] = tag.value;
  }
}

}  // namespace

Result<Lineage> Registry::lineage(const Version& version) const {
  Lineage out;
  SW_TRY(auto creation, impl_->history.creation(version.ref()));
  out.registered_by = std::move(creation.actor);
  out.registered_because = std::move(creation.reason);
  out.run_id = version.run_id;
  if (version.run_id.empty()) return out;
  auto run = impl_->tracking.runs().get(RunId{version.run_id});
  if (!run && run.error().code == Code::not_found) return out;
  SW_CHECK_OK(run);
  out.run_name = run->name;
  out.experiment_id = run->experiment.str();
  read_tags(run->tags, out);
  out.user = run->user.empty() ? tag_of(run->tags, "mlflow.user") : run->user;
  out.started = run->started;
  out.ended = run->ended;
  out.run_removed = run->lifecycle == tracking::Lifecycle::deleted;
  for (const auto& input : run->datasets) {
    out.datasets.push_back({input.dataset.name, input.dataset.digest,
                            tag_of(input.tags, "mlflow.data.context"), input.dataset.source});
  }
  for (const auto& param : run->params) out.params[param.key] = param.value;
  for (const auto& metric : run->metrics) out.metrics[metric.key] = metric.value;
  return out;
}

}  // namespace slipway::registry
