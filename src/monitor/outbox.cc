// SPDX-License-Identifier: Apache-2.0
#include "outbox.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "base/log.h"
#include "monitor/silences.h"
#include "notices.h"

namespace slipway::monitor {
namespace {

using store::Connection;
using store::Row;

constexpr std::string_view kMailTo = "mailto:";
constexpr int kTimeoutMs = 10'000;
constexpr std::int64_t kLongestWaitMs = 600'000;
constexpr std::int64_t kMostAttempts = 153;  // about a day
constexpr std::string_view kInsert =
    "INSERT INTO monitor_outbox (id, alert_id, url, secret, body, attempts, next_at, last_error) "
    "VALUES (?, ?, ?, ?, ?, 0, ?, '')";
constexpr std::string_view kDue =
    "SELECT o.id, o.url, o.secret, o.body, o.attempts FROM monitor_outbox o "
    "LEFT JOIN monitor_alert a ON a.id = o.alert_id "
    "WHERE (o.next_at <= ? OR o.next_at > ?) AND NOT EXISTS (SELECT 1 FROM monitor_silence s "
    "WHERE (s.endpoint = '' OR s.endpoint = a.endpoint) AND (s.kind = '' OR s.kind = a.kind) AND "
    "s.starts <= ? AND s.ends > ?) ORDER BY o.next_at, o.id LIMIT 50";
// Nothing waits longer: what seems to was written before the clock went back.
constexpr std::int64_t kFarAway = kLongestWaitMs + 60'000;

struct Delivery {
  std::string id;
  std::string url;
  std::string secret;
  std::string body;
  std::int64_t attempts = 0;
};

Delivery from_row(const Row& row) {
  return {std::string(row.text(0)), std::string(row.text(1)), std::string(row.text(2)),
          std::string(row.text(3)), row.int64(4)};
}

fetch::Request request_of(const Delivery& delivery, const std::string& secret) {
  fetch::Request out{.method = "POST", .url = delivery.url, .body = delivery.body};
  out.timeout_ms = kTimeoutMs;
  out.body_limit = 64 << 10;
  out.headers = {{"content-type", "application/json"},
                 {"user-agent", "slipway"},
                 {"x-slipway-delivery", delivery.id}};
  if (!secret.empty()) {
    out.headers.emplace_back("x-slipway-signature",
                             "sha256=" + hmac_sha256_hex(secret, delivery.body));
  }
  return out;
}

// Why it was not taken; empty when it was.
std::string attempt(const Delivery& delivery, const Send& send, const std::optional<Seal>& seal,
                    const Mail& mail) {
  if (delivery.url.starts_with(kMailTo)) {
    if (!mail) return "no mail server is set (smtp_url)";
    const auto sent = mail(delivery.url.substr(kMailTo.size()), delivery.body);
    return sent ? std::string() : sent.error().message;
  }
  const auto secret =
      seal ? seal->open(delivery.secret, delivery.url) : Result<std::string>(delivery.secret);
  if (!secret) return "its secret cannot be read: " + secret.error().message;
  const auto answer = send(request_of(delivery, *secret));
  if (!answer) return answer.error().message;
  if (answer->status >= 200 && answer->status < 300) return {};
  return "answered " + std::to_string(answer->status);
}

// Was there something about the alert that was never tried?
Result<bool> forget_unsent(Connection& c, const std::string& alert, const std::string& url) {
  SW_TRY(const auto unsent,
         c.first("SELECT id FROM monitor_outbox WHERE alert_id = ? AND url = ? AND attempts = 0",
                 {alert, url}, [](const Row& row) { return std::string(row.text(0)); }));
  if (!unsent) return false;
  SW_CHECK_OK(c.exec("DELETE FROM monitor_outbox WHERE id = ?", {*unsent}));
  return true;
}

Result<void> settle(store::Database& db, const Delivery& delivery, const std::string& failure,
                    Timestamp now) {
  return db.write([&](Connection& c) -> Result<void> {
    if (failure.empty() || delivery.attempts + 1 >= kMostAttempts) {
      SW_CHECK_OK(c.exec("DELETE FROM monitor_outbox WHERE id = ?", {delivery.id}));
      return {};
    }
    const auto doublings = std::min<std::int64_t>(delivery.attempts, 20);
    const std::int64_t wait = std::min(std::int64_t{1'000} << doublings, kLongestWaitMs);
    SW_CHECK_OK(
        c.exec("UPDATE monitor_outbox SET attempts = attempts + 1, next_at = ?, "
               "last_error = ? WHERE id = ?",
               {now.ms + wait, failure, delivery.id}));
    return {};
  });
}

}  // namespace

Result<void> enqueue(Connection& c, Ids& ids, std::string_view event, const Alert& alert,
                     const std::vector<Webhook>& webhooks, Timestamp now) {
  bool silent = false;
  if (event == "alert.closed") {
    SW_TRY(silent, is_silent(c, alert, now));
  }
  for (const auto& hook : webhooks) {
    if (silent) {
      SW_TRY(const auto unheard, forget_unsent(c, alert.id, hook.url));
      if (unheard) continue;
    }
    const std::string id = ids.sortable();
    const auto body = notice_body(hook, event, alert, id, now);
    SW_CHECK_OK(c.exec(kInsert, {id, alert.id, hook.url, hook.secret, body, now.ms}));
  }
  return {};
}

Result<int> deliver_due(store::Database& db, Clock& clock, const Send& send,
                        const std::optional<Seal>& seal, const Mail& mail) {
  SW_TRY(const auto due, db.read([&](Connection& c) {
    const auto now = clock.now().ms;
    return c.all(kDue, {now, now + kFarAway, now, now}, from_row);
  }));
  int delivered = 0;
  for (const auto& delivery : due) {
    const std::string failure = attempt(delivery, send, seal, mail);
    if (failure.empty()) {
      ++delivered;
    } else if (delivery.attempts + 1 >= kMostAttempts) {
      log::error("monitor.webhook_given_up", {{"url", delivery.url}, {"why", failure}});
    } else {
      log::warn("monitor.webhook_failed",
                {{"url", delivery.url}, {"why", failure}, {"attempts", delivery.attempts + 1}});
    }
    SW_CHECK_OK(settle(db, delivery, failure, clock.now()));
  }
  return delivered;
}

}  // namespace slipway::monitor
