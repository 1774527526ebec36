// SPDX-License-Identifier: Apache-2.0
// Facts that rooms tell each other without depending on each other.
//
// An event is a notification, not the record: whoever must not miss one (the loop, after kill -9)
// reads the room's own durable state at start and uses events only to act at once.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"

namespace slipway {

struct Event {
  std::string type;     // "alert.opened", "rollout.promoted", "run.finished": <noun>.<past tense>
  std::string subject;  // what it is about: an endpoint, a model, a run id
  std::string actor;    // who caused it
  Timestamp at;
  std::string data = "{}";  // a JSON object, small
};

// Thread-safe.
class EventSink {
 public:
  virtual ~EventSink() = default;
  // Never blocks; when 10,000 events wait already the new one is dropped and counted.
  virtual void publish(Event event) = 0;
};

// Hands every event to every subscriber, in order, on one thread of its own.
class EventBus : public EventSink {
 public:
  using Subscriber = std::function<void(const Event&)>;

  EventBus();
  ~EventBus() override;
  void publish(Event event) override;
  // Returns a token whose destruction ends the subscription (it waits for a call under way, unless
  // destroyed from within one).
  [[nodiscard]] std::shared_ptr<void> subscribe(Subscriber subscriber);
  std::size_t dropped() const;
  // Blocks until everything published so far has been handed out. For tests and shutdown.
  void drain();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace slipway
