// SPDX-License-Identifier: Apache-2.0
#include "messages_release.h"

#include "base/text.h"
#include "json/describe.h"
#include "messages_models.h"
#include "messages_replay.h"

SLIPWAY_JSON(slipway::wire::api::ModelJson)
SLIPWAY_JSON(slipway::wire::api::ModelListJson)
SLIPWAY_JSON(slipway::wire::api::VersionJson)
SLIPWAY_JSON(slipway::wire::api::VersionListJson)
SLIPWAY_JSON(slipway::wire::api::AliasBody)
SLIPWAY_JSON(slipway::wire::api::AliasJson)
SLIPWAY_JSON(slipway::wire::api::StageBody)
SLIPWAY_JSON(slipway::wire::api::ReasonBody)
SLIPWAY_JSON(slipway::wire::api::ChangeListJson)
SLIPWAY_JSON(slipway::wire::api::ChainJson)
SLIPWAY_JSON(slipway::wire::api::DecisionJson)
SLIPWAY_JSON(slipway::wire::api::DecisionListJson)
SLIPWAY_JSON(slipway::wire::api::DecisionReplayJson)
SLIPWAY_JSON(slipway::wire::api::CheckBody)
SLIPWAY_JSON(slipway::wire::api::WhyListJson)
SLIPWAY_JSON(slipway::wire::api::RolloutBody)
SLIPWAY_JSON(slipway::wire::api::RolloutJson)
SLIPWAY_JSON(slipway::wire::api::RolloutListJson)
SLIPWAY_JSON(slipway::wire::api::RolloutReplayJson)
SLIPWAY_JSON(slipway::wire::api::ReversionJson)

namespace slipway::wire::api {

Result<std::int64_t> version_number(const std::string& text) {
  const auto number = parse_int(text);
  if (!number || *number < 1) {
    return invalid("version: '" + text + "' is not the number of a version");
  }
  return *number;
}

Result<std::int64_t> version_number(const json::Raw& raw) {
  if (raw.text == "null") return invalid("version is missing");
  if (raw.text.size() > 1 && raw.text.front() == '"') {
    return version_number(raw.text.substr(1, raw.text.size() - 2));
  }
  return version_number(raw.text);
}

}  // namespace slipway::wire::api
