// SPDX-License-Identifier: Apache-2.0
#include "errors.h"

#include <string>
#include <utility>

#include "base/log.h"
#include "base/text.h"

namespace slipway::wire::scoring {
namespace {

struct Name {
  int status;
  const char* code;
};

Name wire_name(Code code) {
  switch (code) {
    case Code::invalid_argument:
    case Code::failed_precondition:
      return {400, "BAD_REQUEST"};
    case Code::unauthenticated:
      return {401, "UNAUTHENTICATED"};
    case Code::permission_denied:
      return {403, "PERMISSION_DENIED"};
    case Code::not_found:
      return {404, "RESOURCE_DOES_NOT_EXIST"};
    case Code::already_exists:
    case Code::conflict:
      return {409, "RESOURCE_CONFLICT"};
    case Code::exhausted:
      return {429, "RESOURCE_EXHAUSTED"};
    case Code::cancelled:
      return {499, "CANCELLED"};
    case Code::internal:
    case Code::data_loss:
      return {500, "INTERNAL_ERROR"};
    case Code::unimplemented:
      return {501, "NOT_IMPLEMENTED"};
    case Code::unavailable:
      return {503, "TEMPORARILY_UNAVAILABLE"};
    case Code::deadline:
      return {504, "DEADLINE_EXCEEDED"};
  }
  return {500, "INTERNAL_ERROR"};
}

}  // namespace

int status_of(Code code) {
  return wire_name(code).status;
}

net::Response render(const net::Request& request, const Error& error) {
  const auto name = wire_name(error.code);
  const int status = request.protocol_status != 0 ? request.protocol_status : name.status;
  if (status == 500) {
    log::error(
        "scoring.failed",
        {{"path", request.path}, {"request_id", request.request_id}, {"message", error.message}});
  }
  std::string body = "{\"error_code\":\"";
  body += name.code;
  body += "\",\"message\":";
  append_json_string(body,
                     error.hint.empty() ? error.message : error.message + " (" + error.hint + ")");
  body += '}';
  auto response = net::Response::json(status, std::move(body));
  if (status == 429) response.headers.set("retry-after", "1");
  return response;
}

}  // namespace slipway::wire::scoring
