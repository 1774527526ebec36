// SPDX-License-Identifier: Apache-2.0
// {{ params.x }}, {{ item }}, {{ item.rate }}, {{ index }}, {{ run_id }}, {{ scheduled }},
// {{ steps.NAME.result.auc }}, {{ artifacts.NAME.model }} in texts of a pipeline file. There is
// nothing to execute: a reference names a value, and {{ '..' }} is text as it is.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "pipeline/value.h"

namespace slipway::pipeline {

// What became of the other steps of the execution.
class Outcomes {
 public:
  virtual ~Outcomes() = default;
  // `what` is status, exit_code or result. A step that wrote no result has a null.
  virtual Result<Value> of(std::string_view step, std::string_view what) const = 0;
  // The path of a file or folder that holds what the step made.
  virtual Result<Value> artifact(std::string_view step, std::string_view name) const = 0;
};

struct Scope {
  const Params* params = nullptr;
  const Value* item = nullptr;  // inside a foreach
  std::optional<std::int64_t> index;
  const Value* outer = nullptr;  // of the step whose elements this one goes through
  std::optional<std::int64_t> outer_index;
  std::string run_id;
  std::string scheduled;       // RFC 3339; what the execution is for
  std::string scheduled_date;  // 2026-01-31, on the clock of the pipeline's time zone
  const Outcomes* outcomes = nullptr;
};

// What of the scope is known to exist; `check` refuses anything else. Steps are looked at later,
// when all of them were read.
struct Known {
  const Params* params = nullptr;
  bool item = false;
  bool outer = false;
};

enum class Quote { none, shell };

Result<void> check(std::string_view text, const Known& known);
Result<std::string> render(std::string_view text, const Scope& scope, Quote quote);
// The value itself when `text` is one reference and nothing else; nothing otherwise.
Result<std::optional<Value>> value_in(std::string_view text, const Scope& scope);
// The steps that a text refers to.
std::vector<std::string> steps_in(std::string_view text);

// The same for one reference without braces, as conditions write it.
Result<void> check_reference(std::string_view reference, const Known& known);
Result<Value> value_of_reference(std::string_view reference, const Scope& scope);
std::optional<std::string> step_of_reference(std::string_view reference);
// Whether it is another one for each element of a foreach.
bool is_about_element(std::string_view reference);

}  // namespace slipway::pipeline
