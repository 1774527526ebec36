// SPDX-License-Identifier: Apache-2.0
// One running of a pipeline, and what became of each of its steps.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace slipway::pipeline {

enum class Status { queued, running, succeeded, failed, cancelled };
enum class StepStatus {
  pending,  // not yet begun
  waiting,  // for the next attempt
  running,
  succeeded,
  failed,
  timed_out,
  cached,   // its outputs were there already
  skipped,  // something that it needs did not succeed, or its condition does not hold
  cancelled,
  approval,  // a person is asked
};

std::string_view name_of(Status status);
std::string_view name_of(StepStatus status);
Result<Status> status_from(std::string_view name);
Result<StepStatus> step_status_from(std::string_view name);
inline bool is_final(Status status) {
  return status > Status::running;
}
inline bool is_good(StepStatus status) {
  return status == StepStatus::succeeded || status == StepStatus::cached;
}

struct StepState {
  std::string name;
  std::optional<std::int64_t> index;  // of the element of a foreach
  StepStatus status = StepStatus::pending;
  int attempts = 0;
  std::optional<Timestamp> started;  // of the last attempt
  std::optional<Timestamp> ended;
  std::optional<int> exit_code;  // 128 + n when signal n ended it; nothing when time ran out
  std::string error;
  double cpu_seconds = 0;
  std::uint64_t max_rss_bytes = 0;
};

// What started it. An id makes it unique: the same trigger never starts two.
struct Trigger {
  std::string kind = "cli";  // cli, api, cron, backfill, alert, data, push, pipeline, ..
  std::string id;
  std::string detail;  // for people: what changed
};

struct Execution {
  std::string id;
  std::string pipeline;
  std::string yaml;
  std::string folder;  // where its steps run
  std::string file;    // as given, for messages; may be empty
  std::string params = "{}";
  Trigger trigger;
  std::string owner = "cli";  // cli or server: who starts it again after a crash
  std::string engine;         // see process::identity_of
  Status status = Status::queued;
  std::string error;
  Timestamp created;
  std::optional<Timestamp> started;
  std::optional<Timestamp> ended;
  std::optional<Timestamp> scheduled;  // the time it is for, of a schedule or a back-fill
  std::string parent;                  // the execution that it is a step of; empty: none
  int priority = 0;                    // among those that wait
  std::vector<StepState> steps;        // in the order of the file; all of them
  std::map<std::string, std::vector<std::string>> needs;  // of steps that have any
};

struct Attempt {
  std::string step;
  std::optional<std::int64_t> index;
  int number = 1;
  StepStatus status = StepStatus::running;
  Timestamp started;
  std::optional<Timestamp> ended;
  std::optional<int> exit_code;
  std::string error;
};

// What a person said about a step that asks.
struct Decision {
  std::string step;
  std::optional<std::int64_t> index;
  bool approved = false;
  std::string author;
  std::string comment;
  Timestamp at;
};

// What a step handed to later ones.
struct StepResult {
  std::string step;
  std::optional<std::int64_t> index;
  std::string result;     // JSON; empty: none
  std::string artifacts;  // JSON; empty: none
};

}  // namespace slipway::pipeline
