// SPDX-License-Identifier: Apache-2.0
// The files of the web page, as the build put them into the executable (cmake/Embed.cmake).
#pragma once

#include <string_view>
#include <vector>

namespace slipway::wire::web {

struct EmbeddedFile {
  std::string_view path;  // "assets/index-4f2a.js"
  std::string_view hash;
  std::string_view bytes;
};

const std::vector<EmbeddedFile>& embedded_files();

}  // namespace slipway::wire::web
