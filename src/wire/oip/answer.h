// SPDX-License-Identifier: Apache-2.0
// The answer to an inference request, as JSON or JSON followed by the tensors' bytes.
#pragma once

#include <string>
#include <vector>

#include "net/http.h"
#include "request.h"

namespace slipway::wire::oip {

// An output that the model does not have is an error; asked before the model runs.
Result<void> check_outputs(const serving::Signature& signature,
                           const std::vector<WantedOutput>& wanted);

net::Response write_answer(const InferBody& body, const std::string& model,
                           const std::string& version, const std::vector<serving::Tensor>& outputs);

}  // namespace slipway::wire::oip
