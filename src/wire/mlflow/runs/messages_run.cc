// SPDX-License-Identifier: Apache-2.0
#include "runs/messages_run.h"

#include <algorithm>

#include "json/describe.h"
#include "uris.h"

SLIPWAY_JSON(slipway::wire::mlflow::RunResponse)
SLIPWAY_JSON(slipway::wire::mlflow::CreateRun)
SLIPWAY_JSON(slipway::wire::mlflow::UpdateRun)
SLIPWAY_JSON(slipway::wire::mlflow::UpdateRunResponse)
SLIPWAY_JSON(slipway::wire::mlflow::RunIdMessage)
SLIPWAY_JSON(slipway::wire::mlflow::LogMetric)
SLIPWAY_JSON(slipway::wire::mlflow::RunPair)
SLIPWAY_JSON(slipway::wire::mlflow::LogBatch)
SLIPWAY_JSON(slipway::wire::mlflow::LogModel)
SLIPWAY_JSON(slipway::wire::mlflow::LogInputs)
SLIPWAY_JSON(slipway::wire::mlflow::LogOutputs)
SLIPWAY_JSON(slipway::wire::mlflow::SearchRuns)
SLIPWAY_JSON(slipway::wire::mlflow::RunsResponse)
SLIPWAY_JSON(slipway::wire::mlflow::SearchDatasets)
SLIPWAY_JSON(slipway::wire::mlflow::DatasetsResponse)

namespace slipway::wire::mlflow {
namespace {

std::string to_wire(tracking::RunStatus status) {
  switch (status) {
    case tracking::RunStatus::scheduled:
      return "SCHEDULED";
    case tracking::RunStatus::running:
      return "RUNNING";
    case tracking::RunStatus::finished:
      return "FINISHED";
    case tracking::RunStatus::failed:
      return "FAILED";
    case tracking::RunStatus::killed:
      return "KILLED";
  }
  return "RUNNING";
}

DatasetInputMessage to_wire(const tracking::DatasetInput& input) {
  const auto& d = input.dataset;
  return {.tags = mlflow::to_wire(input.tags),
          .dataset = DatasetMessage{.name = d.name,
                                    .digest = d.digest,
                                    .source_type = d.source_type,
                                    .source = d.source,
                                    .schema = d.schema,
                                    .profile = d.profile}};
}

RunInfo info_of(const tracking::Run& run) {
  RunInfo out{
      .run_uuid = run.id.str(),
      .experiment_id = run.experiment.str(),
      .run_name = run.name,
      .user_id = run.user,
      .status = to_wire(run.status),
      .start_time = run.started.ms,
      .end_time = {},
      .artifact_uri = uri_of_root(run.artifact_root),
      .lifecycle_stage = run.lifecycle == tracking::Lifecycle::active ? "active" : "deleted",
      .run_id = run.id.str()};
  if (run.ended) out.end_time = run.ended->ms;
  return out;
}

}  // namespace

RunMessage to_wire(const tracking::Run& run) {
  RunMessage out;
  out.info = info_of(run);
  for (const auto& metric : run.metrics) out.data.metrics.push_back(to_wire(metric));
  for (const auto& param : run.params) out.data.params.push_back({param.key, param.value});
  out.data.tags = mlflow::to_wire(run.tags);
  std::erase_if(out.data.tags, [](const auto& tag) { return tag.key == kRunNameTag; });
  out.data.tags.push_back({kRunNameTag, run.name});
  for (const auto& input : run.datasets) out.inputs.dataset_inputs.push_back(to_wire(input));
  for (const auto& model : run.model_inputs) out.inputs.model_inputs.push_back({model.str()});
  out.outputs.emplace();
  for (const auto& model : run.model_outputs) {
    out.outputs->model_outputs.push_back({model.model.str(), model.step});
  }
  return out;
}

}  // namespace slipway::wire::mlflow
