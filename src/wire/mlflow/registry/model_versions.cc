// SPDX-License-Identifier: Apache-2.0
// MLflow REST, model versions. One function an endpoint: wire shape in, wire shape out.
#include "base/text.h"
#include "endpoint.h"
#include "json/value.h"
#include "registry/registry.h"
#include "registry/registry_words.h"
#include "tracking/tracking.h"
#include "uris.h"
#include "wire/mlflow/routes.h"

namespace slipway::wire::mlflow {
namespace {

using net::Request;
using registry::Registry;

// A prompt has no files; the original takes these words as its source and nothing else.
bool is_prompt_source(const std::string& source) {
  return source == "prompt-template" || source == "dummy-source";
}

// The logged model remembers which versions were made of it, in a tag that its page reads.
Result<void> note_version(tracking::Tracking& tracking, const registry::Version& version) {
  const tracking::LoggedModelId id{version.logged_model_id};
  SW_TRY(const auto model, tracking.models().get(id));
  json::array list;
  for (const auto& tag : model.tags) {
    if (tag.key != "mlflow.modelVersions") continue;
    const auto old = json::parse_value(tag.value);
    if (old && old->is_array()) list = old->get_array();
  }
  list.push_back(json::object{{"name", version.model}, {"version", version.version}});
  return tracking.models().set_tags(
      id, {{"mlflow.modelVersions", json::dump_value(json::value(std::move(list)))}});
}

Result<ModelVersionAnswer> create(Registry& registry, tracking::Tracking& tracking,
                                  const CreateModelVersion& in, const Request& request) {
  SW_CHECK_OK(require({{"name", in.name}, {"source", in.source}}));
  const bool prompt = is_prompt(in.tags);
  if (prompt && !is_prompt_source(in.source)) {
    return invalid("invalid prompt source: '" + in.source + "'");
  }
  SW_TRY(const auto made, registry.add({.model = in.name,
                                        .source = in.source,
                                        .run_id = in.run_id,
                                        .run_link = in.run_link,
                                        .logged_model_id = in.model_id,
                                        .description = in.description,
                                        .tags = to_tags(in.tags),
                                        .without_files = prompt},
                                       by(request)));
  if (!made.logged_model_id.empty() && !prompt) SW_CHECK_OK(note_version(tracking, made));
  return ModelVersionAnswer{to_wire(made)};
}

Result<ModelVersionAnswer> get(Registry& registry, const NamedVersion& in) {
  SW_CHECK_OK(require({{"name", in.name}, {"version", in.version}}));
  SW_TRY(const auto ref, ref_of(in.name, in.version));
  SW_TRY(const auto found, registry.version(ref));
  return ModelVersionAnswer{to_wire(found)};
}

Result<ModelVersionAnswer> update(Registry& registry, const UpdateModelVersion& in,
                                  const Request& request) {
  SW_CHECK_OK(require({{"name", in.name}, {"version", in.version}}));
  SW_TRY(const auto ref, ref_of(in.name, in.version));
  SW_TRY(const auto updated, registry.describe_version(ref, in.description, by(request)));
  return ModelVersionAnswer{to_wire(updated)};
}

Result<ModelVersionAnswer> transition(Registry& registry, const TransitionStage& in,
                                      const Request& request) {
  SW_CHECK_OK(require({{"name", in.name}, {"version", in.version}, {"stage", in.stage}}));
  SW_TRY(const auto ref, ref_of(in.name, in.version));
  SW_TRY(const auto stage, registry::parse_stage(in.stage));
  SW_TRY(const auto moved, registry.move(ref, stage, in.archive_existing_versions, by(request)));
  return ModelVersionAnswer{to_wire(moved)};
}

Result<Empty> remove(Registry& registry, const NamedVersion& in, const Request& request) {
  SW_CHECK_OK(require({{"name", in.name}, {"version", in.version}}));
  SW_TRY(const auto ref, ref_of(in.name, in.version));
  SW_CHECK_OK(registry.remove_version(ref, by(request)));
  return Empty{};
}

Result<ModelVersionPage> search(Registry& registry, const RegistrySearch& in) {
  if (in.max_results && *in.max_results < 1) {
    return invalid("invalid value for max_results: it must be a positive integer, but is " +
                   std::to_string(*in.max_results));
  }
  SW_TRY(const auto wanted,
         to_search(in, {.page_default = 10'000, .page_limit = 200'000, .versions = true}));
  SW_TRY(const auto page, registry.search_versions(wanted));
  ModelVersionPage out;
  for (const auto& version : page.items) out.model_versions.push_back(to_wire(version));
  if (!page.next_token.empty()) out.next_page_token = page.next_token;
  return out;
}

constexpr std::string_view kCopyOf = "models:/";
constexpr int kMostCopies = 16;

// A location in our own store is reached through the artifact proxy. The files of a copy are those
// of the version that it was copied from.
Result<DownloadUri> download_uri(Registry& registry, const NamedVersion& in) {
  SW_CHECK_OK(require({{"name", in.name}, {"version", in.version}}));
  SW_TRY(const auto ref, ref_of(in.name, in.version));
  SW_TRY(auto found, registry.version(ref));
  for (int i = 0; i < kMostCopies; ++i) {
    if (!found.location.empty()) return DownloadUri{uri_of_root(found.location)};
    const auto slash = found.source.rfind('/');
    if (!found.source.starts_with(kCopyOf) || slash < kCopyOf.size()) break;
    const auto name = found.source.substr(kCopyOf.size(), slash - kCopyOf.size());
    const auto of = ref_of(name, found.source.substr(slash + 1));
    auto next = of ? registry.version(*of) : Result<registry::Version>(of.error());
    if (!next) break;
    found = *std::move(next);
  }
  return DownloadUri{found.source};
}

Result<Empty> set_tag(Registry& registry, const RegistryTag& in, const Request& request) {
  SW_CHECK_OK(require({{"name", in.name}, {"version", in.version}, {"key", in.key}}));
  SW_TRY(const auto ref, ref_of(in.name, in.version));
  SW_CHECK_OK(registry.version(ref));
  SW_CHECK_OK(registry.tag(ref, in.key, in.value, by(request)));
  return Empty{};
}

Result<Empty> delete_tag(Registry& registry, const RegistryTag& in, const Request& request) {
  SW_CHECK_OK(require({{"name", in.name}, {"version", in.version}, {"key", in.key}}));
  SW_TRY(const auto ref, ref_of(in.name, in.version));
  SW_CHECK_OK(registry.version(ref));
  SW_CHECK_OK(registry.tag(ref, in.key, std::nullopt, by(request)));
  return Empty{};
}

}  // namespace

void add_model_version_routes(net::Router& router, Registry& registry,
                              tracking::Tracking& tracking) {
  add_route(router, net::Method::post, "2.0", "model-versions/create", "model",
            [&registry, &tracking](const Request& request) -> Result<net::Response> {
              SW_TRY(const auto in, read<CreateModelVersion>(request));
              return finish(create(registry, tracking, in, request));
            });
  Endpoints at{router, registry, "model"};
  at.patch("model-versions/update", update);
  at.post("model-versions/transition-stage", transition);
  at.del("model-versions/delete", remove);
  at.get("model-versions/get", get);
  at.get("model-versions/search", search);
  at.get("model-versions/get-download-uri", download_uri);
  at.post("model-versions/set-tag", set_tag);
  at.del("model-versions/delete-tag", delete_tag);
}

}  // namespace slipway::wire::mlflow
