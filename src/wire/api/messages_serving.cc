// SPDX-License-Identifier: Apache-2.0
#include "messages_serving.h"

#include "json/describe.h"

SLIPWAY_JSON(slipway::wire::api::EndpointBody)
SLIPWAY_JSON(slipway::wire::api::EndpointJson)
SLIPWAY_JSON(slipway::wire::api::EndpointListJson)
SLIPWAY_JSON(slipway::wire::api::PredictionListJson)
SLIPWAY_JSON(slipway::wire::api::GraphBody)
SLIPWAY_JSON(slipway::wire::api::GraphJson)
