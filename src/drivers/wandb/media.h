// SPDX-License-Identifier: Apache-2.0
// What W&B's history says of images, histograms, tables, .. : a typed value is an object with
// "_type".
#pragma once

#include <string>
#include <vector>

#include "json/value.h"

namespace slipway::drivers::wandb {

struct Medium {
  std::string kind;     // of a series: "image", "histogram", ..
  std::string path;     // below the run's files/
  std::string content;  // JSON
};

// Nothing for what is no medium: numbers, objects of other types, damaged ones.
std::vector<Medium> media_of(const json::value& value);

}  // namespace slipway::drivers::wandb
