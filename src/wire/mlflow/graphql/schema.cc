// SPDX-License-Identifier: Apache-2.0
#include "graphql/schema.h"

namespace slipway::wire::mlflow::graphql {
namespace {

std::vector<Field> texts_of(std::initializer_list<std::string_view> names) {
  std::vector<Field> out;
  for (const auto name : names) out.push_back({name, Kind::text, {}});
  return out;
}

Type type(std::string_view name, std::initializer_list<std::string_view> texts,
          const std::vector<Field>& others = {}) {
  Type out{name, texts_of(texts)};
  out.fields.insert(out.fields.end(), others.begin(), others.end());
  return out;
}

constexpr Field kError{"apiError", Kind::nothing, "ApiError"};

std::vector<Field> metric_fields() {
  return {{"value", Kind::number, {}}, {"timestamp", Kind::whole, {}}, {"step", Kind::whole, {}}};
}

void add_run_types(std::vector<Type>& out) {
  out.push_back(type(
      "MlflowRunInfo",
      {"runId", "runUuid", "runName", "experimentId", "userId", "artifactUri", "lifecycleStage"},
      {{"status", Kind::word, "RUNNING"},
       {"startTime", Kind::whole, {}},
       {"endTime", Kind::whole, {}}}));
  out.push_back(type("MlflowMetricExtension",
                     {"key", "datasetName", "datasetDigest", "modelId", "runId"}, metric_fields()));
  out.push_back(type("MlflowMetricWithRunId", {"key", "runId"}, metric_fields()));
  for (const auto* name : {"MlflowParam", "MlflowRunTag", "MlflowInputTag", "MlflowExperimentTag",
                           "MlflowModelVersionTag"}) {
    out.push_back(type(name, {"key", "value"}));
  }
  out.push_back(type("MlflowRunData", {},
                     {{"metrics", Kind::objects, "MlflowMetricExtension"},
                      {"params", Kind::objects, "MlflowParam"},
                      {"tags", Kind::objects, "MlflowRunTag"}}));
  out.push_back(
      type("MlflowDataset", {"name", "digest", "sourceType", "source", "schema", "profile"}));
  out.push_back(type(
      "MlflowDatasetInput", {},
      {{"tags", Kind::objects, "MlflowInputTag"}, {"dataset", Kind::object, "MlflowDataset"}}));
  out.push_back(type("MlflowModelInput", {"modelId"}));
  out.push_back(type("MlflowModelOutput", {"modelId"}, {{"step", Kind::whole, {}}}));
  out.push_back(type("MlflowRunInputs", {},
                     {{"datasetInputs", Kind::objects, "MlflowDatasetInput"},
                      {"modelInputs", Kind::objects, "MlflowModelInput"}}));
  out.push_back(
      type("MlflowRunOutputs", {}, {{"modelOutputs", Kind::objects, "MlflowModelOutput"}}));
  out.push_back(type("MlflowRunExtension", {},
                     {{"info", Kind::object, "MlflowRunInfo"},
                      {"data", Kind::object, "MlflowRunData"},
                      {"inputs", Kind::object, "MlflowRunInputs"},
                      {"outputs", Kind::object, "MlflowRunOutputs"},
                      {"experiment", Kind::object, "MlflowExperiment"},
                      {"modelVersions", Kind::objects, "MlflowModelVersion"}}));
}

void add_other_types(std::vector<Type>& out) {
  out.push_back(type("ApiError", {"code", "message", "helpUrl", "traceId"}));
  out.push_back(type("MlflowExperiment",
                     {"experimentId", "name", "artifactLocation", "lifecycleStage",
                      "effectiveTraceArchivalRetention"},
                     {{"workspace", Kind::text, {}},
                      {"lastUpdateTime", Kind::whole, {}},
                      {"creationTime", Kind::whole, {}},
                      {"tags", Kind::objects, "MlflowExperimentTag"}}));
  out.push_back(type("MlflowModelParam", {"name", "value"}));
  out.push_back(type("MlflowModelMetric",
                     {"key", "datasetName", "datasetDigest", "modelId", "runId"}, metric_fields()));
  out.push_back(type("MlflowModelVersionDeploymentJobState", {"jobId", "runId", "currentTaskName"},
                     {{"jobState", Kind::word, "DEPLOYMENT_JOB_CONNECTION_STATE_UNSPECIFIED"},
                      {"runState", Kind::word, "DEPLOYMENT_JOB_RUN_STATE_UNSPECIFIED"}}));
  out.push_back(
      type("MlflowModelVersion",
           {"name", "version", "userId", "currentStage", "description", "source", "runId",
            "statusMessage", "runLink", "modelId"},
           {{"status", Kind::word, "PENDING_REGISTRATION"},
            {"creationTimestamp", Kind::whole, {}},
            {"lastUpdatedTimestamp", Kind::whole, {}},
            {"tags", Kind::objects, "MlflowModelVersionTag"},
            {"aliases", Kind::texts, {}},
            {"modelParams", Kind::objects, "MlflowModelParam"},
            {"modelMetrics", Kind::objects, "MlflowModelMetric"},
            {"deploymentJobState", Kind::object, "MlflowModelVersionDeploymentJobState"}}));
  out.push_back(type("MlflowDatasetSummary", {"experimentId", "name", "digest", "context"}));
  out.push_back(
      type("MlflowFileInfo", {"path"}, {{"isDir", Kind::flag, {}}, {"fileSize", Kind::whole, {}}}));
}

void add_answer_types(std::vector<Type>& out) {
  const auto answer = [&](std::string_view name, const std::vector<Field>& fields) {
    out.push_back({name, fields});
    out.back().fields.push_back(kError);
  };
  const Field next{"nextPageToken", Kind::text, {}};
  answer("MlflowGetExperimentResponse", {{"experiment", Kind::object, "MlflowExperiment"}});
  answer("MlflowGetRunResponse", {{"run", Kind::object, "MlflowRunExtension"}});
  answer("MlflowSearchRunsResponse", {{"runs", Kind::objects, "MlflowRunExtension"}, next});
  answer("MlflowListArtifactsResponse",
         {{"rootUri", Kind::text, {}}, {"files", Kind::objects, "MlflowFileInfo"}, next});
  answer("MlflowSearchModelVersionsResponse",
         {{"modelVersions", Kind::objects, "MlflowModelVersion"}, next});
  answer("MlflowSearchDatasetsResponse",
         {{"datasetSummaries", Kind::objects, "MlflowDatasetSummary"}});
  answer("MlflowGetMetricHistoryBulkIntervalResponse",
         {{"metrics", Kind::objects, "MlflowMetricWithRunId"}});
}

std::vector<Type> make_types() {
  std::vector<Type> out;
  add_run_types(out);
  add_other_types(out);
  add_answer_types(out);
  return out;
}

const std::vector<Root>& roots() {
  static const std::vector<Root> kRoots = {
      {"mlflowGetExperiment",
       "MlflowGetExperimentResponse",
       "experiments/get",
       false,
       {"experimentId"}},
      {"mlflowGetRun", "MlflowGetRunResponse", "runs/get", false, {"runId", "runUuid"}},
      {"mlflowListArtifacts",
       "MlflowListArtifactsResponse",
       "artifacts/list",
       false,
       {"runId", "runUuid", "path", "pageToken"}},
      {"mlflowSearchModelVersions",
       "MlflowSearchModelVersionsResponse",
       "model-versions/search",
       false,
       {"filter", "maxResults", "orderBy", "pageToken"}},
      {"mlflowGetMetricHistoryBulkInterval",
       "MlflowGetMetricHistoryBulkIntervalResponse",
       "metrics/get-history-bulk-interval",
       false,
       {"runIds", "metricKey", "startStep", "endStep", "maxResults"}},
      {"mlflowSearchRuns",
       "MlflowSearchRunsResponse",
       "runs/search",
       true,
       {"experimentIds", "filter", "runViewType", "maxResults", "orderBy", "pageToken"},
       true,
       true},
      {"mlflowSearchDatasets",
       "MlflowSearchDatasetsResponse",
       "experiments/search-datasets",
       true,
       {"experimentIds"},
       false,
       true},
  };
  return kRoots;
}

}  // namespace

const Field* Type::field(std::string_view wanted) const {
  for (const auto& field : fields) {
    if (field.name == wanted) return &field;
  }
  return nullptr;
}

const Type* find_type(std::string_view name) {
  static const std::vector<Type> kTypes = make_types();
  for (const auto& type : kTypes) {
    if (type.name == name) return &type;
  }
  return nullptr;
}

const Root* find_root(std::string_view name) {
  for (const auto& root : roots()) {
    if (root.name == name) return &root;
  }
  return nullptr;
}

}  // namespace slipway::wire::mlflow::graphql
