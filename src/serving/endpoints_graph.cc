// SPDX-License-Identifier: Apache-2.0
// Graphs of models behind endpoints.
#include <algorithm>
#include <functional>
#include <set>
#include <utility>

#include "endpoints_impl.h"
#include "graph_plan.h"
#include "graph_run.h"

namespace slipway::serving {
namespace {

constexpr int kDeepest = 16;  // graphs that ask endpoints that are graphs

std::set<std::string> endpoints_in(const GraphSpec& graph) {
  std::set<std::string> out;
  for (const auto& step : graph.steps) {
    if (!step.call.endpoint.empty()) out.insert(step.call.endpoint);
    for (const auto& each : step.cases) {
      if (!each.call.endpoint.empty()) out.insert(each.call.endpoint);
    }
  }
  return out;
}

std::set<std::string> endpoints_in(const std::vector<RouteSpec>& routes) {
  std::set<std::string> out;
  for (const auto& route : routes) {
    if (route.graph.empty()) continue;
    if (const auto graph = parse_graph(route.graph, "graph")) out.merge(endpoints_in(*graph));
  }
  return out;
}

// Resolves aliases and remembers to what.
class Models : public GraphModels {
 public:
  Models(VersionCache& versions, PackageSource& packages,
         std::function<Result<Target>(const std::string&)> endpoint)
      : versions_(versions), packages_(packages), endpoint_(std::move(endpoint)) {}

  Result<std::shared_ptr<Servable>> version(const GraphCall& call) override {
    RouteSpec part{.model = call.model, .alias = call.alias, .version = call.version};
    if (!part.alias.empty()) {
      SW_TRY(part.version, packages_.resolve(part.model, part.alias));
    }
    parts.push_back(part);
    return versions_.get(part.model, part.version);
  }
  Result<Target> endpoint(const std::string& name) override { return endpoint_(name); }

  std::vector<RouteSpec> parts;

 private:
  VersionCache& versions_;
  PackageSource& packages_;
  std::function<Result<Target>(const std::string&)> endpoint_;
};

}  // namespace

Result<Lane> Endpoints::Impl::make_graph_lane(Entry& entry, const RouteSpec& spec) {
  SW_TRY(const auto graph, parse_graph(spec.graph, "graph"));
  for (const auto& name : endpoints_in(graph)) {
    if (reaches(name, entry.spec.name, 0)) {
      return invalid("the graph asks endpoint '" + name + "', which asks '" + entry.spec.name + "'",
                     "endpoints may not ask each other in a circle");
    }
  }
  Models models(versions, *packages,
                [this](const std::string& name) { return pick(name, {}, nullptr); });
  SW_TRY(auto plan, plan_graph(graph, models));
  Lane lane{.spec = spec, .version = spec.version, .parts = std::move(models.parts)};
  Package package{.model = spec.model, .version = spec.version, .columns = plan.columns};
  const auto signature = plan.signature;
  auto runner = make_graph_runner(
      std::move(plan), [this](const std::string& name) { return pick(name, {}, nullptr); }, clock);
  lane.servable = Servable::of(std::move(runner), std::move(package), signature, clock, meters);
  lane.record = record_of(entry, spec.model, spec.version);
  return lane;
}

bool Endpoints::Impl::has_moved(const Lane& lane) {
  return std::any_of(lane.parts.begin(), lane.parts.end(), [&](const RouteSpec& part) {
    if (part.alias.empty()) return false;
    const auto now = packages->resolve(part.model, part.alias);
    return now && *now != part.version;
  });
}

bool Endpoints::Impl::reaches(const std::string& from, const std::string& to, int depth) const {
  if (from == to || depth > kDeepest) return true;
  std::vector<RouteSpec> routes;
  {
    const std::scoped_lock lock(mutex);
    const auto found = entries.find(from);
    if (found == entries.end()) return false;
    routes = found->second->spec.routes;
  }
  for (const auto& name : endpoints_in(routes)) {
    if (reaches(name, to, depth + 1)) return true;
  }
  return false;
}

std::vector<StoredEndpoint> Endpoints::Impl::in_order(std::vector<StoredEndpoint> stored) {
  std::vector<StoredEndpoint> out;
  std::set<std::string> waiting;
  for (const auto& endpoint : stored) waiting.insert(endpoint.spec.name);
  bool progress = true;
  while (!stored.empty()) {
    std::vector<StoredEndpoint> left;
    for (auto& endpoint : stored) {
      const auto asked = endpoints_in(endpoint.spec.routes);
      const bool ready = std::none_of(asked.begin(), asked.end(), [&](const std::string& name) {
        return waiting.count(name) != 0 && name != endpoint.spec.name;
      });
      if (!ready && progress) {
        left.push_back(std::move(endpoint));
        continue;
      }
      waiting.erase(endpoint.spec.name);
      out.push_back(std::move(endpoint));
    }
    progress = left.size() < stored.size();
    stored = std::move(left);
  }
  return out;
}

Result<std::shared_ptr<Servable>> Endpoints::Impl::open(const std::string& model,
                                                        const std::string& version) {
  constexpr std::string_view kPrefix = "graph:";
  if (!model.starts_with(kPrefix)) return versions.get(model, version);
  const auto name = model.substr(kPrefix.size());
  std::shared_ptr<const Routing> routing;
  {
    const std::scoped_lock lock(mutex);
    const auto found = entries.find(name);
    if (found != entries.end()) routing = found->second->routing;
  }
  if (routing == nullptr) return no_endpoint(name);
  const Lane* lane = routing->find(version);
  if (lane == nullptr) {
    return not_found("endpoint '" + name + "' does not have version " + version +
                     " of its graph any more");
  }
  return lane->servable;
}

Result<GraphView> Endpoints::check_graph(const std::string& text, const std::string& file) {
  SW_TRY(const auto graph, parse_graph(text, file));
  Models models(impl_->versions, *impl_->packages, [impl = impl_.get()](const std::string& name) {
    return impl->pick(name, {}, nullptr);
  });
  SW_TRY(auto plan, plan_graph(graph, models));
  GraphView out{.signature = std::move(plan.signature), .steps = {}};
  for (const auto& step : graph.steps) {
    GraphView::Step view{.name = step.name, .runs = {}};
    if (step.call.is_set()) view.runs.push_back(step.call.text());
    for (const auto& each : step.cases) {
      view.runs.push_back(each.value ? each.value->text() : each.call.text());
    }
    if (view.runs.empty()) view.runs.push_back(step.function.name);
    out.steps.push_back(std::move(view));
  }
  return out;
}

}  // namespace slipway::serving
