// SPDX-License-Identifier: Apache-2.0
#include "messages_import.h"

#include "json/describe.h"

SLIPWAY_JSON(slipway::wire::api::ImportMarksIn)
SLIPWAY_JSON(slipway::wire::api::ImportMarks)
SLIPWAY_JSON(slipway::wire::api::ImportSizesIn)
SLIPWAY_JSON(slipway::wire::api::ImportSizes)
SLIPWAY_JSON(slipway::wire::api::ImportFoldersIn)
SLIPWAY_JSON(slipway::wire::api::ImportFolders)
