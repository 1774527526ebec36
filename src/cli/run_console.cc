// SPDX-License-Identifier: Apache-2.0
#include "run_console.h"

#include <cstdio>

#include "base/clock.h"
#include "cli/cli.h"
#include "output.h"

namespace slipway::cli {
namespace {

using pipeline::StepState;
using pipeline::StepStatus;

constexpr std::size_t kShownNames = 4;

std::string duration_of(const StepState& step) {
  if (!step.started || !step.ended) return "";
  const auto ms = step.ended->ms - step.started->ms;
  char text[64];
  std::snprintf(text, sizeof(text), ms < 1000 ? "%.0f ms" : "%.1f s",
                ms < 1000 ? static_cast<double>(ms) : static_cast<double>(ms) / 1000);
  return text;
}

bool is_over(StepStatus status) {
  return status != StepStatus::pending && status != StepStatus::running;
}

}  // namespace

std::string label_of(const StepState& step) {
  return step.index ? step.name + "[" + std::to_string(*step.index) + "]" : step.name;
}

RunConsole::RunConsole(bool run_id_on_stdout, bool quiet, bool live)
    : run_id_on_stdout_(run_id_on_stdout), quiet_(quiet), live_(live), terminal_(is_terminal()) {}

void RunConsole::begun(const pipeline::Execution& execution) {
  run_id_ = execution.id;
  if (run_id_on_stdout_) {
    print_line("run_id: " + execution.id);
    std::fflush(stdout);
  }
  if (!run_id_on_stdout_ || !quiet_)
    say("pipeline " + execution.pipeline + ", run_id: " + execution.id);
}

void RunConsole::changed(const StepState& step) {
  const std::scoped_lock lock(mutex_);
  const Key key{step.name, step.index.value_or(-1)};
  if (step.status == StepStatus::running) {
    running_[key] = label_of(step);
    draw();
    return;
  }
  running_.erase(key);
  if (!is_over(step.status)) return;
  if (step.status == StepStatus::approval) {
    line(label_of(step) + " asks: " + step.error);
    return line("  slipway pipeline approve " + run_id_ + " " + label_of(step) + "   (or: reject)");
  }
  ++finished_;
  std::string text = label_of(step) + " " + std::string(name_of(step.status));
  if (step.status == StepStatus::waiting) text = label_of(step) + " is tried again soon";
  if (const auto took = duration_of(step); !took.empty() && step.attempts > 0) {
    text += " (" + took + ")";
  }
  if (step.attempts > 1) text += ", attempt " + std::to_string(step.attempts);
  if (!step.error.empty()) text += ": " + step.error;
  line(text);
}

void RunConsole::wrote(const StepState& step, std::string_view text) {
  if (!live_) return;
  const std::scoped_lock lock(mutex_);
  const auto label = label_of(step);
  std::string out;
  if (!at_line_start_ && label != last_writer_) out += "\n", at_line_start_ = true;
  for (const char c : text) {
    if (at_line_start_) out += label + " | ";
    out += c;
    at_line_start_ = c == '\n';
  }
  last_writer_ = label;
  std::fwrite(out.data(), 1, out.size(), stderr);
}

void RunConsole::ended(const pipeline::Execution& execution) {
  const std::scoped_lock lock(mutex_);
  running_.clear();
  std::string text =
      "pipeline " + execution.pipeline + " " + std::string(name_of(execution.status));
  if (execution.started && execution.ended) {
    StepState whole;
    whole.started = execution.started;
    whole.ended = execution.ended;
    text += " (" + duration_of(whole) + ")";
  }
  line(text);
}

void RunConsole::line(const std::string& text) {
  if (quiet_) return;
  if (!at_line_start_) std::fputc('\n', stderr);
  at_line_start_ = true;
  if (terminal_) std::fputs("\r\x1b[K", stderr);
  say(text);
  drawn_ns_ = 0;
  draw();
}

void RunConsole::draw() {
  if (!terminal_ || quiet_ || live_ || running_.empty()) return;
  const auto now = system_clock().monotonic_ns();
  if (now - drawn_ns_ < 50'000'000) return;
  drawn_ns_ = now;
  std::string text = std::to_string(finished_) + " done, running: ";
  std::size_t shown = 0;
  for (const auto& [key, label] : running_) {
    if (shown == kShownNames) break;
    if (shown++ > 0) text += ", ";
    text += label;
  }
  if (running_.size() > shown) text += " and " + std::to_string(running_.size() - shown) + " more";
  std::fputs(("\r" + text.substr(0, 100) + "\x1b[K").c_str(), stderr);
  std::fflush(stderr);
}

}  // namespace slipway::cli
