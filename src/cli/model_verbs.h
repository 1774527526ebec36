// SPDX-License-Identifier: Apache-2.0
// The verbs of `slipway model` that change something or tell the past.
#pragma once

#include <string>

#include "base/result.h"
#include "client.h"

namespace slipway::cli::model_verbs {

struct Options {
  std::string model;
  std::string version;
  std::string reason;
  std::string policy;  // a file
  std::string state;
  std::string at;
  bool hold = false;
  std::string server;
  std::string json;
};

std::string path_of(const Options& o);

Result<void> promote(const Options& o, const Client& client);
Result<void> approve(const Options& o, const Client& client);
Result<void> reject(const Options& o, const Client& client);
Result<void> requests(const Options& o, const Client& client);
Result<void> protect(const Options& o, const Client& client);
Result<void> unprotect(const Options& o, const Client& client);
Result<void> archive(const Options& o, const Client& client);
Result<void> history(const Options& o, const Client& client);
Result<void> why(const Options& o, const Client& client);

}  // namespace slipway::cli::model_verbs
