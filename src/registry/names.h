// SPDX-License-Identifier: Apache-2.0
// Which names and tags the registry takes: MLflow's rules, so that clients see no difference.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "domain/types.h"

namespace slipway::registry {

Result<void> check_model_name(const std::string& name);
Result<void> check_alias(const std::string& alias);
// Words that would be mistaken for something else: "latest", "v12".
Result<void> check_alias_not_reserved(const std::string& alias);
Result<void> check_tag_key(const std::string& key);
Result<void> check_tag(const Tag& tag);

// Code points, as the reference counts them.
std::size_t length_of(std::string_view utf8);

}  // namespace slipway::registry
