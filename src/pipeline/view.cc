// SPDX-License-Identifier: Apache-2.0
#include "view.h"

#include <map>

#include <fcntl.h>
#include <unistd.h>

#include "pipeline/definition.h"
#include "process/process.h"

namespace slipway::pipeline {
namespace {

StepStatus status_without_record(const Execution& execution) {
  switch (execution.status) {
    case Status::queued:
    case Status::running:
      return StepStatus::pending;
    case Status::cancelled:
      return StepStatus::cancelled;
    case Status::succeeded:
    case Status::failed:
      return StepStatus::skipped;
  }
  return StepStatus::skipped;
}

// A foreach has a record without an index only while it has none with one.
void drop_stale(std::vector<StepState>& states) {
  if (states.size() > 1 && !states.front().index && states[1].index) {
    states.erase(states.begin());
  }
}

}  // namespace

Result<void> add_steps(Records& records, Execution& execution) {
  SW_TRY(auto rows, records.steps(execution.id));
  std::map<std::string, std::vector<StepState>> by_step;
  for (auto& row : rows) {
    const bool live = row.status == StepStatus::running || row.status == StepStatus::waiting ||
                      row.status == StepStatus::approval;
    if (live && is_final(execution.status)) {  // the process was killed
      row.status = StepStatus::cancelled;
      row.error = "interrupted";
    }
    by_step[row.name].push_back(std::move(row));
  }
  const auto definition = parse_definition(execution.yaml, "pipeline.yaml");
  if (!definition) {  // a file that only an older release could read
    for (auto& [name, states] : by_step) {
      for (auto& state : states) execution.steps.push_back(std::move(state));
    }
    return {};
  }
  for (const auto& step : definition->steps) {
    auto& states = by_step[step.name];
    if (states.empty()) {
      states.push_back({.name = step.name, .status = status_without_record(execution)});
    }
    if (step.foreach) drop_stale(states);
    if (!step.needs.empty()) execution.needs[step.name] = step.needs;
    for (auto& state : states) execution.steps.push_back(std::move(state));
  }
  return {};
}

void see_interruption(Execution& execution) {
  if (execution.status != Status::running || process::is_alive(execution.engine)) return;
  if (!process::is_of_this_machine(execution.engine)) return;  // whoever is there knows
  if (execution.owner == "server") {  // the next server goes on with it by itself
    execution.status = Status::queued;
    return;
  }
  execution.status = Status::failed;
  execution.error =
      "interrupted: the process that ran it is gone; go on with slipway run --resume " +
      execution.id;
}

Result<std::string> read_piece(const std::string& path, std::uint64_t offset, std::size_t limit) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::string();
  std::string out(limit, '\0');
  std::size_t total = 0;
  while (total < limit) {
    const auto n =
        ::pread(fd, out.data() + total, limit - total, static_cast<off_t>(offset + total));
    if (n <= 0) break;
    total += static_cast<std::size_t>(n);
  }
  ::close(fd);
  out.resize(total);
  return out;
}

}  // namespace slipway::pipeline
