// SPDX-License-Identifier: Apache-2.0
// The newest recorded predictions of an endpoint, with what turned out to be true.
#include <algorithm>
#include <memory>
#include <set>
#include <utility>
#include <variant>

#include "base/text.h"
#include "endpoint.h"
#include "messages_serving.h"
#include "monitor/monitor.h"
#include "serving/endpoints.h"
#include "wire/api/routes.h"

namespace slipway::wire::api {
namespace {

struct Service {
  serving::Endpoints& endpoints;
  monitor::Monitor& monitor;
};

// {"name": value ..}; serving's fields and the monitor's are of the same shape.
template <class Field, class Value>
std::string values_object(const std::vector<Field>& fields, const std::vector<Value>& values) {
  std::string out = "{";
  for (std::size_t i = 0; i < std::min(fields.size(), values.size()); ++i) {
    if (i != 0) out += ',';
    append_json_string(out, fields[i].name);
    out += ':';
    if (const auto* text = std::get_if<std::string>(&values[i])) {
      append_json_string(out, *text);
      continue;
    }
    const double number = std::get<double>(values[i]);
    const bool finite = number - number == 0;
    out += finite ? number_text(number) : "null";
  }
  return out + "}";
}

// A number is a number again; labels are kept as text.
std::string label_json(const std::string& label) {
  const auto number = parse_double(label);
  if (number && number_text(*number) == label) return label;
  std::string out;
  append_json_string(out, label);
  return out;
}

template <class Row>
PredictionJson to_wire(const Row& row) {
  PredictionJson out{.request_id = row.request_id,
                     .at = to_rfc3339(row.at),
                     .model = row.model,
                     .version = row.version,
                     .latency_ms = static_cast<double>(row.latency_us) / 1000.0,
                     .shadow = row.shadow};
  if (row.schema != nullptr) {
    out.features.text = values_object(row.schema->features, row.features);
    out.outputs.text = values_object(row.schema->outputs, row.outputs);
  }
  if (!row.error.empty()) out.error = row.error;
  return out;
}

// Those in memory first, then stored ones: after a restart memory knows none.
Result<PredictionListJson> predictions(Service& service, const net::Request& request) {
  SW_TRY(const auto limit, int_query(request, "limit", 100, 1, 1000));
  const auto most = static_cast<std::size_t>(limit);
  const auto& name = request.param("name");
  SW_TRY(const auto view, service.endpoints.get(name));
  PredictionListJson out;
  std::set<std::string> seen;
  for (const auto& row : service.endpoints.predictions().recent(name, most)) {
    seen.insert(row.model + '/' + row.version + '/' + row.request_id);
    out.items.push_back(to_wire(row));
  }
  if (out.items.size() < most) {
    SW_TRY(const auto stored, service.monitor.predictions(name, most));
    for (const auto& row : stored) {
      if (out.items.size() == most) break;
      if (seen.contains(row.model + '/' + row.version + '/' + row.request_id)) continue;
      out.items.push_back(to_wire(row));
    }
  }
  std::vector<std::string> ids;
  ids.reserve(out.items.size());
  for (const auto& item : out.items) ids.push_back(item.request_id);
  SW_TRY(const auto labels, service.monitor.labels(name, ids));
  for (auto& item : out.items) {
    const auto found = labels.find(item.request_id);
    if (found != labels.end()) item.label.text = label_json(found->second);
  }
  return out;
}

}  // namespace

void add_prediction_routes(net::Router& router, serving::Endpoints& endpoints,
                           monitor::Monitor& monitor) {
  const auto service = std::make_shared<Service>(Service{endpoints, monitor});
  router.add({.method = net::Method::get,
              .pattern = "/api/v1/endpoints/{name}/predictions",
              .wire = "api",
              .action = "endpoint.read",
              .summary = "The newest recorded predictions, with their outcomes as far as known",
              .handler = [service](const net::Request& request) {
                const auto result = predictions(*service, request);
                if (!result) return problem(request, result.error());
                return net::Response::json(200, json::dump(*result));
              }});
}

}  // namespace slipway::wire::api
