// SPDX-License-Identifier: Apache-2.0
// Looks at an ONNX file before the runtime does: is it whole, and does it stay in its folder.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway::drivers::onnx {

// `bytes` is the file. External tensors must lie inside `folder`, exist, and be long enough.
Result<void> check_graph(std::string_view bytes, const std::string& folder);
// The same for a file; its folder is the bound.
Result<void> check_graph_file(const std::string& path);

}  // namespace slipway::drivers::onnx
