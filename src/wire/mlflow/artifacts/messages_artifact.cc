// SPDX-License-Identifier: Apache-2.0
#include "artifacts/messages_artifact.h"

#include "json/describe.h"

SLIPWAY_JSON(slipway::wire::mlflow::ListArtifacts)
SLIPWAY_JSON(slipway::wire::mlflow::ListModelArtifacts)
