// SPDX-License-Identifier: Apache-2.0
// Where one request goes: a version behind an endpoint, chosen before the request is even parsed,
// so that what it wants is known.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/callback.h"
#include "base/result.h"
#include "serving/backend.h"
#include "serving/batcher.h"
#include "serving/frame.h"
#include "serving/sequence.h"

namespace slipway::serving {

struct Exchange;

// Two numbers a row, "outlier_score" and "outlier_p_value", FP64 [rows]: how far the inputs of the
// exchange lie from what the version was trained on. May wait; an error when nothing is known.
using RowScorer = std::function<Result<Tensors>(const Exchange&)>;
inline constexpr const char* kOutlierScore = "outlier_score";
inline constexpr const char* kOutlierPValue = "outlier_p_value";

// Looks at requests before the model does. Called on any thread, also I/O threads; never blocks.
class RequestGuard {
 public:
  virtual ~RequestGuard() = default;
  virtual bool watches(const std::string& endpoint) const = 0;
  // Its error, invalid_argument, is the caller's answer. The exchange has no outputs yet.
  virtual Result<void> look(const Exchange& exchange) = 0;
};

struct Routing;
struct Lane;

struct Call {
  std::string_view request_id;              // needed until infer ends
  Tensors inputs;                           // named, any order
  std::int64_t received_ns = 0;             // monotonic; 0: now
  std::int64_t deadline_ns = 0;             // monotonic; 0: the endpoint's time-out
  std::uint32_t priority = kUsualPriority;  // lower goes first
  // Set once nobody waits for the answer any more; may be null.
  std::shared_ptr<const std::atomic<bool>> cancelled;
  // When set, the answer to a body comes through it piece by piece, from one thread at a time.
  LoadedModel::Piece piece;
  // The sequence that it belongs to; null: none. Means nothing to models that keep none.
  std::shared_ptr<const SequenceAsk> sequence;
  bool outliers = false;    // the answer gets RowScorer's tensors behind the model's
  std::string traceparent;  // W3C trace context, for models that ask others; may be empty
  bool done_waits = false;  // what is called with the answer takes its time
};

// What a request says about itself, for endpoints that route by it.
class Caller {
 public:
  virtual ~Caller() = default;
  virtual std::string_view header(const std::string& name) const = 0;  // empty: it has none
};

// Cheap to copy. The version stays loaded while a Target lives, even when the endpoint has moved
// on: requests under way are answered by the version that they were given to.
class Target {
 public:
  // Outputs in the order of the signature. Called once, from any thread, maybe before infer ends.
  using Done = Callback<void(Result<Tensors>)>;

  Target(std::shared_ptr<const Routing> routing, const Lane& lane)
      : routing_(std::move(routing)), lane_(&lane) {}

  const std::string& endpoint() const;
  const std::string& model() const;
  const std::string& version() const;
  std::string_view platform() const;
  const Package& package() const;
  const Signature& signature() const;
  const FrameLayout& layout() const;
  // The package names its columns: tables are its natural input.
  bool has_columns() const;
  // A whole body of MLflow's scoring protocol, for models whose signature takes those.
  static Tensor body(std::string content_type, std::string bytes);

  // How it keeps sequences; null: requests are independent of each other.
  const SequenceSpec* sequences() const;
  // Where a request of this sequence goes: to the version that the sequence began with, whatever
  // the endpoint's routes are now. Call it once a request.
  Target follow(const SequenceAsk& ask) const;

  // Never blocks. Errors: invalid_argument (names, types, shapes, or what the model says),
  // exhausted (queue full), deadline.
  void infer(Call call, Done done) const;
  // The same, waiting for the answer; not for I/O threads.
  Result<Tensors> infer_and_wait(Call call) const;
  // On this thread, beside the queue of predictions.
  Result<Explanation> explain(Tensors inputs) const;
  // How unusual the rows are; the model is not asked.
  Result<Tensors> outliers(Tensors inputs) const;
  // For the statistics: the request never became tensors.
  void reject(const Error& error) const;

 private:
  void mirror(const Call& call) const;

  std::shared_ptr<const Routing> routing_;
  const Lane* lane_;  // in routing_
};

}  // namespace slipway::serving
