// SPDX-License-Identifier: Apache-2.0
// The spans of a trace as one file, and what is attached to it; the UI reads both.
#include <memory>

#include "artifacts/artifact_file.h"
#include "endpoint.h"
#include "tracing/tracing.h"
#include "uris.h"
#include "wire/mlflow/routes.h"

namespace slipway::wire::mlflow {
namespace {

using net::Request;
using net::Response;
using tracing::Tracing;

constexpr const char* kFileName = "traces.json";

Result<Response> spans_file(Tracing& tracing, const tracing::TraceId& id) {
  SW_TRY(const auto spans, tracing.spans().of(id));
  std::string body = "{\"spans\":[";
  for (std::size_t i = 0; i < spans.size(); ++i) {
    if (i > 0) body += ',';
    body += spans[i].body;
  }
  body += "]}";
  auto answer = Response::text(200, std::move(body), "text/plain");
  answer.headers.set("content-disposition", std::string("attachment; filename=") + kFileName);
  answer.headers.set("x-content-type-options", "nosniff");
  return answer;
}

Result<Response> file_of(Tracing& tracing, tracking::Artifacts& artifacts, const Request& request) {
  const auto id = request.query_value("request_id").value_or("");
  if (id.empty()) return missing("request_id");
  SW_TRY(const auto trace, tracing.traces().get(tracing::TraceId(id)));
  if (const auto given = request.query_value("path"); given && !given->empty()) {
    SW_TRY(const auto path, checked_path(*given));
    if (path.empty() || path.find('/') != std::string::npos) {
      return invalid("invalid path '" + path.substr(0, 100) + "'",
                     "an attachment's name is wanted");
    }
    return send_file(artifacts, trace.artifact_root, "attachments/" + path, request);
  }
  if (trace.has_spans) return spans_file(tracing, trace.id);
  return send_file(artifacts, trace.artifact_root, kFileName, request);
}

}  // namespace

void add_trace_file_routes(net::Router& router, Tracing& tracing, blob::BlobStore& blobs) {
  const auto artifacts = std::make_shared<tracking::Artifacts>(blobs);
  for (const auto* version : {"2.0", "3.0"}) {
    add_route(router, net::Method::get, version, "get-trace-artifact", "trace",
              [&tracing, artifacts](const Request& request) {
                return file_of(tracing, *artifacts, request);
              });
  }
}

}  // namespace slipway::wire::mlflow
