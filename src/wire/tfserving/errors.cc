// SPDX-License-Identifier: Apache-2.0
#include "errors.h"

#include <string>
#include <utility>

#include "base/log.h"
#include "base/text.h"

namespace slipway::wire::tfserving {

int status_of(Code code) {
  switch (code) {
    case Code::invalid_argument:
    case Code::failed_precondition:
      return 400;
    case Code::unauthenticated:
      return 401;
    case Code::permission_denied:
      return 403;
    case Code::not_found:
      return 404;
    case Code::already_exists:
    case Code::conflict:
      return 409;
    case Code::exhausted:
      return 429;
    case Code::cancelled:
      return 499;
    case Code::internal:
    case Code::data_loss:
      return 500;
    case Code::unimplemented:
      return 501;
    case Code::unavailable:
      return 503;
    case Code::deadline:
      return 504;
  }
  return 500;
}

net::Response render(const net::Request& request, const Error& error) {
  const int status = request.protocol_status != 0 ? request.protocol_status : status_of(error.code);
  if (status == 500) {
    log::error(
        "tfserving.failed",
        {{"path", request.path}, {"request_id", request.request_id}, {"message", error.message}});
  }
  std::string body = "{\"error\":";
  append_json_string(body,
                     error.hint.empty() ? error.message : error.message + " (" + error.hint + ")");
  body += '}';
  auto response = net::Response::json(status, std::move(body));
  if (status == 429) response.headers.set("retry-after", "1");
  return response;
}

}  // namespace slipway::wire::tfserving
