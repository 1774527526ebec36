// SPDX-License-Identifier: Apache-2.0
// Protocol Buffers' text format, as far as model configurations use it. Private to this room.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "yaml/yaml.h"

namespace slipway::serving {

// A message as a map; a field that is there more than once is a list. At most 1 MiB and 32 levels.
// `name` stands in messages: "config.pbtxt:3: ..".
Result<yaml::NodePtr> parse_pbtxt(std::string_view text, const std::string& name);

}  // namespace slipway::serving
