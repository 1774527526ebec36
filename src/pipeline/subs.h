// SPDX-License-Identifier: Apache-2.0
// Steps that are whole pipelines: executions of their own, with the step as their trigger.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "service.h"

namespace slipway::pipeline {

class Subs : public SubRunner {
 public:
  explicit Subs(Executions::Impl& impl) : impl_(impl) {}
  Result<SubEnd> run(const SubRequest& request) override;
  void stop(const std::string& key, bool at_once) override;

 private:
  struct Child {
    std::string id;
    bool stopped = false;
    bool at_once = false;
  };
  Result<SubEnd> run_child(const SubRequest& request);
  Result<Execution> child_of(const SubRequest& request, const std::string& yaml,
                             const Definition& definition, const Params& params);
  std::string reason_of(const Execution& child);
  Result<std::string> results_of(const Execution& child);

  Executions::Impl& impl_;
  std::mutex mutex_;
  std::map<std::string, Child> children_;  // under way, by key
};

}  // namespace slipway::pipeline
