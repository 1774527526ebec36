// SPDX-License-Identifier: Apache-2.0
// What the triggers of pipelines look at: data, with or without a pointer, and branches.
#pragma once

#include <mutex>
#include <string>

#include "pipeline/sources.h"
#include "wire/dvc/content.h"

namespace slipway::app {

class PipelineSources : public pipeline::Sources {
 public:
  Result<pipeline::Content> data(const std::string& path) override;
  Result<pipeline::Content> branch(const std::string& folder, const std::string& name) override;

 private:
  std::mutex mutex_;
  wire::dvc::Contents contents_;
};

}  // namespace slipway::app
