// SPDX-License-Identifier: Apache-2.0
// An alert in the words of those who are told: our own webhooks, Slack, Alertmanager, mail.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "monitor/settings.h"
#include "monitor/types.h"

namespace slipway::monitor {

// What is posted to (or mailed to) `hook`; `event` is alert.opened or alert.closed, `id` that of
// the delivery, which stays the same when it is repeated.
//   slipway       {"event", "delivery", "alert": {..}}
//   slack         a message with one attachment, which Mattermost and Rocket.Chat read too
//   alertmanager  what POST /api/v2/alerts takes; an open alert ends in 30 days unless it is closed
//   mail          a whole RFC 5322 message of plain text; `from` is put in when it is sent
std::string notice_body(const Webhook& hook, std::string_view event, const Alert& alert,
                        const std::string& id, Timestamp now);

struct Notice {
  std::string event;
  Alert alert;
};
// Several about one endpoint in one message; to our own webhooks {"event": "alerts", "delivery",
// "alerts": [{"event", "alert"}, ..]}.
std::string group_body(const Webhook& hook, const std::vector<Notice>& notices,
                       const std::string& id, Timestamp now);

// One line: "delays: 3 of 17 columns drifted .. (warning)".
std::string headline(std::string_view event, const Alert& alert);

// The sender's line in front of a message that notice_body() made.
std::string with_sender(const std::string& message, const std::string& from);

}  // namespace slipway::monitor
