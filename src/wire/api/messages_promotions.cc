// SPDX-License-Identifier: Apache-2.0
#include "messages_promotions.h"

#include "json/describe.h"

SLIPWAY_JSON(slipway::wire::api::ProtectBody)
SLIPWAY_JSON(slipway::wire::api::ProtectionJson)
SLIPWAY_JSON(slipway::wire::api::PromoteBody)
SLIPWAY_JSON(slipway::wire::api::PromotionJson)
SLIPWAY_JSON(slipway::wire::api::PromotionListJson)
SLIPWAY_JSON(slipway::wire::api::PromotedJson)
SLIPWAY_JSON(slipway::wire::api::PastJson)
