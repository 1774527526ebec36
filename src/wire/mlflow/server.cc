// SPDX-License-Identifier: Apache-2.0
// What a client or MLflow's page learns about the server, and what is known but not offered.
#include "endpoint.h"
#include "wire/mlflow/routes.h"

namespace slipway::wire::mlflow {
namespace {

using net::Method;
using net::Request;
using net::Response;

constexpr const char* kServerInfo =
    R"({"store_type":"SqlStore","workspaces_enabled":false,"trace_archival_enabled":false,)"
    R"("multipart_uploads_enabled":false,"multipart_downloads_enabled":false,)"
    R"("presigned_upload_run_id_supported":false,"presigned_upload_model_id_supported":false,)"
    R"("features_enabled":{"gateway":false}})";
// Nothing is reported to anybody, so the page need not collect it.
constexpr const char* kNoTelemetry =
    R"({"disable_ui_telemetry":true,"disable_ui_events":[],"ui_rollout_percentage":0})";

// What it asks of this version and later it finds here, such as spans over OTLP.
constexpr const char* kVersion = "3.17.2";
constexpr std::string_view kClient = "mlflow-python-client/";

struct Absent {
  const char* version;
  const char* root;  // this path and all below it
  const char* reason;
};
constexpr const char* kGateway = "the LLM gateway is not part of this server";
constexpr const char* kJobs = "this server runs no evaluation jobs: call the Python client";
// A 501 tells the client at once, where a 404 would make it guess, and a 503 make it repeat.
constexpr Absent kAbsent[] = {
    {"2.0", "unified-traces", "Databricks only"},
    {"2.0", "get-online-trace-details", "Databricks only"},
    {"3.0", "scorers/online-config", kJobs},
    {"3.0", "gateway", kGateway},
    {"3.0", "prompt-optimization", "prompt optimization is not part of this server"},
    {"2.0", "runs/create-promptlab-run", kGateway},
    {"3.0", "scorer/invoke", kJobs},
    {"3.0", "issues/invoke", kJobs},
    {"3.0", "genai/evaluate/invoke", kJobs},
};
constexpr Method kMethods[] = {Method::get, Method::post, Method::put, Method::patch, Method::del};

// One route as it is, without the /api twin.
void add(net::Router& router, Method method, std::string pattern, std::string refused,
         const Answer& answer) {
  net::Route route;
  route.method = method;
  route.pattern = std::move(pattern);
  route.wire = "mlflow";
  route.action = "server.read";
  route.refused = std::move(refused);
  route.handler = [answer](const Request& request) {
    auto out = answer(request);
    return out ? *std::move(out) : render(out.error());
  };
  router.add(std::move(route));
}

void add_absent(net::Router& router) {
  for (const auto& absent : kAbsent) {
    const std::string reason = absent.reason;
    const Answer refuse = [reason](const Request& request) -> Result<Response> {
      return Error{Code::unimplemented, "'" + request.path + "' is not offered by this server",
                   reason};
    };
    for (const auto method : kMethods) {
      for (const std::string root : {"/api/", "/ajax-api/"}) {
        const auto pattern = root + absent.version + "/mlflow/" + absent.root;
        add(router, method, pattern, reason, refuse);
        add(router, method, pattern + "/{rest...}", reason, refuse);
      }
    }
  }
}

// The original's answer when it runs without workspaces.
void add_workspaces(net::Router& router) {
  const Answer off = [](const Request& request) -> Result<Response> {
    return Response::text(503, "Endpoint: " + request.path +
                                   " disabled because the server is running without workspaces "
                                   "support.");
  };
  for (const auto method : {Method::get, Method::post, Method::patch, Method::del}) {
    for (const std::string root : {"/api/3.0/mlflow/", "/ajax-api/3.0/mlflow/"}) {
      add(router, method, root + "workspaces", "there are no workspaces: 503", off);
      add(router, method, root + "workspaces/{name}", "there are no workspaces: 503", off);
    }
  }
}

Result<Response> no_job(const Request& request) {
  return not_found("job with ID '" + request.param("job_id") + "' not found");
}

}  // namespace

std::optional<std::string> version_for(const net::Request& request) {
  if (!request.headers.get("user-agent").starts_with(kClient)) return std::nullopt;
  return kVersion;
}

void add_server_routes(net::Router& router) {
  const auto fixed = [](const char* body) {
    return [body](const Request&) -> Result<Response> { return answer_with(body); };
  };
  for (const auto* path : {"server-info", "server-features"}) {
    add_route(router, Method::get, "3.0", path, "server", fixed(kServerInfo));
  }
  const std::string page = "/ajax-api/3.0/mlflow/";
  add(router, Method::get, page + "ui-telemetry", "", fixed(kNoTelemetry));
  add(router, Method::post, page + "ui-telemetry", "", fixed(R"({"status":"disabled"})"));
  for (const auto method : {Method::get, Method::post}) {
    add(router, method, "/ajax-api/2.0/mlflow/gateway-proxy", "", fixed(R"({"endpoints":[]})"));
  }
  for (const auto* root : {"/ajax-api/3.0/mlflow/jobs/", "/ajax-api/3.0/jobs/"}) {
    add(router, Method::get, root + std::string("{job_id}"), "", no_job);
    add(router, Method::patch, root + std::string("cancel/{job_id}"), "", no_job);
  }
  add_workspaces(router);
  add_absent(router);
}

}  // namespace slipway::wire::mlflow
