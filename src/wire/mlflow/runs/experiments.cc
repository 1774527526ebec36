// SPDX-License-Identifier: Apache-2.0
// MLflow REST, experiments. One function per endpoint: wire shape in, wire shape out.
#include "endpoint.h"
#include "rules.h"
#include "runs/messages_experiment.h"
#include "searches.h"
#include "tracking/tracking.h"
#include "uris.h"
#include "wire/mlflow/routes.h"

namespace slipway::wire::mlflow {
namespace {

using tracking::ExperimentId;
using tracking::Tracking;

constexpr std::size_t kNameLimit = 500;
constexpr std::size_t kTagValueLimit = 20'000;
constexpr std::int64_t kPageLimit = 50'000;

ExperimentMessage to_wire(const tracking::Experiment& from) {
  return {.experiment_id = from.id.str(),
          .name = from.name,
          .artifact_location = uri_of_root(from.artifact_root),
          .lifecycle_stage = from.lifecycle == tracking::Lifecycle::active ? "active" : "deleted",
          .last_update_time = from.updated.ms,
          .creation_time = from.created.ms,
          .tags = mlflow::to_wire(from.tags)};
}

Result<void> check_tag(const std::string& key, const std::string& value) {
  SW_CHECK_OK(check_name("key", key));
  SW_CHECK_OK(check_length("key", key, kKeyLimit));
  return check_length("value", value, kTagValueLimit);
}

Result<void> check_id(const std::string& id) {
  if (id.empty()) return missing("experiment_id");
  return {};
}

Result<ExperimentIdMessage> create(Tracking& tracking, const CreateExperiment& in) {
  if (in.name.empty()) return missing("name");
  SW_CHECK_OK(check_length("name", in.name, kNameLimit));
  for (const auto& tag : in.tags) SW_CHECK_OK(check_tag(tag.key, tag.value));
  std::string root;
  if (!in.artifact_location.empty()) {
    SW_TRY(root, checked_root("artifact_location", in.artifact_location));
  }
  SW_TRY(const auto made, tracking.experiments().create(in.name, root, to_tags(in.tags)));
  return ExperimentIdMessage{made.id.str()};
}

Result<ExperimentResponse> get(Tracking& tracking, const ExperimentIdMessage& in) {
  SW_CHECK_OK(check_id(in.experiment_id));
  SW_TRY(const auto found, tracking.experiments().get(ExperimentId(in.experiment_id)));
  return ExperimentResponse{to_wire(found)};
}

Result<ExperimentResponse> get_by_name(Tracking& tracking, const ExperimentNameMessage& in) {
  if (in.experiment_name.empty()) return missing("experiment_name");
  SW_TRY(const auto found, tracking.experiments().by_name(in.experiment_name));
  return ExperimentResponse{to_wire(found)};
}

Result<Empty> remove(Tracking& tracking, const ExperimentIdMessage& in) {
  SW_CHECK_OK(check_id(in.experiment_id));
  const auto found = tracking.experiments().get(ExperimentId(in.experiment_id));
  const bool anyway = found && insists(found->tags);
  SW_CHECK_OK(tracking.remove(tracking::Removal::experiment, in.experiment_id, anyway));
  return Empty{};
}

Result<Empty> restore(Tracking& tracking, const ExperimentIdMessage& in) {
  SW_CHECK_OK(check_id(in.experiment_id));
  SW_CHECK_OK(tracking.experiments().restore(ExperimentId(in.experiment_id)));
  return Empty{};
}

Result<net::Response> update(Tracking& tracking, const UpdateExperiment& in) {
  SW_CHECK_OK(check_id(in.experiment_id));
  if (in.new_name.empty()) return missing("new_name");
  SW_CHECK_OK(check_length("name", in.new_name, kNameLimit));
  const auto renamed = tracking.experiments().rename(ExperimentId(in.experiment_id), in.new_name);
  // The original says BAD_REQUEST here, though RESOURCE_ALREADY_EXISTS on creation.
  if (!renamed && renamed.error().code == Code::already_exists) {
    return error_answer(400, "BAD_REQUEST", renamed.error().message);
  }
  if (!renamed) return renamed.error();
  return answer_with("{}");
}

Result<Empty> set_tag(Tracking& tracking, const ExperimentTagMessage& in) {
  SW_CHECK_OK(check_id(in.experiment_id));
  SW_CHECK_OK(check_tag(in.key, in.value));
  SW_CHECK_OK(tracking.experiments().set_tag(ExperimentId(in.experiment_id), {in.key, in.value}));
  return Empty{};
}

Result<Empty> delete_tag(Tracking& tracking, const ExperimentTagMessage& in) {
  SW_CHECK_OK(check_id(in.experiment_id));
  if (in.key.empty()) return missing("key");
  SW_CHECK_OK(tracking.experiments().remove_tag(ExperimentId(in.experiment_id), in.key));
  return Empty{};
}

Result<ExperimentsResponse> search(Tracking& tracking, const SearchExperiments& in) {
  if (!in.max_results) return missing("max_results");
  if (*in.max_results < 1 || *in.max_results > kPageLimit) {
    return invalid("invalid value " + std::to_string(*in.max_results) + " for 'max_results'",
                   "it must be from 1 to 50000");
  }
  tracking::Search search;
  SW_TRY(search.view, view_of(in.view_type, "view_type"));
  SW_TRY(search.filter, experiments_filter(in.filter));
  SW_TRY(search.order, experiments_order(in.order_by));
  search.page = {static_cast<std::size_t>(*in.max_results), in.page_token};
  SW_TRY(const auto page, tracking.experiments().search(search));
  ExperimentsResponse out;
  for (const auto& each : page.items) out.experiments.push_back(to_wire(each));
  if (!page.next_token.empty()) out.next_page_token = page.next_token;
  return out;
}

}  // namespace

void add_experiment_routes(net::Router& router, Tracking& tracking) {
  Endpoints at{router, tracking, "experiment"};
  at.post("experiments/create", create);
  at.get("experiments/get", get);
  at.get("experiments/get-by-name", get_by_name);
  at.post("experiments/delete", remove);
  at.post("experiments/restore", restore);
  at.post("experiments/update", update);
  at.post("experiments/set-experiment-tag", set_tag);
  at.post("experiments/delete-experiment-tag", delete_tag);
  at.post("experiments/search", search);
  at.get("experiments/search", search);
}

}  // namespace slipway::wire::mlflow
