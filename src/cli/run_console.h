// SPDX-License-Identifier: Apache-2.0
// What `slipway run` says while it runs: one line a finished step, and on a terminal a last line of
// what runs now.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "pipeline/listener.h"

namespace slipway::cli {

class RunConsole : public pipeline::Listener {
 public:
  // `run_id_on_stdout`: unless standard output carries the JSON. `live`: the steps' output too.
  RunConsole(bool run_id_on_stdout, bool quiet, bool live);

  void begun(const pipeline::Execution& execution) override;
  void changed(const pipeline::StepState& step) override;
  void wrote(const pipeline::StepState& step, std::string_view text) override;
  // What there is to say at the end.
  void ended(const pipeline::Execution& execution);

 private:
  using Key = std::pair<std::string, std::int64_t>;
  void line(const std::string& text);
  void draw();

  const bool run_id_on_stdout_;
  const bool quiet_;
  const bool live_;
  const bool terminal_;
  std::string run_id_;
  std::mutex mutex_;
  std::map<Key, std::string> running_;
  std::size_t finished_ = 0;
  std::int64_t drawn_ns_ = 0;
  std::string last_writer_;
  bool at_line_start_ = true;
};

// "train[3]"
std::string label_of(const pipeline::StepState& step);

}  // namespace slipway::cli
