// SPDX-License-Identifier: Apache-2.0
// MLflow's webhook events, what they say, and how they are signed.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "registry/watcher.h"
#include "webhook/webhook.h"

namespace slipway::wire::mlflow {

// "model_version" and "created" are the topic "model_version.created"; an entity or an action that
// there is not, or that do not go together, is an error.
Result<std::string> topic_of(const std::string& entity, const std::string& action);

// The data of the event as an example, for trying a webhook out.
std::string example_of(std::string_view topic);

// The whole body: {"entity": .., "action": .., "timestamp": .., "data": ..}.
std::string body_of(std::string_view topic, const std::string& data, Timestamp at);

}  // namespace slipway::wire::mlflow
