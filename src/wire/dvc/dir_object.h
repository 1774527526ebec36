// SPDX-License-Identifier: Apache-2.0
// The manifest of a folder as DVC stores it: a JSON list of {"md5", "relpath"}, sorted by path.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "data/data.h"

namespace slipway::wire::dvc {

std::string write_dir_object(const data::Manifest& manifest);
// The same, piece by piece.
void write_dir_object(const data::Manifest& manifest,
                      const std::function<void(std::string_view)>& out);
// Paths that are absolute or leave the folder are refused: the object may come from elsewhere.
Result<data::Manifest> parse_dir_object(std::string_view text);

}  // namespace slipway::wire::dvc
