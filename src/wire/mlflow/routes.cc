// SPDX-License-Identifier: Apache-2.0
#include "wire/mlflow/routes.h"

#include "errors.h"

namespace slipway::wire::mlflow {

void add_mlflow_routes(net::Router& router, tracking::Tracking& tracking,
                       registry::Registry& registry, tracing::Tracing& tracing,
                       blob::BlobStore& blobs, webhook::Webhooks& webhooks,
                       evaluation::Evaluation& evaluation) {
  add_experiment_routes(router, tracking);
  add_run_routes(router, tracking);
  add_metric_routes(router, tracking);
  add_logged_model_routes(router, tracking);
  add_artifact_routes(router, tracking, registry, blobs);
  add_registered_model_routes(router, registry);
  add_model_version_routes(router, registry, tracking);
  add_webhook_routes(router, webhooks);
  add_evaluation_dataset_routes(router, evaluation);
  add_scorer_routes(router, evaluation, tracing);
  add_review_routes(router, evaluation);
  add_tool_server_routes(router, evaluation);
  add_graphql_routes(router);
  add_trace_routes(router, tracing);
  add_old_trace_routes(router, tracing);
  add_assessment_routes(router, tracing);
  add_trace_metric_routes(router, tracing);
  add_trace_file_routes(router, tracing, blobs);
  add_server_routes(router);

  // What the router itself refuses: unknown paths, wrong methods, bodies over the limit.
  for (const auto* prefix :
       {"/api/2.0", "/api/3.0", "/ajax-api", "/graphql", "/get-artifact", "/model-versions"}) {
    router.render_errors(prefix, [](const net::Request&, const Error& error) {
      if (error.code == Code::not_found) {
        return error_answer(404, "ENDPOINT_NOT_FOUND", error.message);
      }
      return render(error);
    });
  }
}

}  // namespace slipway::wire::mlflow
