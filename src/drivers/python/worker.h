// SPDX-License-Identifier: Apache-2.0
// One Python process with one model in it.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "channel.h"
#include "json/value.h"
#include "process/process.h"
#include "serving/tensor.h"

namespace slipway::drivers::python {

struct WorkerCommand {
  std::string interpreter;
  std::string script;
  std::string folder;  // of the model
  std::string name;    // for the log: "flights 3"
  std::string tag;     // of the process and what it starts; empty: one of its own
  int start_timeout_s = 180;
  std::uint64_t memory_mib = 0;
};

struct WorkerReply {
  json::value message;
  std::shared_ptr<const std::string> memory;
};

// Used by one thread at a time.
class Worker {
 public:
  // Returns when the model is loaded; its failure to load is the error.
  static Result<std::unique_ptr<Worker>> start(const WorkerCommand& command);
  ~Worker();  // kills the process and what it started

  // What the worker said about the model.
  const json::value& description() const { return description_; }
  bool is_alive();
  std::uint64_t rss_bytes() const { return rss_; }
  int pid() const { return child_->pid(); }

  // `message` without what says where `memory` is. An error that the model gave leaves the worker
  // as it is; after any other (`is_broken`) it must not be used again.
  Result<WorkerReply> call(json::object message, const serving::Tensors& tensors,
                           const std::string& body, int timeout_s);
  // The model's answer piece by piece, each JSON; `take` says whether to go on. Each piece may take
  // `timeout_s`.
  Result<void> stream(const std::string& body, int timeout_s,
                      const std::function<bool(std::string)>& take);
  bool is_broken() const { return broken_; }

 private:
  struct Output;
  Worker() = default;
  Result<void> wait_until_ready(const WorkerCommand& command);
  Error ended(const std::string& what);
  Result<WorkerReply> understand(const std::string& text);
  Result<void> ask(const json::object& message, const std::string& memory);
  Result<std::string> hear(int timeout_s);

  std::string name_;
  std::unique_ptr<Channel> channel_;
  std::shared_ptr<Output> output_;
  std::unique_ptr<process::Child> child_;
  json::value description_;
  std::uint64_t rss_ = 0;
  bool broken_ = false;
};

}  // namespace slipway::drivers::python
