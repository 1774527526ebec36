// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <atomic>
#include <cmath>
#include <memory>
#include <string>

#include <fmt/core.h>
#include <spdlog/sinks/ansicolor_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

namespace slipway::log {
namespace {

struct Sink {
  std::shared_ptr<spdlog::logger> logger;
  std::atomic<bool> json{::isatty(STDERR_FILENO) == 0};

  Sink() {
    auto sink = std::make_shared<spdlog::sinks::ansicolor_stderr_sink_mt>();
    logger = std::make_shared<spdlog::logger>("slipway", std::move(sink));
    logger->set_pattern("%v");
    logger->set_level(spdlog::level::info);
    logger->flush_on(spdlog::level::warn);
  }
};

Sink& sink() {
  static Sink instance;
  return instance;
}

struct Writer {
  std::string& out;
  bool json;

  void operator()(std::string_view text) const {
    const bool bare = !json && text.find_first_of(" \"=\n\t\\") == text.npos && !text.empty();
    if (bare) {
      out += text;
    } else {
      append_json_string(out, text);
    }
  }
  void operator()(std::int64_t n) const { out += std::to_string(n); }
  void operator()(double x) const {
    const bool quote = json && !std::isfinite(x);
    out += quote ? fmt::format("\"{}\"", x) : fmt::format("{:.6g}", x);
  }
  void operator()(bool b) const { out += b ? "true" : "false"; }
};

std::string as_json(std::string_view level, std::string_view event, Fields fields) {
  std::string out =
      fmt::format(R"({{"at":"{}","level":"{}","event":)", to_rfc3339(system_clock().now()), level);
  append_json_string(out, event);
  for (const auto& field : fields) {
    out += ',';
    append_json_string(out, field.key);
    out += ':';
    std::visit(Writer{out, true}, field.value);
  }
  return out += '}';
}

std::string as_text(std::string_view level, std::string_view event, Fields fields) {
  const auto now = to_rfc3339(system_clock().now());
  std::string out = fmt::format("{} {:<5} {}", now.substr(11, 12), level, event);
  for (const auto& field : fields) {
    out += fmt::format(" {}=", field.key);
    std::visit(Writer{out, false}, field.value);
  }
  return out;
}

void write(spdlog::level::level_enum level, std::string_view name, std::string_view event,
           Fields fields) {
  auto& to = sink();
  if (!to.logger->should_log(level)) return;
  const auto line = to.json ? as_json(name, event, fields) : as_text(name, event, fields);
  to.logger->log(level, spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace

void configure(Level level, Format format) {
  constexpr spdlog::level::level_enum kLevels[] = {spdlog::level::debug, spdlog::level::info,
                                                   spdlog::level::warn, spdlog::level::err,
                                                   spdlog::level::off};
  sink().logger->set_level(kLevels[static_cast<int>(level)]);
  if (format != Format::automatic) sink().json = format == Format::json;
}

void debug(std::string_view event, Fields fields) {
  write(spdlog::level::debug, "debug", event, fields);
}
void info(std::string_view event, Fields fields) {
  write(spdlog::level::info, "info", event, fields);
}
void warn(std::string_view event, Fields fields) {
  write(spdlog::level::warn, "warn", event, fields);
}
void error(std::string_view event, Fields fields) {
  write(spdlog::level::err, "error", event, fields);
}

}  // namespace slipway::log
