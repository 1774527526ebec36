// SPDX-License-Identifier: Apache-2.0
#include "runs/messages_experiment.h"

#include "json/describe.h"

SLIPWAY_JSON(slipway::wire::mlflow::CreateExperiment)
SLIPWAY_JSON(slipway::wire::mlflow::ExperimentIdMessage)
SLIPWAY_JSON(slipway::wire::mlflow::ExperimentNameMessage)
SLIPWAY_JSON(slipway::wire::mlflow::ExperimentResponse)
SLIPWAY_JSON(slipway::wire::mlflow::UpdateExperiment)
SLIPWAY_JSON(slipway::wire::mlflow::ExperimentTagMessage)
SLIPWAY_JSON(slipway::wire::mlflow::SearchExperiments)
SLIPWAY_JSON(slipway::wire::mlflow::ExperimentsResponse)
