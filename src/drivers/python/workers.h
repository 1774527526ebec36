// SPDX-License-Identifier: Apache-2.0
// The processes of one version: none while nobody asks, one more when all are busy, up to a bound.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "worker.h"

namespace slipway::drivers::python {

struct WorkersOptions {
  WorkerCommand command;
  int most = 2;
  int timeout_s = 60;
  int idle_s = 600;
  // Callers name the process that they want, one of `most`, and are told when it forgot.
  bool pinned = false;
};

// Thread-safe.
class Workers {
 public:
  // Starts the first process, so that a model that cannot be loaded is known at once.
  static Result<std::unique_ptr<Workers>> start(const WorkersOptions& options);
  ~Workers();

  // What the model said about itself.
  const json::value& description() const;
  int most() const;
  bool pinned() const;
  std::size_t running() const;
  std::size_t resident_bytes() const;  // of all processes, now

  // On a free process, or a new one; waits when all that may be are busy.
  Result<WorkerReply> call(const json::object& message, const serving::Tensors& tensors,
                           const std::string& body);
  // Where the processes are `pinned`: on that of place `at`, see LoadedModel::run_at.
  Result<WorkerReply> call_at(int at, std::uint64_t& memory, const json::object& message,
                              const serving::Tensors& tensors);
  // See Worker::stream; the process is this caller's until the end.
  Result<void> stream(const std::string& body, const std::function<bool(std::string)>& take);

 private:
  struct Impl;
  explicit Workers(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway::drivers::python
