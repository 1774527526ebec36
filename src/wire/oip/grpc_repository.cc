// SPDX-License-Identifier: Apache-2.0
// The model repository, shared memory and settings over gRPC.
#include <utility>

#include "base/protobuf.h"
#include "base/protobuf_write.h"
#include "service.h"

namespace slipway::wire::oip {
namespace {

using ServicePtr = std::shared_ptr<Service>;

constexpr std::size_t kMaxSettings = 64;

Error malformed() {
  return invalid("the request is no well-formed message");
}

Result<std::string> index(Service& service, const net::Request&, std::string_view bytes) {
  bool ready_only = false;
  ProtoReader in(bytes);
  while (in.next()) {
    if (in.field() == 2) ready_only = in.int64() != 0;
  }
  if (!in.ok()) return malformed();
  std::string out;
  for (const auto& entry : index_of(service.endpoints, ready_only)) {
    std::string line;
    put_text(line, 1, entry.name);
    put_text(line, 2, entry.version);
    put_text(line, 3, entry.state);
    put_text(line, 4, entry.reason);
    put_bytes(out, 1, line);
  }
  return out;
}

struct Named {
  std::string name;
  bool overrides = false;
};

Result<Named> read_named(std::string_view bytes) {
  Named out;
  ProtoReader in(bytes);
  while (in.next()) {
    if (in.field() == 2) out.name = in.bytes();
    if (in.field() != 3) continue;
    auto entry = in.message();
    while (entry.next()) {
      if (entry.field() != 1) continue;
      out.overrides |= entry.bytes() == "config" || entry.bytes().starts_with("file:");
    }
  }
  if (!in.ok()) return malformed();
  if (out.name.empty()) return invalid("model_name is missing");
  return out;
}

Result<std::string> load(Service& service, const net::Request& request, std::string_view bytes) {
  SW_TRY(const auto asked, read_named(bytes));
  if (asked.overrides) return no_overrides();
  SW_CHECK_OK(service.endpoints.load(asked.name, {.name = request.principal}));
  return std::string();
}

Result<std::string> unload(Service& service, const net::Request& request, std::string_view bytes) {
  SW_TRY(const auto asked, read_named(bytes));
  SW_CHECK_OK(service.endpoints.unload(asked.name, {.name = request.principal}));
  return std::string();
}

Result<SharedMemory::Region> read_region(std::string_view bytes) {
  SharedMemory::Region out;
  ProtoReader in(bytes);
  while (in.next()) {
    switch (in.field()) {
      case 1:
        out.name = in.bytes();
        break;
      case 2:
        out.key = in.bytes();
        break;
      case 3:
        out.offset = static_cast<std::uint64_t>(in.int64());
        break;
      case 4:
        out.size = static_cast<std::uint64_t>(in.int64());
        break;
      default:
        break;
    }
  }
  if (!in.ok()) return malformed();
  return out;
}

Result<std::string> shared_status(Service& service, const net::Request&, std::string_view bytes) {
  SW_TRY(const auto asked, read_region(bytes));
  SW_TRY(const auto regions, service.regions.list(asked.name));
  std::string out;
  for (const auto& region : regions) {
    std::string status;
    put_text(status, 1, region.name);
    put_text(status, 2, region.key);
    if (region.offset != 0) put_number(status, 3, region.offset);
    put_number(status, 4, region.size);
    put_entry(out, 1, region.name, status);
  }
  return out;
}

Result<std::string> shared_register(Service& service, const net::Request& request,
                                    std::string_view bytes) {
  SW_CHECK_OK(may_share(request));
  SW_TRY(auto region, read_region(bytes));
  SW_CHECK_OK(service.regions.add(std::move(region)));
  return std::string();
}

Result<std::string> shared_unregister(Service& service, const net::Request& request,
                                      std::string_view bytes) {
  SW_CHECK_OK(may_share(request));
  SW_TRY(const auto asked, read_region(bytes));
  service.regions.remove(asked.name);
  return std::string();
}

Result<std::string> device_status(Service&, const net::Request&, std::string_view) {
  return std::string();
}

Result<std::string> no_device_memory(Service&, const net::Request&, std::string_view) {
  return Error{Code::unimplemented, "device memory cannot be shared with this server",
               "send tensors in the request or in system shared memory"};
}

// SettingValue of a trace setting; without values: back to the default.
Result<std::string> trace(Service& service, const net::Request&, std::string_view bytes) {
  std::string model;
  Settings::TraceChange change;
  ProtoReader in(bytes);
  while (in.next()) {
    if (in.field() == 2) model = in.bytes();
    if (in.field() != 1) continue;
    std::string key;
    std::vector<std::string> values;
    auto entry = in.message();
    while (entry.next()) {
      if (entry.field() == 1) key = entry.bytes();
      if (entry.field() != 2) continue;
      auto value = entry.message();
      while (value.next()) {
        if (value.field() == 1 && values.size() < kMaxSettings) values.emplace_back(value.bytes());
      }
    }
    if (change.size() == kMaxSettings) return invalid("too many settings");
    change[key] = values.empty() ? std::nullopt : std::optional(std::move(values));
  }
  if (!in.ok()) return malformed();
  if (!model.empty()) SW_CHECK_OK(service.endpoints.get(model));
  SW_TRY(const auto now, service.settings.change_trace(model, change));
  std::string out;
  for (const auto& [key, values] : now) {
    std::string value;
    for (const auto& text : values) put_bytes(value, 1, text);
    put_entry(out, 1, key, value);
  }
  return out;
}

Result<std::string> log(Service& service, const net::Request&, std::string_view bytes) {
  Settings::Log change;
  ProtoReader in(bytes);
  while (in.next()) {
    if (in.field() != 1) continue;
    std::string key;
    Settings::LogValue setting = false;
    auto entry = in.message();
    while (entry.next()) {
      if (entry.field() == 1) key = entry.bytes();
      if (entry.field() != 2) continue;
      auto value = entry.message();
      while (value.next()) {
        if (value.field() == 1) setting = value.int64() != 0;
        if (value.field() == 2) setting = value.int64();
        if (value.field() == 3) setting = std::string(value.bytes());
      }
    }
    if (change.size() == kMaxSettings) return invalid("too many settings");
    change[key] = std::move(setting);
  }
  if (!in.ok()) return malformed();
  SW_TRY(const auto now, service.settings.change_log(change));
  std::string out;
  for (const auto& [key, setting] : now) {
    std::string value;
    if (const auto* flag = std::get_if<bool>(&setting)) {
      put_number(value, 1, *flag ? 1 : 0);
    } else if (const auto* number = std::get_if<std::int64_t>(&setting)) {
      put_number(value, 2, static_cast<std::uint64_t>(*number));
    } else {
      put_bytes(value, 3, std::get<std::string>(setting));
    }
    put_entry(out, 1, key, value);
  }
  return out;
}

}  // namespace

void add_repository_methods(net::GrpcRouter& router, const ServicePtr& service) {
  const auto add = [&](const char* name, const char* action, auto answer) {
    add_method(router, service, {kGrpcService, name, action, answer});
  };
  add("RepositoryIndex", "endpoint.read", index);
  add("RepositoryModelLoad", "endpoint.write", load);
  add("RepositoryModelUnload", "endpoint.write", unload);
  add("SystemSharedMemoryStatus", "endpoint.read", shared_status);
  add("SystemSharedMemoryRegister", "endpoint.invoke", shared_register);
  add("SystemSharedMemoryUnregister", "endpoint.invoke", shared_unregister);
  add("CudaSharedMemoryStatus", "endpoint.read", device_status);
  add("CudaSharedMemoryRegister", "endpoint.invoke", no_device_memory);
  add("CudaSharedMemoryUnregister", "endpoint.invoke", device_status);
  add("TraceSetting", "endpoint.write", trace);
  add("LogSettings", "endpoint.write", log);
}

}  // namespace slipway::wire::oip
