// SPDX-License-Identifier: Apache-2.0
// MLflow REST, logged models. Their artifacts are in artifacts.cc.
#include "endpoint.h"
#include "models/messages_logged_model.h"
#include "rules.h"
#include "searches.h"
#include "tracking/tracking.h"
#include "uris.h"
#include "wire/mlflow/routes.h"

namespace slipway::wire::mlflow {
namespace {

using tracking::LoggedModelId;
using tracking::ModelStatus;
using tracking::Tracking;

constexpr std::int64_t kPageDefault = 100;
constexpr std::int64_t kPageLimit = 50'000;
constexpr const char* kStatusNames[] = {"LOGGED_MODEL_STATUS_UNSPECIFIED", "LOGGED_MODEL_PENDING",
                                        "LOGGED_MODEL_READY", "LOGGED_MODEL_UPLOAD_FAILED"};

std::vector<KeyValue> to_wire(const std::vector<tracking::Param>& params) {
  std::vector<KeyValue> out;
  for (const auto& param : params) out.push_back({param.key, param.value});
  return out;
}

std::optional<std::string> unless_empty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

LoggedModelMessage to_wire(const tracking::LoggedModel& from) {
  LoggedModelMessage out;
  out.info = {.model_id = from.id.str(),
              .experiment_id = from.experiment.str(),
              .name = from.name,
              .creation_timestamp_ms = from.created.ms,
              .last_updated_timestamp_ms = from.updated.ms,
              .artifact_uri = uri_of_root(from.artifact_root),
              .status = kStatusNames[static_cast<std::size_t>(from.status)],
              .model_type = from.type,
              .source_run_id = from.source_run ? from.source_run->str() : "",
              .tags = mlflow::to_wire(from.tags)};
  out.data.params = to_wire(from.params);
  for (const auto& measured : from.metrics) {
    auto metric = mlflow::to_wire(measured.metric);
    metric.model_id = measured.metric.model;
    metric.dataset_name = unless_empty(measured.metric.dataset_name);
    metric.dataset_digest = unless_empty(measured.metric.dataset_digest);
    metric.run_id = measured.run.str();
    out.data.metrics.push_back(std::move(metric));
  }
  return out;
}

LoggedModelId id_of(const net::Request& request) {
  return LoggedModelId(request.param("model_id"));
}

Result<std::vector<tracking::Param>> to_params(const std::vector<KeyValue>& in) {
  std::vector<tracking::Param> out;
  for (const auto& param : in) {
    if (param.key.empty()) return missing("params.key");
    SW_CHECK_OK(check_length("params.key", param.key, kKeyLimit));
    out.push_back({param.key, cut(param.value, kParamLimit)});
  }
  return out;
}

Result<void> check_tags(const std::vector<KeyValue>& tags) {
  for (const auto& tag : tags) {
    if (tag.key.empty()) return missing("tags.key");
    SW_CHECK_OK(check_length("tags.key", tag.key, kKeyLimit));
    SW_CHECK_OK(check_length("tags.value", tag.value, 1'000'000));
  }
  return {};
}

Result<LoggedModelResponse> create(Tracking& tracking, const CreateLoggedModel& in) {
  if (in.experiment_id.empty()) return missing("experiment_id");
  const auto name = in.name.value_or("");
  SW_CHECK_OK(check_length("name", name, 500));
  if (name.find_first_of("/:.%\"'") != std::string::npos) {
    return invalid("invalid model name '" + name + "'",
                   "it cannot contain any of / : . % \" and '");
  }
  tracking::NewLoggedModel model{
      .experiment = tracking::ExperimentId(in.experiment_id), .name = name, .type = in.model_type};
  if (!in.source_run_id.empty()) model.source_run = tracking::RunId(in.source_run_id);
  SW_TRY(model.params, to_params(in.params));
  SW_CHECK_OK(check_tags(in.tags));
  model.tags = to_tags(in.tags);
  SW_TRY(const auto made, tracking.models().create(model));
  return LoggedModelResponse{to_wire(made)};
}

Result<LoggedModelResponse> get(Tracking& tracking, const GetLoggedModel& in,
                                const net::Request& request) {
  SW_TRY(const auto found, tracking.models().get(id_of(request), in.allow_deleted.value_or(false)));
  return LoggedModelResponse{to_wire(found)};
}

Result<LoggedModelResponse> finalize(Tracking& tracking, const FinalizeLoggedModel& in,
                                     const net::Request& request) {
  if (in.model_id.empty()) return missing("model_id");
  if (in.status.text == "null") return missing("status");
  const std::vector<std::string_view> names(std::begin(kStatusNames), std::end(kStatusNames));
  SW_TRY(const auto status, enum_name(in.status, "status", names, 0));
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (*status != names[i]) continue;
    SW_TRY(const auto model,
           tracking.models().finalize(id_of(request), static_cast<ModelStatus>(i)));
    return LoggedModelResponse{to_wire(model)};
  }
  return invalid("invalid value for 'status'");
}

Result<Empty> remove(Tracking& tracking, const Empty&, const net::Request& request) {
  const auto id = id_of(request);
  const auto found = tracking.models().get(id);
  const bool anyway = found && insists(found->tags);
  SW_CHECK_OK(tracking.remove(tracking::Removal::logged_model, id.str(), anyway));
  return Empty{};
}

Result<Empty> add_params(Tracking& tracking, const LoggedModelParams& in,
                         const net::Request& request) {
  if (in.model_id.empty()) return missing("model_id");
  SW_TRY(const auto params, to_params(in.params));
  SW_CHECK_OK(tracking.models().add_params(id_of(request), params));
  return Empty{};
}

Result<Empty> set_tags(Tracking& tracking, const LoggedModelTags& in, const net::Request& request) {
  SW_CHECK_OK(check_tags(in.tags));
  SW_CHECK_OK(tracking.models().set_tags(id_of(request), to_tags(in.tags)));
  return Empty{};
}

Result<Empty> delete_tag(Tracking& tracking, const Empty&, const net::Request& request) {
  SW_CHECK_OK(tracking.models().remove_tag(id_of(request), request.param("tag_key")));
  return Empty{};
}

Result<LoggedModelsResponse> search(Tracking& tracking, const SearchLoggedModels& in) {
  if (!in.experiment_ids) return missing("experiment_ids");
  const auto size = in.max_results.value_or(kPageDefault);
  if (size < 1 || size > kPageLimit) {
    return invalid("invalid value " + std::to_string(size) + " for 'max_results'",
                   "it must be from 1 to 50000");
  }
  tracking::Search search;
  for (const auto& id : *in.experiment_ids) search.experiments.emplace_back(id);
  SW_TRY(search.filter, logged_models_filter(in.filter));
  for (const auto& dataset : in.datasets) {
    if (dataset.dataset_name.empty()) return missing("datasets.dataset_name");
    search.datasets.push_back({.name = dataset.dataset_name, .digest = dataset.dataset_digest});
  }
  for (const auto& by : in.order_by) {
    if (by.field_name.empty()) return missing("order_by.field_name");
    SW_TRY(auto order, logged_models_order(by.field_name, by.ascending));
    order.dataset_name = by.dataset_name;
    order.dataset_digest = by.dataset_digest;
    search.order.push_back(std::move(order));
  }
  search.page = {static_cast<std::size_t>(size), in.page_token};
  SW_TRY(const auto page, tracking.models().search(search));
  LoggedModelsResponse out;
  for (const auto& model : page.items) out.models.push_back(to_wire(model));
  if (!page.next_token.empty()) out.next_page_token = page.next_token;
  return out;
}

}  // namespace

void add_logged_model_routes(net::Router& router, Tracking& tracking) {
  Endpoints at{router, tracking, "model"};
  at.post("logged-models", create);
  at.post("logged-models/search", search);
  at.get("logged-models/{model_id}", get);
  at.patch("logged-models/{model_id}", finalize);
  at.del("logged-models/{model_id}", remove);
  at.patch("logged-models/{model_id}/tags", set_tags);
  at.del("logged-models/{model_id}/tags/{tag_key}", delete_tag);
  at.post("logged-models/{model_id}/params", add_params);
}

}  // namespace slipway::wire::mlflow
