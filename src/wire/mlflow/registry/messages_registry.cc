// SPDX-License-Identifier: Apache-2.0
#include "registry/messages_registry.h"

#include "json/describe.h"

SLIPWAY_JSON(slipway::wire::mlflow::RegisteredModelAnswer)
SLIPWAY_JSON(slipway::wire::mlflow::RegisteredModelPage)
SLIPWAY_JSON(slipway::wire::mlflow::ModelVersionAnswer)
SLIPWAY_JSON(slipway::wire::mlflow::ModelVersionPage)
SLIPWAY_JSON(slipway::wire::mlflow::DownloadUri)
SLIPWAY_JSON(slipway::wire::mlflow::CreateRegisteredModel)
SLIPWAY_JSON(slipway::wire::mlflow::NamedModel)
SLIPWAY_JSON(slipway::wire::mlflow::RenameRegisteredModel)
SLIPWAY_JSON(slipway::wire::mlflow::UpdateRegisteredModel)
SLIPWAY_JSON(slipway::wire::mlflow::RegistrySearch)
SLIPWAY_JSON(slipway::wire::mlflow::GetLatestVersions)
SLIPWAY_JSON(slipway::wire::mlflow::RegistryTag)
SLIPWAY_JSON(slipway::wire::mlflow::ModelAlias)
SLIPWAY_JSON(slipway::wire::mlflow::CreateModelVersion)
SLIPWAY_JSON(slipway::wire::mlflow::NamedVersion)
SLIPWAY_JSON(slipway::wire::mlflow::UpdateModelVersion)
SLIPWAY_JSON(slipway::wire::mlflow::TransitionStage)
