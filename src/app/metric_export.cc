// SPDX-License-Identifier: Apache-2.0
#include "metric_export.h"

#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "fetch/fetch.h"
#include "wire/dogstatsd/dogstatsd.h"
#include "wire/otlp/metrics_out.h"

namespace slipway::app {
namespace {

constexpr int kTimeoutMs = 5'000;
constexpr std::string_view kPath = "/v1/metrics";

}  // namespace

Result<std::unique_ptr<MetricExport>> MetricExport::start(const MetricTargets& targets,
                                                          const meter::Registry& meters) {
  std::unique_ptr<fetch::Datagrams> agent;
  if (!targets.statsd.empty()) {
    auto opened = fetch::Datagrams::open(targets.statsd);
    if (!opened) return invalid("--statsd: " + opened.error().message, opened.error().hint);
    agent = *std::move(opened);
  }
  auto to = targets;
  if (!to.otlp.empty() && !to.otlp.starts_with("http://") && !to.otlp.starts_with("https://")) {
    return invalid("--metrics-export: '" + to.otlp + "' is not an http or https URL");
  }
  if (!to.otlp.empty() && !to.otlp.ends_with(kPath)) {
    to.otlp += to.otlp.ends_with('/') ? kPath.substr(1) : kPath;
  }
  return std::unique_ptr<MetricExport>(new MetricExport(std::move(to), meters, std::move(agent)));
}

MetricExport::MetricExport(MetricTargets targets, const meter::Registry& meters,
                           std::unique_ptr<fetch::Datagrams> agent)
    : targets_(std::move(targets)),
      meters_(meters),
      agent_(std::move(agent)),
      started_ms_(system_clock().now().ms) {
  worker_ = std::make_unique<Worker>("metric-export", [this](const Worker::Sleep& sleep) {
    while (sleep(targets_.every_ms)) send();
    send();
  });
}

MetricExport::~MetricExport() {
  worker_.reset();
}

void MetricExport::send() {
  auto now = meter::read_prometheus(meters_.prometheus_text());
  if (agent_ != nullptr) {
    const auto most = targets_.statsd.starts_with("unix://") ? wire::dogstatsd::kLocalBytes
                                                             : wire::dogstatsd::kUdpBytes;
    for (const auto& packet : wire::dogstatsd::datagrams(now, before_, most)) {
      (void)agent_->send(packet);
    }
  }
  if (!targets_.otlp.empty()) send_to_collector(now);
  before_ = std::move(now);
}

void MetricExport::send_to_collector(const std::vector<meter::Snapshot>& now) {
  const auto answer =
      fetch::send({.method = "POST",
                   .url = targets_.otlp,
                   .headers = {{"content-type", "application/json"}},
                   .body = wire::otlp::metrics_json(now, started_ms_, system_clock().now().ms),
                   .timeout_ms = kTimeoutMs});
  const bool taken = answer && answer->status / 100 == 2;
  if (!taken && !complained_) {
    log::warn("metrics.not_exported", {{"url", targets_.otlp},
                                       {"why", answer ? "status " + std::to_string(answer->status)
                                                      : answer.error().message}});
  }
  complained_ = !taken;  // once, not every ten seconds
}

}  // namespace slipway::app
