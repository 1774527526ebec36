// SPDX-License-Identifier: Apache-2.0
// Deliveries: one webhook at a time has one thread, what was not taken is tried again later.
#include <algorithm>

#include "base/log.h"
#include "impl.h"

namespace slipway::webhook {
namespace {

using store::Connection;

constexpr int kLookMs = 500;
constexpr std::size_t kThreads = 4;
constexpr std::size_t kAtOnce = 20;
constexpr std::int64_t kMostAttempts = 153;  // about a day

// Worth another try: no answer, or one that says "later".
bool is_passing(int status) {
  return status == 408 || status == 429 || status >= 500;
}

std::int64_t wait_after(std::int64_t attempts) {
  const auto doublings = std::min<std::int64_t>(attempts, 20);
  const auto wait = std::min(std::int64_t{1'000} << doublings, kLongestWaitMs);
  return wait + static_cast<std::int64_t>(random_unit() * 1'000);
}

}  // namespace

Result<fetch::Response> Webhooks::Impl::attempt(const Delivery& delivery) const {
  fetch::Request request{.method = "POST", .url = delivery.url, .body = delivery.body};
  request.timeout_ms = options.timeout_ms;
  request.body_limit = 1 << 20;
  request.public_only = !options.private_addresses;
  request.headers = sign(delivery);
  request.headers.emplace_back("Content-Type", "application/json");
  return send(request);
}

Result<bool> Webhooks::Impl::deliver(const std::string& webhook, const Delivery& delivery) const {
  const auto answer = attempt(delivery);
  std::string why;
  bool again = false;
  if (!answer) {
    why = answer.error().message;
    again = answer.error().code != Code::invalid_argument;
  } else if (answer->status >= 400) {
    why = "answered " + std::to_string(answer->status);
    again = is_passing(answer->status);
  }
  again = again && delivery.attempts + 1 < kMostAttempts;
  if (!why.empty()) {
    log::warn(again ? "webhook.failed" : "webhook.given_up", {{"webhook", webhook},
                                                              {"delivery", delivery.id},
                                                              {"why", why},
                                                              {"attempts", delivery.attempts + 1}});
  }
  const Timestamp next{clock.now().ms + wait_after(delivery.attempts)};
  SW_CHECK_OK(db.write([&](Connection& c) {
    return again ? postpone(c, webhook, delivery, next, why) : forget(c, delivery.id);
  }));
  return !again;
}

Result<int> Webhooks::Impl::deliver_to(const std::string& webhook) const {
  const auto now = clock.now();
  SW_TRY(auto due, db.read([&](Connection& c) { return due_of(c, webhook, now, kAtOnce); }));
  int taken = 0;
  for (auto& delivery : due) {
    delivery.sent = clock.now();
    auto secret = opened(delivery.secret, webhook);
    if (!secret) {
      // Unsigned it must not go; the key may come back.
      log::error("webhook.secret", {{"webhook", webhook}, {"why", secret.error().message}});
      const Timestamp next{clock.now().ms + kLongestWaitMs};
      SW_CHECK_OK(db.write([&](Connection& c) {
        return postpone(c, webhook, delivery, next, secret.error().message);
      }));
      break;
    }
    delivery.secret = *std::move(secret);
    SW_TRY(const auto settled, deliver(webhook, delivery));
    if (!settled) break;
    ++taken;
  }
  return taken;
}

Result<int> Webhooks::deliver_due() {
  const auto now = impl_->clock.now();
  SW_TRY(const auto webhooks,
         impl_->db.read([&](Connection& c) { return webhooks_with_due(c, now); }));
  int taken = 0;
  for (const auto& webhook : webhooks) {
    SW_TRY(const auto n, impl_->deliver_to(webhook));
    taken += n;
  }
  return taken;
}

void Webhooks::start() {
  auto* impl = impl_.get();
  impl->pool = std::make_unique<Pool>("webhook", kThreads, 1'024);
  impl->worker = std::make_unique<Worker>("webhooks", [impl](const Worker::Sleep& sleep) {
    const auto hand_out = [impl](const std::string& webhook) {
      {
        const std::lock_guard lock(impl->mutex);
        if (!impl->busy.insert(webhook).second) return;
      }
      const auto done = [impl, webhook] {
        const std::lock_guard lock(impl->mutex);
        impl->busy.erase(webhook);
      };
      const bool posted = impl->pool->post([impl, webhook, done] {
        const auto taken = impl->deliver_to(webhook);
        if (!taken) log::warn("webhook.store_failed", {{"why", taken.error().message}});
        done();
      });
      if (!posted) done();
    };
    do {
      const auto now = impl->clock.now();
      const auto found = impl->db.read([&](Connection& c) { return webhooks_with_due(c, now); });
      if (!found) continue;
      for (const auto& webhook : *found) hand_out(webhook);
    } while (sleep(kLookMs));
  });
}

void Webhooks::stop() {
  impl_->worker.reset();
  impl_->pool.reset();
}

}  // namespace slipway::webhook
