// SPDX-License-Identifier: Apache-2.0
// ModelInferRequest, read from its bytes.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "request.h"

namespace slipway::wire::oip {

struct GrpcInfer {
  std::string model;
  std::string version;
  InferBody body;
};

// Tensors may be views into `bytes`, which `owner` keeps alive. Never allocates more than a small
// multiple of the bytes.
Result<GrpcInfer> parse_grpc_infer(std::string_view bytes, const std::shared_ptr<const void>& owner,
                                   const SharedMemory& regions);

}  // namespace slipway::wire::oip
