// SPDX-License-Identifier: Apache-2.0
// The answer to an inference request: JSON, JSON followed by the tensors' bytes, or a message of
// gRPC. Outputs that belong into shared memory are written there.
#pragma once

#include <string>
#include <vector>

#include "net/http.h"
#include "request.h"

namespace slipway::wire::oip {

// An output that the model does not have is an error; asked before the model runs.
Result<void> check_outputs(const serving::Signature& signature, InferBody& body);

struct Answer {
  const InferBody& body;
  const std::string& model;
  const std::string& version;
  const serving::Tensors& outputs;
  const SharedMemory& regions;
};

Result<net::Response> write_answer(const Answer& answer);
// ModelInferResponse. `streamed`: says that it is the request's last one, as streams do.
Result<std::string> write_grpc_answer(const Answer& answer, bool streamed);

}  // namespace slipway::wire::oip
