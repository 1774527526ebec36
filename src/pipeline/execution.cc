// SPDX-License-Identifier: Apache-2.0
#include "pipeline/execution.h"

#include <array>
#include <utility>

namespace slipway::pipeline {
namespace {

constexpr std::array<std::pair<Status, std::string_view>, 5> kStatuses = {
    {{Status::queued, "queued"},
     {Status::running, "running"},
     {Status::succeeded, "succeeded"},
     {Status::failed, "failed"},
     {Status::cancelled, "cancelled"}}};

constexpr std::array<std::pair<StepStatus, std::string_view>, 10> kStepStatuses = {
    {{StepStatus::pending, "pending"},
     {StepStatus::waiting, "waiting"},
     {StepStatus::running, "running"},
     {StepStatus::succeeded, "succeeded"},
     {StepStatus::failed, "failed"},
     {StepStatus::timed_out, "timed_out"},
     {StepStatus::cached, "cached"},
     {StepStatus::skipped, "skipped"},
     {StepStatus::cancelled, "cancelled"},
     {StepStatus::approval, "approval"}}};

}  // namespace

std::string_view name_of(Status status) {
  return kStatuses[static_cast<std::size_t>(status)].second;
}

std::string_view name_of(StepStatus status) {
  return kStepStatuses[static_cast<std::size_t>(status)].second;
}

Result<Status> status_from(std::string_view name) {
  for (const auto& [status, text] : kStatuses) {
    if (text == name) return status;
  }
  return invalid("'" + std::string(name) + "' is not the status of an execution");
}

Result<StepStatus> step_status_from(std::string_view name) {
  for (const auto& [status, text] : kStepStatuses) {
    if (text == name) return status;
  }
  return invalid("'" + std::string(name) + "' is not the status of a step");
}

}  // namespace slipway::pipeline
