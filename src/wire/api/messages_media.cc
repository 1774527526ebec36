// SPDX-License-Identifier: Apache-2.0
#include "messages_media.h"

#include "json/describe.h"

SLIPWAY_JSON(slipway::wire::api::SeriesIn)
SLIPWAY_JSON(slipway::wire::api::MetricsIn)
SLIPWAY_JSON(slipway::wire::api::SeriesList)
SLIPWAY_JSON(slipway::wire::api::SeriesEntries)
SLIPWAY_JSON(slipway::wire::api::SeriesFile)
SLIPWAY_JSON(slipway::wire::api::ConsoleIn)
SLIPWAY_JSON(slipway::wire::api::ConsoleTotal)
SLIPWAY_JSON(slipway::wire::api::ConsoleOut)
