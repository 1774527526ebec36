// SPDX-License-Identifier: Apache-2.0
#include "service.h"

#include <algorithm>
#include <utility>

#include "errors.h"
#include "wire/oip/routes.h"

namespace slipway::wire::oip {

using serving::EndpointView;
using serving::RouteState;

std::shared_ptr<Service> make_service(serving::Endpoints& endpoints, Pool& decoders,
                                      const std::string& server_version) {
  return std::shared_ptr<Service>(
      new Service{.endpoints = endpoints, .decoders = decoders, .version = server_version});
}

void add_routes(net::Router& router, const std::shared_ptr<Service>& service) {
  router.render_errors("/v2", render);
  add_inference_routes(router, service);
  add_generate_routes(router, service);
  add_metadata_routes(router, service);
  add_repository_routes(router, service);
  add_shared_memory_routes(router, service);
  add_setting_routes(router, service);
}

void add_methods(net::GrpcRouter& router, const std::shared_ptr<Service>& service) {
  add_inference_methods(router, service);
  add_model_methods(router, service);
  add_repository_methods(router, service);
  add_health_methods(router, service);
}

serving::Call call_of(InferBody& body, const net::Request& request, std::int64_t deadline_ns,
                      std::shared_ptr<const std::atomic<bool>> cancelled) {
  serving::Call call{.request_id = request.request_id,
                     .inputs = std::move(body.inputs),
                     .received_ns = request.received_ns,
                     .deadline_ns = deadline_ns,
                     .cancelled = std::move(cancelled),
                     .sequence = body.sequence,
                     .outliers = body.outliers,
                     .traceparent = request.traceparent};
  if (body.timeout_us > 0 && request.received_ns > 0) {
    constexpr std::int64_t kDay = 24LL * 3600 * 1'000'000;
    const auto until = request.received_ns + std::min(body.timeout_us, kDay) * 1000;
    call.deadline_ns = deadline_ns == 0 ? until : std::min(deadline_ns, until);
  }
  if (body.priority > 0) {
    call.priority = static_cast<std::uint32_t>(std::min<std::int64_t>(body.priority, UINT32_MAX));
  }
  return call;
}

bool is_ready(const EndpointView& endpoint) {
  return std::any_of(endpoint.routes.begin(), endpoint.routes.end(), [](const auto& route) {
    return !route.spec.shadow && route.state == RouteState::ready;
  });
}

bool is_server_ready(const serving::Endpoints& endpoints) {
  const auto all = endpoints.list();
  return std::all_of(all.begin(), all.end(), [](const auto& endpoint) {
    return endpoint.spec.paused || is_ready(endpoint);
  });
}

std::vector<std::string> versions_of(const EndpointView& endpoint) {
  std::vector<std::string> out;
  for (const auto& route : endpoint.routes) {
    if (route.state != RouteState::ready) continue;
    if (std::find(out.begin(), out.end(), route.version) == out.end()) out.push_back(route.version);
  }
  return out;
}

std::vector<IndexEntry> index_of(const serving::Endpoints& endpoints, bool ready_only) {
  std::vector<IndexEntry> out;
  for (const auto& endpoint : endpoints.list()) {
    for (const auto& route : endpoint.routes) {
      const std::string_view state = route.state == RouteState::ready     ? "READY"
                                     : route.state == RouteState::loading ? "LOADING"
                                                                          : "UNAVAILABLE";
      if (ready_only && route.state != RouteState::ready) continue;
      const bool known = std::any_of(out.begin(), out.end(), [&](const auto& entry) {
        return entry.name == endpoint.spec.name && entry.version == route.version;
      });
      if (!known) out.push_back({endpoint.spec.name, route.version, state, route.error});
    }
  }
  return out;
}

std::int64_t max_batch_size(const serving::Signature& signature) {
  const auto open = [](const serving::TensorSpec& spec) {
    return !spec.shape.empty() && spec.shape[0] == -1;
  };
  const bool batched = std::all_of(signature.inputs.begin(), signature.inputs.end(), open) &&
                       std::all_of(signature.outputs.begin(), signature.outputs.end(), open);
  return batched ? static_cast<std::int64_t>(serving::BatchOptions().max_rows) : 0;
}

serving::Shape dims_of(const serving::TensorSpec& spec, bool batched) {
  if (!batched || spec.shape.empty()) return spec.shape;
  return {spec.shape.begin() + 1, spec.shape.end()};
}

}  // namespace slipway::wire::oip
