// SPDX-License-Identifier: Apache-2.0
// `slipway run`: a pipeline to its end, here, with or without a server beside it.
#include <atomic>
#include <csignal>
#include <filesystem>

#include <unistd.h>

#include "app/config.h"
#include "app/platform.h"
#include "arguments.h"
#include "base/log.h"
#include "base/pool.h"
#include "blob/atomic_file.h"
#include "commands.h"
#include "output.h"
#include "pipeline/pipeline.h"
#include "run_console.h"
#include "run_report.h"

namespace slipway::cli {
namespace {

std::atomic<int> signal_pipe{-1};

extern "C" void on_signal(int) {
  (void)!::write(signal_pipe, "s", 1);
}

// Turns SIGINT and SIGTERM into calls of `act`, on a thread of its own.
class Interrupts {
 public:
  explicit Interrupts(std::function<void()> act) {
    if (::pipe(ends_) != 0) return;
    signal_pipe = ends_[1];
    reader_ = std::make_unique<Worker>("sw-signals", [this, act = std::move(act)](const auto&) {
      char what = 0;
      while (::read(ends_[0], &what, 1) == 1 && what == 's') {
        seen_ = true;
        act();
      }
    });
    struct sigaction action {};
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    ::sigaction(SIGINT, &action, nullptr);
    ::sigaction(SIGTERM, &action, nullptr);
  }
  ~Interrupts() {
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
    (void)!::write(ends_[1], "q", 1);
    reader_.reset();
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  bool seen() const { return seen_; }

 private:
  int ends_[2] = {-1, -1};
  std::atomic<bool> seen_ = false;
  std::unique_ptr<Worker> reader_;
};

struct Options {
  std::string file;
  std::vector<std::string> params;
  std::string executor = "local";
  std::string resume;
  std::string from;
  std::string json;
  std::string data;
  std::vector<std::string> secrets;
  int jobs = 0;
  bool no_cache = false;
  bool quiet = false;
  bool verbose = false;
};

void declare(CLI::App& app, Options& options) {
  app.add_option("pipeline", options.file, "The pipeline file; with --resume it may be left out");
  app.add_option("-p,--param", options.params, "A parameter, KEY=VALUE; repeat it for more")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  app.add_option("--executor", options.executor, "Where steps run")->capture_default_str();
  app.add_option("--resume", options.resume, "Go on with this run: what succeeded stays")
      ->type_name("RUN_ID");
  app.add_option("--from", options.from,
                 "With --resume: this step and all that come after it run again")
      ->type_name("STEP");
  app.add_option("--json", options.json, "Write the outcome as JSON; - is standard output")
      ->type_name("OUT");
  app.add_option("--data", options.data, "The data folder (SLIPWAY_DATA, ./slipway-data)")
      ->type_name("DIR");
  app.add_option("-j,--jobs", options.jobs, "Steps at once; one a core by itself")
      ->check(CLI::Range(1, 10000));
  app.add_option("--secret-env", options.secrets,
                 "A variable whose value is a secret: only for the steps that ask for it, masked")
      ->type_name("NAME")
      ->allow_extra_args(false);
  app.add_flag("--no-cache", options.no_cache, "Run every step, also those with kept outputs");
  app.add_flag("-q,--quiet", options.quiet, "Say nothing but errors");
  app.add_flag("-v,--verbose", options.verbose, "Show what the steps write");
}

Result<pipeline::HereRequest> request_of(const Options& options) {
  if (options.executor != "local") {
    return invalid("--executor: '" + options.executor + "' is not available, steps run locally",
                   "leave it out, or say --executor local");
  }
  if (options.file.empty() && options.resume.empty()) {
    return invalid("which pipeline?", "slipway run pipeline.yaml");
  }
  pipeline::HereRequest out;
  if (!options.file.empty()) {
    auto yaml = blob::read_file(options.file, 8 << 20);
    if (!yaml) return invalid(yaml.error().message, yaml.error().hint);
    out.yaml = *std::move(yaml);
    out.file = options.file;
    const auto folder = std::filesystem::absolute(options.file).parent_path();
    out.folder = folder.lexically_normal().string();
  }
  out.params = options.params;
  out.resume = options.resume;
  out.from = options.from;
  out.jobs = options.jobs;
  out.use_cache = !options.no_cache;
  for (const auto& name : options.secrets) {
    const auto value = app::environment(name);
    if (!value || value->empty()) {
      return invalid("--secret-env: the variable '" + name + "' is not set");
    }
    out.secrets[name] = *value;
  }
  return out;
}

// The end of what the first failed steps wrote.
void show_failures(pipeline::Executions& executions, const pipeline::Execution& execution) {
  constexpr std::size_t kBytes = 2000;
  int shown = 0;
  for (const auto& step : execution.steps) {
    const bool bad = step.status == pipeline::StepStatus::failed ||
                     step.status == pipeline::StepStatus::timed_out;
    if (!bad || step.attempts == 0 || ++shown > 3) continue;
    auto log = executions.read_log(execution.id, step.name, step.index, 0, 0, 128 << 20);
    if (!log || log->text.empty()) continue;
    auto text = std::string_view(log->text);
    if (text.size() > kBytes) text = text.substr(text.find('\n', text.size() - kBytes) + 1);
    if (text.ends_with('\n')) text.remove_suffix(1);
    say("--- the end of what " + label_of(step) + " wrote ---\n" + std::string(text) + "\n---");
  }
}

int report(const Options& options, pipeline::Executions& executions, RunConsole& console,
           const pipeline::Execution& execution) {
  console.ended(execution);
  if (!options.json.empty()) {
    if (auto ok = write_document(options.json, run_report(execution)); !ok) return fail(ok.error());
  }
  if (execution.status == pipeline::Status::succeeded) return kDone;
  if (execution.status == pipeline::Status::cancelled) {
    say("hint: go on with: slipway run --resume " + execution.id);
    return kInterrupted;
  }
  if (!options.verbose) show_failures(executions, execution);
  say("error: pipeline " + execution.pipeline + " failed");
  say("hint: mend it, then go on with: slipway run " +
      (options.file.empty() ? "" : options.file + " ") + "--resume " + execution.id);
  return kFailed;
}

}  // namespace

int run(const Args& args) {
  CLI::App app;
  Options options;
  declare(app, options);
  if (const auto code = parse(app, "run", args)) return *code;
  log::configure(log::Level::warn, log::Format::automatic);
  auto request = request_of(options);
  if (!request) return fail(request.error());
  std::map<std::string, std::string> flags;
  if (!options.data.empty()) flags["data"] = options.data;
  const auto effective = app::load_config(flags);
  if (!effective) return fail(effective.error());
  const auto platform = app::Platform::open(effective->config, app::Mode::local);
  if (!platform) return fail(platform.error());
  auto& executions = (*platform)->executions();
  RunConsole console(options.json != "-", options.quiet, options.verbose);
  Interrupts interrupts([&] { executions.interrupt(); });
  const auto execution = executions.run_here(*request, console);
  if (!execution) {
    fail(execution.error());
    return execution.error().code == Code::invalid_argument ? kUsage
                                                            : exit_code_of(execution.error());
  }
  return report(options, executions, console, *execution);
}

}  // namespace slipway::cli
