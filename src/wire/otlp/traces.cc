// SPDX-License-Identifier: Apache-2.0
// POST /v1/traces: protobuf or JSON, into the experiment that a header names.
#include "base/log.h"
#include "base/text.h"
#include "batches.h"
#include "errors.h"
#include "tracing/tracing.h"
#include "wire/otlp/routes.h"

namespace slipway::wire::otlp {
namespace {

constexpr std::string_view kProtobuf = "application/x-protobuf";
constexpr std::string_view kJson = "application/json";
constexpr std::string_view kExperimentField = "x-mlflow-experiment-id";
constexpr std::string_view kRunField = "x-mlflow-run-id";

void append_varint(std::string& out, std::uint64_t number) {
  while (number >= 0x80) {
    out += static_cast<char>(number | 0x80);
    number >>= 7;
  }
  out += static_cast<char>(number);
}

// ExportTraceServiceResponse; with a partial success when something was not taken.
net::Response taken(bool as_json, const Batches& batches) {
  if (as_json) {
    std::string body = "{}";
    if (batches.refused > 0) {
      body = "{\"partialSuccess\":{\"rejectedSpans\":\"" + std::to_string(batches.refused) +
             "\",\"errorMessage\":";
      append_json_string(body, batches.why);
      body += "}}";
    }
    return net::Response::json(200, std::move(body));
  }
  std::string body;
  if (batches.refused > 0) {
    std::string partial = "\x08";
    append_varint(partial, batches.refused);
    partial += '\x12';
    append_varint(partial, batches.why.size());
    partial += batches.why;
    body = "\x0a";
    append_varint(body, partial.size());
    body += partial;
  }
  return net::Response::text(200, std::move(body), std::string(kProtobuf));
}

// A link that fails loses nothing: the spans are kept.
void link(tracing::Tracing& tracing, const Batches& batches, std::string_view run) {
  if (run.empty() || batches.rooted.empty()) return;
  const auto linked =
      tracing.traces().link_to_run(batches.rooted, tracing::RunId(std::string(run)));
  if (!linked) {
    log::warn("otlp.link_to_run", {{"run", std::string(run)}, {"error", linked.error().message}});
  }
}

net::Response export_traces(tracing::Tracing& tracing, const net::Request& request) {
  const auto experiment = request.headers.get(kExperimentField);
  if (!request.headers.has(kExperimentField)) {
    return net::Response::json(
        422, R"({"detail":[{"type":"missing","loc":["header","x-mlflow-experiment-id"],)"
             R"("msg":"Field required","input":null}]})");
  }
  const auto type = request.headers.get("content-type");
  const auto media = to_lower(trim(type.substr(0, type.find(';'))));
  if (media != kProtobuf && media != kJson) {
    return refuse(400, "Invalid Content-Type: " + (type.empty() ? "None" : std::string(type)) +
                           ". Expected: application/x-protobuf or application/json");
  }
  const bool as_json = media == kJson;
  const auto in = as_json ? read_json(request.body) : read_protobuf(request.body);
  if (!in) return refuse(400, in.error().message);
  if (in->empty()) return refuse(400, "Invalid OpenTelemetry format - no spans found");
  const auto batches = batches_of(*in);
  if (!batches) return render(batches.error());
  if (batches->batches.empty() && batches->refused > 0) {
    return refuse(422, "Cannot convert OpenTelemetry span to MLflow span: " + batches->why);
  }
  if (!batches->batches.empty()) {
    const auto added =
        tracing.spans().add(tracing::ExperimentId(std::string(experiment)), batches->batches);
    if (!added) return render(added.error());
    link(tracing, *batches, request.headers.get(kRunField));
  }
  return taken(as_json, *batches);
}

}  // namespace

void add_routes(net::Router& router, tracing::Tracing& tracing) {
  net::Route route;
  route.method = net::Method::post;
  route.pattern = "/v1/traces";
  route.wire = "otlp";
  route.action = "trace.write";
  route.summary = "Spans from OpenTelemetry exporters (OTLP/HTTP, protobuf or JSON)";
  route.handler = [&tracing](const net::Request& request) {
    return export_traces(tracing, request);
  };
  router.add(std::move(route));
  router.render_errors("/v1/traces",
                       [](const net::Request&, const Error& error) { return render(error); });
}

}  // namespace slipway::wire::otlp
