// SPDX-License-Identifier: Apache-2.0
// The Open Inference Protocol v2 over HTTP and gRPC, as KServe and Triton speak it. Endpoints are
// its models; a model's versions are the registry's versions behind the endpoint.
#pragma once

#include <memory>
#include <string>

#include "base/pool.h"
#include "net/grpc.h"
#include "net/http.h"
#include "serving/endpoints.h"

namespace slipway::wire::oip {

// What both have in common: registered shared memory and settings. Kept by the routes.
struct Service;
// Large bodies are decoded on `decoders`, so that they do not hold up small ones.
std::shared_ptr<Service> make_service(serving::Endpoints& endpoints, Pool& decoders,
                                      const std::string& server_version);

void add_routes(net::Router& router, const std::shared_ptr<Service>& service);
void add_methods(net::GrpcRouter& router, const std::shared_ptr<Service>& service);

}  // namespace slipway::wire::oip
