// SPDX-License-Identifier: Apache-2.0
#include "models/messages_logged_model.h"

#include "json/describe.h"

SLIPWAY_JSON(slipway::wire::mlflow::LoggedModelResponse)
SLIPWAY_JSON(slipway::wire::mlflow::CreateLoggedModel)
SLIPWAY_JSON(slipway::wire::mlflow::GetLoggedModel)
SLIPWAY_JSON(slipway::wire::mlflow::FinalizeLoggedModel)
SLIPWAY_JSON(slipway::wire::mlflow::LoggedModelParams)
SLIPWAY_JSON(slipway::wire::mlflow::LoggedModelTags)
SLIPWAY_JSON(slipway::wire::mlflow::SearchLoggedModels)
SLIPWAY_JSON(slipway::wire::mlflow::LoggedModelsResponse)
