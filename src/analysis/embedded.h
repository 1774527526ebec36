// SPDX-License-Identifier: Apache-2.0
// The parts of a page, as the build put them into the executable (cmake/Embed.cmake).
#pragma once

#include <string_view>
#include <vector>

namespace slipway::analysis {

struct EmbeddedFile {
  std::string_view path;
  std::string_view hash;
  std::string_view bytes;
};

const std::vector<EmbeddedFile>& embedded_files();

}  // namespace slipway::analysis
