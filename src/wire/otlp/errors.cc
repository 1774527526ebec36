// SPDX-License-Identifier: Apache-2.0
#include "errors.h"

#include "base/text.h"

namespace slipway::wire::otlp {
namespace {

struct Name {
  int status;
  std::string_view code;
};

// Exporters send again after 429, 502, 503 and 504, and drop the spans after anything else.
Name wire_name(Code code) {
  switch (code) {
    case Code::invalid_argument:
    case Code::failed_precondition:
      return {400, "INVALID_PARAMETER_VALUE"};
    case Code::not_found:
      return {404, "RESOURCE_DOES_NOT_EXIST"};
    case Code::already_exists:
      return {400, "RESOURCE_ALREADY_EXISTS"};
    case Code::conflict:
      return {409, "RESOURCE_CONFLICT"};
    case Code::unauthenticated:
      return {401, "UNAUTHENTICATED"};
    case Code::permission_denied:
      return {403, "PERMISSION_DENIED"};
    case Code::exhausted:
      return {429, "RESOURCE_EXHAUSTED"};
    case Code::unavailable:
      return {503, "TEMPORARILY_UNAVAILABLE"};
    case Code::deadline:
      return {504, "DEADLINE_EXCEEDED"};
    case Code::cancelled:
      return {499, "CANCELLED"};
    case Code::unimplemented:
      return {501, "NOT_IMPLEMENTED"};
    case Code::data_loss:
      return {500, "DATA_LOSS"};
    case Code::internal:
      return {500, "INTERNAL_ERROR"};
  }
  return {500, "INTERNAL_ERROR"};
}

}  // namespace

net::Response refuse(int status, const std::string& why) {
  std::string body = "{\"detail\":";
  append_json_string(body, why);
  return net::Response::json(status, body + "}");
}

net::Response render(const Error& error) {
  const auto [status, code] = wire_name(error.code);
  const auto why = error.hint.empty() ? error.message : error.message + " (" + error.hint + ")";
  std::string body = "{\"error_code\":";
  append_json_string(body, code);
  body += ",\"message\":";
  append_json_string(body, why);
  return net::Response::json(status, body + "}");
}

}  // namespace slipway::wire::otlp
