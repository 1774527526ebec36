// SPDX-License-Identifier: Apache-2.0
// MLflow REST, runs: their life, and finding them. What runs report is in logging.cc.
#include "endpoint.h"
#include "rules.h"
#include "runs/messages_run.h"
#include "searches.h"
#include "tracking/tracking.h"
#include "uris.h"
#include "wire/mlflow/routes.h"

namespace slipway::wire::mlflow {
namespace {

using tracking::RunId;
using tracking::RunStatus;
using tracking::Tracking;

constexpr std::int64_t kPageLimit = 50'000;
constexpr std::size_t kDatasetExperiments = 20;

template <class In>
Result<RunId> id_of(const In& in) {
  const auto& id = in.run_id.empty() ? in.run_uuid : in.run_id;
  if (id.empty()) return missing("run_id");
  return RunId(id);
}

Result<std::optional<RunStatus>> status_of(const json::Raw& raw) {
  SW_TRY(const auto name,
         enum_name(raw, "status", {"RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"}, 1));
  if (!name) return std::optional<RunStatus>();
  if (*name == "RUNNING") return std::optional(RunStatus::running);
  if (*name == "SCHEDULED") return std::optional(RunStatus::scheduled);
  if (*name == "FINISHED") return std::optional(RunStatus::finished);
  return std::optional(*name == "FAILED" ? RunStatus::failed : RunStatus::killed);
}

Result<tracking::NewRun> new_run(const CreateRun& in) {
  tracking::NewRun run{
      .experiment = tracking::ExperimentId(in.experiment_id.empty() ? "0" : in.experiment_id),
      .name = in.run_name,
      .user = in.user_id};
  if (in.start_time) run.started = Timestamp{*in.start_time};
  for (const auto& tag : in.tags) {
    SW_CHECK_OK(check_name("tags.key", tag.key));
    SW_CHECK_OK(check_length("tags.key", tag.key, kKeyLimit));
    if (tag.key != kRunNameTag) {
      run.tags.push_back({tag.key, cut(tag.value, kTagLimit)});
      continue;
    }
    if (!run.name.empty() && !tag.value.empty() && run.name != tag.value) {
      return invalid("both 'run_name' and the tag 'mlflow.runName' are given, and differ: '" +
                     run.name + "' and '" + tag.value + "'");
    }
    if (run.name.empty()) run.name = tag.value;
  }
  run.name = cut(run.name, kTagLimit);
  return run;
}

void create(Tracking& tracking, const CreateRun& in, const Done<RunResponse>& done) {
  const auto run = new_run(in);
  if (!run) return done(run.error());
  tracking.runs().start_later(*run, [done](Result<tracking::Run> started) {
    if (!started) return done(std::move(started.error()));
    RunResponse out{to_wire(*started)};
    out.run.outputs.reset();
    done(std::move(out));
  });
}

Result<UpdateRunResponse> update(Tracking& tracking, const UpdateRun& in) {
  SW_TRY(const auto id, id_of(in));
  tracking::RunChange change;
  SW_TRY(change.status, status_of(in.status));
  if (in.end_time) change.ended = Timestamp{*in.end_time};
  if (in.run_name) change.name = cut(*in.run_name, kTagLimit);
  SW_TRY(const auto run, tracking.runs().change(id, change));
  return UpdateRunResponse{to_wire(run).info};
}

Result<Empty> remove(Tracking& tracking, const RunIdMessage& in) {
  SW_TRY(const auto id, id_of(in));
  const auto run = tracking.runs().get(id);
  const bool anyway = run && insists(run->tags);
  SW_CHECK_OK(tracking.remove(tracking::Removal::run, id.str(), anyway));
  return Empty{};
}

Result<Empty> restore(Tracking& tracking, const RunIdMessage& in) {
  SW_TRY(const auto id, id_of(in));
  SW_CHECK_OK(tracking.runs().restore(id));
  return Empty{};
}

Result<RunResponse> get(Tracking& tracking, const RunIdMessage& in) {
  SW_TRY(const auto id, id_of(in));
  SW_TRY(const auto run, tracking.runs().get(id));
  return RunResponse{to_wire(run)};
}

Result<RunsResponse> search(Tracking& tracking, const SearchRuns& in) {
  if (in.max_results < 1 || in.max_results > kPageLimit) {
    return invalid("invalid value " + std::to_string(in.max_results) + " for 'max_results'",
                   "it must be from 1 to 50000");
  }
  tracking::Search search;
  for (const auto& id : in.experiment_ids) search.experiments.emplace_back(id);
  SW_TRY(search.view, view_of(in.run_view_type, "run_view_type"));
  SW_TRY(search.filter, runs_filter(in.filter));
  SW_TRY(search.order, runs_order(in.order_by));
  search.page = {static_cast<std::size_t>(in.max_results), in.page_token};
  SW_TRY(const auto page, tracking.runs().search(search));
  RunsResponse out;
  out.runs.reserve(page.items.size());
  for (const auto& run : page.items) out.runs.push_back(to_wire(run));
  if (!page.next_token.empty()) out.next_page_token = page.next_token;
  return out;
}

Result<DatasetsResponse> search_datasets(Tracking& tracking, const SearchDatasets& in) {
  if (in.experiment_ids.empty()) return missing("experiment_ids");
  if (in.experiment_ids.size() > kDatasetExperiments) {
    return invalid("SearchDatasets cannot specify more than 20 experiment_ids, got " +
                   std::to_string(in.experiment_ids.size()));
  }
  std::vector<tracking::ExperimentId> ids;
  for (const auto& id : in.experiment_ids) ids.emplace_back(id);
  SW_TRY(const auto found, tracking.runs().datasets(ids));
  DatasetsResponse out;
  for (const auto& each : found) {
    out.dataset_summaries.push_back({each.experiment.str(), each.name, each.digest, each.context});
  }
  return out;
}

}  // namespace

void add_run_routes(net::Router& router, Tracking& tracking) {
  Endpoints at{router, tracking, "run"};
  at.post_later("runs/create", create);
  at.post("runs/update", update);
  at.post("runs/delete", remove);
  at.post("runs/restore", restore);
  at.get("runs/get", get);
  at.post("runs/search", search);
  at.post("experiments/search-datasets", search_datasets);
  add_logging_routes(router, tracking);
}

}  // namespace slipway::wire::mlflow
