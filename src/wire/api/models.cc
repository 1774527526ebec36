// SPDX-License-Identifier: Apache-2.0
// Models and versions: what there is, where it is from, who moved it, and why.
#include <algorithm>
#include <memory>

#include "base/clock.h"
#include "base/text.h"
#include "endpoint.h"
#include "messages_models.h"
#include "messages_release.h"
#include "registry/registry.h"
#include "release_words.h"
#include "served.h"
#include "wire/api/routes.h"

namespace slipway::wire::api {
namespace {

using net::Request;
using registry::Registry;
using registry::VersionRef;

struct Models {
  Registry& registry;
  govern::Govern& govern;
  HasReference has_reference;
  OriginOf origin_of;
};

registry::By by(const Request& request, const std::string& reason = {}) {
  return {request.principal, reason};
}

std::map<std::string, std::string> to_map(const std::vector<Tag>& tags) {
  std::map<std::string, std::string> out;
  for (const auto& tag : tags) out[tag.key] = tag.value;
  return out;
}

ModelJson to_wire(const registry::Model& model) {
  ModelJson out{.name = model.name,
                .description = model.description,
                .created = to_rfc3339(model.created),
                .updated = to_rfc3339(model.updated),
                .tags = to_map(model.tags)};
  for (const auto& alias : model.aliases) out.aliases[alias.alias] = std::to_string(alias.version);
  std::int64_t newest = 0;
  for (const auto& version : model.latest) newest = std::max(newest, version.version);
  if (newest > 0) out.latest_version.emplace(std::to_string(newest));
  return out;
}

VersionJson to_wire(const Models& at, const registry::Version& version) {
  return version_json(version, at.has_reference);
}

std::vector<ColumnJson> to_wire(const std::vector<registry::Column>& columns) {
  std::vector<ColumnJson> out;
  for (const auto& c : columns) out.push_back({c.name, c.type, c.required, c.shape});
  return out;
}

// The hash of what the model was trained on, of all that the run read.
std::optional<std::string> data_hash_of(const registry::Lineage& lineage) {
  for (const auto& d : lineage.datasets) {
    if (equal_ignoring_case(d.context, "training") || equal_ignoring_case(d.context, "train")) {
      return d.digest;
    }
  }
  if (lineage.datasets.empty()) return std::nullopt;
  return lineage.datasets[0].digest;
}

LineageJson to_wire(const registry::Lineage& lineage) {
  LineageJson out{.run_id = lineage.run_id,
                  .run_name = lineage.run_name,
                  .experiment_id = lineage.experiment_id,
                  .git_commit = lineage.git_commit,
                  .git_branch = lineage.git_branch,
                  .git_repository = lineage.git_repository,
                  .entry_point = lineage.entry_point,
                  .user = lineage.user,
                  .run_removed = lineage.run_removed,
                  .params = lineage.params,
                  .metrics = lineage.metrics,
                  .recorded = lineage.recorded};
  if (lineage.started) out.started.emplace(to_rfc3339(*lineage.started));
  if (lineage.ended) out.ended.emplace(to_rfc3339(*lineage.ended));
  if (lineage.started && lineage.ended) {
    out.training_seconds.emplace(static_cast<double>(lineage.ended->ms - lineage.started->ms) /
                                 1000.0);
  }
  if (const auto hash = data_hash_of(lineage)) out.data_hash.emplace(*hash);
  for (const auto& d : lineage.datasets) {
    out.datasets.push_back({d.name, d.digest, d.context, d.source});
  }
  return out;
}

// A page of a model's own versions, newest first.
Result<Page<registry::Version>> versions_of(Registry& registry, const std::string& model,
                                            const PageRequest& page) {
  SW_CHECK_OK(registry.model(model));
  registry::Search search{.filter = {.kind = Filter::Kind::compare,
                                     .parts = {},
                                     .entity = "attribute",
                                     .key = "name",
                                     .op = Filter::Op::eq,
                                     .value = model},
                          .order = {{"attribute", "version_number", false}},
                          .page = page};
  return registry.search_versions(search);
}

Result<VersionRef> ref_of(const Request& request) {
  SW_TRY(const auto number, version_number(request.param("version")));
  return VersionRef{request.param("name"), number};
}

Result<ModelListJson> list(Models& at, const Request& request) {
  SW_TRY(const auto page, page_of(request));
  SW_TRY(const auto models, at.registry.search({.filter = {}, .order = {}, .page = page}));
  ModelListJson out{.items = {}, .next_page_token = models.next_token};
  for (const auto& model : models.items) out.items.push_back(to_wire(model));
  return out;
}

// With ?at=: which versions had its aliases and stages then.
Result<net::Response> show(Models& at, const Request& request) {
  if (const auto when = request.query_value("at")) {
    SW_TRY(const auto past, past_of_model(at.registry, request.param("name"), *when));
    return net::Response::json(200, json::dump(past));
  }
  SW_TRY(const auto model, at.registry.model(request.param("name")));
  return net::Response::json(200, json::dump(to_wire(model)));
}

Result<VersionListJson> versions(Models& at, const Request& request) {
  SW_TRY(const auto page, page_of(request));
  SW_TRY(const auto found, versions_of(at.registry, request.param("name"), page));
  VersionListJson out{.items = {}, .next_page_token = found.next_token};
  for (const auto& version : found.items) out.items.push_back(to_wire(at, version));
  return out;
}

Result<VersionJson> show_version(Models& at, const Request& request) {
  SW_TRY(const auto ref, ref_of(request));
  SW_TRY(const auto version, at.registry.version(ref));
  auto out = to_wire(at, version);
  SW_TRY(const auto lineage, at.registry.lineage(version));
  out.lineage = to_wire(lineage);
  out.registered_by = lineage.registered_by;
  out.registered_because = lineage.registered_because;
  // A version whose files are elsewhere, or damaged, is shown without what they would tell.
  if (const auto package = at.registry.package(ref)) {
    out.flavors.emplace();
    for (const auto& flavor : package->facts.flavors) out.flavors->push_back(flavor.name);
    if (const auto& signature = package->facts.signature) {
      out.signature.emplace(SignatureJson{to_wire(signature->inputs), to_wire(signature->outputs),
                                          to_wire(signature->params)});
    }
    out.environment =
        EnvironmentJson{package->environment.python, package->facts.made_with,
                        package->environment.requirements, package->environment.conda};
  }
  return out;
}

Result<AliasJson> set_alias(Models& at, const AliasBody& body, const Request& request) {
  SW_TRY(const auto number, version_number(body.version));
  const auto& model = request.param("name");
  const auto& alias = request.param("alias");
  SW_CHECK_OK(at.registry.set_alias(model, alias, number, by(request, body.reason)));
  return AliasJson{model, alias, std::to_string(number)};
}

Result<void> delete_alias(Models& at, const Request& request) {
  return at.registry.set_alias(request.param("name"), request.param("alias"), 0, by(request));
}

Result<VersionJson> set_stage(Models& at, const StageBody& body, const Request& request) {
  SW_TRY(const auto ref, ref_of(request));
  if (body.stage.empty()) return invalid("stage is missing");
  SW_TRY(const auto stage, registry::parse_stage(body.stage));
  SW_TRY(const auto moved,
         at.registry.move(ref, stage, body.archive_existing, by(request, body.reason)));
  return to_wire(at, moved);
}

// ?at= ends a list of happenings at that day or moment.
Result<std::optional<Timestamp>> limit_of(const Request& request) {
  const auto at = request.query_value("at");
  if (!at) return std::optional<Timestamp>();
  SW_TRY(const auto span, registry::parse_span(*at));
  return std::optional(span.to);
}

Result<ChangeListJson> history(Models& at, const Request& request) {
  SW_TRY(const auto page, page_of(request));
  SW_TRY(const auto limit, limit_of(request));
  SW_TRY(const auto changes, at.registry.history().of(request.param("name"), 0, page));
  if (changes.items.empty()) SW_CHECK_OK(at.registry.model(request.param("name")));
  ChangeListJson out{.items = {}, .next_page_token = changes.next_token};
  for (const auto& c : changes.items) {
    if (limit && c.at > *limit) continue;
    out.items.push_back({c.sequence, to_rfc3339(c.at), c.actor, c.action,
                         c.version == 0 ? std::string() : std::to_string(c.version), c.from, c.to,
                         c.reason, c.hash});
  }
  return out;
}

std::string change_text(const registry::Change& change) {
  const auto of = [&](const char* what) { return std::string(what); };
  if (change.action == "version.created") return "registered from " + change.to;
  if (change.action == "alias.set") return "got the alias " + change.to;
  if (change.action == "alias.removed") return "lost the alias " + change.from;
  if (change.action == "stage.set") return "moved from " + change.from + " to " + change.to;
  if (change.action == "rollout.started") return "rollout started at " + change.to;
  if (change.action == "rollout.step") return "rollout went on to " + change.to;
  if (change.action == "rollout.promoted") return of("rollout promoted it to champion");
  if (change.action == "rollout.rolled_back") return of("rollout rolled back");
  if (change.action == "rollout.aborted") return of("rollout aborted");
  if (change.action == "promotion.requested") return "promotion requested: " + change.to;
  if (change.action == "promotion.approved") return "promotion approved: " + change.to;
  if (change.action == "promotion.rejected") return of("promotion rejected");
  if (change.action == "promotion.withdrawn") return of("promotion request withdrawn");
  if (change.action == "origin.removed") return "what it stems from was deleted: " + change.from;
  std::string out = change.action;
  if (!change.from.empty()) out += " from " + change.from;
  if (!change.to.empty()) out += " to " + change.to;
  return out;
}

// Everything that was decided about a version, oldest first.
Result<WhyListJson> why(Models& at, const Request& request) {
  SW_TRY(const auto ref, ref_of(request));
  SW_TRY(const auto limit, limit_of(request));
  SW_TRY(const auto changes, at.registry.history().of(ref.model, ref.version, {.size = 1'000}));
  if (changes.items.empty()) SW_CHECK_OK(at.registry.version(ref));
  SW_TRY(const auto decisions, at.govern.decisions(ref.model, ref.version, {.size = 1'000}));
  WhyListJson out;
  for (const auto& change : changes.items) {
    if (limit && change.at > *limit) continue;
    out.items.push_back({.at = to_rfc3339(change.at),
                         .kind = change.action,
                         .text = change_text(change),
                         .actor = change.actor,
                         .reason = change.reason});
  }
  for (const auto& decision : decisions.items) {
    if (limit && decision.at > *limit) continue;
    auto wire = api::to_wire(decision);
    WhyJson item{.at = wire.at,
                 .kind = "gate.decided",
                 .text = std::string("gate ") + (decision.allowed ? "allowed it" : "refused it"),
                 .actor = decision.actor,
                 .reason = decision.summary(),
                 .verdict = decision.allowed ? "allowed" : "refused",
                 .decision_id = decision.id};
    item.rules = std::move(wire.rules);
    out.items.push_back(std::move(item));
  }
  if (at.origin_of) {
    SW_TRY(const auto origin, at.origin_of(ref.model, ref.version));
    for (const auto& one : origin) {
      if (limit && one.at > *limit) continue;
      out.items.push_back({.at = to_rfc3339(one.at), .kind = one.kind, .text = one.text});
      out.items.back().link = one.link;
    }
  }
  std::reverse(out.items.begin(), out.items.end());
  std::stable_sort(out.items.begin(), out.items.end(),
                   [](const WhyJson& a, const WhyJson& b) { return a.at < b.at; });
  return out;
}

Result<ChainJson> verify(Models& at, const Request&) {
  SW_TRY(const auto report, at.registry.history().verify());
  ChainJson out{.valid = !report.broken_at,
                .entries = report.entries,
                .head = report.head,
                .detail = report.detail};
  if (report.broken_at) out.broken_at.emplace(*report.broken_at);
  return out;
}

}  // namespace

VersionJson version_json(const registry::Version& version, const HasReference& has_reference) {
  VersionJson out{.model = version.model,
                  .version = std::to_string(version.version),
                  .stage = std::string(name_of(version.stage)),
                  .aliases = version.aliases,
                  .run_id = version.run_id,
                  .source = version.source,
                  .created = to_rfc3339(version.created),
                  .updated = to_rfc3339(version.updated),
                  .tags = to_map(version.tags)};
  if (version.description) out.description.emplace(*version.description);
  if (has_reference) out.has_reference = has_reference(version.model, out.version);
  return out;
}

void add_model_routes(net::Router& router, Registry& registry, govern::Govern& govern,
                      HasReference has_reference, OriginOf origin_of) {
  auto models = std::make_shared<Models>(
      Models{registry, govern, std::move(has_reference), std::move(origin_of)});
  Endpoints<Models> at{router, std::move(models)};
  at.get("/models", list, {.action = "model.read", .summary = "Registered models"});
  at.get("/models/{name}", show,
         {.action = "model.read",
          .summary = "One model; with ?at= who held its aliases and stages then"});
  at.get("/models/{name}/versions", versions,
         {.action = "model.read", .summary = "Its versions, newest first"});
  at.get("/models/{name}/versions/{version}", show_version,
         {.action = "model.read", .summary = "One version with lineage and signature"});
  at.put("/models/{name}/aliases/{alias}", set_alias,
         {.action = "model.write", .summary = "Point an alias at a version"});
  at.del("/models/{name}/aliases/{alias}", delete_alias,
         {.action = "model.write", .summary = "Remove an alias", .status = 204});
  at.post("/models/{name}/versions/{version}/stage", set_stage,
          {.action = "model.write", .summary = "Move a version to a stage"});
  at.get("/models/{name}/history", history,
         {.action = "model.read", .summary = "Who changed what, newest first"});
  at.get("/models/{name}/versions/{version}/why", why,
         {.action = "model.read", .summary = "All that was decided about a version"});
  at.get("/audit/verify", verify,
         {.action = "model.read", .summary = "Walk the hash chain of the registry's history"});
}

}  // namespace slipway::wire::api
