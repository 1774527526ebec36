// SPDX-License-Identifier: Apache-2.0
#include "traces/messages_trace.h"

#include "json/describe.h"

SLIPWAY_JSON(slipway::wire::mlflow::StartTraceV3)
SLIPWAY_JSON(slipway::wire::mlflow::TraceAnswer)
SLIPWAY_JSON(slipway::wire::mlflow::GetTrace)
SLIPWAY_JSON(slipway::wire::mlflow::BatchGetTraces)
SLIPWAY_JSON(slipway::wire::mlflow::TraceList)
SLIPWAY_JSON(slipway::wire::mlflow::TraceInfoList)
SLIPWAY_JSON(slipway::wire::mlflow::SearchTracesV3)
SLIPWAY_JSON(slipway::wire::mlflow::FoundTraces)
SLIPWAY_JSON(slipway::wire::mlflow::DeleteTraces)
SLIPWAY_JSON(slipway::wire::mlflow::DeletedTraces)
SLIPWAY_JSON(slipway::wire::mlflow::TraceTag)
SLIPWAY_JSON(slipway::wire::mlflow::LinkTracesToRun)
SLIPWAY_JSON(slipway::wire::mlflow::LinkPromptsToTrace)
SLIPWAY_JSON(slipway::wire::mlflow::FilterCorrelation)
