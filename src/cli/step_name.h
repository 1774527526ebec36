// SPDX-License-Identifier: Apache-2.0
// A step as commands name it: "train", or "train[3]" for an element of a foreach.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/text.h"

namespace slipway::cli {

struct StepName {
  std::string name;
  std::optional<std::int64_t> index;
};

inline Result<StepName> step_name(const std::string& text) {
  if (!text.ends_with(']')) return StepName{text, {}};
  const auto open = text.find('[');
  const auto index =
      open == text.npos
          ? std::nullopt
          : parse_int(std::string_view(text).substr(open + 1, text.size() - open - 2));
  if (!index || *index < 0) {
    return invalid("'" + text + "' is not the name of a step", "write STEP or STEP[3]");
  }
  return StepName{text.substr(0, open), *index};
}

}  // namespace slipway::cli
