// SPDX-License-Identifier: Apache-2.0
#include "tracing/types.h"

namespace slipway::tracing {

std::string_view name_of(TraceState state) {
  switch (state) {
    case TraceState::unspecified:
      return "STATE_UNSPECIFIED";
    case TraceState::ok:
      return "OK";
    case TraceState::error:
      return "ERROR";
    case TraceState::in_progress:
      return "IN_PROGRESS";
  }
  return "STATE_UNSPECIFIED";
}

std::string_view name_of(SpanStatus status) {
  switch (status) {
    case SpanStatus::unset:
      return "UNSET";
    case SpanStatus::ok:
      return "OK";
    case SpanStatus::error:
      return "ERROR";
  }
  return "UNSET";
}

bool Usage::any() const {
  return input || output || total || cache_read || cache_write || cache_write_1h;
}

}  // namespace slipway::tracing
