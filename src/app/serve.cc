// SPDX-License-Identifier: Apache-2.0
#include "app/serve.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <thread>

#include "app/middleware.h"
#include "app/platform.h"
#include "app/routes.h"
#include "app/spans.h"
#include "app/version.h"
#include "base/log.h"
#include "base/pool.h"
#include "base/text.h"
#include "metric_export.h"
#include "net/server.h"
#include "pipeline/pipeline.h"

namespace slipway::app {
namespace {

// Taken as messages by the main thread; every other thread has them blocked.
sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

net::ServerOptions server_options(const Config& config) {
  net::ServerOptions out;
  out.host = config.host;
  out.port = static_cast<std::uint16_t>(config.port);
  const auto cores = std::clamp(std::thread::hardware_concurrency(), 1U, 8U);
  out.io_threads = config.io_threads > 0 ? static_cast<std::size_t>(config.io_threads) : cores;
  out.tls_certificate = config.tls_certificate;
  out.tls_key = config.tls_key;
  return out;
}

net::GrpcOptions grpc_options(const Config& config) {
  net::GrpcOptions out;
  out.host = config.host;
  out.port = static_cast<std::uint16_t>(config.grpc_port);
  return out;
}

// A second server on the machine that was given a port of its own, and none for gRPC, need not know
// of the first.
Result<std::uint16_t> listen_grpc(net::Server& server, const Config& config,
                                  const net::GrpcRouter& router, Platform& platform,
                                  const Around& around) {
  auto options = grpc_options(config);
  const auto listen = [&] {
    return server.listen_grpc(options, router,
                              make_grpc_middleware(router, platform.meters(), around));
  };
  auto port = listen();
  if (port || options.port != Config().grpc_port || config.port == Config().port) return port;
  log::warn("grpc.port_in_use", {{"port", options.port}, {"message", port.error().message}});
  options.port = 0;
  return listen();
}

}  // namespace

Result<void> serve(const Config& config) {
  const auto signals = stop_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  SW_TRY(auto platform, Platform::open(config, Mode::server));
  net::Router router;
  net::GrpcRouter grpc;
  add_routes(router, grpc, *platform);
  Around around{.access_log = config.access_log == "yes"};
  if (!config.trace_export.empty()) {
    around.spans = std::make_shared<SpanExport>(
        config.trace_export, parse_double(config.trace_share).value_or(1), platform->meters());
  }
  std::unique_ptr<MetricExport> metrics;
  if (!config.statsd.empty() || !config.metrics_export.empty()) {
    SW_TRY(metrics,
           MetricExport::start({.statsd = config.statsd,
                                .otlp = config.metrics_export,
                                .every_ms = static_cast<int>(config.metrics_seconds) * 1'000},
                               platform->meters()));
  }
  Pool workers("http", static_cast<std::size_t>(config.workers),
               static_cast<std::size_t>(config.queue));
  SW_TRY(auto server, net::Server::start(server_options(config), router, workers,
                                         make_middleware(router, platform->meters(), around)));
  SW_TRY(const auto grpc_port, listen_grpc(*server, config, grpc, *platform, around));
  const std::string url = std::string(config.tls_certificate.empty() ? "http" : "https") + "://" +
                          config.host + ":" + std::to_string(server->port());
  if (config.role != "all") log::info("platform.serves_only", {});
  // Also one that only serves: it takes pipelines over when the one that runs them is gone.
  SW_CHECK_OK(platform->executions().serve({{"SLIPWAY_URL", url}, {"MLFLOW_TRACKING_URI", url}}));
  log::info(
      "platform.ready",
      {{"url", url}, {"grpc_port", grpc_port}, {"data", config.data}, {"version", version()}});

  int signal = 0;
  sigwait(&signals, &signal);
  log::info("platform.stopping", {{"signal", signal == SIGINT ? "SIGINT" : "SIGTERM"},
                                  {"connections", server->connections()}});
  server->shut_down(static_cast<int>(config.grace_seconds * 1000));
  workers.drain();
  platform->stop();
  log::info("platform.stopped");
  if (!platform->lost_store()) return {};
  return precondition("another server looks after the store now",
                      "start this one again, or with --role serve: it answers beside the other");
}

}  // namespace slipway::app
