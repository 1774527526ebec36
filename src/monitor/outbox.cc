// SPDX-License-Identifier: Apache-2.0
#include "outbox.h"

#include <algorithm>
#include <set>
#include <utility>

#include "alert_rows.h"
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
    "INSERT INTO monitor_outbox (id, alert_id, url, secret, body, attempts, next_at, last_error, "
    "event, format) VALUES (?, ?, ?, ?, ?, 0, ?, '', ?, ?)";
constexpr std::string_view kWaiting =
    "SELECT o.id, o.url, o.secret, o.body, o.attempts, o.alert_id, o.event, o.format, a.endpoint "
    "FROM monitor_outbox o LEFT JOIN monitor_alert a ON a.id = o.alert_id "
    "WHERE NOT EXISTS (SELECT 1 FROM monitor_silence s "
    "WHERE (s.endpoint = '' OR s.endpoint = a.endpoint) AND (s.kind = '' OR s.kind = a.kind) AND "
    "s.starts <= ? AND s.ends > ?) AND ";
constexpr std::string_view kDue =
    "(o.next_at <= ? OR o.next_at > ?) ORDER BY o.next_at, o.id LIMIT 50";
// As often tried as the first, so that what is tried again is as it was.
constexpr std::string_view kTogether =
    "o.url = ? AND o.format = ? AND o.attempts = ? AND a.endpoint = ? ORDER BY o.id LIMIT 50";
// Nothing waits longer: what seems to was written before the clock went back.
constexpr std::int64_t kFarAway = kLongestWaitMs + 60'000;

struct Delivery {
  std::string id;
  std::string url;
  std::string secret;
  std::string body;
  std::int64_t attempts = 0;
  std::string alert_id;
  std::string event;
  std::string format;  // empty: it is told alone
  std::string endpoint;
};

Delivery from_row(const Row& row) {
  const auto text = [&](int column) { return std::string(row.text(column)); };
  return {text(0), text(1),      text(2),
          text(3), row.int64(4), text(5),
          text(6), text(7),      row.is_null(8) ? std::string() : text(8)};
}

std::string format_of(const Webhook& hook, const Settings& watched) {
  if (hook.is_mail()) return "mail";
  if (hook.format == NoticeFormat::slipway && watched.group_seconds == 0) return "";
  return std::string(name_of(hook.format));
}

Webhook hook_of(const Delivery& delivery) {
  Webhook out{.url = delivery.url};
  for (const auto format : {NoticeFormat::slack, NoticeFormat::alertmanager}) {
    if (name_of(format) == delivery.format) out.format = format;
  }
  return out;
}

// What is told with it, itself among them.
Result<std::vector<Delivery>> together(store::Database& db, const Delivery& first, Timestamp now) {
  if (first.format.empty() || first.endpoint.empty()) return std::vector<Delivery>{first};
  return db.read([&](Connection& c) {
    return c.all(std::string(kWaiting) + std::string(kTogether),
                 {now.ms, now.ms, first.url, first.format, first.attempts, first.endpoint},
                 from_row);
  });
}

// One text for all of them.
Result<std::string> body_of(store::Database& db, const std::vector<Delivery>& all, Timestamp now) {
  if (all.size() == 1) return all[0].body;
  std::vector<Notice> notices;
  SW_CHECK_OK(db.read([&](Connection& c) -> Result<void> {
    for (const auto& each : all) {
      SW_TRY(auto alert, read_alert(c, each.alert_id));
      notices.push_back({each.event, std::move(alert)});
    }
    return {};
  }));
  return group_body(hook_of(all[0]), notices, all[0].id, now);
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

Result<void> settle(store::Database& db, const std::vector<Delivery>& all,
                    const std::string& failure, Timestamp now) {
  return db.write([&](Connection& c) -> Result<void> {
    for (const auto& delivery : all) {
      if (failure.empty() || delivery.attempts + 1 >= kMostAttempts) {
        SW_CHECK_OK(c.exec("DELETE FROM monitor_outbox WHERE id = ?", {delivery.id}));
        continue;
      }
      const auto doublings = std::min<std::int64_t>(delivery.attempts, 20);
      const std::int64_t wait = std::min(std::int64_t{1'000} << doublings, kLongestWaitMs);
      SW_CHECK_OK(
          c.exec("UPDATE monitor_outbox SET attempts = attempts + 1, next_at = ?, "
                 "last_error = ? WHERE id = ?",
                 {now.ms + wait, failure, delivery.id}));
    }
    return {};
  });
}

}  // namespace

Result<void> enqueue(Connection& c, Ids& ids, std::string_view event, const Alert& alert,
                     const Settings& watched, Timestamp now) {
  bool silent = false;
  if (event == "alert.closed") {
    SW_TRY(silent, is_silent(c, alert, now));
  }
  const auto due = now.ms + watched.group_seconds * 1'000;
  for (const auto& hook : watched.webhooks) {
    if (silent) {
      SW_TRY(const auto unheard, forget_unsent(c, alert.id, hook.url));
      if (unheard) continue;
    }
    const std::string id = ids.sortable();
    const auto body = notice_body(hook, event, alert, id, now);
    SW_CHECK_OK(c.exec(kInsert, {id, alert.id, hook.url, hook.secret, body, due, std::string(event),
                                 format_of(hook, watched)}));
  }
  return {};
}

Result<int> deliver_due(store::Database& db, Clock& clock, const Send& send,
                        const std::optional<Seal>& seal, const Mail& mail) {
  SW_TRY(const auto due, db.read([&](Connection& c) {
    const auto now = clock.now().ms;
    return c.all(std::string(kWaiting) + std::string(kDue), {now, now, now, now + kFarAway},
                 from_row);
  }));
  int delivered = 0;
  std::set<std::string> done;
  for (auto delivery : due) {
    if (done.contains(delivery.id)) continue;
    SW_TRY(const auto all, together(db, delivery, clock.now()));
    if (all.empty()) continue;  // silenced since
    SW_TRY(delivery.body, body_of(db, all, clock.now()));
    delivery.id = all[0].id;
    for (const auto& each : all) done.insert(each.id);
    const std::string failure = attempt(delivery, send, seal, mail);
    if (failure.empty()) {
      delivered += static_cast<int>(all.size());
    } else if (delivery.attempts + 1 >= kMostAttempts) {
      log::error("monitor.webhook_given_up", {{"url", delivery.url}, {"why", failure}});
    } else {
      log::warn("monitor.webhook_failed",
                {{"url", delivery.url}, {"why", failure}, {"attempts", delivery.attempts + 1}});
    }
    SW_CHECK_OK(settle(db, all, failure, clock.now()));
  }
  return delivered;
}

}  // namespace slipway::monitor
