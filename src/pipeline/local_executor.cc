// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <mutex>
#include <utility>

#include "base/log.h"
#include "pipeline/executor.h"
#include "process/process.h"

namespace slipway::pipeline {
namespace {

class LocalExecutor : public Executor {
 public:
  Result<void> start(const Task& task, Output output, Ended ended) override {
    process::Command command;
    command.argv = {"/bin/sh", "-c", task.script};
    command.folder = task.folder;
    command.env = task.env;
    command.unset = task.unset;
    command.tag = task.id;
    command.limits = {task.resources.memory_bytes, task.resources.cpu};
    command.output = std::move(output);
    command.exited = [this, id = task.id, ended = std::move(ended)](const process::Exit& exit) {
      {
        const std::scoped_lock lock(mutex_);
        done_.push_back(id);
      }
      ended({exit.code, exit.signal, exit.cpu_seconds, exit.max_rss_bytes, {}});
    };
    forget_done();
    SW_TRY(auto child, process::Child::start(command));
    const std::scoped_lock lock(mutex_);
    children_[task.id] = std::move(child);
    return {};
  }

  void stop(const std::string& task, int grace_ms) override {
    const std::scoped_lock lock(mutex_);
    const auto found = children_.find(task);
    if (found != children_.end()) found->second->stop(grace_ms);
  }

  void end_leftovers(const std::string& execution) override {
    const auto ended = process::end_tagged(execution);
    if (ended > 0) {
      log::info("pipeline.leftovers_ended", {{"execution", execution}, {"processes", ended}});
    }
  }

 private:
  // A child must not be destroyed on the thread that tells its end.
  void forget_done() {
    std::vector<std::unique_ptr<process::Child>> gone;
    const std::scoped_lock lock(mutex_);
    std::vector<std::string> later;
    for (const auto& id : done_) {
      const auto found = children_.find(id);
      if (found == children_.end()) {
        later.push_back(id);  // ended before `start` could put it there
      } else {
        gone.push_back(std::move(found->second));
        children_.erase(found);
      }
    }
    done_ = std::move(later);
    for (const auto& child : gone) child->wait(1000);
  }

  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<process::Child>> children_;
  std::vector<std::string> done_;
};

}  // namespace

std::unique_ptr<Executor> local_executor() {
  return std::make_unique<LocalExecutor>();
}

}  // namespace slipway::pipeline
