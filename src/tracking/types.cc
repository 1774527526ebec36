// SPDX-License-Identifier: Apache-2.0
#include "tracking/types.h"

namespace slipway::tracking {

std::string_view name_of(RunStatus status) {
  switch (status) {
    case RunStatus::scheduled:
      return "scheduled";
    case RunStatus::running:
      return "running";
    case RunStatus::finished:
      return "finished";
    case RunStatus::failed:
      return "failed";
    case RunStatus::killed:
      return "killed";
  }
  return "running";
}

}  // namespace slipway::tracking
