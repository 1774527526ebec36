// SPDX-License-Identifier: Apache-2.0
// MLflow REST, registered models. One function an endpoint: wire shape in, wire shape out.
#include "endpoint.h"
#include "registry/registry.h"
#include "registry/registry_words.h"
#include "wire/mlflow/routes.h"

namespace slipway::wire::mlflow {
namespace {

using net::Request;
using registry::Registry;

Result<RegisteredModelAnswer> create(Registry& registry, const CreateRegisteredModel& in,
                                     const Request& request) {
  SW_CHECK_OK(require({{"name", in.name}}));
  SW_TRY(const auto made, registry.create(in.name, to_tags(in.tags), in.description, by(request)));
  return RegisteredModelAnswer{to_wire(made)};
}

Result<RegisteredModelAnswer> get(Registry& registry, const NamedModel& in) {
  SW_CHECK_OK(require({{"name", in.name}}));
  SW_TRY(const auto found, registry.model(in.name));
  return RegisteredModelAnswer{to_wire(found)};
}

Result<RegisteredModelAnswer> rename(Registry& registry, const RenameRegisteredModel& in,
                                     const Request& request) {
  SW_CHECK_OK(require({{"name", in.name}, {"new_name", in.new_name}}));
  SW_TRY(const auto renamed, registry.rename(in.name, in.new_name, by(request)));
  return RegisteredModelAnswer{to_wire(renamed)};
}

Result<RegisteredModelAnswer> update(Registry& registry, const UpdateRegisteredModel& in,
                                     const Request& request) {
  SW_CHECK_OK(require({{"name", in.name}}));
  SW_TRY(const auto updated, registry.describe(in.name, in.description, by(request)));
  return RegisteredModelAnswer{to_wire(updated)};
}

Result<Empty> remove(Registry& registry, const NamedModel& in, const Request& request) {
  SW_CHECK_OK(require({{"name", in.name}}));
  SW_CHECK_OK(registry.remove(in.name, by(request)));
  return Empty{};
}

Result<RegisteredModelPage> search(Registry& registry, const RegistrySearch& in) {
  SW_TRY(const auto wanted, to_search(in, {.page_default = 100, .page_limit = 1'000}));
  SW_TRY(const auto page, registry.search(wanted));
  RegisteredModelPage out;
  for (const auto& model : page.items) out.registered_models.push_back(to_wire(model));
  if (!page.next_token.empty()) out.next_page_token = page.next_token;
  return out;
}

Result<ModelVersionPage> latest_versions(Registry& registry, const GetLatestVersions& in) {
  SW_CHECK_OK(require({{"name", in.name}}));
  std::vector<registry::Stage> stages;
  for (const auto& name : in.stages) {
    SW_TRY(const auto stage, registry::parse_stage(name));
    stages.push_back(stage);
  }
  SW_TRY(const auto model, registry.model(in.name));
  ModelVersionPage out;
  for (const auto& version : model.latest) {
    bool wanted = stages.empty();
    for (const auto stage : stages) wanted |= stage == version.stage;
    if (wanted) out.model_versions.push_back(to_wire(version));
  }
  return out;
}

Result<Empty> set_tag(Registry& registry, const RegistryTag& in, const Request& request) {
  SW_CHECK_OK(require({{"name", in.name}, {"key", in.key}}));
  SW_CHECK_OK(registry.tag({in.name, 0}, in.key, in.value, by(request)));
  return Empty{};
}

Result<Empty> delete_tag(Registry& registry, const RegistryTag& in, const Request& request) {
  SW_CHECK_OK(require({{"name", in.name}, {"key", in.key}}));
  SW_CHECK_OK(registry.tag({in.name, 0}, in.key, std::nullopt, by(request)));
  return Empty{};
}

Result<Empty> set_alias(Registry& registry, const ModelAlias& in, const Request& request) {
  SW_CHECK_OK(require({{"name", in.name}, {"alias", in.alias}, {"version", in.version}}));
  SW_TRY(const auto ref, ref_of(in.name, in.version));
  if (ref.version <= 0) {
    return not_found("model version (name='" + in.name + "', version=" + in.version +
                     ") not found");
  }
  SW_CHECK_OK(registry.set_alias(in.name, in.alias, ref.version, by(request)));
  return Empty{};
}

Result<Empty> delete_alias(Registry& registry, const ModelAlias& in, const Request& request) {
  SW_CHECK_OK(require({{"name", in.name}, {"alias", in.alias}}));
  SW_CHECK_OK(registry.set_alias(in.name, in.alias, 0, by(request)));
  return Empty{};
}

Result<ModelVersionAnswer> get_alias(Registry& registry, const ModelAlias& in) {
  SW_CHECK_OK(require({{"name", in.name}, {"alias", in.alias}}));
  SW_TRY(const auto found, registry.by_alias(in.name, in.alias));
  // The original answers 400 here, not 404.
  if (!found) return invalid("registered model alias '" + in.alias + "' not found");
  return ModelVersionAnswer{to_wire(*found)};
}

}  // namespace

void add_registered_model_routes(net::Router& router, Registry& registry) {
  Endpoints at{router, registry, "model"};
  at.post("registered-models/create", create);
  at.post("registered-models/rename", rename);
  at.patch("registered-models/update", update);
  at.del("registered-models/delete", remove);
  at.get("registered-models/get", get);
  at.get("registered-models/search", search);
  at.post("registered-models/get-latest-versions", latest_versions);
  at.get("registered-models/get-latest-versions", latest_versions);
  at.post("registered-models/set-tag", set_tag);
  at.del("registered-models/delete-tag", delete_tag);
  at.post("registered-models/alias", set_alias);
  at.del("registered-models/alias", delete_alias);
  at.get("registered-models/alias", get_alias);
}

}  // namespace slipway::wire::mlflow
