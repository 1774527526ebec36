// SPDX-License-Identifier: Apache-2.0
#include "pipeline_sources.h"

#include "git_branch.h"

namespace slipway::app {

Result<pipeline::Content> PipelineSources::data(const std::string& path) {
  const std::scoped_lock lock(mutex_);
  SW_TRY(auto ids, contents_.of(path));
  return pipeline::Content{std::move(ids.present), std::move(ids.recorded)};
}

Result<pipeline::Content> PipelineSources::branch(const std::string& folder,
                                                  const std::string& name) {
  SW_TRY(auto commit, commit_of_branch(folder, name));
  return pipeline::Content{std::move(commit), {}};
}

}  // namespace slipway::app
