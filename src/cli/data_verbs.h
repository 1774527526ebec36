// SPDX-License-Identifier: Apache-2.0
// What the verbs of `slipway data` share. Each file declares its verbs and answers what runs the
// one that was called.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "arguments.h"
#include "wire/dvc/commands.h"

namespace slipway::cli {

struct DataOptions {
  bool quiet = false;
  bool verbose = false;
  std::string folder = ".";
  std::vector<std::string> targets;
};

// Nothing when none of its verbs was called; else the exit code.
using DataVerbs = std::function<std::optional<int>()>;

DataVerbs declare_data_config(CLI::App& app, DataOptions& shared);
DataVerbs declare_data_changes(CLI::App& app, DataOptions& shared);
DataVerbs declare_data_sync(CLI::App& app, DataOptions& shared);

// The options that every verb has.
void declare_shared(CLI::App& verb, DataOptions& shared);
wire::dvc::Common data_common(const DataOptions& shared, const std::string& what);
// Prints the error; the code is DVC's own where it has one.
int fail_as_dvc(const Error& error, int code);

// A\tpath of what a checkout did.
void print_changes(const wire::dvc::CheckedOut& out);
// "3 files" or nothing; `what` behind it.
std::string counted(std::size_t n, const char* what);
// Prints what could not be delivered; the exit code.
int tell_failed_checkout(const wire::dvc::CheckedOut& out, int code);

}  // namespace slipway::cli
