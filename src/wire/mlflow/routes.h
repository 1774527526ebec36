// SPDX-License-Identifier: Apache-2.0
// MLflow's REST interface: what the unmodified `mlflow` client and its UI call.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/http.h"
#include "webhook/webhook.h"

namespace slipway {
class Clock;
}
namespace slipway::blob {
class BlobStore;
}
namespace slipway::tracking {
class Tracking;
struct Run;
struct SeriesEntry;
}  // namespace slipway::tracking
namespace slipway::evaluation {
class Evaluation;
}
namespace slipway::registry {
class Registry;
class Watcher;
}  // namespace slipway::registry
namespace slipway::tracing {
class Tracing;
}

namespace slipway::wire::mlflow {

// All of it. What is referred to must outlive the router.
void add_mlflow_routes(net::Router& router, tracking::Tracking& tracking,
                       registry::Registry& registry, tracing::Tracing& tracing,
                       blob::BlobStore& blobs, webhook::Webhooks& webhooks,
                       evaluation::Evaluation& evaluation);

// By noun, one file each; the whole is their sum.
void add_experiment_routes(net::Router& router, tracking::Tracking& tracking);
void add_run_routes(net::Router& router, tracking::Tracking& tracking);
void add_logging_routes(net::Router& router, tracking::Tracking& tracking);  // part of the runs
void add_metric_routes(net::Router& router, tracking::Tracking& tracking);
void add_logged_model_routes(net::Router& router, tracking::Tracking& tracking);
void add_artifact_routes(net::Router& router, tracking::Tracking& tracking,
                         registry::Registry& registry, blob::BlobStore& blobs);
// What the client's log_image and log_table left among a run's files, as typed series.
Result<std::vector<tracking::SeriesEntry>> logged_media(blob::BlobStore& blobs,
                                                        const tracking::Run& run);
void add_registered_model_routes(net::Router& router, registry::Registry& registry);
void add_model_version_routes(net::Router& router, registry::Registry& registry,
                              tracking::Tracking& tracking);
// The UI's GraphQL, answered by the routes beside it: `router` is kept.
void add_graphql_routes(net::Router& router);
// Evaluation datasets; scorers and issues; label schemas and review queues.
void add_evaluation_dataset_routes(net::Router& router, evaluation::Evaluation& evaluation);
void add_scorer_routes(net::Router& router, evaluation::Evaluation& evaluation,
                       tracing::Tracing& tracing);
void add_review_routes(net::Router& router, evaluation::Evaluation& evaluation);
void add_tool_server_routes(net::Router& router, evaluation::Evaluation& evaluation);
void add_webhook_routes(net::Router& router, webhook::Webhooks& webhooks);
// Tells the webhooks of what happens in the registry, in MLflow's words.
std::unique_ptr<registry::Watcher> webhook_watcher(webhook::Webhooks& webhooks, Clock& clock);
// MLflow's header fields: delivery id, time, and the HMAC of both and the body.
webhook::Sign webhook_signature();
void add_trace_routes(net::Router& router, tracing::Tracing& tracing);
void add_old_trace_routes(net::Router& router, tracing::Tracing& tracing);
void add_assessment_routes(net::Router& router, tracing::Tracing& tracing);
void add_trace_metric_routes(net::Router& router, tracing::Tracing& tracing);
void add_trace_file_routes(net::Router& router, tracing::Tracing& tracing, blob::BlobStore& blobs);
// The version of the interface, as its own client asks for it (a bare number at /version, where
// others learn about this server); nothing for anybody else.
std::optional<std::string> version_for(const net::Request& request);
// server-info, and 501 for what is known but not offered.
void add_server_routes(net::Router& router);

}  // namespace slipway::wire::mlflow
