// SPDX-License-Identifier: Apache-2.0
#include "traces/messages_trace_more.h"

#include "json/describe.h"

SLIPWAY_JSON(slipway::wire::mlflow::AssessmentCall)
SLIPWAY_JSON(slipway::wire::mlflow::UpdateAssessment)
SLIPWAY_JSON(slipway::wire::mlflow::QueryTraceMetrics)
SLIPWAY_JSON(slipway::wire::mlflow::MetricDataPoints)
SLIPWAY_JSON(slipway::wire::mlflow::StartTrace)
SLIPWAY_JSON(slipway::wire::mlflow::EndTrace)
SLIPWAY_JSON(slipway::wire::mlflow::OldTraceAnswer)
SLIPWAY_JSON(slipway::wire::mlflow::SearchTraces)
SLIPWAY_JSON(slipway::wire::mlflow::OldFoundTraces)
