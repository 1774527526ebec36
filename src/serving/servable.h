// SPDX-License-Identifier: Apache-2.0
// One loaded version: its package, its queue, and the check of what is sent to it.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "serving/batcher.h"
#include "serving/frame.h"
#include "serving/prediction.h"

namespace slipway::serving {

class Servable {
 public:
  // Loads and warms up.
  static Result<std::shared_ptr<Servable>> load(ModelBackend& backend, Package package,
                                                const BatchOptions& options, Clock& clock,
                                                meter::Registry& meters);
  // Ends after everything that was submitted has been answered.
  ~Servable() = default;

  const Package& package() const { return package_; }
  const Signature& signature() const { return model_->signature(); }
  const FrameLayout& layout() const { return layout_; }
  std::string_view platform() const { return backend_.platform(); }

  // Puts named tensors into the order of the signature and checks names, types and shapes. A lone
  // tensor without a name is the only input's. Fills inputs, rows and alone.
  Result<Batcher::Job> arrange(std::vector<Tensor> tensors) const;
  Result<Explanation> explain(const std::vector<Tensor>& inputs) { return model_->explain(inputs); }
  Result<void> submit(Batcher::Job job) { return batcher_->submit(std::move(job)); }
  std::size_t queued() const { return batcher_->queued(); }
  RunStatistics statistics() const { return batcher_->statistics(); }
  RunStats& stats() { return batcher_->stats(); }

  // What recorded predictions of this version look like; made once, from the first ones.
  std::shared_ptr<const PredictionSchema> schema(const std::vector<Tensor>& inputs,
                                                 const std::vector<Tensor>& outputs);

 private:
  Servable(ModelBackend& backend, Package package, std::unique_ptr<LoadedModel> model);
  void warm_up();

  ModelBackend& backend_;
  Package package_;
  std::unique_ptr<LoadedModel> model_;
  FrameLayout layout_;
  std::mutex schema_mutex_;
  std::shared_ptr<const PredictionSchema> schema_;
  std::unique_ptr<Batcher> batcher_;  // last: its threads use the model
};

}  // namespace slipway::serving
