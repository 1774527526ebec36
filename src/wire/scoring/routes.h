// SPDX-License-Identifier: Apache-2.0
// MLflow's scoring protocol, which is also that of SageMaker and Vertex AI containers:
// /endpoints/NAME/invocations and /ping, and the bare paths when a header names the endpoint.
#pragma once

#include <string>

#include "base/pool.h"
#include "net/http.h"
#include "serving/endpoints.h"

namespace slipway::wire::scoring {

// Large bodies are decoded on `decoders`, so that they do not hold up small ones.
// Where a platform wants a container to answer, besides /invocations and /ping; may be empty.
struct Paths {
  std::string predict;
  std::string health;
};
void add_routes(net::Router& router, serving::Endpoints& endpoints, Pool& decoders,
                const Paths& paths = {});

}  // namespace slipway::wire::scoring
