// SPDX-License-Identifier: Apache-2.0
#include "app/capacity.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <tuple>
#include <utility>

#include <unistd.h>

#include "base/clock.h"
#include "base/ids.h"
#include "base/text.h"
#include "blob/atomic_file.h"
#include "fetch/fetch.h"
#include "json/value.h"
#include "process/process.h"
#include "registry/registry.h"
#include "single.h"

namespace slipway::app {
namespace {

namespace fs = std::filesystem;

constexpr int kReadyMs = 180'000;
constexpr std::size_t kMostZeros = 16 << 20;  // elements of a request
constexpr const char* kGoals[] = {"p50", "p90", "p95", "p99", "p99.9", "max"};

Result<registry::Version> wanted_version(Platform& from, const std::string& target) {
  auto found = version_named(from, target);
  const bool plain = target.find_first_of("@/") == std::string::npos;
  if (found || !plain || found.error().code != Code::not_found) return found;
  SW_TRY(const auto model, from.registry().model(target));
  std::int64_t newest = 0;
  for (const auto& version : model.latest) newest = std::max(newest, version.version);
  if (newest == 0) return not_found("model '" + target + "' has no version");
  return from.registry().version({target, newest});
}

// A folder that is gone with this.
class Scratch {
 public:
  Scratch() : path_(fs::temp_directory_path() / ("slipway-capacity-" + system_ids().hex32())) {}
  ~Scratch() {
    std::error_code failed;
    fs::remove_all(path_, failed);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const fs::path& path() const { return path_; }

 private:
  const fs::path path_;
};

// `slipway up` on ports of its own.
class ServerUnderTest {
 public:
  static Result<std::unique_ptr<ServerUnderTest>> start(std::vector<std::string> argv) {
    auto out = std::make_unique<ServerUnderTest>();
    process::Command command{.argv = std::move(argv)};
    command.output = [raw = out.get()](std::string_view text) { raw->read(text); };
    command.exited = [raw = out.get()](const process::Exit&) { raw->end(); };
    SW_TRY(out->child_, process::Child::start(command));
    std::unique_lock lock(out->mutex_);
    const bool told = out->changed_.wait_for(lock, std::chrono::milliseconds(kReadyMs),
                                             [&] { return out->port_ != 0 || out->ended_; });
    if (out->port_ != 0) return out;
    return unavailable(
        std::string("the server under test ") + (told ? "ended: " : "is not ready: ") +
        out->text_.substr(out->text_.size() - std::min<std::size_t>(out->text_.size(), 1000)));
  }
  ~ServerUnderTest() {
    if (child_ != nullptr) child_->end(2000);
  }

  std::uint16_t port() const { return port_; }
  // User and system time of the server so far; not of what it started.
  double cpu_seconds() const {
    const auto text = blob::read_file("/proc/" + std::to_string(child_->pid()) + "/stat", 4096);
    if (!text) return 0;
    const auto fields = split(std::string_view(*text).substr(text->rfind(')') + 1), ' ');
    if (fields.size() < 14) return 0;
    const auto ticks = parse_int(fields[12]).value_or(0) + parse_int(fields[13]).value_or(0);
    return static_cast<double>(ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  }

 private:
  void read(std::string_view text) {
    const std::scoped_lock lock(mutex_);
    if (port_ != 0) return;
    text_ += text;
    for (const auto line : split(text_, '\n')) {
      if (line.find("platform.ready") == std::string_view::npos) continue;
      const auto words = json::parse_value(line);
      if (!words) continue;
      const auto url = json::text_at(*words, "url").value_or("");
      port_ = static_cast<std::uint16_t>(parse_int(url.substr(url.rfind(':') + 1)).value_or(0));
    }
    changed_.notify_all();
  }
  void end() {
    const std::scoped_lock lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::string text_;
  std::uint16_t port_ = 0;
  bool ended_ = false;
  std::unique_ptr<process::Child> child_;  // ends before the others
};

std::vector<std::string> command_of(const Config& like, const CapacityPoint& point) {
  const auto number = [](std::int64_t value) { return std::to_string(value); };
  std::vector<std::string> out{"/proc/self/exe",
                               "up",
                               "--data",
                               like.data,
                               "--port",
                               "0",
                               "--grpc-port",
                               "0",
                               "--log-format",
                               "json",
                               "--log-level",
                               "info",
                               "--access-log",
                               "no",
                               "--io-threads",
                               number(point.threads),
                               "--model-instances",
                               number(point.instances),
                               "--batch-rows",
                               number(point.batch_rows),
                               "--onnx-memory",
                               number(like.onnx_memory),
                               "--python-workers",
                               number(like.python_workers)};
  for (const auto& [flag, value] :
       {std::pair<const char*, const std::string&>{"--onnxruntime", like.onnxruntime},
        {"--python", like.python},
        {"--uv", like.uv}}) {
    if (value.empty()) continue;
    out.emplace_back(flag);
    out.push_back(value);
  }
  return out;
}

Result<std::size_t> append_zeros(std::string& out, const json::value& input, std::int64_t rows) {
  const auto* shape = json::find(input, "shape");
  const auto type = json::text_at(input, "datatype").value_or("");
  const char* zero = type == "BYTES" ? "\"\"" : type == "BOOL" ? "false" : "0";
  std::size_t count = 1;
  std::string dims;
  if (shape != nullptr && shape->is_array()) {
    for (const auto& dim : shape->get_array()) {
      auto n = dim.is_int64() ? dim.get_int64() : 1;
      if (n < 0) n = dims.empty() ? rows : 1;
      if (n > 0 && count > kMostZeros / static_cast<std::size_t>(n)) {
        return invalid("a request of the model would be too large", "give one with --body FILE");
      }
      count *= static_cast<std::size_t>(n);
      dims += (dims.empty() ? "" : ",") + std::to_string(n);
    }
  }
  out += "{\"name\":";
  append_json_string(out, json::text_at(input, "name").value_or(""));
  out += ",\"datatype\":\"" + type + "\",\"shape\":[" + dims + "],\"data\":[";
  for (std::size_t i = 0; i < count; ++i) {
    if (i != 0) out += ',';
    out += zero;
  }
  out += "]}";
  return count;
}

Result<std::string> zeros_for(const std::string& model_url, std::int64_t rows) {
  SW_TRY(const auto answer, fetch::send({.url = model_url}));
  SW_TRY(const auto facts, json::parse_value(answer.body));
  const auto* inputs = json::find(facts, "inputs");
  if (answer.status != 200 || inputs == nullptr || !inputs->is_array()) {
    return unavailable("the server under test does not serve the model: " + answer.body);
  }
  std::string out = "{\"inputs\":[";
  for (const auto& input : inputs->get_array()) {
    if (out.back() != '[') out += ',';
    SW_CHECK_OK(append_zeros(out, input, rows));
  }
  return out + "]}";
}

// The whole request, and that it is answered.
Result<std::string> request_for(std::uint16_t port, const std::string& endpoint,
                                const CapacityAsk& ask) {
  const auto path = "/v2/models/" + percent_encode(endpoint);
  const auto url = "http://127.0.0.1:" + std::to_string(port) + path;
  std::string body = ask.body;
  if (body.empty()) {
    SW_TRY(body, zeros_for(url, ask.rows));
  }
  SW_TRY(const auto tried, fetch::send({.method = "POST",
                                        .url = url + "/infer",
                                        .headers = {{"content-type", "application/json"}},
                                        .body = body,
                                        .timeout_ms = kReadyMs}));
  if (tried.status != 200) {
    return Error{Code::failed_precondition, "the model refuses the request: " + tried.body,
                 "give one that it answers with --body FILE (POST /v2/models/NAME/infer)"};
  }
  return "POST " + path + "/infer HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json" +
         "\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

struct Bench {
  const CapacityAsk& ask;
  const Config& config;
  std::string endpoint;
  std::function<void(const CapacityPoint&, std::size_t)> tell;
  std::size_t all = 0;
};

// One server, more and more connections until the goal is missed.
Result<void> measure_one(const Bench& bench, CapacityPoint point,
                         std::vector<CapacityPoint>& points) {
  SW_TRY(const auto server, ServerUnderTest::start(command_of(bench.config, point)));
  SW_TRY(const auto request, request_for(server->port(), bench.endpoint, bench.ask));
  for (const auto connections : bench.ask.connections) {
    point.connections = connections;
    const auto before = server->cpu_seconds();
    SW_TRY(point.seen, put_under_load({.port = server->port(),
                                       .request = request,
                                       .connections = static_cast<std::size_t>(connections),
                                       .seconds = bench.ask.seconds}));
    const auto whole = bench.ask.seconds + LoadAsk().warm_up;
    const auto requests = std::max(point.seen.per_second * whole, 1.0);
    point.cpu_us = (server->cpu_seconds() - before) * 1e6 / requests;
    point.within = point.seen.answers > 0 && point.seen.refused == 0 &&
                   value_of(point.seen, bench.ask.goal) <= bench.ask.goal.ms;
    points.push_back(point);
    if (bench.tell) bench.tell(point, bench.all);
    if (!point.within) break;
  }
  return {};
}

}  // namespace

Result<LatencyGoal> parse_goal(std::string_view text) {
  const auto wrong = [&] {
    return invalid("the goal '" + std::string(text.substr(0, 60)) + "' is not understood",
                   "say p50, p90, p95, p99, p99.9 or max, and a time: p99=50ms");
  };
  const auto mark = text.find('=');
  if (mark == std::string_view::npos) return wrong();
  LatencyGoal out{.name = std::string(trim(text.substr(0, mark)))};
  if (std::find(std::begin(kGoals), std::end(kGoals), out.name) == std::end(kGoals)) {
    return wrong();
  }
  auto time = trim(text.substr(mark + 1));
  double unit = 0;
  for (const auto& [word, ms] : {std::pair{"us", 1e-3}, {"ms", 1.0}, {"s", 1e3}}) {
    if (!time.ends_with(word)) continue;
    time.remove_suffix(std::string_view(word).size());
    unit = ms;
    break;
  }
  const auto value = parse_double(trim(time));
  if (unit == 0 || !value || !(*value > 0) || *value * unit > 3'600'000) return wrong();
  out.ms = *value * unit;
  return out;
}

double value_of(const LoadSeen& seen, const LatencyGoal& goal) {
  if (goal.name == "p50") return seen.p50_ms;
  if (goal.name == "p90") return seen.p90_ms;
  if (goal.name == "p95") return seen.p95_ms;
  if (goal.name == "p99.9") return seen.p999_ms;
  if (goal.name == "max") return seen.max_ms;
  return seen.p99_ms;
}

std::optional<CapacityPoint> best_of(const std::vector<CapacityPoint>& points) {
  constexpr double kEqual = 0.97;  // what repeats do not tell apart
  double most = 0;
  for (const auto& point : points) {
    if (point.within) most = std::max(most, point.seen.per_second);
  }
  const CapacityPoint* best = nullptr;
  const auto price = [](const CapacityPoint& point) {
    return std::tuple(point.threads, point.instances, point.connections, point.batch_rows);
  };
  for (const auto& point : points) {
    if (!point.within || point.seen.per_second < most * kEqual) continue;
    if (best == nullptr || price(point) < price(*best)) best = &point;
  }
  if (best == nullptr) return std::nullopt;
  return *best;
}

Result<CapacityReport> measure_capacity(
    Platform& from, const CapacityAsk& ask,
    const std::function<void(const CapacityPoint&, std::size_t all)>& tell) {
  SW_TRY(const auto version, wanted_version(from, ask.model));
  SW_TRY(const auto package, from.registry().package(version.ref()));
  const Scratch scratch;
  auto config = from.config();
  // Environments that were made for the version are used, not made again.
  std::error_code failed;
  const auto made = fs::absolute(fs::path(config.data) / "python");
  config.data = (scratch.path() / "data").string();
  fs::create_directories(config.data, failed);
  if (fs::is_directory(made, failed)) {
    fs::create_directory_symlink(made, fs::path(config.data) / "python", failed);
  }
  SW_TRY(auto endpoint, make_single(package, config));
  Bench bench{.ask = ask, .config = config, .endpoint = std::move(endpoint), .tell = tell};
  bench.all =
      ask.threads.size() * ask.instances.size() * ask.batch_rows.size() * ask.connections.size();
  CapacityReport out{.model = version.model, .version = std::to_string(version.version)};
  for (const auto threads : ask.threads) {
    for (const auto instances : ask.instances) {
      for (const auto batch_rows : ask.batch_rows) {
        const CapacityPoint point{
            .threads = threads, .instances = instances, .batch_rows = batch_rows};
        SW_CHECK_OK(measure_one(bench, point, out.points));
      }
    }
  }
  out.best = best_of(out.points);
  return out;
}

}  // namespace slipway::app
