// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

#include <cstdlib>

#include "base/log.h"

namespace slipway {

std::string_view name_of(Code code) {
  switch (code) {
    case Code::invalid_argument:
      return "invalid_argument";
    case Code::not_found:
      return "not_found";
    case Code::already_exists:
      return "already_exists";
    case Code::conflict:
      return "conflict";
    case Code::failed_precondition:
      return "failed_precondition";
    case Code::unauthenticated:
      return "unauthenticated";
    case Code::permission_denied:
      return "permission_denied";
    case Code::exhausted:
      return "exhausted";
    case Code::unavailable:
      return "unavailable";
    case Code::deadline:
      return "deadline";
    case Code::cancelled:
      return "cancelled";
    case Code::unimplemented:
      return "unimplemented";
    case Code::data_loss:
      return "data_loss";
    case Code::internal:
      return "internal";
  }
  return "internal";
}

void assertion_failed(const char* what, const char* file, int line) {
  log::error("base.assertion_failed", {{"what", what}, {"file", file}, {"line", line}});
  std::abort();
}

Error invalid(std::string message, std::string hint) {
  return {Code::invalid_argument, std::move(message), std::move(hint)};
}
Error not_found(std::string message, std::string hint) {
  return {Code::not_found, std::move(message), std::move(hint)};
}
Error already_exists(std::string message, std::string hint) {
  return {Code::already_exists, std::move(message), std::move(hint)};
}
Error precondition(std::string message, std::string hint) {
  return {Code::failed_precondition, std::move(message), std::move(hint)};
}
Error exhausted(std::string message, std::string hint) {
  return {Code::exhausted, std::move(message), std::move(hint)};
}
Error unavailable(std::string message, std::string hint) {
  return {Code::unavailable, std::move(message), std::move(hint)};
}
Error internal(std::string message, std::string hint) {
  return {Code::internal, std::move(message), std::move(hint)};
}

}  // namespace slipway
