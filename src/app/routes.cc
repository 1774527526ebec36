// SPDX-License-Identifier: Apache-2.0
#include "app/routes.h"

#include "app/backup.h"
#include "app/batch.h"
#include "app/gate.h"
#include "app/gc.h"
#include "app/version.h"
#include "base/text.h"
#include "chain.h"
#include "happenings.h"
#include "monitor/monitor.h"
#include "rollout/rollouts.h"
#include "tracking/series.h"
#include "transfer/transfer.h"
#include "wire/alertmanager/routes.h"
#include "wire/api/chain.h"
#include "wire/api/overview.h"
#include "wire/api/problem.h"
#include "wire/api/routes.h"
#include "wire/mlflow/routes.h"
#include "wire/oip/routes.h"
#include "wire/otlp/routes.h"
#include "wire/prometheus/routes.h"
#include "wire/scoring/routes.h"
#include "wire/tfserving/routes.h"
#include "wire/web/routes.h"

namespace slipway::app {
namespace {

// An endpoint may be given its drift threshold when it is made.
wire::api::SetDriftThreshold threshold_of(monitor::Monitor& monitor) {
  return [&monitor](const std::string& endpoint, double share) -> Result<void> {
    const auto set =
        monitor.set_settings(endpoint, "{\"drift_threshold\":" + number_text(share) + "}");
    return set ? Result<void>() : Result<void>(set.error());
  };
}

wire::api::CheckPolicy check_by(Gatekeeper& gatekeeper) {
  return [&gatekeeper](const wire::api::PolicyQuestion& in) {
    return gatekeeper.check({.policy = in.policy,
                             .model = in.model,
                             .version = in.version,
                             .endpoint = in.endpoint,
                             .actor = in.actor});
  };
}

// The rollout that moves an endpoint's traffic now, if one does.
std::optional<wire::api::RunningRollout> running_rollout(rollout::Rollouts& rollouts,
                                                         const std::string& endpoint) {
  const auto newest = rollouts.list(endpoint, {.size = 1});
  if (!newest || newest->items.empty()) return std::nullopt;
  const auto& one = newest->items[0];
  if (one.state != rollout::State::running && one.state != rollout::State::paused) {
    return std::nullopt;
  }
  return wire::api::RunningRollout{one.id, std::to_string(one.challenger), one.weight};
}

std::vector<std::function<std::vector<wire::api::Happening>(std::size_t)>> what_happened(
    Platform& platform) {
  return {
      [&govern = platform.govern()](std::size_t n) { return decisions_that_happened(govern, n); },
      [&executions = platform.executions()](std::size_t n) {
        return executions_that_happened(executions, n);
      }};
}

wire::api::Maintenance maintenance_of(Platform& platform) {
  return {.back_up = [&platform](const std::string& path) -> Result<std::string> {
            SW_TRY(const auto report, back_up(platform, path));
            return to_json(report);
          },
          .collect_garbage = [&platform](const std::string& text) -> Result<std::string> {
            SW_TRY(const auto order, parse_gc_order(text));
            SW_TRY(const auto report, collect_garbage(platform, order));
            return to_json(report);
          }};
}

wire::api::Batch batch_of(Platform& platform) {
  auto& batches = platform.batches();
  const auto text = [](const Result<BatchJob>& job) -> Result<std::string> {
    if (!job) return job.error();
    return to_json(*job);
  };
  return {.start = [&batches, text](const std::string& body) -> Result<std::string> {
            SW_TRY(const auto spec, parse_batch_spec(body));
            return text(batches.submit(spec));
          },
          .list = [&batches]() -> Result<std::string> {
            SW_TRY(const auto jobs, batches.list());
            std::string out = "{\"items\":[";
            for (const auto& job : jobs) out += (out.back() == '[' ? "" : ",") + to_json(job);
            return out + "]}";
          },
          .show = [&batches, text](const std::string& id) { return text(batches.get(id)); },
          .cancel = [&batches, text](const std::string& id) { return text(batches.cancel(id)); },
          .look_up = [&batches, &clock = platform.clock()](
                         const std::string& target, const std::string& key) -> Result<std::string> {
            SW_TRY(const auto answer, batches.look_up(target, key));
            return to_json(answer, clock.now());
          }};
}

}  // namespace

void add_routes(net::Router& router, net::GrpcRouter& grpc, Platform& platform) {
  router.render_errors("", wire::api::problem);
  wire::prometheus::add_metric_routes(router, platform.meters());
  wire::api::add_platform_routes(router, version(), wire::mlflow::version_for);
  wire::api::add_event_routes(router, platform.events());
  wire::api::add_experiment_routes(router, platform.tracking());
  wire::api::add_run_routes(router, platform.tracking(), platform.blobs());
  wire::api::add_series_routes(router, platform.tracking(), platform.blobs(), platform.clock(),
                               [&blobs = platform.blobs()](const tracking::Run& run) {
                                 return wire::mlflow::logged_media(blobs, run);
                               });
  wire::mlflow::add_mlflow_routes(router, platform.tracking(), platform.registry(),
                                  platform.tracing(), platform.blobs(), platform.webhooks(),
                                  platform.evaluation());
  wire::otlp::add_routes(router, platform.tracing());
  wire::api::add_import_routes(router,
                               transfer::open_local_target(platform.database(), platform.registry(),
                                                           platform.blobs(), platform.ids()));
  wire::api::add_batch_routes(router, batch_of(platform));
  wire::api::add_maintenance_routes(router, maintenance_of(platform));
  wire::api::add_graph_routes(router, platform.endpoints());
  wire::api::add_endpoint_routes(router, platform.endpoints(), platform.registry(),
                                 threshold_of(platform.monitor()));
  wire::api::add_prediction_routes(router, platform.endpoints(), platform.monitor());
  wire::api::add_monitor_routes(router, platform.monitor(), platform.endpoints(),
                                platform.registry());
  wire::api::add_business_routes(router, platform.monitor(), platform.endpoints());
  wire::api::add_expectation_routes(router, platform.monitor(), platform.endpoints());
  const wire::api::HasReference has_reference =
      [&monitor = platform.monitor()](const std::string& model, const std::string& version) {
        return monitor.has_reference(model, version);
      };
  const ChainParts chain{platform.monitor(), platform.executions(), platform.registry(),
                         platform.govern(), platform.rollouts()};
  wire::api::add_model_routes(router, platform.registry(), platform.govern(), has_reference,
                              [chain](const std::string& model, std::int64_t version) {
                                return origin_of(chain, model, version);
                              });
  wire::api::add_chain_routes(
      router, [chain](const std::string& alert_id) { return chain_of(chain, alert_id); });
  wire::api::add_promotion_routes(router, platform.registry(), check_by(platform.gatekeeper()),
                                  has_reference);
  wire::api::add_served_routes(router, platform.registry(), platform.endpoints());
  wire::api::add_policy_routes(router, platform.govern(), check_by(platform.gatekeeper()));
  wire::api::add_rollout_routes(router, platform.rollouts(), check_by(platform.gatekeeper()));
  wire::api::add_overview_routes(
      router,
      {.endpoints = platform.endpoints(),
       .monitor = platform.monitor(),
       .registry = platform.registry(),
       .rollout = [&rollouts = platform.rollouts()](
                      const std::string& endpoint) { return running_rollout(rollouts, endpoint); },
       .happenings = what_happened(platform)});
  wire::api::add_pipeline_routes(router, platform.executions());
  wire::api::add_hook_routes(router, platform.hooks());
  wire::alertmanager::add_routes(router, platform.hooks());
  const auto inference =
      wire::oip::make_service(platform.endpoints(), platform.decoders(), version());
  wire::oip::add_routes(router, inference);
  wire::oip::add_methods(grpc, inference);
  wire::tfserving::add_routes(router, platform.endpoints(), platform.decoders());
  wire::tfserving::add_methods(grpc, platform.endpoints(), platform.decoders());
  wire::scoring::add_routes(
      router, platform.endpoints(), platform.decoders(),
      {.predict = platform.config().predict_route, .health = platform.config().health_route});
  wire::web::add_web_routes(router);
}

}  // namespace slipway::app
