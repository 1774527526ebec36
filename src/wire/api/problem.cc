// SPDX-License-Identifier: Apache-2.0
#include "wire/api/problem.h"

#include "base/log.h"
#include "base/text.h"

namespace slipway::wire::api {
namespace {

std::string_view title_of(Code code) {
  switch (code) {
    case Code::invalid_argument:
      return "The request is not valid";
    case Code::not_found:
      return "Not found";
    case Code::already_exists:
      return "Already exists";
    case Code::conflict:
      return "Changed meanwhile";
    case Code::failed_precondition:
      return "Not possible in this state";
    case Code::unauthenticated:
      return "Not signed in";
    case Code::permission_denied:
      return "Not allowed";
    case Code::exhausted:
      return "A limit is reached";
    case Code::unavailable:
      return "Not available now";
    case Code::deadline:
      return "Took too long";
    case Code::cancelled:
      return "Cancelled";
    case Code::unimplemented:
      return "Not offered here";
    case Code::data_loss:
      return "Stored data is damaged";
    case Code::internal:
      return "Internal error";
  }
  return "Error";
}

void append(std::string& out, std::string_view key, std::string_view value) {
  out += out.size() == 1 ? "\"" : ",\"";
  (out += key) += "\":";
  append_json_string(out, value);
}

}  // namespace

int status_of(Code code) {
  switch (code) {
    case Code::invalid_argument:
      return 400;
    case Code::not_found:
      return 404;
    case Code::already_exists:
    case Code::conflict:
      return 409;
    case Code::failed_precondition:
      return 422;
    case Code::unauthenticated:
      return 401;
    case Code::permission_denied:
      return 403;
    case Code::exhausted:
      return 429;
    case Code::unavailable:
      return 503;
    case Code::deadline:
      return 504;
    case Code::cancelled:
      return 499;
    case Code::unimplemented:
      return 501;
    case Code::data_loss:
    case Code::internal:
      return 500;
  }
  return 500;
}

net::Response problem(const net::Request& request, const Error& error) {
  if (error.code == Code::internal || error.code == Code::data_loss) {
    log::error("api.failed", {{"path", request.path},
                              {"request_id", request.request_id},
                              {"code", name_of(error.code)},
                              {"message", error.message}});
  }
  const int status = request.protocol_status != 0 ? request.protocol_status : status_of(error.code);
  std::string out = "{";
  append(out, "type", "urn:slipway:error:" + std::string(name_of(error.code)));
  append(out, "title", title_of(error.code));
  out += ",\"status\":" + std::to_string(status);
  append(out, "detail", error.message);
  append(out, "instance", request.path);
  append(out, "code", name_of(error.code));
  if (!error.hint.empty()) append(out, "hint", error.hint);
  append(out, "request_id", request.request_id);
  out += "}";
  return net::Response::text(status, std::move(out), "application/problem+json");
}

}  // namespace slipway::wire::api
