// SPDX-License-Identifier: Apache-2.0
// The little XML that S3 answers with.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fetch/s3.h"

namespace slipway::fetch {

// What stands between the first <tag> and </tag>; entities as they stand.
std::string element(std::string_view xml, const std::string& tag);
// Of every such pair.
std::vector<std::string> elements(std::string_view xml, const std::string& tag);
std::string escaped(std::string_view text);
std::string unescaped(std::string_view text);

Error error_of(const Response& response, const S3Place& place);

}  // namespace slipway::fetch
