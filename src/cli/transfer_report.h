// SPDX-License-Identifier: Apache-2.0
// How import and export tell what they do.
#pragma once

#include <optional>
#include <string>

#include "output.h"
#include "transfer/transfer.h"

namespace slipway::cli {

// A bar for each part of the transfer in turn.
class Bars {
 public:
  void show(const std::string& part, std::int64_t done, std::int64_t of);
  void end() { bar_.reset(); }

 private:
  std::string part_;
  std::optional<Progress> bar_;
};

// Prints the report, or writes it to `json`; the exit code. `verb`: what is repeated for the rest.
int finish_transfer(const Result<transfer::Report>& report, const std::string& json,
                    const std::string& verb);

}  // namespace slipway::cli
