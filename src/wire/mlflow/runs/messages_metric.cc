// SPDX-License-Identifier: Apache-2.0
#include "runs/messages_metric.h"

#include "json/describe.h"

SLIPWAY_JSON(slipway::wire::mlflow::GetHistory)
SLIPWAY_JSON(slipway::wire::mlflow::GetHistoryBulk)
SLIPWAY_JSON(slipway::wire::mlflow::GetHistorySampled)
