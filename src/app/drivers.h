// SPDX-License-Identifier: Apache-2.0
// The list of drivers: what this build can execute.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/config.h"
#include "serving/backend.h"

namespace slipway::app {

class ConversionQueue;
class Converter;

// How versions that are pickles are converted; without `verdict` they are not.
struct Converting {
  // What became of a version that could be converted, in words.
  std::function<void(const serving::Package&, const std::string&)> verdict;
  ConversionQueue* queue = nullptr;  // null: at once, when they are loaded
  const std::atomic<int>* patience_ms = nullptr;
};

struct Drivers {
  // In the order in which they are asked whether they can load a version.
  std::vector<std::unique_ptr<serving::ModelBackend>> backends;
  std::unique_ptr<Converter> converter;  // uses the back ends, and they it
};

Drivers make_drivers(const Config& config, const Converting& converting);

}  // namespace slipway::app
