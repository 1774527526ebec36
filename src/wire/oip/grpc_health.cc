// SPDX-License-Identifier: Apache-2.0
// grpc.health.v1.Health, as load balancers and probes ask it, and the list of services that
// grpc.reflection answers.
#include <utility>

#include "base/protobuf.h"
#include "base/protobuf_write.h"
#include "service.h"

namespace slipway::wire::oip {
namespace {

using ServicePtr = std::shared_ptr<Service>;
using CallPtr = std::shared_ptr<net::GrpcCall>;

enum class Serving { unknown = 0, serving = 1, not_serving = 2, service_unknown = 3 };

std::string to_message(Serving state) {
  std::string out;
  put_number(out, 1, static_cast<std::uint64_t>(state));
  return out;
}

// The server as a whole, one of its services, or an endpoint by its name.
Serving state_of(const Service& service, const net::GrpcRouter& router, std::string_view bytes) {
  std::string name;
  ProtoReader in(bytes);
  while (in.next()) {
    if (in.field() == 1) name = in.bytes();
  }
  if (name.empty() || router.has_service(name)) {
    return is_server_ready(service.endpoints) ? Serving::serving : Serving::not_serving;
  }
  const auto endpoint = service.endpoints.get(name);
  if (!endpoint) return Serving::service_unknown;
  return is_ready(*endpoint) ? Serving::serving : Serving::not_serving;
}

// Health.Watch: says how it stands and keeps the call open, as its clients expect.
class Watch : public net::GrpcSink {
 public:
  Watch(ServicePtr service, const net::GrpcRouter& router, CallPtr call)
      : service_(std::move(service)), router_(router), call_(std::move(call)) {}

  void message(net::GrpcMessage message) override {
    call_->send(to_message(state_of(*service_, router_, message.bytes)));
  }
  void end() override {}

 private:
  const ServicePtr service_;
  const net::GrpcRouter& router_;
  const CallPtr call_;
};

// Names of services; descriptors are not kept, so questions for them are answered with an error.
class Reflection : public net::GrpcSink {
 public:
  Reflection(const net::GrpcRouter& router, CallPtr call)
      : router_(router), call_(std::move(call)) {}

  void message(net::GrpcMessage message) override {
    bool list = false;
    ProtoReader in(message.bytes);
    while (in.next()) list |= in.field() == 7;
    std::string out;
    put_bytes(out, 2, message.bytes);
    if (list) {
      std::string services;
      for (const auto& name : router_.services()) {
        std::string service;
        put_bytes(service, 1, name);
        put_bytes(services, 1, service);
      }
      put_bytes(out, 6, services);
    } else {
      constexpr std::uint64_t kNotFound = 5;
      std::string error;
      put_number(error, 1, kNotFound);
      put_bytes(error, 2, "no descriptors are kept here; use the protocol's published file");
      put_bytes(out, 7, error);
    }
    call_->send(std::move(out));
  }
  void end() override { call_->finish({}); }

 private:
  const net::GrpcRouter& router_;
  const CallPtr call_;
};

}  // namespace

void add_health_methods(net::GrpcRouter& router, const ServicePtr& service) {
  router.add({.path = "/grpc.health.v1.Health/Check",
              .wire = "oip",
              .action = "platform.read",
              .plain = [service, &router](const net::Request&,
                                          std::string_view message) -> Result<std::string> {
                const auto state = state_of(*service, router, message);
                if (state == Serving::service_unknown) {
                  return not_found("there is no such service and no such endpoint");
                }
                return to_message(state);
              }});
  router.add({.path = "/grpc.health.v1.Health/Watch",
              .wire = "oip",
              .action = "platform.read",
              .stream = [service, &router](CallPtr call) -> std::shared_ptr<net::GrpcSink> {
                return std::make_shared<Watch>(service, router, std::move(call));
              }});
  for (const char* package : {"grpc.reflection.v1alpha", "grpc.reflection.v1"}) {
    router.add({.path = "/" + std::string(package) + ".ServerReflection/ServerReflectionInfo",
                .wire = "oip",
                .action = "platform.read",
                .stream = [&router](CallPtr call) -> std::shared_ptr<net::GrpcSink> {
                  return std::make_shared<Reflection>(router, std::move(call));
                }});
  }
}

}  // namespace slipway::wire::oip
