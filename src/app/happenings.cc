// SPDX-License-Identifier: Apache-2.0
#include "happenings.h"

#include <string>

#include "base/text.h"
#include "govern/govern.h"
#include "pipeline/pipeline.h"

namespace slipway::app {
namespace {

using wire::api::Happening;

std::string with_reason(std::string text, const std::string& reason) {
  return reason.empty() ? text : text + ": " + reason;
}

}  // namespace

std::vector<Happening> decisions_that_happened(govern::Govern& govern, std::size_t limit) {
  std::vector<Happening> out;
  const auto found = govern.decisions("", 0, {.size = limit});
  if (!found) return out;
  for (const auto& one : found->items) {
    const auto version = std::to_string(one.version);
    out.push_back({one.at, "gate.decided", one.model,
                   one.model + ": version " + version + " " + one.summary(),
                   "/models/" + percent_encode(one.model) + "/versions/" + version});
  }
  return out;
}

std::vector<Happening> executions_that_happened(pipeline::Executions& executions,
                                                std::size_t limit) {
  std::vector<Happening> out;
  const auto found = executions.list("", {.size = limit});
  if (!found) return out;
  for (const auto& one : found->items) {
    const auto link = "/executions/" + percent_encode(one.id);
    if (one.started) {
      out.push_back({*one.started, "execution.started", one.pipeline,
                     one.pipeline + ": started by " + one.trigger.kind +
                         (one.trigger.detail.empty() ? "" : " (" + one.trigger.detail + ")"),
                     link});
    }
    if (one.ended) {
      const std::string status(name_of(one.status));
      out.push_back({*one.ended, "execution." + status, one.pipeline,
                     with_reason(one.pipeline + ": " + status, one.error), link});
    }
  }
  return out;
}

}  // namespace slipway::app
