// SPDX-License-Identifier: Apache-2.0
// The Open Inference Protocol v2 over HTTP, as KServe and Triton speak it. Endpoints are its
// models; a model's versions are the registry's versions behind the endpoint.
#pragma once

#include <string>

#include "base/pool.h"
#include "net/http.h"
#include "serving/endpoints.h"

namespace slipway::wire::oip {

// Large bodies are decoded on `decoders`, so that they do not hold up small ones.
void add_inference_routes(net::Router& router, serving::Endpoints& endpoints, Pool& decoders);
void add_metadata_routes(net::Router& router, serving::Endpoints& endpoints,
                         const std::string& server_version);

}  // namespace slipway::wire::oip
