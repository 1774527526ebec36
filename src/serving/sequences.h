// SPDX-License-Identifier: Apache-2.0
// The open sequences of one version: their order, their states and the controls of their requests.
// Private to this room.
//
// The requests of a sequence run one after another; those of different sequences share batches. A
// sequence opens with a request that says so, and ends with one that says so, when nobody asked for
// it for the idle time, or with the process: states live in memory only. A request that fails
// changes no state; when it is the first of its sequence, the sequence is not open.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "serving/backend.h"
#include "serving/batcher.h"
#include "serving/sequence.h"

namespace slipway::serving {

// A model's signature, divided into what callers give and get and what the server fills in.
struct SequencePlan {
  struct Feed {
    enum class Kind { given, state, control };
    Kind kind = Kind::given;
    std::size_t at = 0;  // in the caller's inputs, the states, the controls
  };
  struct Filled {
    SequenceControl::Kind kind = SequenceControl::Kind::start;
    TensorSpec spec;
    Tensor off;
    Tensor on;
  };
  struct State {
    std::string input;
    std::string output;
    Tensor initial;
  };
  std::shared_ptr<const SequenceSpec> spec;
  Signature shown;
  std::vector<Feed> feeds;  // in the order of the model's inputs
  std::vector<Filled> controls;
  std::vector<State> states;
  bool by_row = false;  // the first axis of everything is that of rows
  // Of a model that remembers: a sequence's requests go to one of so many. Where the package names
  // no states, what the instance remembers is the state, and requests run alone.
  int instances = 0;
  bool remembered() const { return instances > 0 && states.empty(); }

  // Errors: names, types and shapes that are not the model's.
  static Result<SequencePlan> of(std::shared_ptr<const SequenceSpec> spec, const Signature& model);
};

// The state that stands for what an instance remembers.
inline constexpr const char* kMemory = "slipway.memory";
Tensor memory_tensor(std::uint64_t memory);

// Thread-safe.
class Sequences : public std::enable_shared_from_this<Sequences> {
 public:
  using Job = Batcher::Job;
  using Submit = std::function<Result<void>(Job)>;  // Batcher::submit

  Sequences(SequencePlan plan, std::string model, Clock& clock);

  const SequencePlan& plan() const { return plan_; }
  // As Batcher::submit: an error means that the job was not taken. `next` must be callable until
  // the job is answered.
  Result<void> submit(Job job, Submit next);
  std::size_t open() const;
  // Forgets those that were idle for too long.
  void sweep();

 private:
  struct Sequence;
  using Open = std::shared_ptr<Sequence>;

  Result<Open> admit(const Job& job, const std::string& key, std::int64_t now);
  void sweep_locked(std::int64_t now);
  void advance(const std::string& key, const Open& sequence, const Submit& next);
  int emptiest() const;  // instance; with the mutex
  Result<Job> filled(const Job& job, const Tensors& states, int instance) const;
  Result<Tensor> control(const SequencePlan::Filled& filled, const SequenceAsk& ask) const;
  // `more`: something waits, and `advance` is the caller's to call.
  Result<Tensors> finish(const std::string& key, const Open& sequence, const SequenceAsk& ask,
                         Result<Tensors> answer, bool& more);
  void forget_closed(const std::string& key, const Open& sequence);  // with the mutex
  Error not_started(const SequenceAsk& ask) const;

  const SequencePlan plan_;
  const std::string model_;
  Clock& clock_;
  mutable std::mutex mutex_;
  std::map<std::string, Open> open_;
};

}  // namespace slipway::serving
