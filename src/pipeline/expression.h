// SPDX-License-Identifier: Apache-2.0
// {{ params.x }}, {{ item }}, {{ item.rate }}, {{ index }}, {{ run_id }} in texts of a pipeline
// file. There is nothing to execute: a reference names a value, and {{ '..' }} is text as it is.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "pipeline/value.h"

namespace slipway::pipeline {

struct Scope {
  const Params* params = nullptr;
  const Value* item = nullptr;  // inside a foreach
  std::optional<std::int64_t> index;
  std::string run_id;
};

// What of the scope is known to exist; `check` refuses anything else.
struct Known {
  const Params* params = nullptr;
  bool item = false;
};

enum class Quote { none, shell };

Result<void> check(std::string_view text, const Known& known);
Result<std::string> render(std::string_view text, const Scope& scope, Quote quote);
// The value itself when `text` is one reference and nothing else; nothing otherwise.
Result<std::optional<Value>> value_in(std::string_view text, const Scope& scope);

}  // namespace slipway::pipeline
