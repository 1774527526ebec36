// SPDX-License-Identifier: Apache-2.0
// What servers and models are, over gRPC.
#include <utility>

#include "base/protobuf.h"
#include "base/protobuf_write.h"
#include "sequence_config.h"
#include "service.h"

namespace slipway::wire::oip {
namespace {

using serving::TensorSpec;
using ServicePtr = std::shared_ptr<Service>;

struct Named {
  std::string name;
  std::string version;
};

// Messages of a name and a version.
Result<Named> read_named(std::string_view bytes) {
  Named out;
  ProtoReader in(bytes);
  while (in.next()) {
    if (in.field() == 1) out.name = in.bytes();
    if (in.field() == 2) out.version = in.bytes();
  }
  if (!in.ok()) return invalid("the request is no well-formed message");
  return out;
}

std::string flag(bool value) {
  std::string out;
  put_flag(out, 1, value);
  return out;
}

Result<std::string> server_ready(Service& service, const net::Request&, std::string_view) {
  return flag(is_server_ready(service.endpoints));
}

Result<std::string> server_live(Service&, const net::Request&, std::string_view) {
  return flag(true);
}

// A model that is not there is not ready; that is an answer, not an error.
Result<std::string> model_ready(Service& service, const net::Request&, std::string_view bytes) {
  SW_TRY(const auto asked, read_named(bytes));
  return flag(service.endpoints.pick(asked.name, asked.version).ok());
}

Result<std::string> server_metadata(Service& service, const net::Request&, std::string_view) {
  std::string out;
  put_text(out, 1, "slipway");
  put_text(out, 2, service.version);
  for (const auto extension : kExtensions) put_bytes(out, 3, extension);
  return out;
}

void put_shape(std::string& out, std::uint32_t field, const serving::Shape& shape) {
  std::string packed;
  for (const auto n : shape) put_varint(packed, static_cast<std::uint64_t>(n));
  put_text(out, field, packed);
}

void put_specs(std::string& out, std::uint32_t field, const std::vector<TensorSpec>& specs) {
  for (const auto& spec : specs) {
    std::string tensor;
    put_text(tensor, 1, spec.name);
    put_text(tensor, 2, serving::name_of(spec.dtype));
    put_shape(tensor, 3, spec.shape);
    put_bytes(out, field, tensor);
  }
}

Result<std::string> model_metadata(Service& service, const net::Request&, std::string_view bytes) {
  SW_TRY(const auto asked, read_named(bytes));
  SW_TRY(const auto endpoint, service.endpoints.get(asked.name));
  SW_TRY(const auto target, service.endpoints.pick(asked.name, asked.version));
  std::string out;
  put_text(out, 1, target.endpoint());
  const auto versions =
      asked.version.empty() ? versions_of(endpoint) : std::vector{target.version()};
  for (const auto& version : versions) put_bytes(out, 2, version);
  put_text(out, 3, target.platform());
  put_specs(out, 4, target.signature().inputs);
  put_specs(out, 5, target.signature().outputs);
  return out;
}

// ModelInput and ModelOutput differ in the field of their dimensions.
void put_config_specs(std::string& out, std::uint32_t field, std::uint32_t dims_field,
                      const std::vector<TensorSpec>& specs, bool batched) {
  for (const auto& spec : specs) {
    std::string tensor;
    put_text(tensor, 1, spec.name);
    put_number(tensor, 2, config_type_number(spec.dtype));
    put_shape(tensor, dims_field, dims_of(spec, batched));
    put_bytes(out, field, tensor);
  }
}

Result<std::string> model_config(Service& service, const net::Request&, std::string_view bytes) {
  SW_TRY(const auto asked, read_named(bytes));
  SW_TRY(const auto target, service.endpoints.pick(asked.name, asked.version));
  const auto rows = max_batch_size(target.signature());
  std::string config;
  put_text(config, 1, target.endpoint());
  put_text(config, 2, target.platform());
  std::string all_versions;
  put_bytes(all_versions, 2, "");
  put_bytes(config, 3, all_versions);
  if (rows > 0) put_number(config, 4, static_cast<std::uint64_t>(rows));
  put_config_specs(config, 5, 4, target.signature().inputs, rows > 0);
  put_config_specs(config, 6, 3, target.signature().outputs, rows > 0);
  if (const auto* sequences = target.sequences()) {
    put_bytes(config, 13, sequence_message(*sequences));
  } else if (rows > 0) {
    put_bytes(config, 11, "");  // dynamic batching, by itself
  }
  std::string out;
  put_bytes(out, 1, config);
  return out;
}

void put_sum(std::string& out, std::uint32_t field, const serving::DurationSum& sum) {
  std::string duration;
  if (sum.count != 0) put_number(duration, 1, sum.count);
  if (sum.ns != 0) put_number(duration, 2, sum.ns);
  put_bytes(out, field, duration);
}

std::string statistics_of(const serving::RunStatistics& one) {
  std::string out;
  put_text(out, 1, one.model);
  put_text(out, 2, one.version);
  put_number(out, 3, static_cast<std::uint64_t>(one.last.ms));
  put_number(out, 4, one.rows);
  put_number(out, 5, one.executions);
  std::string sums;
  put_sum(sums, 1, one.success);
  put_sum(sums, 2, one.fail);
  put_sum(sums, 3, one.queue);
  put_sum(sums, 4, one.input);
  put_sum(sums, 5, one.run);
  put_sum(sums, 6, one.output);
  put_sum(sums, 7, one.cache_hit);
  put_sum(sums, 8, one.cache_miss);
  put_bytes(out, 6, sums);
  for (const auto& batch : one.batches) {
    std::string size;
    put_number(size, 1, batch.rows);
    put_sum(size, 2, batch.input);
    put_sum(size, 3, batch.run);
    put_sum(size, 4, batch.output);
    put_bytes(out, 7, size);
  }
  return out;
}

Result<std::string> model_statistics(Service& service, const net::Request&,
                                     std::string_view bytes) {
  SW_TRY(const auto asked, read_named(bytes));
  SW_TRY(const auto all, service.endpoints.statistics(asked.name, asked.version));
  std::string out;
  for (const auto& one : all) put_bytes(out, 1, statistics_of(one));
  return out;
}

}  // namespace

void add_method(net::GrpcRouter& router, const ServicePtr& service, const MethodOf& method) {
  router.add({.path = "/" + std::string(method.service) + "/" + method.name,
              .wire = "oip",
              .action = method.action,
              .plain = [service, answer = method.answer](const net::Request& request,
                                                         std::string_view message) {
                return answer(*service, request, message);
              }});
}

void add_model_methods(net::GrpcRouter& router, const ServicePtr& service) {
  const auto add = [&](const char* name, auto answer) {
    add_method(router, service, {kGrpcService, name, "endpoint.read", answer});
  };
  add("ServerLive", server_live);
  add("ServerReady", server_ready);
  add("ModelReady", model_ready);
  add("ServerMetadata", server_metadata);
  add("ModelMetadata", model_metadata);
  add("ModelConfig", model_config);
  add("ModelStatistics", model_statistics);
}

}  // namespace slipway::wire::oip
