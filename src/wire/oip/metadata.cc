// SPDX-License-Identifier: Apache-2.0
// Health, metadata, configuration and statistics over HTTP.
#include <algorithm>
#include <utility>

#include "base/text.h"
#include "errors.h"
#include "sequence_config.h"
#include "service.h"

namespace slipway::wire::oip {
namespace {

using serving::TensorSpec;
using ServicePtr = std::shared_ptr<Service>;

void append_specs(std::string& out, const std::vector<TensorSpec>& specs) {
  out += '[';
  for (std::size_t i = 0; i < specs.size(); ++i) {
    out += i == 0 ? "{\"name\":" : ",{\"name\":";
    append_json_string(out, specs[i].name);
    out += ",\"datatype\":\"";
    out += serving::name_of(specs[i].dtype);
    out += "\",\"shape\":" + serving::text_of(specs[i].shape) + "}";
  }
  out += ']';
}

net::Response server_metadata(const Service& service) {
  std::string out = "{\"name\":\"slipway\",\"version\":";
  append_json_string(out, service.version);
  out += ",\"extensions\":[";
  for (const auto extension : kExtensions) {
    if (out.back() != '[') out += ',';
    append_json_string(out, extension);
  }
  return net::Response::json(200, out + "]}");
}

net::Response describe(const Service& service, const net::Request& request) {
  const auto endpoint = service.endpoints.get(request.param("name"));
  if (!endpoint) return render(request, endpoint.error());
  const auto target = service.endpoints.pick(request.param("name"), request.param("version"));
  if (!target) return render(request, target.error());
  std::string out = "{\"name\":";
  append_json_string(out, target->endpoint());
  out += ",\"versions\":[";
  const auto versions =
      request.param("version").empty() ? versions_of(*endpoint) : std::vector{target->version()};
  for (std::size_t i = 0; i < versions.size(); ++i) {
    if (i != 0) out += ',';
    append_json_string(out, versions[i]);
  }
  out += "],\"platform\":";
  append_json_string(out, target->platform());
  out += ",\"inputs\":";
  append_specs(out, target->signature().inputs);
  out += ",\"outputs\":";
  append_specs(out, target->signature().outputs);
  out += '}';
  return net::Response::json(200, std::move(out));
}

net::Response model_ready(const Service& service, const net::Request& request) {
  const auto target = service.endpoints.pick(request.param("name"), request.param("version"));
  if (!target) return render(request, target.error());
  return net::Response::text(200, "");
}

void append_config_specs(std::string& out, const std::vector<TensorSpec>& specs, bool batched) {
  out += '[';
  for (const auto& spec : specs) {
    if (&spec != &specs.front()) out += ',';
    out += "{\"name\":";
    append_json_string(out, spec.name);
    out += ",\"data_type\":\"" + config_type(spec.dtype) +
           "\",\"dims\":" + serving::text_of(dims_of(spec, batched)) + "}";
  }
  out += ']';
}

net::Response config(const Service& service, const net::Request& request) {
  const auto target = service.endpoints.pick(request.param("name"), request.param("version"));
  if (!target) return render(request, target.error());
  const auto rows = max_batch_size(target->signature());
  std::string out = "{\"name\":";
  append_json_string(out, target->endpoint());
  out += ",\"platform\":";
  append_json_string(out, target->platform());
  out += ",\"backend\":\"\",\"version_policy\":{\"all\":{}},\"max_batch_size\":" +
         std::to_string(rows) + ",\"input\":";
  append_config_specs(out, target->signature().inputs, rows > 0);
  out += ",\"output\":";
  append_config_specs(out, target->signature().outputs, rows > 0);
  if (const auto* sequences = target->sequences()) {
    out += ",\"sequence_batching\":" + sequence_json(*sequences);
  } else if (rows > 0) {
    out += ",\"dynamic_batching\":{\"preferred_batch_size\":[],\"max_queue_delay_microseconds\":0}";
  }
  return net::Response::json(200, out + ",\"parameters\":{}}");
}

void append_sum(std::string& out, const char* name, const serving::DurationSum& sum) {
  if (out.back() != '{') out += ',';
  out += std::string("\"") + name + "\":{\"count\":" + std::to_string(sum.count) +
         ",\"ns\":" + std::to_string(sum.ns) + "}";
}

void append_statistics(std::string& out, const serving::RunStatistics& one) {
  out += "{\"name\":";
  append_json_string(out, one.model);
  out += ",\"version\":";
  append_json_string(out, one.version);
  out += ",\"last_inference\":" + std::to_string(one.last.ms) +
         ",\"inference_count\":" + std::to_string(one.rows) +
         ",\"execution_count\":" + std::to_string(one.executions) + ",\"inference_stats\":{";
  append_sum(out, "success", one.success);
  append_sum(out, "fail", one.fail);
  append_sum(out, "queue", one.queue);
  append_sum(out, "compute_input", one.input);
  append_sum(out, "compute_infer", one.run);
  append_sum(out, "compute_output", one.output);
  append_sum(out, "cache_hit", one.cache_hit);
  append_sum(out, "cache_miss", one.cache_miss);
  out += "},\"batch_stats\":[";
  for (const auto& batch : one.batches) {
    if (&batch != &one.batches.front()) out += ',';
    out += "{\"batch_size\":" + std::to_string(batch.rows);
    append_sum(out, "compute_input", batch.input);
    append_sum(out, "compute_infer", batch.run);
    append_sum(out, "compute_output", batch.output);
    out += '}';
  }
  out += "],\"memory_usage\":[],\"response_stats\":{}}";
}

net::Response statistics(const Service& service, const net::Request& request) {
  const auto all = service.endpoints.statistics(request.param("name"), request.param("version"));
  if (!all) return render(request, all.error());
  std::string out = "{\"model_stats\":[";
  for (const auto& one : *all) {
    if (&one != &all->front()) out += ',';
    append_statistics(out, one);
  }
  return net::Response::json(200, out + "]}");
}

}  // namespace

void add_metadata_routes(net::Router& router, const ServicePtr& service) {
  using Answer = net::Response (*)(const Service&, const net::Request&);
  const auto add = [&](const std::string& pattern, const char* summary, Answer answer) {
    router.add({.method = net::Method::get,
                .pattern = pattern,
                .wire = "oip",
                .action = "endpoint.read",
                .summary = summary,
                .handler = [service, answer](const net::Request& request) {
                  return answer(*service, request);
                }});
  };
  add("/v2", "What this inference server offers",
      [](const Service& known, const net::Request&) { return server_metadata(known); });
  add("/v2/health/live", "Liveness for inference clients",
      [](const Service&, const net::Request&) { return net::Response::text(200, ""); });
  add("/v2/health/ready", "Ready when every endpoint that is loaded has a version that answers",
      [](const Service& known, const net::Request&) {
        return net::Response::text(is_server_ready(known.endpoints) ? 200 : 503, "");
      });
  add("/v2/models/stats", "What all loaded versions have done", statistics);
  for (const std::string prefix : {"/v2/models/{name}", "/v2/models/{name}/versions/{version}"}) {
    add(prefix, "Inputs, outputs and versions of an endpoint", describe);
    add(prefix + "/ready", "Is the endpoint ready", model_ready);
    add(prefix + "/config", "The endpoint as a model configuration", config);
    add(prefix + "/stats", "What its loaded versions have done", statistics);
  }
}

}  // namespace slipway::wire::oip
