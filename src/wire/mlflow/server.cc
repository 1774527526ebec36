// SPDX-License-Identifier: Apache-2.0
// What a client learns about the server, and the parts of MLflow that are known but not offered.
#include "endpoint.h"
#include "wire/mlflow/routes.h"

namespace slipway::wire::mlflow {
namespace {

using net::Method;

constexpr const char* kServerInfo =
    R"({"store_type":"SqlStore","workspaces_enabled":false,"trace_archival_enabled":false,)"
    R"("multipart_uploads_enabled":false,"multipart_downloads_enabled":false,)"
    R"("presigned_upload_run_id_supported":false,"presigned_upload_model_id_supported":false,)"
    R"("features_enabled":{"gateway":false}})";

struct Absent {
  const char* version;
  const char* root;  // this path and all below it
};
// A 501 tells the client at once, where a 404 would make it guess, and a 503 make it repeat.
constexpr Absent kAbsent[] = {
    {"2.0", "traces"},
    {"3.0", "traces"},
    {"2.0", "unified-traces"},
    {"3.0", "datasets"},
    {"3.0", "scorers"},
    {"3.0", "label-schemas"},
    {"3.0", "review-queues"},
    {"3.0", "issues"},
    {"3.0", "gateway"},
    {"3.0", "prompt-optimization"},
    {"3.0", "workspaces"},
    {"2.0", "webhooks"},
    {"2.0", "get-online-trace-details"},
};

Result<net::Response> not_offered(const net::Request& request) {
  return Error{Code::unimplemented, "'" + request.path + "' is not offered by this server", ""};
}

}  // namespace

void add_server_routes(net::Router& router) {
  add_route(router, Method::get, "3.0", "server-info", "server",
            [](const net::Request&) -> Result<net::Response> { return answer_with(kServerInfo); });
  for (const auto& absent : kAbsent) {
    for (const auto method : {Method::get, Method::post, Method::put, Method::patch, Method::del}) {
      const std::string root(absent.root);
      add_route(router, method, absent.version, root, "server", not_offered);
      add_route(router, method, absent.version, root + "/{rest...}", "server", not_offered);
    }
  }
}

}  // namespace slipway::wire::mlflow
