// SPDX-License-Identifier: Apache-2.0
#include "subs.h"

#include <utility>

#include "base/text.h"
#include "blob/atomic_file.h"

namespace slipway::pipeline {
namespace {

constexpr int kMaxDepth = 8;
constexpr std::size_t kFileLimit = 4 << 20;
constexpr std::size_t kNoLimit = 1'000'000'000;

}  // namespace

Result<SubEnd> Subs::run(const SubRequest& request) {
  if (request.parent->depth >= kMaxDepth) {
    return precondition("pipelines are nested more than " + std::to_string(kMaxDepth) + " deep",
                        "does '" + request.file + "' start itself?");
  }
  auto out = run_child(request);
  const std::scoped_lock lock(mutex_);
  children_.erase(request.key);
  return out;
}

void Subs::stop(const std::string& key, bool at_once) {
  std::string id;
  {
    const std::scoped_lock lock(mutex_);
    auto& child = children_[key];
    child.stopped = true;
    child.at_once = at_once;
    id = child.id;
  }
  if (!id.empty()) impl_.cancel_active(id, at_once);
}

// What an earlier attempt made goes on; else a new one.
Result<Execution> Subs::child_of(const SubRequest& request, const std::string& yaml,
                                 const Definition& definition, const Params& params) {
  const auto& parent = request.parent->execution;
  SW_TRY(auto before, impl_.records.by_trigger("pipeline", request.key));
  if (before) {
    if (before->status == Status::succeeded) return *std::move(before);
    impl_.executor->end_leftovers(before->id);
    auto next = *before;
    next.yaml = yaml;
    next.params = json_of(params);
    SW_CHECK_OK(impl_.records.claim(next, impl_.engine, impl_.clock.now()));
    next.engine = impl_.engine;
    next.status = Status::running;
    return next;
  }
  Execution out;
  out.id = impl_.ids.sortable();
  const auto name = request.file.substr(request.file.rfind('/') + 1);
  out.pipeline = definition.name.empty() ? name.substr(0, name.find('.')) : definition.name;
  out.yaml = yaml;
  out.file = request.file;
  out.folder = request.file.substr(0, request.file.rfind('/'));
  out.params = json_of(params);
  out.trigger = {"pipeline", request.key, parent.pipeline + " " + parent.id};
  out.owner = parent.owner;
  out.parent = parent.id;
  out.engine = impl_.engine;
  out.status = Status::running;
  out.created = impl_.clock.now();
  out.started = out.created;
  out.scheduled = parent.scheduled;
  SW_TRY(const auto other, impl_.records.create(out, kNoLimit));
  (void)other;
  return out;
}

// {"train": {"auc": 0.9}}: what its steps handed over.
Result<std::string> Subs::results_of(const Execution& child) {
  SW_TRY(const auto results, impl_.records.results(child.id));
  std::string out = "{";
  for (const auto& one : results) {
    if (one.result.empty()) continue;
    if (out.size() > 1) out += ',';
    append_json_string(out, one.step);
    (out += ':') += one.result;
  }
  return out + "}";
}

// ": train failed (exit code 3)"
std::string Subs::reason_of(const Execution& child) {
  const auto steps = impl_.records.steps(child.id);
  if (!steps) return {};
  for (const auto& step : *steps) {
    if (step.status != StepStatus::failed && step.status != StepStatus::timed_out) continue;
    return ": " + step.name + " " + std::string(name_of(step.status)) + " (" + step.error + ")";
  }
  return {};
}

Result<SubEnd> Subs::run_child(const SubRequest& request) {
  SW_TRY(const auto yaml, blob::read_file(request.file, kFileLimit));
  SW_TRY(const auto definition, parse_definition(yaml, request.file));
  SW_TRY(const auto given, params_from_words(definition.params, request.params));
  SW_TRY(auto params, with_params(definition.params, given));
  SW_CHECK_OK(check_params(definition, params));
  SW_TRY(auto secrets, impl_.secrets_for(definition, request.parent->secrets));
  SW_TRY(auto child, child_of(request, yaml, definition, params));
  SubEnd out{child.status, "", ""};
  if (child.status != Status::succeeded) {
    {
      const std::scoped_lock lock(mutex_);
      auto& known = children_[request.key];
      known.id = child.id;
      if (known.stopped) impl_.cancel_early(child.id);
    }
    SW_TRY(auto setup, impl_.setup_of(child, definition, std::move(params), std::move(secrets)));
    setup.shared_jobs = request.parent->shared_jobs;
    setup.depth = request.parent->depth + 1;
    setup.use_cache = request.parent->use_cache;
    setup.env = request.parent->env;
    const auto listener = impl_.announcer(child);
    SW_TRY(out.status, impl_.run(std::move(setup), listener.get()));
  }
  if (out.status == Status::succeeded) {
    SW_TRY(out.results, results_of(child));
  } else {
    out.error = "execution " + child.id + reason_of(child);
  }
  return out;
}

}  // namespace slipway::pipeline
