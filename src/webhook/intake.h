// SPDX-License-Identifier: Apache-2.0
// The door for webhooks that were made elsewhere: ids and times are given here, not made.
#pragma once

#include "base/result.h"
#include "webhook/webhook.h"

namespace slipway::webhook {

// Inside the caller's transaction; may be repeated. One of the same name and address that is here
// already stays as it is, and whether one delivers, and its secret, are never changed.
Result<void> take_webhook(store::Connection& db, const Webhook& webhook);

}  // namespace slipway::webhook
