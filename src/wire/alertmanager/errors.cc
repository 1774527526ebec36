// SPDX-License-Identifier: Apache-2.0
#include "errors.h"

#include "base/text.h"

namespace slipway::wire::alertmanager {
namespace {

// Alertmanager repeats after 429 and 5xx and drops after anything else; so what may work later,
// such as a pipeline that is not registered yet, is 5xx.
int status_of(Code code) {
  switch (code) {
    case Code::invalid_argument:
      return 400;
    case Code::unauthenticated:
      return 401;
    case Code::permission_denied:
      return 403;
    case Code::exhausted:
      return 429;
    case Code::unimplemented:
      return 501;
    case Code::not_found:
    case Code::already_exists:
    case Code::conflict:
    case Code::failed_precondition:
    case Code::unavailable:
    case Code::deadline:
    case Code::cancelled:
      return 503;
    case Code::data_loss:
    case Code::internal:
      return 500;
  }
  return 500;
}

}  // namespace

net::Response refuse(const Error& error) {
  std::string body = "{\"error\":";
  append_json_string(body, error.message);
  return net::Response::json(status_of(error.code), body + "}");
}

}  // namespace slipway::wire::alertmanager
