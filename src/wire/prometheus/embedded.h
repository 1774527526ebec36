// SPDX-License-Identifier: Apache-2.0
// What is exported, as the build put it into the executable (cmake/Embed.cmake).
#pragma once

#include <string_view>
#include <vector>

namespace slipway::wire::prometheus {

struct EmbeddedFile {
  std::string_view path;
  std::string_view hash;
  std::string_view bytes;
};

const std::vector<EmbeddedFile>& embedded_files();

}  // namespace slipway::wire::prometheus
