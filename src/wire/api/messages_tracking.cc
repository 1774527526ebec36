// SPDX-License-Identifier: Apache-2.0
#include "messages_tracking.h"

#include "json/describe.h"

SLIPWAY_JSON(slipway::wire::api::ExperimentOut)
SLIPWAY_JSON(slipway::wire::api::ExperimentList)
SLIPWAY_JSON(slipway::wire::api::RunKeysOut)
SLIPWAY_JSON(slipway::wire::api::RunOut)
SLIPWAY_JSON(slipway::wire::api::RunList)
SLIPWAY_JSON(slipway::wire::api::MetricPoints)
SLIPWAY_JSON(slipway::wire::api::ArtifactList)
