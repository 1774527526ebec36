// SPDX-License-Identifier: Apache-2.0
// Scalars as DVC's own writer spells them, so that files stay equal byte for byte.
#pragma once

#include <string>
#include <string_view>

namespace slipway::wire::dvc {

// Plain where it reads back as the same text under YAML 1.2 (and as no number, date or null), else
// in single quotes; in double quotes with escapes when it holds control characters.
std::string yaml_scalar(std::string_view text);

}  // namespace slipway::wire::dvc
