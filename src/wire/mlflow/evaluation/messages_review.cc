// SPDX-License-Identifier: Apache-2.0
#include "evaluation/messages_review.h"

#include "json/describe.h"

SLIPWAY_JSON(slipway::wire::mlflow::LabelSchemaIn)
SLIPWAY_JSON(slipway::wire::mlflow::LabelSchemaAnswer)
SLIPWAY_JSON(slipway::wire::mlflow::LabelSchemaPage)
SLIPWAY_JSON(slipway::wire::mlflow::ReviewWanted)
SLIPWAY_JSON(slipway::wire::mlflow::ReviewQueueIn)
SLIPWAY_JSON(slipway::wire::mlflow::ReviewQueueAnswer)
SLIPWAY_JSON(slipway::wire::mlflow::ReviewQueuePage)
SLIPWAY_JSON(slipway::wire::mlflow::ReviewItemsIn)
SLIPWAY_JSON(slipway::wire::mlflow::ReviewItemStatus)
SLIPWAY_JSON(slipway::wire::mlflow::ReviewItemAnswer)
SLIPWAY_JSON(slipway::wire::mlflow::ReviewItemPage)
