// SPDX-License-Identifier: Apache-2.0
#include "served.h"

#include <algorithm>
#include <map>
#include <memory>

#include "base/text.h"
#include "endpoint.h"
#include "registry/registry.h"
#include "serving/endpoints.h"
#include "wire/api/routes.h"

namespace slipway::wire::api {
namespace {

using registry::Period;
using registry::Span;

struct Sources {
  registry::Registry& registry;
  serving::Endpoints& endpoints;
};

PeriodJson to_wire(const Period& period) {
  PeriodJson out{.model = period.model,
                 .name = period.name,
                 .version = std::to_string(period.version),
                 .since = to_rfc3339(period.since),
                 .until = {},
                 .actor = period.actor,
                 .reason = period.reason};
  if (period.until) out.until.emplace(to_rfc3339(*period.until));
  return out;
}

void add_periods(const std::vector<Period>& periods, const Span& span, PastJson& out) {
  for (const auto& period : periods) {
    if (!period.within(span)) continue;
    (period.kind == Period::Kind::alias ? out.aliases : out.stages).push_back(to_wire(period));
  }
}

PastJson empty_past(const Span& span) {
  return {.from = to_rfc3339(span.from), .to = to_rfc3339(span.to)};
}

// The alias `latest` is no period of the history: it is the newest version that there was.
std::vector<Period> latest_of(const std::vector<Period>& periods) {
  std::vector<Period> out;
  for (const auto& period : periods) {
    const bool made = period.kind == Period::Kind::stage && period.name == "None";
    if (!made || (!out.empty() && period.version <= out.back().version)) continue;
    if (!out.empty()) out.back().until = period.since;
    out.push_back(period);
    out.back().kind = Period::Kind::alias;
    out.back().name = "latest";
    out.back().until.reset();
  }
  return out;
}

class Teller {
 public:
  Teller(Sources& at, const Span& span) : at_(at), span_(span) {}

  Result<void> tell(const serving::EndpointPast& past, PastJson& out) {
    const Period whole{.since = past.since, .until = past.until};
    if (!past.present || !whole.within(span_)) return {};
    for (const auto& route : past.routes) SW_CHECK_OK(tell_route(past, route, out));
    return {};
  }

 private:
  Result<const std::vector<Period>*> periods(const std::string& model) {
    const auto known = by_model_.find(model);
    if (known != by_model_.end()) return &known->second;
    SW_TRY(auto found, at_.registry.history().periods(model));
    auto latest = latest_of(found);
    found.insert(found.end(), latest.begin(), latest.end());
    return &by_model_.emplace(model, std::move(found)).first->second;
  }

  Result<void> tell_route(const serving::EndpointPast& past, const serving::RouteSpec& route,
                          PastJson& out) {
    ServedJson row{.endpoint = past.endpoint,
                   .model = route.model,
                   .version = {},
                   .alias = {},
                   .weight = route.weight,
                   .shadow = route.shadow,
                   .since = to_rfc3339(past.since),
                   .until = {}};
    if (past.until) row.until.emplace(to_rfc3339(*past.until));
    if (route.alias.empty()) {
      row.version.emplace(route.version);
      out.endpoints.push_back(std::move(row));
      return {};
    }
    row.alias.emplace(route.alias);
    SW_TRY(const auto* all, periods(route.model));
    bool any = false;
    for (const auto& period : *all) {
      const bool same = period.kind == Period::Kind::alias && period.name == route.alias;
      const Period both{.since = std::max(period.since, past.since),
                        .until = earlier(period.until, past.until)};
      if (!same || !both.within(span_)) continue;
      any = true;
      auto part = row;
      part.version.emplace(std::to_string(period.version));
      part.since = to_rfc3339(both.since);
      part.until.reset();
      if (both.until) part.until.emplace(to_rfc3339(*both.until));
      out.endpoints.push_back(std::move(part));
    }
    if (!any) out.endpoints.push_back(std::move(row));
    return {};
  }

  static std::optional<Timestamp> earlier(std::optional<Timestamp> a, std::optional<Timestamp> b) {
    if (!a || !b) return a ? a : b;
    return std::min(*a, *b);
  }

  Sources& at_;
  const Span span_;
  std::map<std::string, std::vector<Period>> by_model_;
};

Result<PastJson> served(Sources& at, const net::Request& request) {
  const auto when = request.query_value("at").value_or("");
  if (when.empty()) return invalid("at is missing", "give a day or a moment: ?at=2026-03-03");
  const auto endpoint = request.query_value("endpoint").value_or("");
  SW_TRY(auto out, past_of_endpoints(at.registry, at.endpoints, endpoint, when));
  const auto model = request.query_value("model").value_or("");
  SW_TRY(const auto span, registry::parse_span(when));
  if (!model.empty()) {
    SW_TRY(const auto periods, at.registry.history().periods(model));
    add_periods(periods, span, out);
    std::erase_if(out.endpoints, [&](const ServedJson& row) { return row.model != model; });
    return out;
  }
  if (!endpoint.empty()) return out;
  PageRequest page{.size = 1000, .token = {}};
  do {
    SW_TRY(const auto models, at.registry.search({.filter = {}, .order = {}, .page = page}));
    for (const auto& each : models.items) {
      SW_TRY(const auto periods, at.registry.history().periods(each.name));
      add_periods(periods, span, out);
    }
    page.token = models.next_token;
  } while (!page.token.empty());
  return out;
}

}  // namespace

Result<PastJson> past_of_model(registry::Registry& registry, const std::string& model,
                               const std::string& at) {
  SW_TRY(const auto span, registry::parse_span(at));
  SW_TRY(const auto periods, registry.history().periods(model));
  if (periods.empty()) SW_CHECK_OK(registry.model(model));
  auto out = empty_past(span);
  add_periods(periods, span, out);
  return out;
}

Result<PastJson> past_of_endpoints(registry::Registry& registry, serving::Endpoints& endpoints,
                                   const std::string& endpoint, const std::string& at) {
  SW_TRY(const auto span, registry::parse_span(at));
  SW_TRY(const auto pasts, endpoints.past(endpoint));
  if (!endpoint.empty() && pasts.empty()) {
    return slipway::not_found("there was never an endpoint '" + endpoint + "'");
  }
  Sources sources{registry, endpoints};
  Teller teller(sources, span);
  auto out = empty_past(span);
  for (const auto& past : pasts) SW_CHECK_OK(teller.tell(past, out));
  return out;
}

void add_served_routes(net::Router& router, registry::Registry& registry,
                       serving::Endpoints& endpoints) {
  Endpoints<Sources> at{router, std::make_shared<Sources>(Sources{registry, endpoints})};
  at.get(
      "/served", served,
      {.action = "model.read",
       .summary = "What served and stood where ?at= a day or a moment, of ?endpoint= or ?model="});
}

}  // namespace slipway::wire::api
