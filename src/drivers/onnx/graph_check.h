// SPDX-License-Identifier: Apache-2.0
// Looks at an ONNX file before the runtime does: is it whole, and does it stay in its folder.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway::drivers::onnx {

struct GraphFacts {
  // How long a run takes follows from the sizes of its inputs: there are no loops and branches, and
  // nothing whose size is a value that may come from them.
  bool is_steady = true;
};

// `bytes` is the file. External tensors must lie inside `folder`, exist, and be long enough.
Result<GraphFacts> check_graph(std::string_view bytes, const std::string& folder);
// The same for a file; its folder is the bound.
Result<GraphFacts> check_graph_file(const std::string& path);

}  // namespace slipway::drivers::onnx
