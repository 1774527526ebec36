// SPDX-License-Identifier: Apache-2.0
// What stands beside the history, between MLflow's forms and records.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "api.h"

namespace slipway::drivers::mlflow {

// How reviewers answer: {"pass_fail": {"positive_label": ..}} and our own form of the same.
std::string answer_form(const value& input);
value answer_input(std::string_view form);

// Servers differ in what they know.
bool is_unknown_call(const Error& error);
// Each item of all pages of a GET; nothing where the path is unknown. `path` has a query.
Result<void> all_pages(const Api& api, const std::string& path, const char* items,
                       const std::function<Result<void>(const value&)>& take);

// All of a server; what it does not know it does not have.
Result<void> issues_of_server(const Api& api, const std::vector<value>& experiments,
                              const transfer::Source::Each<transfer::Record>& each);
Result<void> extras_of_server(const Api& api, const std::vector<value>& experiments,
                              const transfer::Source::Each<transfer::Record>& each);

}  // namespace slipway::drivers::mlflow
