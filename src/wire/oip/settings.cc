// SPDX-License-Identifier: Apache-2.0
#include "settings.h"

#include <algorithm>

#include "base/text.h"

namespace slipway::wire::oip {
namespace {

constexpr std::size_t kMaxModels = 10'000;
constexpr std::size_t kMaxText = 4096;

const Settings::Trace& trace_defaults() {
  static const Settings::Trace defaults{
      {"trace_file", {""}},    {"trace_level", {"OFF"}}, {"trace_rate", {"1000"}},
      {"trace_count", {"-1"}}, {"log_frequency", {"0"}}, {"trace_mode", {"triton"}},
  };
  return defaults;
}

const Settings::Log& log_defaults() {
  static const Settings::Log defaults{
      {"log_file", std::string()},
      {"log_info", true},
      {"log_warning", true},
      {"log_error", true},
      {"log_verbose_level", std::int64_t{0}},
      {"log_format", std::string("default")},
  };
  return defaults;
}

Result<void> check_trace(const std::string& key, const std::vector<std::string>& values) {
  if (trace_defaults().count(key) == 0) {
    return invalid("there is no trace setting '" + key.substr(0, 100) + "'",
                   "the settings are trace_level, trace_rate, trace_count and log_frequency");
  }
  if (key == "trace_file" || key == "trace_mode") {
    return invalid("trace setting '" + key + "' cannot be changed while the server runs");
  }
  const bool is_level = key == "trace_level";
  if (values.empty() || values.size() > 8 || (!is_level && values.size() != 1)) {
    return invalid("trace setting '" + key + "' takes another number of values");
  }
  for (const auto& value : values) {
    const bool known = is_level ? value == "OFF" || value == "TIMESTAMPS" || value == "TENSORS"
                                : parse_int(value).value_or(-2) >= (key == "trace_count" ? -1 : 0);
    if (!known) {
      return invalid("'" + value.substr(0, 100) + "' is no value of trace setting '" + key + "'");
    }
  }
  return {};
}

}  // namespace

Settings::Settings() : trace_(trace_defaults()), log_(log_defaults()) {}

Settings::Trace Settings::trace(const std::string& model) const {
  const std::scoped_lock lock(mutex_);
  auto out = trace_;
  if (const auto found = by_model_.find(model); found != by_model_.end()) {
    for (const auto& [key, values] : found->second) out[key] = values;
  }
  return out;
}

Result<Settings::Trace> Settings::change_trace(const std::string& model,
                                               const TraceChange& change) {
  for (const auto& [key, values] : change) {
    if (values) {
      SW_CHECK_OK(check_trace(key, *values));
    } else if (trace_defaults().count(key) == 0) {
      return invalid("there is no trace setting '" + key.substr(0, 100) + "'");
    }
  }
  {
    const std::scoped_lock lock(mutex_);
    if (!model.empty() && by_model_.size() >= kMaxModels && by_model_.count(model) == 0) {
      return exhausted("too many models have trace settings of their own");
    }
    auto& into = model.empty() ? trace_ : by_model_[model];
    for (const auto& [key, values] : change) {
      if (values) {
        into[key] = *values;
      } else if (model.empty()) {
        into[key] = trace_defaults().at(key);
      } else {
        into.erase(key);
      }
    }
  }
  return trace(model);
}

Settings::Log Settings::log() const {
  const std::scoped_lock lock(mutex_);
  return log_;
}

Result<Settings::Log> Settings::change_log(const Log& change) {
  for (const auto& [key, value] : change) {
    const auto known = log_defaults().find(key);
    if (known == log_defaults().end()) {
      return invalid("there is no log setting '" + key.substr(0, 100) + "'");
    }
    if (known->second.index() != value.index()) {
      return invalid("log setting '" + key + "' takes a value of another type");
    }
    const auto* text = std::get_if<std::string>(&value);
    if (key == "log_file" && text != nullptr && !text->empty()) {
      return invalid("log setting 'log_file' cannot be changed here",
                     "the log is on standard error of the server");
    }
    if (key == "log_format" && *text != "default" && *text != "ISO8601") {
      return invalid("log_format is default or ISO8601");
    }
    if (text != nullptr && text->size() > kMaxText) return invalid("a log setting is too long");
    const auto* number = std::get_if<std::int64_t>(&value);
    if (number != nullptr && (*number < 0 || *number > 1000)) {
      return invalid("log_verbose_level is out of range");
    }
  }
  const std::scoped_lock lock(mutex_);
  for (const auto& [key, value] : change) log_[key] = value;
  return log_;
}

}  // namespace slipway::wire::oip
