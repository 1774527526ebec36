// SPDX-License-Identifier: Apache-2.0
// What the protocol's two transports share.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/pool.h"
#include "net/grpc.h"
#include "net/http.h"
#include "request.h"
#include "serving/endpoints.h"
#include "settings.h"
#include "shared_memory.h"

namespace slipway::wire::oip {

struct Service {
  serving::Endpoints& endpoints;
  Pool& decoders;
  std::string version;
  SharedMemory regions;
  Settings settings;
};

// A body that decodes in less than about half a millisecond stays on the I/O thread.
constexpr std::size_t kDecodedAtOnce = 64 << 10;

constexpr std::string_view kExtensions[] = {
    "binary_tensor_data",
    "classification",
    "model_configuration",
    "model_repository",
    "parameters",
    "schedule_policy",
    "sequence",
    "statistics",
    "system_shared_memory",
    "trace",
    "logging",
};

// Rules of endpoints look at the request's header fields.
class HeaderCaller : public serving::Caller {
 public:
  explicit HeaderCaller(const net::Headers& headers) : headers_(headers) {}
  std::string_view header(const std::string& name) const override { return headers_.get(name); }

 private:
  const net::Headers& headers_;
};

// The call of a parsed request; moves its tensors out.
serving::Call call_of(InferBody& body, const net::Request& request, std::int64_t deadline_ns,
                      std::shared_ptr<const std::atomic<bool>> cancelled);

bool is_ready(const serving::EndpointView& endpoint);
// Every endpoint that was not unloaded has a version that answers.
bool is_server_ready(const serving::Endpoints& endpoints);
std::vector<std::string> versions_of(const serving::EndpointView& endpoint);

// A line of the repository index.
struct IndexEntry {
  std::string name;
  std::string version;
  std::string_view state;
  std::string reason;
};
std::vector<IndexEntry> index_of(const serving::Endpoints& endpoints, bool ready_only);

// Rows that may be put together; 0: requests are run as they come.
std::int64_t max_batch_size(const serving::Signature& signature);
// A dimension less where max_batch_size stands for it.
serving::Shape dims_of(const serving::TensorSpec& spec, bool batched);

Error no_overrides();
// Shared memory is for clients on the server's own machine.
Result<void> may_share(const net::Request& request);

struct RouteOf {
  net::Method method;
  std::string pattern;
  const char* action;
  const char* summary;
  Result<net::Response> (*answer)(Service&, const net::Request&);
};
void add_handler(net::Router& router, const std::shared_ptr<Service>& service,
                 const RouteOf& route);

void add_inference_routes(net::Router& router, const std::shared_ptr<Service>& service);
void add_generate_routes(net::Router& router, const std::shared_ptr<Service>& service);
void add_metadata_routes(net::Router& router, const std::shared_ptr<Service>& service);
void add_repository_routes(net::Router& router, const std::shared_ptr<Service>& service);
void add_shared_memory_routes(net::Router& router, const std::shared_ptr<Service>& service);
void add_setting_routes(net::Router& router, const std::shared_ptr<Service>& service);

constexpr const char* kGrpcService = "inference.GRPCInferenceService";

struct MethodOf {
  const char* service;
  const char* name;
  const char* action;
  Result<std::string> (*answer)(Service&, const net::Request&, std::string_view message);
};
void add_method(net::GrpcRouter& router, const std::shared_ptr<Service>& service,
                const MethodOf& method);

void add_inference_methods(net::GrpcRouter& router, const std::shared_ptr<Service>& service);
void add_model_methods(net::GrpcRouter& router, const std::shared_ptr<Service>& service);
void add_repository_methods(net::GrpcRouter& router, const std::shared_ptr<Service>& service);
void add_health_methods(net::GrpcRouter& router, const std::shared_ptr<Service>& service);

}  // namespace slipway::wire::oip
