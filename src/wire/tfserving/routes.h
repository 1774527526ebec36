// SPDX-License-Identifier: Apache-2.0
// TensorFlow Serving's REST and gRPC, for clients that were written against it. Endpoints are its
// models; version labels are aliases of the registry.
#pragma once

#include "base/pool.h"
#include "net/grpc.h"
#include "net/http.h"
#include "serving/endpoints.h"

namespace slipway::wire::tfserving {

// Large bodies are decoded on `decoders`, so that they do not hold up small ones.
void add_routes(net::Router& router, serving::Endpoints& endpoints, Pool& decoders);
void add_methods(net::GrpcRouter& router, serving::Endpoints& endpoints, Pool& decoders);

}  // namespace slipway::wire::tfserving
