// SPDX-License-Identifier: Apache-2.0
// Webhooks on their way out. They are rows until a receiver has answered 2xx: at least once, in no
// order; the delivery id tells repeats apart.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/seal.h"
#include "fetch/fetch.h"
#include "monitor/settings.h"
#include "monitor/types.h"
#include "store/database.h"

namespace slipway::monitor {

// Writes one row a webhook in the caller's transaction. The end of an alert whose opening was held
// back by a silence takes both away: nobody need hear of it.
Result<void> enqueue(store::Connection& c, Ids& ids, std::string_view event, const Alert& alert,
                     const Settings& watched, Timestamp now);

using Send = std::function<Result<fetch::Response>(const fetch::Request&)>;
// Sends one message to one mailbox.
using Mail = std::function<Result<void>(const std::string& to, const std::string& message)>;

// Sends what is due (at most 50) and answers how many were delivered. A failed one is tried again
// after 1 s, 2 s, 4 s .. 10 minutes, and given up (logged) after a day.
// A secret that `seal` sealed for the webhook's address is opened; what cannot be waits.
// What is silenced (monitor/silences.h) waits. Without `mail` mails fail and are tried again.
// What waits for one address about one endpoint is told at once, but to our own webhooks only
// where group_seconds asks for it.
Result<int> deliver_due(store::Database& db, Clock& clock, const Send& send,
                        const std::optional<Seal>& seal = {}, const Mail& mail = {});

}  // namespace slipway::monitor
