// SPDX-License-Identifier: Apache-2.0
#include "triggers.h"

#include <algorithm>

#include "base/log.h"
#include "cache.h"

namespace slipway::pipeline {
namespace {

constexpr std::int64_t kLookMs = 1'000;
constexpr std::int64_t kIdleMs = 60'000;   // nothing to look at
constexpr std::int64_t kRestFactor = 20;   // at most 5 % of the time goes into looking
constexpr std::size_t kQueueLimit = 1000;  // waiting executions of one pipeline

std::string shown(const std::string& content) {
  return content.empty() ? "nothing" : content;
}

}  // namespace

std::string wants_start(const Watched& before, const Content& now) {
  const auto fresh = [&](const std::string& old, const std::string& content) {
    return !content.empty() && content != old && content != before.started_for;
  };
  if (fresh(before.seen.present, now.present)) return now.present;
  if (fresh(before.seen.recorded, now.recorded)) return now.recorded;
  return {};
}

Result<std::vector<Watched>> first_look(Sources* sources, const Definition& definition,
                                        const std::string& name, const std::string& folder) {
  std::vector<Watched> out;
  const auto& on = definition.on;
  if (on.data_path.empty() && on.push_branch.empty()) return out;
  if (sources == nullptr)
    return Error{Code::unimplemented, "nothing looks at data and branches here", ""};
  if (!on.data_path.empty()) {
    SW_TRY(const auto now, sources->data(path_in(folder, on.data_path)));
    out.push_back(
        {name, "data", on.data_path, now, now.present.empty() ? now.recorded : now.present});
  }
  if (!on.push_branch.empty()) {
    SW_TRY(const auto now, sources->branch(folder, on.push_branch));
    out.push_back({name, "push", on.push_branch, now, now.present});
  }
  return out;
}

int TriggerWatch::look() {
  const auto all = parts_.records.watched("");
  if (!all) {
    log::warn("pipeline.triggers_unread", {{"why", all.error().message}});
    return kLookMs;
  }
  for (const auto& watched : *all) {
    auto& known = known_[{watched.pipeline, watched.kind}];
    const auto began = parts_.clock.monotonic_ns();
    if (began < known.next_ns) continue;
    const auto done = look_at(watched, known);
    const auto ended = parts_.clock.monotonic_ns();
    known.next_ns = ended + std::max((kLookMs - 100) * 1'000'000, (ended - began) * kRestFactor);
    const auto trouble = done ? std::string() : done.error().message;
    if (!trouble.empty() && trouble != known.trouble) {
      log::warn("pipeline.trigger_failed",
                {{"pipeline", watched.pipeline}, {"trigger", watched.kind}, {"why", trouble}});
    }
    known.trouble = trouble;
  }
  return static_cast<int>(all->empty() ? kIdleMs : kLookMs);
}

Result<void> TriggerWatch::look_at(const Watched& watched, Known& known) {
  SW_TRY(const auto registered, parts_.records.pipeline(watched.pipeline));
  Content now;
  if (watched.kind == "data") {
    SW_TRY(now, parts_.sources.data(path_in(registered.folder, watched.subject)));
  } else {
    SW_TRY(now, parts_.sources.branch(registered.folder, watched.subject));
  }
  if (now != std::exchange(known.last, now) || now == watched.seen) return {};
  const auto content = wants_start(watched, now);
  if (!content.empty()) return start(watched, now, content);
  SW_CHECK_OK(
      parts_.records.saw(watched, now, watched.started_for, nullptr, 0, parts_.clock.now()));
  return {};
}

Result<void> TriggerWatch::start(const Watched& watched, const Content& now,
                                 const std::string& content) {
  SW_TRY(const auto registered, parts_.records.pipeline(watched.pipeline));
  SW_TRY(const auto definition, parse_definition(registered.yaml, registered.name));
  Execution execution;
  execution.id = parts_.ids.sortable();
  execution.pipeline = registered.name;
  execution.yaml = registered.yaml;
  execution.folder = registered.folder;
  execution.file = registered.file;
  execution.params = json_of(definition.params);
  execution.created = parts_.clock.now();
  execution.trigger = {watched.kind, registered.name + "@" + to_rfc3339(execution.created),
                       watched.subject + ": " + shown(watched.started_for) + " -> " + content};
  execution.owner = "server";
  execution.engine = parts_.engine;
  SW_TRY(const bool mine,
         parts_.records.saw(watched, now, content, &execution, kQueueLimit, execution.created));
  if (!mine) return {};
  log::info("pipeline.triggered", {{"pipeline", registered.name},
                                   {"execution", execution.id},
                                   {"trigger", watched.kind},
                                   {"what", execution.trigger.detail}});
  started_(execution);
  return {};
}

}  // namespace slipway::pipeline
