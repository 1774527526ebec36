// SPDX-License-Identifier: Apache-2.0
#include "worker.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "tensors.h"

namespace slipway::drivers::python {
namespace {

constexpr int kLookMs = 50;
constexpr std::size_t kKeptLines = 20;
constexpr std::size_t kLineLimit = 2000;

// What the server is trusted with and a model is not.
const std::vector<std::string>& withheld() {
  static const std::vector<std::string> names{"SLIPWAY_STORE",
                                              "PGPASSWORD",
                                              "PGPASSFILE",
                                              "AWS_ACCESS_KEY_ID",
                                              "AWS_SECRET_ACCESS_KEY",
                                              "AWS_SESSION_TOKEN",
                                              "PYTHONPATH",
                                              "PYTHONSTARTUP",
                                              "MLFLOW_TRACKING_URI",
                                              "MLFLOW_TRACKING_PASSWORD",
                                              "MLFLOW_TRACKING_TOKEN",
                                              "MLFLOW_TRACKING_USERNAME"};
  return names;
}

Code code_named(const std::string& name) {
  for (const auto code : {Code::invalid_argument, Code::exhausted, Code::failed_precondition,
                          Code::unimplemented, Code::unavailable}) {
    if (name_of(code) == name) return code;
  }
  return Code::internal;
}

}  // namespace

// What the process prints: into the log, and the last lines for messages. Outlives the worker,
// since the watching thread may still hold it.
struct Worker::Output {
  std::string name;
  std::mutex mutex;
  std::string rest;
  std::deque<std::string> last;

  void take(std::string_view bytes) {
    const std::scoped_lock lock(mutex);
    rest += bytes;
    for (auto end = rest.find('\n'); end != std::string::npos; end = rest.find('\n')) {
      line(rest.substr(0, end));
      rest.erase(0, end + 1);
    }
    if (rest.size() > kLineLimit) {
      line(rest);
      rest.clear();
    }
  }
  void line(const std::string& text) {
    if (text.empty()) return;
    log::info("python.output", {{"model", name}, {"line", text.substr(0, kLineLimit)}});
    last.push_back(text.substr(0, kLineLimit));
    if (last.size() > kKeptLines) last.pop_front();
  }
  std::string last_line() {
    const std::scoped_lock lock(mutex);
    return last.empty() ? rest : last.back();
  }
};

Result<std::unique_ptr<Worker>> Worker::start(const WorkerCommand& command) {
  std::unique_ptr<Worker> out(new Worker);
  out->name_ = command.name;
  SW_TRY(out->channel_, Channel::listen());
  out->output_ = std::make_shared<Output>();
  out->output_->name = command.name;
  const auto memory = command.memory_mib * 1024 * 1024;
  process::Command process{
      .argv = {command.interpreter, "-u", command.script, out->channel_->path(), command.folder,
               std::to_string(memory)},
      .env = {{"MLFLOW_DISABLE_TELEMETRY", "true"},
              {"PYTHONNOUSERSITE", "1"},
              {"OMP_NUM_THREADS", process::inherited("OMP_NUM_THREADS").value_or("1")}},
      .unset = withheld(),
      .tag = command.tag,
      .output = [output = out->output_](std::string_view bytes) { output->take(bytes); }};
  SW_TRY(out->child_, process::Child::start(process));
  SW_CHECK_OK(out->wait_until_ready(command));
  return out;
}

Worker::~Worker() {
  if (child_ != nullptr) child_->end(0);
}

Result<void> Worker::wait_until_ready(const WorkerCommand& command) {
  const auto start = system_clock().monotonic_ns();
  const auto left_ms = [&] {
    const auto gone = (system_clock().monotonic_ns() - start) / 1'000'000;
    return static_cast<int>(std::max<std::int64_t>(0, command.start_timeout_s * 1000LL - gone));
  };
  while (true) {
    const auto there = channel_->accept(std::min(kLookMs, left_ms()));
    if (there) break;
    if (there.error().code != Code::deadline) return there;
    if (!is_alive()) return ended("ended before it was ready");
    if (left_ms() == 0) return ended("did not start in time");
  }
  const auto text = channel_->receive(left_ms());
  if (!text) {
    return ended(text.error().code == Code::deadline
                     ? "did not load the model within " + std::to_string(command.start_timeout_s) +
                           " s"
                     : "ended while it loaded the model");
  }
  SW_TRY(auto reply, understand(*text));
  description_ = std::move(reply.message);
  log::info("python.worker_ready", {{"model", name_},
                                    {"pid", child_->pid()},
                                    {"rss_mib", rss_ >> 20},
                                    {"ms", (system_clock().monotonic_ns() - start) / 1'000'000}});
  return {};
}

bool Worker::is_alive() {
  return !child_->wait(0).has_value();
}

// Says how it ended, and the last thing that it said.
Error Worker::ended(const std::string& what) {
  broken_ = true;
  std::string message = "the Python process of the model " + what;
  if (const auto exit = child_->wait(200)) {
    if (exit->signal) message += " (signal " + std::to_string(*exit->signal) + ")";
    if (exit->code) message += " (exit code " + std::to_string(*exit->code) + ")";
  }
  const auto last = output_->last_line();
  if (!last.empty()) message += ": " + last;
  return unavailable(message, "its output is in the server's log under python.output");
}

Result<WorkerReply> Worker::understand(const std::string& text) {
  auto message = json::parse_value(text);
  if (!message) {
    broken_ = true;
    return internal("the Python worker answered nonsense: no JSON");
  }
  if (!json::bool_at(*message, "ok").value_or(false)) {
    const auto code = code_named(json::text_at(*message, "code").value_or(""));
    if (code == Code::exhausted) broken_ = true;  // the worker ends itself after that
    return Error{code, json::text_at(*message, "message").value_or("the model failed"), {}};
  }
  rss_ = static_cast<std::uint64_t>(json::int_at(*message, "rss").value_or(0));
  std::size_t size = 0;
  const auto look = [&](const json::value& from) -> Result<void> {
    SW_TRY(const auto place, place_of(from, std::size_t{1} << 40));
    size = std::max(size, place.at + place.bytes);
    return {};
  };
  if (const auto* whole = json::find(*message, "json")) SW_CHECK_OK(look(*whole));
  if (const auto* outputs = json::find(*message, "outputs"); outputs && outputs->is_array()) {
    for (const auto& each : outputs->get_array()) SW_CHECK_OK(look(each));
  }
  SW_TRY(auto memory, channel_->answered(size));
  return WorkerReply{*std::move(message), std::move(memory)};
}

Result<WorkerReply> Worker::call(json::object message, const serving::Tensors& tensors,
                                 const std::string& body, int timeout_s) {
  std::string memory = body;
  if (!tensors.empty()) message["inputs"] = pack(tensors, memory);
  message["size"] = memory.size();
  SW_CHECK_OK(ask(message, memory));
  SW_TRY(const auto text, hear(timeout_s));
  return understand(text);
}

Result<void> Worker::ask(const json::object& message, const std::string& memory) {
  auto sent = channel_->send(json::dump_value(message), memory);
  if (sent || sent.error().code != Code::unavailable) return sent;
  return ended("ended");
}

Result<std::string> Worker::hear(int timeout_s) {
  auto text = channel_->receive(timeout_s * 1000);
  if (text) return text;
  if (text.error().code != Code::deadline) return ended("ended while it worked on the request");
  broken_ = true;
  child_->end(0);
  return Error{Code::deadline,
               "the model did not answer within " + std::to_string(timeout_s) +
                   " s and its process was killed",
               "raise --python-timeout if it needs longer"};
}

Result<void> Worker::stream(const std::string& body, int timeout_s,
                            const std::function<bool(std::string)>& take) {
  SW_CHECK_OK(ask({{"op", "stream"}, {"size", body.size()}}, body));
  while (true) {
    SW_TRY(const auto text, hear(timeout_s));
    SW_TRY(const auto reply, understand(text));
    auto piece = json::text_at(reply.message, "piece");
    if (!piece) return {};  // the end
    const bool more = take(*std::move(piece));
    SW_CHECK_OK(ask({{"op", more ? "next" : "stop"}}, {}));
  }
}

}  // namespace slipway::drivers::python
