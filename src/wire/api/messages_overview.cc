// SPDX-License-Identifier: Apache-2.0
#include "messages_overview.h"

#include "json/describe.h"

SLIPWAY_JSON(slipway::wire::api::OverviewJson)
