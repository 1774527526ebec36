// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <mutex>
#include <thread>
#include <utility>

#include <unistd.h>

#include "base/text.h"
#include "blob/atomic_file.h"
#include "pipeline/cron.h"
#include "pipeline/pipeline.h"
#include "process/process.h"
#include "run.h"
#include "service.h"
#include "view.h"

namespace slipway::pipeline {
namespace {

constexpr std::size_t kQueueLimit = 1000;  // waiting executions of one pipeline
constexpr std::size_t kFileLimit = 4 << 20;

int cores() {
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

bool looks_like_path(const std::string& text) {
  return text.find('/') != text.npos || text.ends_with(".yaml") || text.ends_with(".yml");
}

std::string absolute(const std::string& path) {
  if (path.starts_with('/')) return path;
  char folder[4096];
  return ::getcwd(folder, sizeof(folder)) == nullptr ? path : std::string(folder) + "/" + path;
}

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == path.npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

void add_triggers(const std::vector<Watched>& watched, Registered& out) {
  for (const auto& one : watched) {
    if (one.pipeline != out.name) continue;
    (one.kind == "data" ? out.data_path : out.push_branch) = one.subject;
  }
}

std::string name_from_file(const std::string& file) {
  auto out = file.substr(file.rfind('/') + 1);
  return out.substr(0, out.find('.'));
}

}  // namespace

// --- starting ----------------------------------------------------------------------------------

Result<Registered> Executions::Impl::source_of(const std::string& name) {
  auto known = records.pipeline(name);
  if (known || known.error().code != Code::not_found) return known;
  if (!looks_like_path(name)) return known;
  SW_TRY(const auto yaml, blob::read_file(name, kFileLimit));
  SW_TRY(const auto definition, parse_definition(yaml, name));
  Registered out;
  out.file = absolute(name);
  out.folder = folder_of(out.file);
  out.yaml = yaml;
  out.name = definition.name.empty() ? name_from_file(out.file) : definition.name;
  return out;
}

Result<std::map<std::string, std::string>> Executions::Impl::secrets_for(
    const Definition& definition, const std::map<std::string, std::string>& given) const {
  auto out = given;
  for (const auto& step : definition.steps) {
    for (const auto& name : step.secrets) {
      if (out.contains(name)) continue;
      auto value = options.secret ? options.secret(name) : std::nullopt;
      if (!value || value->empty()) {
        return precondition(
            "step '" + step.name + "' needs the secret '" + name + "', which was not given",
            "set it in the environment and name it: --secret-env " + name);
      }
      out[name] = *value;
    }
  }
  return out;
}

Result<Execution> Executions::start(const std::string& pipeline, const Params& given,
                                    const Trigger& trigger) {
  SW_TRY(const auto source, impl_->source_of(pipeline));
  SW_TRY(const auto definition,
         parse_definition(source.yaml, source.file.empty() ? source.name : source.file));
  SW_TRY(const auto params, with_params(definition.params, given));
  SW_CHECK_OK(check_params(definition, params));
  SW_TRY(const auto secrets, impl_->secrets_for(definition, {}));
  Execution execution;
  execution.id = impl_->ids.sortable();
  execution.pipeline = source.name;
  execution.yaml = source.yaml;
  execution.folder = source.folder;
  execution.file = source.file;
  execution.params = json_of(params);
  execution.trigger = trigger;
  execution.owner = "server";
  execution.engine = impl_->engine;
  execution.created = impl_->clock.now();
  execution.priority = definition.priority;
  SW_TRY(const auto before, impl_->admit(execution, definition, kQueueLimit));
  return get(before ? before->id : execution.id);
}

// --- looking ------------------------------------------------------------------------------------

Result<Execution> Executions::get(const std::string& id) {
  SW_TRY(auto out, impl_->records.get(id));
  see_interruption(out);
  SW_CHECK_OK(add_steps(impl_->records, out));
  return out;
}

Result<Page<Execution>> Executions::list(const std::string& pipeline, const PageRequest& page) {
  SW_TRY(auto out, impl_->records.list(pipeline, page));
  for (auto& execution : out.items) see_interruption(execution);
  return out;
}

Result<std::vector<Attempt>> Executions::attempts(const std::string& id, const std::string& step) {
  SW_TRY(const auto execution, impl_->records.get(id));
  return impl_->records.attempts(execution.id, step);
}

Result<LogPiece> Executions::read_log(const std::string& id, const std::string& step,
                                      std::optional<std::int64_t> index, int attempt,
                                      std::uint64_t offset, std::size_t limit) {
  SW_TRY(const auto execution, get(id));
  const StepState* found = nullptr;
  bool named = false;
  for (const auto& state : execution.steps) {
    named |= state.name == step;
    if (state.name == step && state.index == index) found = &state;
  }
  if (!named) {
    return not_found("execution '" + id + "' has no step '" + step.substr(0, 80) + "'");
  }
  if (found == nullptr) {
    return not_found(index ? "step '" + step + "' has no element " + std::to_string(*index)
                           : "step '" + step + "' is a foreach",
                     index ? "" : "name the element: " + step + "[0]");
  }
  if (attempt < 0 || attempt > found->attempts) {
    return not_found("step '" + step + "' had " + std::to_string(found->attempts) + " attempts");
  }
  LogPiece out;
  out.attempt = attempt == 0 ? found->attempts : attempt;
  const auto path =
      log_path(impl_->options.logs, id, step, index.value_or(-1), std::max(1, out.attempt));
  SW_TRY(out.text, read_piece(path, offset, limit));
  out.next_offset = offset + out.text.size();
  const bool over = out.attempt < found->attempts ||
                    (found->status != StepStatus::running && found->status != StepStatus::approval);
  out.complete = over && out.text.size() < limit;
  return out;
}

// --- one execution in this process
// ----------------------------------------------------------------

Result<Execution> Executions::Impl::prepare_new(const HereRequest& request,
                                                const Definition& definition, Params& params) {
  SW_TRY(const auto given, params_from_words(definition.params, request.params));
  SW_TRY(params, with_params(definition.params, given));
  SW_CHECK_OK(check_params(definition, params));
  Execution out;
  out.id = ids.sortable();
  out.pipeline = definition.name.empty() ? name_from_file(request.file) : definition.name;
  out.yaml = request.yaml;
  out.folder = absolute(request.folder.empty() ? "." : request.folder);
  out.file = absolute(request.file);
  out.params = json_of(params);
  out.engine = engine;
  out.status = Status::running;
  out.created = clock.now();
  out.started = out.created;
  return out;
}

// The stored values of the parameters that the definition still has, then the given ones.
Result<Params> Executions::Impl::resumed_params(const Execution& execution,
                                                const Definition& definition,
                                                const std::vector<std::string>& words) {
  SW_TRY(const auto stored, params_from_json(execution.params));
  Params kept;
  for (const auto& [name, value] : stored) {
    for (const auto& [declared, unused] : definition.params) {
      if (name == declared) kept.emplace_back(name, value);
    }
  }
  SW_TRY(const auto before, with_params(definition.params, kept));
  SW_TRY(const auto given, params_from_words(definition.params, words));
  return with_params(before, given);
}

Result<Execution> Executions::run_here(const HereRequest& request, Listener& listener) {
  Execution execution;
  if (!request.resume.empty()) {
    SW_TRY(execution, impl_->records.get(request.resume));
    const bool busy = execution.status == Status::queued || process::is_alive(execution.engine);
    if (!is_final(execution.status) && busy) {
      return precondition(
          "execution '" + request.resume + "' is still " + std::string(name_of(execution.status)),
          "cancel it first, or wait for its end");
    }
  }
  const bool fresh = request.resume.empty();
  if (fresh && !request.from.empty()) {
    return invalid("which execution is to run again from '" + request.from + "'?",
                   "name it: --resume RUN_ID --from " + request.from);
  }
  const auto& yaml = request.yaml.empty() ? execution.yaml : request.yaml;
  SW_TRY(const auto definition,
         parse_definition(yaml, request.file.empty() ? execution.file : request.file));
  SW_TRY(auto secrets, impl_->secrets_for(definition, request.secrets));
  Params params;
  if (fresh) {
    SW_TRY(execution, impl_->prepare_new(request, definition, params));
    SW_TRY(const auto other, impl_->records.create(execution, kQueueLimit));
    (void)other;
  } else {
    SW_TRY(params, impl_->resumed_params(execution, definition, request.params));
    impl_->executor->end_leftovers(execution.id);
    execution.yaml = yaml;
    execution.params = json_of(params);
    SW_TRY(const auto anew, impl_->steps_from(definition, request.from));
    SW_CHECK_OK(impl_->records.claim(execution, impl_->engine, impl_->clock.now()));
    SW_CHECK_OK(impl_->records.forget_steps(execution.id, anew));
    execution.status = Status::running;
    execution.engine = impl_->engine;
  }
  listener.begun(execution);
  SW_TRY(auto setup, impl_->setup_of(execution, definition, std::move(params), std::move(secrets)));
  if (request.jobs > 0) setup.jobs = setup.shared_jobs->most = request.jobs;
  setup.use_cache = request.use_cache;
  SW_CHECK_OK(impl_->run(std::move(setup), &listener));
  return get(execution.id);
}

Result<RunSetup> Executions::Impl::setup_of(const Execution& execution,
                                            const Definition& definition, Params params,
                                            std::map<std::string, std::string> secrets) const {
  RunSetup out{.execution = execution,
               .definition = definition,
               .params = std::move(params),
               .jobs = options.jobs > 0 ? options.jobs : cores(),
               .logs = absolute(options.logs),  // steps write there, wherever they run
               .env = step_env_,
               .secrets = std::move(secrets)};
  out.artifacts = out.logs + "/.artifacts";
  out.shared_jobs = std::make_shared<Jobs>(Jobs{.most = out.jobs});
  const auto at = execution.scheduled.value_or(execution.created);
  SW_TRY(const auto zone, load_zone(definition.timezone));
  out.scheduled = to_rfc3339(at);
  out.scheduled_date = to_rfc3339({at.ms + zone->offset_at(at.ms / 1000) * 1000}).substr(0, 10);
  return out;
}

void Executions::interrupt() {
  impl_->interrupt_all();
}

Executions::Executions(store::Database& database, blob::BlobStore* blobs, EventSink& events,
                       Clock& clock, Ids& ids, GateRunner* gates, ExecutionsOptions options)
    : impl_(
          std::make_unique<Impl>(database, blobs, events, clock, ids, gates, std::move(options))) {}

Executions::~Executions() {
  impl_->stop();
}

Result<void> Executions::serve(const EnvList& step_env) {
  return impl_->serve(step_env);
}

// --- registered pipelines ---------------------------------------------------------------------

Result<Registered> Executions::put(const std::string& name, const std::string& yaml,
                                   const std::string& folder, const std::string& file) {
  SW_TRY(const auto definition, parse_definition(yaml, file.empty() ? "pipeline.yaml" : file));
  Registered out;
  out.name = name.empty() ? definition.name : name;
  if (out.name.empty()) {
    return invalid("name: a registered pipeline needs one",
                   "send 'name', or write name: in the file");
  }
  if (out.name.find('/') != out.name.npos || out.name.size() > 100) {
    return invalid("name: '" + out.name.substr(0, 80) + "' is not a name of a pipeline",
                   "at most 100 characters without '/'");
  }
  if (!folder.starts_with('/')) {
    return invalid("folder: '" + folder.substr(0, 200) + "' must be an absolute path",
                   "the folder on the server in which the steps run");
  }
  out.yaml = yaml;
  out.folder = folder;
  out.file = file;
  out.schedule = definition.schedule;
  out.timezone = definition.timezone;
  out.drift_endpoint = definition.on.drift_endpoint;
  out.after_pipeline = definition.on.after_pipeline;
  out.after_status = definition.on.after_status;
  out.created = out.updated = impl_->clock.now();
  if (!out.schedule.empty()) {
    SW_TRY(const auto cron, Cron::parse(out.schedule));
    SW_TRY(const auto zone, load_zone(out.timezone));
    SW_TRY(out.next_fire, cron.next(out.updated, *zone));
  }
  // A change from now on counts, also one that comes before the server looks again.
  SW_TRY(const auto watched, first_look(impl_->options.sources, definition, out.name, out.folder));
  SW_CHECK_OK(impl_->records.put(out, watched));
  impl_->wake();
  return pipeline(out.name);
}

Result<void> Executions::remove(const std::string& name) {
  SW_TRY(const bool removed, impl_->records.remove(name));
  if (!removed) return not_found("there is no pipeline '" + name.substr(0, 80) + "'");
  impl_->wake();
  return {};
}

Result<Registered> Executions::pipeline(const std::string& name) {
  SW_TRY(auto out, impl_->records.pipeline(name));
  SW_TRY(const auto watched, impl_->records.watched(name));
  add_triggers(watched, out);
  return out;
}

Result<std::vector<Registered>> Executions::pipelines() {
  SW_TRY(auto out, impl_->records.pipelines());
  SW_TRY(const auto watched, impl_->records.watched(""));
  for (auto& one : out) add_triggers(watched, one);
  return out;
}

Result<std::vector<std::string>> Executions::on_drift(const std::string& endpoint) {
  SW_TRY(const auto all, pipelines());
  std::vector<std::string> out;
  for (const auto& registered : all) {
    if (!endpoint.empty() && registered.drift_endpoint == endpoint) out.push_back(registered.name);
  }
  return out;
}

}  // namespace slipway::pipeline
