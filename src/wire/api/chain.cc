// SPDX-License-Identifier: Apache-2.0
#include "wire/api/chain.h"

#include <memory>
#include <utility>

#include "endpoint.h"
#include "json/value.h"

namespace slipway::wire::api {
namespace {

struct Service {
  ChainOf chain_of;
};

json::value maybe(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

json::object span_object(const ChainSpan& span) {
  return {{"span_id", span.id},
          {"parent_id", maybe(span.parent)},
          {"kind", span.kind},
          {"name", span.name},
          {"text", span.text},
          {"status", span.status},
          {"link", maybe(span.link)},
          {"started", to_rfc3339(span.started)},
          {"ended", span.ended ? json::value(to_rfc3339(*span.ended)) : json::value(nullptr)}};
}

Result<net::Response> trace(Service& at, const net::Request& request) {
  SW_TRY(const auto chain, at.chain_of(request.param("id")));
  json::array spans;
  for (const auto& span : chain.spans) spans.push_back(span_object(span));
  return net::Response::json(200, json::dump_value(json::object{{"trace_id", chain.trace_id},
                                                                {"alert_id", chain.alert_id},
                                                                {"endpoint", chain.endpoint},
                                                                {"model", chain.model},
                                                                {"state", chain.state},
                                                                {"spans", std::move(spans)}}));
}

}  // namespace

void add_chain_routes(net::Router& router, ChainOf chain_of) {
  Endpoints at{router, std::make_shared<Service>(Service{std::move(chain_of)})};
  at.get("/alerts/{id}/trace", trace,
         {.action = "alert.read",
          .summary = "What came of an alert, as one trace: retraining, gate, rollout, promotion"});
}

}  // namespace slipway::wire::api
