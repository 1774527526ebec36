// SPDX-License-Identifier: Apache-2.0
// Which version each open sequence of an endpoint is with, so that it ends where it began. Private
// to this room.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "serving/sequence.h"
#include "serving/target.h"

namespace slipway::serving {

// Thread-safe. What it keeps keeps versions loaded: `sweep` and `clear` let go of them.
class SequenceRoutes {
 public:
  void put(const SequenceAsk& ask, std::shared_ptr<const Routing> routing, const Lane& lane,
           std::int64_t now);
  // Nothing when it is not known. An end is the last time.
  std::optional<Target> find(const SequenceAsk& ask, std::int64_t now);
  void sweep(std::int64_t now);
  void clear();

 private:
  struct Kept {
    std::shared_ptr<const Routing> routing;
    const Lane* lane = nullptr;
    std::int64_t idle_ns = 0;  // after so long without a request the sequence is gone
    std::int64_t used_ns = 0;
  };
  using Key = std::pair<bool, std::string>;  // a number, its text

  std::atomic<std::size_t> size_{0};
  std::mutex mutex_;
  std::map<Key, Kept> kept_;
};

}  // namespace slipway::serving
