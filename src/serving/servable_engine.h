// SPDX-License-Identifier: Apache-2.0
// What of a version can be freed and made again. Private to servable*.cc.
#pragma once

#include <memory>
#include <vector>

#include "servable.h"

namespace slipway::serving {

// One instance of a model that remembers, with a queue of its own.
struct Instance {
  std::unique_ptr<LoadedModel> model;
  std::unique_ptr<Batcher> batcher;
};

struct Servable::Engine {
  std::unique_ptr<LoadedModel> model;
  std::unique_ptr<Batcher> batcher;  // its threads use the model
  std::shared_ptr<Runner> runner;    // instead of both
  std::vector<Instance> instances;   // by Batcher::Job::instance; they use the model

  Batcher& batcher_of(const Batcher::Job& job) const {
    const auto at = static_cast<std::size_t>(job.instance);
    return job.instance >= 0 && at < instances.size() ? *instances[at].batcher : *batcher;
  }
  std::size_t queued() const;
  bool is_busy() const;
};

// The engine, kept where it is as long as this lives; false: the model is asleep.
class Servable::Use {
 public:
  explicit Use(const Servable& servable) : servable_(servable) {
    servable_.users_.fetch_add(1);
    engine_ = servable_.engine_.load();
  }
  ~Use() { servable_.users_.fetch_sub(1); }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;
  Engine* operator->() const { return engine_; }
  explicit operator bool() const { return engine_ != nullptr; }

 private:
  const Servable& servable_;
  Engine* engine_ = nullptr;
};

}  // namespace slipway::serving
