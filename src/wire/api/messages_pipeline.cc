// SPDX-License-Identifier: Apache-2.0
#include "messages_pipeline.h"

#include "json/describe.h"

namespace api = slipway::wire::api;

SLIPWAY_JSON(api::PutPipeline)
SLIPWAY_JSON(api::PipelineView)
SLIPWAY_JSON(api::PipelineList)
SLIPWAY_JSON(api::StartExecution)
SLIPWAY_JSON(api::ResumeExecution)
SLIPWAY_JSON(api::PutDecision)
SLIPWAY_JSON(api::BackFill)
SLIPWAY_JSON(api::ExecutionView)
SLIPWAY_JSON(api::ExecutionList)
