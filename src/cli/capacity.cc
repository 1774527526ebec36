// SPDX-License-Identifier: Apache-2.0
// `slipway capacity`: how much of one model this machine serves, and with which settings.
#include "app/capacity.h"

#include <cmath>
#include <thread>

#include "arguments.h"
#include "base/log.h"
#include "base/text.h"
#include "blob/atomic_file.h"
#include "commands.h"
#include "json/value.h"
#include "output.h"

namespace slipway::cli {
namespace {

using app::CapacityPoint;
using app::CapacityReport;

constexpr std::size_t kMostSteps = 16;
constexpr std::size_t kMostBody = 64 << 20;

struct Options {
  std::string model;
  std::string goal = "p99=50ms";
  std::string threads;
  std::string instances;
  std::string batch_rows = "1,32,256";
  std::string connections = "1,4,16,64";
  std::int64_t rows = 1;
  double seconds = 1;
  std::string body;
  std::string json;
};

// "1,2,4", ascending.
Result<std::vector<std::int64_t>> numbers(const std::string& flag, const std::string& text,
                                          std::int64_t most) {
  std::vector<std::int64_t> out;
  for (const auto word : split(text, ',')) {
    const auto value = parse_int(trim(word));
    if (!value || *value < 1 || *value > most || (!out.empty() && *value <= out.back()) ||
        out.size() == kMostSteps) {
      return invalid(flag + " '" + text.substr(0, 60) + "' must be ascending numbers from 1 to " +
                         std::to_string(most),
                     "for example " + flag + " 1,2");
    }
    out.push_back(*value);
  }
  return out;
}

// 1 and then twice as many up to all cores.
std::string up_to_cores() {
  const auto cores = std::max(1U, std::thread::hardware_concurrency());
  std::string out = "1";
  for (unsigned n = 2; n <= cores && n <= 8; n *= 2) out += "," + std::to_string(n);
  return out;
}

Result<app::CapacityAsk> ask_of(const Options& options) {
  app::CapacityAsk out{.model = options.model, .rows = options.rows, .seconds = options.seconds};
  SW_TRY(out.goal, app::parse_goal(options.goal));
  SW_TRY(out.threads, numbers("--threads", options.threads, 64));
  SW_TRY(out.instances, numbers("--instances", options.instances, 64));
  SW_TRY(out.batch_rows, numbers("--batch-rows", options.batch_rows, 65'536));
  SW_TRY(out.connections, numbers("--connections", options.connections, 4096));
  if (!options.body.empty()) {
    SW_TRY(out.body, blob::read_file(options.body, kMostBody));
    if (out.body.empty()) return invalid("--body '" + options.body + "' is empty");
  }
  return out;
}

std::string fixed(double value) {
  char text[40];
  std::snprintf(text, sizeof text, value < 10 ? "%.2f" : value < 1000 ? "%.1f" : "%.0f", value);
  return text;
}

Row row_of(const CapacityPoint& point, std::int64_t rows) {
  return {std::to_string(point.threads),
          std::to_string(point.instances),
          std::to_string(point.batch_rows),
          std::to_string(point.connections),
          fixed(std::round(point.seen.per_second)),
          fixed(std::round(point.seen.per_second * static_cast<double>(rows))),
          fixed(point.seen.p50_ms),
          fixed(point.seen.p99_ms),
          fixed(point.cpu_us),
          point.within ? "yes" : "no"};
}

json::object json_of(const CapacityPoint& point, const app::LatencyGoal& goal) {
  return {{"io_threads", point.threads},
          {"model_instances", point.instances},
          {"batch_rows", point.batch_rows},
          {"connections", point.connections},
          {"requests_per_second", point.seen.per_second},
          {"answers", point.seen.answers},
          {"refused", point.seen.refused},
          {"p50_ms", point.seen.p50_ms},
          {"p90_ms", point.seen.p90_ms},
          {"p95_ms", point.seen.p95_ms},
          {"p99_ms", point.seen.p99_ms},
          {"p99_9_ms", point.seen.p999_ms},
          {"max_ms", point.seen.max_ms},
          {"goal_ms", app::value_of(point.seen, goal)},
          {"server_cpu_us_per_request", point.cpu_us},
          {"within", point.within}};
}

std::vector<std::string> flags_of(const CapacityPoint& point) {
  return {"--io-threads",      std::to_string(point.threads),
          "--model-instances", std::to_string(point.instances),
          "--batch-rows",      std::to_string(point.batch_rows)};
}

std::string document(const CapacityReport& report, const app::CapacityAsk& ask) {
  json::array points;
  for (const auto& point : report.points) points.push_back(json_of(point, ask.goal));
  json::object out{{"model", report.model},
                   {"version", report.version},
                   {"goal", json::object{{"name", ask.goal.name}, {"ms", ask.goal.ms}}},
                   {"rows", ask.rows},
                   {"cores", std::thread::hardware_concurrency()},
                   {"points", std::move(points)},
                   {"best", nullptr}};
  if (report.best) {
    auto best = json_of(*report.best, ask.goal);
    json::array flags;
    for (const auto& word : flags_of(*report.best)) flags.emplace_back(word);
    best["flags"] = std::move(flags);
    out["best"] = std::move(best);
  }
  return json::dump_value(out);
}

void print(const CapacityReport& report, const app::CapacityAsk& ask) {
  std::vector<Row> rows;
  for (const auto& point : report.points) rows.push_back(row_of(point, ask.rows));
  print_table({"IO THREADS", "INSTANCES", "BATCH ROWS", "CONNECTIONS", "REQUESTS/S", "ROWS/S",
               "P50 MS", "P99 MS", "CPU US", "WITHIN"},
              rows);
  if (!report.best) return;
  const auto& best = *report.best;
  say("version " + report.version + " of model '" + report.model +
      "': " + fixed(std::round(best.seen.per_second)) + " requests/s with " + ask.goal.name + " " +
      fixed(app::value_of(best.seen, ask.goal)) + " ms at " + std::to_string(best.connections) +
      " connections; the load came from this machine too");
  std::string flags;
  for (const auto& word : flags_of(best)) flags += " " + word;
  print_line("");
  print_line("slipway up" + flags);
  print_line("");
  print_line("# or in slipway.toml");
  print_line("io_threads = " + std::to_string(best.threads));
  print_line("model_instances = " + std::to_string(best.instances));
  print_line("batch_rows = " + std::to_string(best.batch_rows));
}

Result<int> run(const Options& options, const std::map<std::string, std::string>& flags) {
  SW_TRY(const auto ask, ask_of(options));
  SW_TRY(auto config, app::load_config(flags));
  config.config.executable = "/proc/self/exe";
  log::configure(log::Level::error, log::Format::automatic);
  SW_TRY(const auto platform, app::Platform::open(config.config, app::Mode::local));
  std::unique_ptr<Progress> progress;
  SW_TRY(const auto report,
         app::measure_capacity(*platform, ask, [&](const CapacityPoint&, std::size_t all) {
           if (progress == nullptr) progress = std::make_unique<Progress>("measurements", all);
           progress->add(1);
         }));
  progress.reset();
  if (!options.json.empty()) SW_CHECK_OK(write_document(options.json, document(report, ask)));
  if (options.json != "-") print(report, ask);
  if (report.best) return kDone;
  std::string why;
  for (const auto& point : report.points) {
    if (!point.seen.why.empty()) why = "; the server refused requests: " + point.seen.why;
  }
  return Error{
      Code::failed_precondition,
      "no combination keeps " + ask.goal.name + " within " + fixed(ask.goal.ms) + " ms" + why,
      "allow more time, or use fewer rows a request or a faster model"};
}

}  // namespace

int capacity(const Args& args) {
  CLI::App command;
  Options options;
  options.threads = up_to_cores();
  options.instances = up_to_cores();
  std::map<std::string, std::string> flags;
  command
      .add_option("MODEL", options.model,
                  "MODEL (its champion, else its newest version), MODEL@ALIAS or MODEL/VERSION")
      ->required();
  command
      .add_option("--slo", options.goal, "p50, p90, p95, p99, p99.9 or max, and the time it may be")
      ->capture_default_str();
  command.add_option("--threads", options.threads, "io_threads to try")->capture_default_str();
  command.add_option("--instances", options.instances, "model_instances to try")
      ->capture_default_str();
  command.add_option("--batch-rows", options.batch_rows, "batch_rows to try")
      ->capture_default_str();
  command.add_option("--connections", options.connections, "clients at a time to try")
      ->capture_default_str();
  command.add_option("--rows", options.rows, "rows of a request")
      ->check(CLI::Range(1, 65'536))
      ->capture_default_str();
  command.add_option("--seconds", options.seconds, "length of a measurement")
      ->check(CLI::Range(0.1, 600.0))
      ->capture_default_str();
  command.add_option("--body", options.body,
                     "file with a request (POST /v2/models/NAME/infer, JSON) instead of zeros");
  command.add_option("--data", flags["data"], "the data folder that has the model");
  command.add_option("--store", flags["store"], "its database, when that is elsewhere");
  command.add_option("--python", flags["python"], "interpreter of Python models");
  command.add_option("--json", options.json,
                     "write everything that was measured as JSON to this file; - is standard "
                     "output");
  if (const auto code = parse(command, "capacity", args)) return *code;
  std::erase_if(flags, [](const auto& flag) { return flag.second.empty(); });
  const auto done = run(options, flags);
  return done ? *done : fail(done.error());
}

}  // namespace slipway::cli
