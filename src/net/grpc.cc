// SPDX-License-Identifier: Apache-2.0
#include "net/grpc.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace slipway::net {
namespace {

std::string_view service_of(std::string_view path) {
  const auto end = path.rfind('/');
  return path.empty() || end == std::string_view::npos || end == 0 ? std::string_view()
                                                                   : path.substr(1, end - 1);
}

GrpcCode code_of(Code code) {
  switch (code) {
    case Code::invalid_argument:
      return GrpcCode::invalid_argument;
    case Code::not_found:
      return GrpcCode::not_found;
    case Code::already_exists:
      return GrpcCode::already_exists;
    case Code::conflict:
      return GrpcCode::aborted;
    case Code::failed_precondition:
      return GrpcCode::failed_precondition;
    case Code::unauthenticated:
      return GrpcCode::unauthenticated;
    case Code::permission_denied:
      return GrpcCode::permission_denied;
    case Code::exhausted:
      return GrpcCode::resource_exhausted;
    case Code::unavailable:
      return GrpcCode::unavailable;
    case Code::deadline:
      return GrpcCode::deadline_exceeded;
    case Code::cancelled:
      return GrpcCode::cancelled;
    case Code::unimplemented:
      return GrpcCode::unimplemented;
    case Code::data_loss:
      return GrpcCode::data_loss;
    case Code::internal:
      return GrpcCode::internal;
  }
  return GrpcCode::internal;
}

}  // namespace

std::string_view name_of(GrpcCode code) {
  static constexpr std::string_view kNames[] = {
      "OK",
      "CANCELLED",
      "UNKNOWN",
      "INVALID_ARGUMENT",
      "DEADLINE_EXCEEDED",
      "NOT_FOUND",
      "ALREADY_EXISTS",
      "PERMISSION_DENIED",
      "RESOURCE_EXHAUSTED",
      "FAILED_PRECONDITION",
      "ABORTED",
      "OUT_OF_RANGE",
      "UNIMPLEMENTED",
      "INTERNAL",
      "UNAVAILABLE",
      "DATA_LOSS",
      "UNAUTHENTICATED",
  };
  return kNames[static_cast<std::size_t>(code)];
}

GrpcStatus status_of(const Error& error) {
  return {code_of(error.code),
          error.hint.empty() ? error.message : error.message + " (" + error.hint + ")"};
}

void GrpcRouter::add(GrpcMethod method) {
  auto path = method.path;
  SW_ASSERT(methods_.emplace(std::move(path), std::move(method)).second);
}

const GrpcMethod* GrpcRouter::find(std::string_view path) const {
  const auto found = methods_.find(path);
  return found == methods_.end() ? nullptr : &found->second;
}

std::vector<std::string> GrpcRouter::services() const {
  std::vector<std::string> out;
  for (const auto& [path, method] : methods_) {
    const auto service = service_of(path);
    if (out.empty() || out.back() != service) out.emplace_back(service);
  }
  return out;
}

bool GrpcRouter::has_service(std::string_view name) const {
  return std::any_of(methods_.begin(), methods_.end(),
                     [&](const auto& entry) { return service_of(entry.first) == name; });
}

}  // namespace slipway::net
