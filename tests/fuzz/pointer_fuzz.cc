// SPDX-License-Identifier: Apache-2.0
// .dvc pointers against hostile text: no crash, no hang, no path that leaves its folder, and what
// is written back is read again as what was meant.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "dvc_file.h"

namespace dvc = slipway::wire::dvc;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto file = dvc::parse_dvc_file(text, "x.dvc");
  if (!file) return 0;
  for (std::size_t i = 0; i < file->outs.size(); ++i) {
    const auto& out = file->outs[i];
    if (out.path.empty() || out.path.front() == '/') std::abort();
    auto changed = out;
    changed.md5 = "0123456789abcdef0123456789abcdef";
    changed.size = 7;
    changed.nfiles.reset();
    const auto updated = dvc::update_dvc_file(text, i, changed);
    if (!updated) continue;
    const auto again = dvc::parse_dvc_file(*updated, "x.dvc");
    if (!again || again->outs.size() != file->outs.size()) std::abort();
    if (again->outs[i].md5 != changed.md5 || again->outs[i].path != out.path) std::abort();
  }
  return 0;
}
