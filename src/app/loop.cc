// SPDX-License-Identifier: Apache-2.0
#include "loop.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "allocator.h"
#include "base/log.h"
#include "base/pool.h"
#include "load_seen.h"
#include "monitor/monitor.h"
#include "monitor/retraining.h"
#include "serving/endpoints.h"

namespace slipway::app {
namespace {

// Alerts about versions that no longer answer are over.
Result<void> close_answered(monitor::Monitor& monitor, serving::Endpoints& endpoints) {
  SW_TRY(const auto open, monitor.alerts().list({.unresolved = true, .page = {.size = 1'000}}));
  for (const auto& alert : open.items) {
    const auto view = endpoints.get(alert.endpoint);
    if (!view) {
      if (view.error().code == Code::not_found) SW_CHECK_OK(monitor.forget(alert.endpoint));
      continue;
    }
    const auto versions = answering(*view);
    if (versions.empty()) continue;
    if (std::find(versions.begin(), versions.end(), alert.version) != versions.end()) continue;
    SW_CHECK_OK(monitor.versions_changed(alert.endpoint, versions,
                                         "version " + versions.front() + " answers now"));
  }
  return {};
}

}  // namespace

struct Loop::Impl {
  std::unique_ptr<Worker> worker;
  std::shared_ptr<void> subscription;  // ends before the worker that it wakes
};

Loop::Loop(monitor::Monitor& monitor, serving::Endpoints& endpoints, monitor::Launcher& launcher,
           rollout::Rollouts& rollouts, EventBus& events, Clock& clock)
    : impl_(std::make_unique<Impl>()) {
  impl_->worker = std::make_unique<Worker>("loop", [&](const Worker::Sleep& sleep) {
    Allocator allocator(monitor, endpoints, rollouts, clock);
    do {
      if (const auto done = allocator.tick(); !done) {
        log::error("loop.allocation_failed", {{"why", done.error().message}});
      }
      if (const auto done = close_answered(monitor, endpoints); !done) {
        log::error("loop.alerts_failed", {{"why", done.error().message}});
      }
      if (const auto done = monitor::retrain_due(monitor, clock, launcher); !done) {
        log::error("loop.retraining_failed", {{"why", done.error().message}});
      }
    } while (sleep(1'000));
  });
  impl_->subscription =
      events.subscribe([&monitor, worker = impl_->worker.get()](const Event& event) {
        if (event.type == "endpoint.deleted") {
          if (const auto done = monitor.forget(event.subject); !done) {
            log::error("loop.forget_failed", {{"why", done.error().message}});
          }
        }
        if (event.type == "alert.opened" || event.type == "endpoint.changed" ||
            event.type == "rollout.promoted" || event.type == "execution.finished") {
          worker->wake();
        }
      });
}

Loop::~Loop() {
  impl_->subscription.reset();
}

}  // namespace slipway::app
