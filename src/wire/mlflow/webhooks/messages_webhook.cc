// SPDX-License-Identifier: Apache-2.0
#include "webhooks/messages_webhook.h"

#include "json/describe.h"

SLIPWAY_JSON(slipway::wire::mlflow::CreateWebhook)
SLIPWAY_JSON(slipway::wire::mlflow::UpdateWebhook)
SLIPWAY_JSON(slipway::wire::mlflow::ListWebhooks)
SLIPWAY_JSON(slipway::wire::mlflow::TestWebhook)
SLIPWAY_JSON(slipway::wire::mlflow::WebhookAnswer)
SLIPWAY_JSON(slipway::wire::mlflow::WebhookPage)
SLIPWAY_JSON(slipway::wire::mlflow::WebhookTestAnswer)
